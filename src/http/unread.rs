//! Requests whose body never ends.
//!
//! When a handler leaves a chunked body unread, actix-http waits for its end to keep the connection usable, without
//! a limit: one packet a socket would hold all connections there may be. It closes the connection instead when the
//! body is still held by somebody as the answer goes out. So the answer holds it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The body of a request, for its handler and for whoever holds it.
#[derive(Clone)]
pub(super) struct SharedPayload(Rc<RefCell<Pin<Box<Payload>>>>);

/// Shares the body of `request`, if it is chunked. A body of known length needs no such care.
pub(super) fn share(request: &mut ServiceRequest) -> Option<SharedPayload> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return None;
    }
    let shared = SharedPayload(Rc::new(RefCell::new(Box::pin(request.take_payload()))));
    request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
    Some(shared)
}

impl Stream for SharedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().as_mut().poll_next(context)
    }
}

/// An answer that holds the body of its request until it is sent.
pub(super) struct Holding {
    /// The answer's own body.
    pub(super) body: BoxBody,
    /// Only held.
    pub(super) _request: SharedPayload,
}

impl MessageBody for Holding {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
