//! `/users`: an account for its owner, all accounts for administrators.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Front;
use super::account::present;
use super::body::{Json, Query, id, not_json, optional};
use super::openapi::Secret;
use super::problem::{Code, FieldError, Problem, told};
use super::views::UserView;
use crate::domain::email::Email;
use crate::domain::id::UserId;
use crate::flows::account;
use crate::flows::users::{self, Create, CreateError, Measure, Page, admin, owner_or_admin};
use crate::flows::{Caller, Fault, Invalid, Visit};

/// Most users on one page, and how many when nobody asks for a number.
const MOST_ON_PAGE: u64 = 200;
const ON_PAGE: u64 = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// How many at most.
    #[schemars(range(min = 1, max = MOST_ON_PAGE), extend("default" = ON_PAGE))]
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<UserId>,
    /// Only the account with this address.
    #[schemars(extend("format" = "email"))]
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UserPage")]
pub(super) struct ListReply {
    users: Vec<UserView>,
    /// To be given as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<UserId>,
}

/// `GET /users`
pub(super) async fn list(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    admin(&front.desk, &caller, &visit)?;
    let limit = query.limit.unwrap_or(ON_PAGE);
    if !(1..=MOST_ON_PAGE).contains(&limit) {
        let detail = format!("limit must be between 1 and {MOST_ON_PAGE}");
        return Err(Problem::new(Code::InvalidRequest).detail(detail));
    }
    let email = query.email.as_deref().map(Email::parse).transpose();
    let email = email.map_err(|error| Problem::new(Code::InvalidRequest).detail(error.to_string()))?;
    let page = Page { after: query.after, limit: limit + 1, email };
    let desk = front.desk.clone();
    let mut found =
        front.detached.reading("list_users", async move { users::list(&desk, &page).await }).await?;
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| more).map(|user| user.id);
    Ok(HttpResponse::Ok().json(ListReply { users: found.into_iter().map(UserView::from).collect(), next }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBody {
    #[schemars(extend("format" = "email", "examples" = ["ada@example.org"]))]
    email: String,
    #[schemars(with = "Option<Secret>")]
    password: Option<SecretString>,
    name: Option<String>,
    roles: Option<Vec<String>>,
}

/// `POST /users`
pub(super) async fn create(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Json(body): Json<CreateBody>,
) -> Result<HttpResponse, Problem> {
    admin(&front.desk, &caller, &visit)?;
    let roles = body.roles.unwrap_or_else(|| vec!["user".into()]);
    let request = Create { email: body.email, password: body.password, name: body.name, roles };
    let desk = front.desk.clone();
    let flow = async move { users::create_user(&desk, request, Some(caller.user), &visit).await };
    let user = front.detached.to_the_end("create_user", flow).await?;
    Ok(HttpResponse::Created().json(UserView::from(user)))
}

told!(CreateError { EmailTaken => EmailTaken } { Invalid: Vec<Invalid>, Fault: Fault });

/// `GET /users/{id}`
pub(super) async fn find(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let user = theirs_or_admin(&front, &request, &visit, &caller)?;
    let desk = front.desk.clone();
    let user = front.detached.reading("find_user", async move { account::find(&desk, user).await }).await?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}

fn theirs_or_admin(
    front: &Front,
    request: &HttpRequest,
    visit: &Visit,
    caller: &Caller,
) -> Result<UserId, Problem> {
    let user = id(request)?;
    owner_or_admin(&front.desk, caller, user, visit)?;
    Ok(user)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EditUserBody")]
pub(super) struct EditBody {
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    name: Option<Option<String>>,
    roles: Option<Vec<String>>,
}

/// `PATCH /users/{id}`; roles only by an administrator.
pub(super) async fn edit(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
    Json(body): Json<EditBody>,
) -> Result<HttpResponse, Problem> {
    let user = theirs_or_admin(&front, &request, &visit, &caller)?;
    if body.roles.is_some() {
        admin(&front.desk, &caller, &visit)?;
    }
    let desk = front.desk.clone();
    let edit = users::Edit { name: body.name, roles: body.roles };
    let flow = async move { users::edit(&desk, user, edit, caller.user, &visit).await };
    let user = front.detached.to_the_end("edit_user", flow).await?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DeleteUserBody")]
pub(super) struct DeleteBody {
    #[schemars(with = "Secret")]
    password: SecretString,
}

/// `DELETE /users/{id}`: an administrator's word is enough, the owner proves who they are as for `/auth/me`.
pub(super) async fn delete(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let user = theirs_or_admin(&front, &request, &visit, &caller)?;
    let desk = front.desk.clone();
    // Also where it is not needed: what is sent is never something else than what it seems to be.
    let body: Option<DeleteBody> = optional(&request, payload).await?;
    if caller.roles.is_admin() && caller.user != user {
        let flow = async move { users::delete(&desk, user, caller.user, &visit).await };
        front.detached.to_the_end("delete_user", flow).await?;
    } else {
        let Some(DeleteBody { password }) = body else { return Err(not_json()) };
        let flow = async move { account::delete(&desk, &caller, &password, &visit).await };
        front.detached.to_the_end("delete_account", flow).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /users/{id}/disable`
pub(super) async fn disable(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    if caller.roles.is_admin() && id::<UserId>(&request)? == caller.user {
        let detail = "an administrator cannot disable their own account".to_owned();
        let error = FieldError { pointer: "/id".into(), code: "own_account", detail: detail.clone() };
        return Err(Problem::new(Code::ValidationFailed).detail(detail).errors(vec![error]));
    }
    measure(front, request, visit, caller, Measure::Disable).await
}

/// `POST /users/{id}/enable`
pub(super) async fn enable(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    measure(front, request, visit, caller, Measure::Enable).await
}

/// `POST /users/{id}/unlock`
pub(super) async fn unlock(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    measure(front, request, visit, caller, Measure::Unlock).await
}

/// `POST /users/{id}/sessions/revoke`
pub(super) async fn revoke_sessions(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    measure(front, request, visit, caller, Measure::RevokeSessions).await
}

async fn measure(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
    measure: Measure,
) -> Result<HttpResponse, Problem> {
    admin(&front.desk, &caller, &visit)?;
    let user: UserId = id(&request)?;
    let desk = front.desk.clone();
    let flow = async move { users::take_measure(&desk, user, measure, Some(caller.user), &visit).await };
    front.detached.to_the_end("measure_user", flow).await?;
    Ok(HttpResponse::NoContent().finish())
}
