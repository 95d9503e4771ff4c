//! The contract for clients, made from the table of routes: as OpenAPI 3.1, and as pages that need no script and no
//! other host.

mod answers;
mod document;
mod headers;
mod html;
mod inputs;
mod operation;
mod page;
mod problems;
mod types;
mod values;
mod words;

use std::sync::OnceLock;

use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::{HttpResponse, web};

pub use document::document;
pub(super) use inputs::Input;
pub(super) use operation::{Access, Operation, shape};
pub(super) use values::Secret;

use super::Front;
use super::problem::{Code, Problem};

pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Where pages are, below `server.base_path`.
const PAGES: [&str; 2] = ["/docs", "/docs/problems"];

/// Whether people read what is at `path`.
pub(super) fn is_page(path: &str) -> bool {
    PAGES.iter().any(|page| path.ends_with(page))
}

/// What is shown to clients: made when the first one asks.
#[derive(Debug)]
pub struct Docs {
    base_path: String,
    made: OnceLock<Made>,
}

#[derive(Debug)]
struct Made {
    document: String,
    page: String,
    problems: String,
}

impl Docs {
    /// Of a server whose public routes are below `base_path`.
    pub fn new(base_path: &str) -> Self {
        Self { base_path: base_path.to_owned(), made: OnceLock::new() }
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(|| {
            let document = document(&self.base_path);
            Made {
                page: page::render(&document),
                problems: problems::render(&document),
                document: document.to_string(),
            }
        })
    }
}

fn made(front: &Front) -> Result<&Made, Problem> {
    front.docs.as_ref().map(Docs::made).ok_or_else(|| Problem::new(Code::NotFound))
}

/// `GET /openapi.json`
pub(super) async fn serve(front: web::Data<Front>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().content_type("application/json").body(made(&front)?.document.clone()))
}

/// `GET /docs`
pub(super) async fn page(front: web::Data<Front>) -> Result<HttpResponse, Problem> {
    Ok(as_page(&made(&front)?.page))
}

/// `GET /docs/problems`
pub(super) async fn problems_page(front: web::Data<Front>) -> Result<HttpResponse, Problem> {
    Ok(as_page(&made(&front)?.problems))
}

fn as_page(text: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(HTML)
        .insert_header((CONTENT_SECURITY_POLICY, html::policy()))
        .body(text.to_owned())
}
