//! `/auth/me`, `/auth/password`.

use actix_web::{HttpResponse, web};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::Front;
use super::body::Json;
use super::problem::{Code, FieldError, Problem};
use super::views::UserView;
use crate::flows::account::{
    AccountError, DeleteError, Edit, delete as delete_flow, edit as edit_flow, find,
};
use crate::flows::change_password::{
    ChangePassword, ChangePasswordError, change_password as change_password_flow,
};
use crate::flows::{Caller, Visit};

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditBody {
    /// Absent: stays. `null`: removed.
    #[serde(default, deserialize_with = "present")]
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

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Gone => Self::new(Code::NotFound),
            AccountError::Invalid(invalid) => invalid.into(),
            AccountError::Fault(fault) => fault.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteBody {
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

impl From<DeleteError> for Problem {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::WrongPassword => wrong_password("/password"),
            DeleteError::Limited(limited) => limited.into(),
            DeleteError::Fault(fault) => fault.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePasswordBody {
    current_password: SecretString,
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

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => wrong_password("/current_password"),
            ChangePasswordError::Invalid(invalid) => invalid.into(),
            ChangePasswordError::Limited(limited) => limited.into(),
            ChangePasswordError::Fault(fault) => fault.into(),
        }
    }
}

fn wrong_password(pointer: &str) -> Problem {
    let detail = "the password is wrong".to_owned();
    Problem::new(Code::InvalidCredentials).detail(detail.clone()).errors(vec![FieldError {
        pointer: pointer.to_owned(),
        code: "password_wrong",
        detail,
    }])
}
