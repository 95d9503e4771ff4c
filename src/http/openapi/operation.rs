//! One operation as the table of routes describes it: what its handler's arguments ask for is read from their types,
//! what it answers is said in its row.

use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::http::oauth2::error::OauthError;
use crate::http::problem::{Code, Told};

/// The schema of one type.
pub(in crate::http) type Shape = fn(&mut SchemaGenerator) -> Schema;

pub(in crate::http) fn shape<T: JsonSchema>() -> Shape {
    |generator| generator.subschema_for::<T>()
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Access {
    Anyone,
    /// Whoever has an access token.
    Bearer,
    /// An administrator's access token, or the ops token.
    Operator,
    /// A configured client.
    Client,
    /// A configured client, or somebody who does not say who they are.
    ClientOrAnyone,
    /// A refresh token: in the cookie, or in the body.
    RefreshToken,
}

/// An answer that is no error.
pub(in crate::http) struct Answer {
    pub(super) status: u16,
    pub(super) media: &'static str,
    /// None: there is no body.
    pub(super) shape: Option<Shape>,
    pub(super) about: &'static str,
}

/// What one method of one path does.
pub(in crate::http) struct Operation {
    pub(super) method: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) access: Access,
    pub(super) query: Option<Shape>,
    pub(super) bodies: Vec<(&'static str, Shape)>,
    /// Whether there is a case in which no body is needed.
    pub(super) body_optional: bool,
    pub(super) answers: Vec<Answer>,
    /// Headers of good answers, besides those of every answer.
    pub(super) headers: Vec<&'static str>,
    /// Every problem that may come of it, in whatever form it is told.
    pub(super) codes: BTreeSet<Code>,
    /// OAuth's own errors beside them.
    pub(super) oauth: BTreeSet<(u16, &'static str)>,
}

impl Operation {
    pub(in crate::http) fn new(method: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            id,
            summary,
            about: "",
            access: Access::Anyone,
            query: None,
            bodies: Vec::new(),
            body_optional: false,
            answers: Vec::new(),
            headers: Vec::new(),
            codes: BTreeSet::from([Code::NotAcceptable, Code::Internal]),
            oauth: BTreeSet::new(),
        }
    }

    /// The OAuth errors that may come of it, with their statuses.
    pub(super) fn oauth_errors(&self) -> BTreeSet<(u16, &'static str)> {
        let told = self.codes.iter().map(|code| (code.status().as_u16(), OauthError::name(*code)));
        told.chain(self.oauth.iter().copied()).collect()
    }
}

/// What the rows of the table say.
impl Operation {
    pub(in crate::http) fn fails<E: Told>(&mut self) {
        E::codes(&mut self.codes);
    }

    pub(in crate::http) fn needs(&mut self, access: Access) {
        self.access = access;
    }

    pub(in crate::http) fn reads(&mut self, media: &'static str, shape: Shape) {
        self.bodies.push((media, shape));
    }

    pub(in crate::http) fn asks(&mut self, query: Shape) {
        self.query = Some(query);
    }

    pub(in crate::http) fn may(&mut self, codes: impl IntoIterator<Item = Code>) {
        self.codes.extend(codes);
    }

    pub(in crate::http) fn may_oauth(&mut self, errors: impl IntoIterator<Item = (u16, &'static str)>) {
        self.oauth.extend(errors);
    }

    pub(in crate::http) fn about(&mut self, about: &'static str) {
        self.about = about;
    }

    pub(in crate::http) fn body_optional(&mut self) {
        self.body_optional = true;
    }

    pub(in crate::http) fn shows(&mut self, headers: impl IntoIterator<Item = &'static str>) {
        self.headers.extend(headers);
    }

    pub(in crate::http) fn answers(
        &mut self,
        status: u16,
        media: &'static str,
        shape: Option<Shape>,
        about: &'static str,
    ) {
        self.answers.push(Answer { status, media, shape, about });
    }

    /// In capitals, as in a request.
    pub(in crate::http) fn method(&self) -> String {
        self.method.to_ascii_uppercase()
    }
}
