//! The contract for clients as OpenAPI: whole, true, committed, and readable.

pub mod document;
mod page;
mod schemathesis;
mod served;
