//! `/oauth2/revoke`

use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;

use super::client;
use super::error::OauthError;
use super::form::Form;
use crate::flows::Visit;
use crate::flows::revoke::revoke as revoke_flow;
use crate::http::Front;

/// `POST /oauth2/revoke` (RFC 7009): for configured clients, and for those who say nothing of who they are.
pub(in crate::http) async fn revoke(
    front: web::Data<Front>,
    request: HttpRequest,
    visit: Visit,
    payload: web::Payload,
) -> Result<HttpResponse, OauthError> {
    let client = client::presented(&front.desk, &request, &visit).await?;
    let form = Form::read(&request, payload).await?;
    form.agrees_with(client.as_ref())?;
    let token = form.token()?;
    let desk = front.desk.clone();
    let flow = async move {
        let client = client.as_ref().map(|client| client.id.as_str());
        revoke_flow(&desk, token.expose_secret(), client, &visit).await
    };
    front.detached.to_the_end("revoke", flow).await?;
    Ok(HttpResponse::Ok().finish())
}
