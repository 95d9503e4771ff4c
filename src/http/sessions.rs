//! `/auth/sessions`

use actix_web::{HttpRequest, HttpResponse, web};

use super::Front;
use super::body::id;
use super::problem::{Code, Problem};
use super::views::SessionView;
use crate::domain::id::SessionId;
use crate::flows::{Caller, Visit, sessions};

/// `GET /auth/sessions`
pub(super) async fn list(
    front: web::Data<Front>,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (desk, current) = (front.desk.clone(), caller.session);
    let flow = async move { sessions::list(&desk, &caller, &visit).await };
    let found = front.detached.reading("list_sessions", flow).await?;
    let views: Vec<_> = found.into_iter().map(|session| SessionView::new(session, current)).collect();
    Ok(HttpResponse::Ok().json(views))
}

/// `DELETE /auth/sessions/{id}`
pub(super) async fn end(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let session: SessionId = id(&request)?;
    let desk = front.desk.clone();
    let flow = async move { sessions::end(&desk, &caller, session, &visit).await };
    if front.detached.to_the_end("end_session", flow).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::new(Code::NotFound).detail("you have no such session"))
    }
}
