//! `/oauth2/introspect`

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::client;
use super::error::OauthError;
use super::form::Form;
use crate::config::ClientRight;
use crate::domain::id::{SessionId, UserId};
use crate::domain::role::Roles;
use crate::domain::session::AuthMethod;
use crate::flows::Visit;
use crate::flows::introspect::{Introspection, introspect as introspect_flow, may_ask_a_store};
use crate::http::Front;
use crate::http::problem::Problem;
use crate::tokens::{CLIENT_ID, TokenRules};

/// `POST /oauth2/introspect` (RFC 7662)
pub(in crate::http) async fn introspect(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    payload: web::Payload,
) -> Result<HttpResponse, OauthError> {
    let client = client::with_right(&front.desk, &request, &visit, ClientRight::Introspect).await?;
    let now = visit.now;
    let form = Form::read(&request, payload).await?;
    form.agrees_with(Some(&client))?;
    let token = form.token()?;
    let introspection = if may_ask_a_store(&front.desk, token.expose_secret(), now) {
        let desk = front.desk.clone();
        let flow = async move { introspect_flow(&desk, token.expose_secret(), now).await };
        front.detached.reading("introspect", flow).await?
    } else {
        // On this thread: no store is asked and nothing is waited for.
        introspect_flow(&front.desk, token.expose_secret(), now).await.map_err(Problem::from)?
    };
    // A service that is sent a refresh token should not take it for an access token.
    let introspection = match introspection {
        Introspection::Refresh { .. } if !client.may(ClientRight::IntrospectRefresh) => {
            Introspection::Inactive
        }
        told => told,
    };
    Ok(HttpResponse::Ok().json(Answer::new(introspection, front.desk.keys.rules())))
}

/// RFC 7662 section 2.2; the other members as in the token itself.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Introspection")]
pub(in crate::http) enum Answer<'a> {
    Access {
        active: bool,
        token_type: &'static str,
        client_id: &'static str,
        sub: UserId,
        sid: SessionId,
        iss: &'a str,
        aud: &'a str,
        iat: i64,
        nbf: i64,
        exp: i64,
        jti: Uuid,
        auth_time: i64,
        amr: Vec<AuthMethod>,
        /// The roles under their configured name, and the operator's own claims.
        #[serde(flatten)]
        own: Map<String, Value>,
    },
    Refresh {
        active: bool,
        token_type: &'static str,
        sub: UserId,
        sid: SessionId,
        exp: i64,
    },
    Inactive {
        active: bool,
    },
}

impl<'a> Answer<'a> {
    fn new(introspection: Introspection, rules: &'a TokenRules) -> Self {
        match introspection {
            Introspection::Access(claims) => Self::Access {
                active: true,
                token_type: "Bearer",
                client_id: CLIENT_ID,
                sub: claims.subject,
                sid: claims.session,
                iss: rules.issuer(),
                aud: rules.audience(),
                iat: claims.issued_at.seconds(),
                nbf: claims.issued_at.seconds(),
                exp: claims.expires_at.seconds(),
                jti: claims.token,
                auth_time: claims.authenticated_at.seconds(),
                amr: claims.methods,
                own: own(rules, &claims.roles),
            },
            Introspection::Refresh { user, session, expires_at } => Self::Refresh {
                active: true,
                token_type: "refresh_token",
                sub: user,
                sid: session,
                exp: expires_at.seconds(),
            },
            Introspection::Inactive => Self::Inactive { active: false },
        }
    }
}

fn own(rules: &TokenRules, roles: &Roles) -> Map<String, Value> {
    let mut own = rules.claims().clone();
    let roles = roles.iter().map(|role| role.as_str().into()).collect();
    own.insert(rules.roles_claim().to_owned(), Value::Array(roles));
    own
}
