//! `/auth/me`, `/auth/password`.

use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::Front;
use super::body::Json;
use super::openapi::Secret;
use super::problem::{Code, FieldError, Problem, told};
use super::views::UserView;
use crate::flows::account::{
    AccountError, DeleteError, Edit, delete as delete_flow, edit as edit_flow, find,
};
use crate::flows::change_password::{
    ChangePassword, ChangePasswordError, change_password as change_password_flow,
};
use crate::flows::{Caller, Fault, Invalid, Limited, Visit};

/// `GET /auth/me`
pub(super) async fn me(front: web::Data<Front>, caller: Caller) -> Result<HttpResponse, Problem> {
    let desk = front.desk.clone();
    let user = front.detached.reading("me", async move { find(&desk, caller.user).await }).await;
    Ok(HttpResponse::Ok().json(UserView::from(user.map_err(own_account_gone)?)))
}

/// A token may outlive its account by the moment until the feed is read.
fn own_account_gone(problem: Problem) -> Problem {
    if problem.code() == Code::NotFound { Problem::new(Code::TokenRevoked) } else { problem }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EditAccountBody")]
pub(super) struct EditBody {
    /// Absent: stays. `null`: removed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    name: Option<Option<String>>,
}

/// Tells a field that is `null` from one that is absent.
pub(super) fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `PATCH /auth/me`
pub(super) async fn edit(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Json(body): Json<EditBody>,
) -> Result<HttpResponse, Problem> {
    let desk = front.desk.clone();
    let edit = Edit { name: body.name };
    let flow = async move { edit_flow(&desk, caller.user, edit, caller.user, &visit).await };
    let user = front.detached.to_the_end("edit_profile", flow).await.map_err(own_account_gone)?;
    Ok(HttpResponse::Ok().json(UserView::from(user)))
}

told!(AccountError { Gone => NotFound } { Invalid: Vec<Invalid>, Fault: Fault });

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteBody {
    #[schemars(with = "Secret")]
    password: SecretString,
}

/// `DELETE /auth/me`
pub(super) async fn delete(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Json(body): Json<DeleteBody>,
) -> Result<HttpResponse, Problem> {
    let desk = front.desk.clone();
    let flow = async move { delete_flow(&desk, &caller, &body.password, &visit).await };
    front.detached.to_the_end("delete_account", flow).await?;
    Ok(HttpResponse::NoContent().finish())
}

told!(DeleteError { WrongPassword => InvalidCredentials as wrong_password("/password") } {
    Limited: Limited,
    Fault: Fault,
});

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePasswordBody {
    #[schemars(with = "Secret")]
    current_password: SecretString,
    #[schemars(with = "Secret")]
    new_password: SecretString,
}

/// `POST /auth/password`
pub(super) async fn change_password(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
    Json(body): Json<ChangePasswordBody>,
) -> Result<HttpResponse, Problem> {
    let desk = front.desk.clone();
    let request = ChangePassword { current: body.current_password, new: body.new_password };
    let flow = async move { change_password_flow(&desk, &caller, request, &visit).await };
    front.detached.to_the_end("change_password", flow).await?;
    Ok(HttpResponse::NoContent().finish())
}

told!(ChangePasswordError { WrongPassword => InvalidCredentials as wrong_password("/current_password") } {
    Invalid: Vec<Invalid>,
    Limited: Limited,
    Fault: Fault,
});

/// Points the problem at the field with the wrong password.
fn wrong_password(pointer: &str) -> impl FnOnce(Problem) -> Problem {
    let (pointer, detail) = (pointer.to_owned(), "the password is wrong".to_owned());
    let error = FieldError { pointer, code: "password_wrong", detail: detail.clone() };
    |problem| problem.detail(detail).errors(vec![error])
}
