//! `/users`

mod admin;
mod isolation;
mod measures;
