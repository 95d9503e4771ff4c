//! Every problem on one page: where the `type` of a problem leads.

use serde_json::Value;

use super::html::{code, frame, prose};
use super::page::{operations, resolved, text};
use crate::http::problem::Code;

pub(super) fn render(document: &Value) -> String {
    let (mut navigation, mut body) = (
        String::from("<ul>\n"),
        String::from("<h1>Problems</h1>\n<p>Decide by <code>code</code>, which is stable. "),
    );
    body.push_str("Everything else is in <a href=\"../docs\">the contract</a>.</p>\n");
    for code in Code::ALL {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), prose(code.title()));
        navigation.push_str(&format!("<li><a href=\"#{name}\">{name}</a></li>\n"));
        let from: Vec<_> = operations(document)
            .filter(|found| {
                let answer = resolved(document, &found.operation["responses"][status.to_string()]);
                let told = text(answer, "description");
                told.lines().any(|line| line.starts_with(&format!("`{name}`:")))
            })
            .map(|found| link(text(found.operation, "operationId"), found.method, found.path))
            .collect();
        let from = match *code {
            Code::MethodNotAllowed => "Any path, with another method.".to_owned(),
            _ if from.is_empty() => "Any other path.".to_owned(),
            _ => from.join(", "),
        };
        body.push_str(&format!(
            "<section id=\"{name}\">\n<h3>{name}</h3>\n<p>{status}: {title}.</p>\n<p><small>{from}</small></p>\n</section>\n"
        ));
    }
    navigation.push_str("</ul>\n");
    frame("Guardhouse: problems", &navigation, &body)
}

fn link(id: &str, method: &str, path: &str) -> String {
    format!("<a href=\"../docs#{id}\">{}</a>", code(&format!("{} {path}", method.to_ascii_uppercase())))
}
