//! What an operation may answer: each status with its bodies, its codes and its headers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::Schemas;
use super::headers;
use super::operation::Operation;
use crate::http::oauth2;
use crate::http::problem::Code;
use crate::http::routes::Place;

#[derive(Default)]
struct Told {
    /// Of errors alone, which other operations have too.
    name: Option<String>,
    about: Vec<String>,
    content: Map<String, Value>,
    headers: BTreeSet<&'static str>,
    /// Headers that only some of these answers have.
    sometimes: BTreeSet<&'static str>,
}

/// Every answer of `operation`, by status.
pub(super) fn of(operation: &Operation, place: &Place, schemas: &mut Schemas) -> Value {
    let mut all: BTreeMap<u16, Told> = BTreeMap::new();
    for answer in &operation.answers {
        let told = all.entry(answer.status).or_default();
        told.about.push(answer.about.to_owned());
        told.sometimes.extend(operation.headers.iter().filter(|_| answer.status < 300));
        if let Some(shape) = answer.shape {
            told.content.insert(answer.media.to_owned(), json!({ "schema": schemas.sent(shape) }));
        }
    }
    if oauth2::is_here(Some(place.path)) {
        oauth_errors(operation, &mut all);
    } else {
        problems(operation, &mut all);
    }
    let mut rendered = Map::new();
    for (status, mut told) in all {
        let name = told.name.take();
        let response = told.render();
        let response = match name {
            Some(name) => schemas.share(name, response),
            None => response,
        };
        rendered.insert(status.to_string(), response);
    }
    rendered.into()
}

fn problems(operation: &Operation, all: &mut BTreeMap<u16, Told>) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in &operation.codes {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let about = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
        let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        let narrowed = json!({ "status": { "const": status }, "code": { "enum": names } });
        let error = Error { status, about, media: "application/problem+json", schema: "Problem", narrowed };
        error.among(all.entry(status).or_default(), &names);
    }
}

fn oauth_errors(operation: &Operation, all: &mut BTreeMap<u16, Told>) {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (status, name) in operation.oauth_errors() {
        by_status.entry(status).or_default().push(name);
    }
    for (status, names) in by_status {
        let about = names.iter().map(|name| format!("`{name}`")).collect();
        let narrowed = json!({ "error": { "enum": names } });
        let error = Error { status, about, media: "application/json", schema: "OauthError", narrowed };
        error.among(all.entry(status).or_default(), &names);
    }
}

/// The errors of one status.
struct Error {
    status: u16,
    about: Vec<String>,
    media: &'static str,
    /// The form that all errors have, and what these say in it.
    schema: &'static str,
    narrowed: Value,
}

impl Error {
    fn among(self, told: &mut Told, names: &[&str]) {
        if told.content.is_empty() {
            told.name = Some(format!("{}.{}.{}", self.schema, self.status, names.join(".")));
            told.headers.extend(headers::of_errors(self.status));
        } else {
            told.sometimes.extend(headers::of_errors(self.status));
        }
        told.about.extend(self.about);
        let form = json!({ "$ref": format!("#/components/schemas/{}", self.schema) });
        let schema = json!({ "allOf": [form, { "properties": self.narrowed }] });
        told.content.insert(self.media.to_owned(), json!({ "schema": schema }));
    }
}

impl Told {
    fn render(self) -> Value {
        let mut shown: Map<_, _> = ["X-Request-Id", "Cache-Control", "Server-Timing"]
            .into_iter()
            .chain(self.headers)
            .map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
            .collect();
        for name in self.sometimes {
            shown.insert(name.to_owned(), headers::optional(name));
        }
        let mut told = json!({ "description": self.about.join("\n"), "headers": shown });
        if !self.content.is_empty() {
            told["content"] = self.content.into();
        }
        told
    }
}
