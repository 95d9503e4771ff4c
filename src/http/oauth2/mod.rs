//! `/oauth2`: what other services ask about tokens, in the forms of OAuth 2.0.
//!
//! Errors have OAuth's own form here, whoever made them: [`error`]. Clients prove themselves in [`client`], and only
//! there.

mod client;
pub(super) mod error;
pub(super) mod form;
pub(super) mod introspect;
pub(super) mod revocations;
pub(super) mod revoke;

/// The routes whose errors have OAuth's form.
const ROUTES: [&str; 3] = ["/oauth2/introspect", "/oauth2/revoke", "/oauth2/revocations"];

/// Whether `pattern`, with whatever prefix everything public has, is a route of this module.
pub(super) fn is_here(pattern: Option<&str>) -> bool {
    pattern.is_some_and(|pattern| ROUTES.iter().any(|route| pattern.ends_with(route)))
}
