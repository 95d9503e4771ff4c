//! What a handler asks for, read from the types of its arguments. An argument of a new type gets its line here, or the
//! table of routes does not compile.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;

use super::operation::{Access, Operation, shape};
use crate::flows::authenticate::AuthenticateError;
use crate::flows::{Caller, Visit};
use crate::http::body::{Json, Query};
use crate::http::problem::{Code, Problem};

/// What [`crate::http::body::read`] may refuse.
const OF_BODIES: [Code; 4] =
    [Code::InvalidRequest, Code::UnsupportedMediaType, Code::BodyTooLarge, Code::RequestTimeout];

/// An argument of a handler, or all of them.
pub(in crate::http) trait Input {
    /// Writes into `operation` what this asks for and what may come of it.
    fn describe(_operation: &mut Operation) {}
}

impl<T: ?Sized> Input for web::Data<T> {}
impl Input for HttpRequest {}
impl Input for Visit {}

impl Input for web::Payload {
    fn describe(operation: &mut Operation) {
        operation.may(OF_BODIES);
    }
}

impl<T: JsonSchema> Input for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.may(OF_BODIES);
        operation.reads("application/json", shape::<T>());
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.may([Code::InvalidRequest]);
        operation.asks(T::json_schema);
    }
}

impl<T: JsonSchema> Input for Result<Query<T>, Problem> {
    fn describe(operation: &mut Operation) {
        Query::<T>::describe(operation);
    }
}

impl Input for Caller {
    fn describe(operation: &mut Operation) {
        operation.needs(Access::Bearer);
        operation.may([Code::TokenMissing]);
        operation.fails::<AuthenticateError>();
    }
}

macro_rules! arguments {
    ($($argument:ident)*) => {
        impl<$($argument: Input),*> Input for ($($argument,)*) {
            fn describe(_operation: &mut Operation) {
                $($argument::describe(_operation);)*
            }
        }
    };
}
arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
