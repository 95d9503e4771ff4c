//! HTTP stories, on every database. The modules mirror the URLs.

mod walk;
