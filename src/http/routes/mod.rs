//! Every route: its handler, and what clients may rely on, in one row. What a handler asks for is read from the types of
//! its arguments; [`super::openapi`] makes the document of the rest.

mod accounts;
mod auth;
mod oauth2;
mod operations;

use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder, Route, guard};
use schemars::JsonSchema;

use super::openapi::{Access, Input, Operation, shape};
use super::problem::{Code, Problem, Told};

/// One path with what may be done there.
pub(super) struct Place {
    pub(super) path: &'static str,
    /// The heading under which it is described.
    pub(super) group: &'static str,
    pub(super) endpoints: Vec<Endpoint>,
}

/// One method of a path.
pub(super) struct Endpoint {
    route: Route,
    pub(super) operation: Operation,
}

/// The public routes, all of them; those that show them only `with_docs`.
pub(super) fn public(with_docs: bool) -> Vec<Place> {
    let mut places = auth::places();
    places.extend(accounts::places());
    places.extend(oauth2::places());
    places.extend(operations::health());
    if with_docs {
        places.extend(operations::docs());
    }
    places
}

/// The routes of the operators' listener.
pub(super) fn operators() -> Vec<Place> {
    let mut places = operations::places();
    places.extend(operations::health());
    places
}

/// Puts the public routes into `config`.
pub fn mount_public(config: &mut ServiceConfig, with_docs: bool) {
    public(with_docs).into_iter().for_each(|place| place.mount(config));
}

/// Puts the routes of the operators' listener into `config`.
pub fn mount_operators(config: &mut ServiceConfig) {
    operators().into_iter().for_each(|place| place.mount(config));
}

fn at<const N: usize>(path: &'static str, group: &'static str, endpoints: [Endpoint; N]) -> Place {
    Place { path, group, endpoints: endpoints.into() }
}

impl Place {
    /// Any other method is answered with the list of those there are (RFC 9110 section 15.5.6).
    fn mount(self, config: &mut ServiceConfig) {
        let methods =
            self.endpoints.iter().map(|endpoint| endpoint.operation.method().replace("GET", "GET, HEAD"));
        let allowed = methods.collect::<Vec<_>>().join(", ");
        let resource = self
            .endpoints
            .into_iter()
            .fold(Resource::new(self.path), |resource, endpoint| resource.route(endpoint.route));
        config.service(resource.default_service(web::to(move || {
            let allowed = allowed.clone();
            async move { Err::<&str, _>(Problem::new(Code::MethodNotAllowed).header("allow", allowed)) }
        })));
    }
}

/// Stamps a function for each method: its id and what it does in a few words, and its handler.
macro_rules! methods {
    ($($method:ident: $route:expr;)*) => {
        $(fn $method<F, A>(id: &'static str, summary: &'static str, handler: F) -> Endpoint
        where
            F: Handler<A>,
            A: FromRequest + Input + 'static,
            F::Output: Responder + 'static,
        {
            let mut operation = Operation::new(stringify!($method), id, summary);
            A::describe(&mut operation);
            Endpoint { route: $route.to(handler), operation }
        })*
    };
}
methods! {
    // What answers GET answers HEAD (RFC 9110 section 9.3.2); the server leaves the body out.
    get: web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    post: web::post();
    patch: web::patch();
    delete: web::delete();
}

const JSON: &str = "application/json";

impl Endpoint {
    fn with(mut self, change: impl FnOnce(&mut Operation)) -> Self {
        change(&mut self.operation);
        self
    }

    /// What else there is to say.
    fn about(self, about: &'static str) -> Self {
        self.with(|operation| operation.about(about))
    }

    /// Where the types of the arguments do not say who may ask.
    fn access(self, access: Access) -> Self {
        self.with(|operation| operation.needs(access))
    }

    /// Only for administrators.
    fn admin(self) -> Self {
        self.may([Code::RoleRequired])
    }

    /// Where the handler reads the body by itself.
    fn json<T: JsonSchema>(self) -> Self {
        self.with(|operation| operation.reads(JSON, shape::<T>()))
    }

    fn form<T: JsonSchema>(self) -> Self {
        self.with(|operation| operation.reads("application/x-www-form-urlencoded", shape::<T>()))
    }

    /// There is a case in which no body is needed.
    fn body_optional(self) -> Self {
        self.with(Operation::body_optional)
    }

    /// Answers with a `T` as JSON.
    fn gives<T: JsonSchema>(self, status: u16, about: &'static str) -> Self {
        self.with(|operation| operation.answers(status, JSON, Some(shape::<T>()), about))
    }

    fn gives_as<T: JsonSchema>(self, status: u16, media: &'static str, about: &'static str) -> Self {
        self.with(|operation| operation.answers(status, media, Some(shape::<T>()), about))
    }

    /// Answers without a body.
    fn done(self, status: u16, about: &'static str) -> Self {
        self.with(|operation| operation.answers(status, JSON, None, about))
    }

    /// Good answers may have these headers.
    fn headers<const N: usize>(self, names: [&'static str; N]) -> Self {
        self.with(|operation| operation.shows(names))
    }

    /// The problems of this error of a flow.
    fn fails<E: Told>(self) -> Self {
        self.with(Operation::fails::<E>)
    }

    /// Further problems that the handler itself makes.
    fn may<const N: usize>(self, codes: [Code; N]) -> Self {
        self.with(|operation| operation.may(codes))
    }
}
