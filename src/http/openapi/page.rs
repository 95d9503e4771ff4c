//! The document as one page: operations in groups, what each takes and answers, then the types.

use serde_json::{Map, Value};

use super::html::{code, escape, frame, prose, table};
use super::types::{kind, members};

const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

pub(super) struct Found<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    pub(super) item: &'a Value,
    pub(super) operation: &'a Value,
}

/// Every operation of `document`.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = Found<'_>> {
    members_of(&document["paths"]).flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            item.get(*method).map(|operation| Found { path, method, item, operation })
        })
    })
}

pub(super) fn members_of(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// `value`, or what it refers to.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

pub(super) fn render(document: &Value) -> String {
    let info = &document["info"];
    let (mut navigation, mut body) = (String::new(), String::new());
    body.push_str(&format!(
        "<h1>{} <small>{}</small></h1>\n<p>{}</p>\n<p><a href=\"openapi.json\">openapi.json</a> · <a href=\"docs/problems\">problems</a></p>\n",
        prose(text(info, "title")),
        prose(text(info, "version")),
        text(info, "description").split("\n\n").map(prose).collect::<Vec<_>>().join("</p>\n<p>"),
    ));
    for group in document["tags"].as_array().into_iter().flatten().map(|tag| text(tag, "name")) {
        navigation.push_str(&format!("<h2>{}</h2>\n<ul>\n", escape(group)));
        body.push_str(&format!("<h2>{}</h2>\n", escape(group)));
        for found in operations(document).filter(|found| found.operation["tags"][0] == group) {
            let id = escape(text(found.operation, "operationId"));
            let call = format!("<b class=\"{0}\">{0}</b> {1}", found.method, escape(found.path));
            navigation.push_str(&format!("<li><a href=\"#{id}\">{call}</a></li>\n"));
            body.push_str(&section(document, &id, &call, &found));
        }
        navigation.push_str("</ul>\n");
    }
    navigation.push_str("<h2>Types</h2>\n<ul>\n");
    body.push_str("<h2>Types</h2>\n");
    for (name, schema) in members_of(&document["components"]["schemas"]) {
        let name = escape(name);
        navigation.push_str(&format!("<li><a href=\"#schema-{name}\">{name}</a></li>\n"));
        let about = prose(text(schema, "description"));
        body.push_str(&format!(
            "<section id=\"schema-{name}\">\n<h3>{name}</h3>\n<p>{about}</p>\n{}</section>\n",
            members(schema)
        ));
    }
    navigation.push_str("</ul>\n");
    frame("Guardhouse: the contract", &navigation, &body)
}

fn section(document: &Value, id: &str, call: &str, found: &Found<'_>) -> String {
    let operation = found.operation;
    let mut parts = vec![format!(
        "<section id=\"{id}\">\n<h3>{call}</h3>\n<p><strong>{}.</strong> {}</p>\n<p>Who: {}.{}</p>\n",
        prose(text(operation, "summary")),
        prose(text(operation, "description")),
        who(&operation["security"]),
        if found.item.get("servers").is_some() { " On the operators' listener." } else { "" },
    )];
    if let Some(parameters) = operation["parameters"].as_array().filter(|parameters| !parameters.is_empty()) {
        let row =
            |of: &Value| vec![code(text(of, "name")), kind(&of["schema"]), prose(text(of, "description"))];
        let rows: Vec<_> = parameters.iter().map(row).collect();
        parts.push(format!("<h4>Query</h4>\n{}", table(&["parameter", "type", "meaning"], &rows)));
    }
    let body = &operation["requestBody"];
    if body.is_object() {
        parts.push(format!("<h4>Body</h4>\n<p>{}</p>\n", prose(text(body, "description"))));
    }
    for (media, content) in members_of(&body["content"]) {
        let optional = if body["required"] == true { "" } else { ", not always needed" };
        let (media, kind) = (code(media), kind(&content["schema"]));
        parts.push(format!("<p>{media}: {kind}{optional}</p>\n"));
    }
    let answers = members_of(&operation["responses"]);
    let rows: Vec<_> = answers.map(|(status, answer)| row(status, resolved(document, answer))).collect();
    parts.push(format!(
        "<h4>Answers</h4>\n{}</section>\n",
        table(&["status", "meaning", "body", "headers"], &rows)
    ));
    parts.concat()
}

fn row(status: &str, answer: &Value) -> Vec<String> {
    let bodies = members_of(&answer["content"])
        .map(|(media, content)| format!("{}<br><small>{}</small>", kind(&content["schema"]), escape(media)));
    let everywhere = ["X-Request-Id", "Cache-Control", "Server-Timing"];
    let headers = members_of(&answer["headers"]).filter(|(name, _)| !everywhere.contains(name));
    vec![
        escape(status),
        text(answer, "description").lines().map(meaning).collect::<Vec<_>>().join("<br>"),
        bodies.collect::<Vec<_>>().join("<br>"),
        headers.map(|(name, _)| code(name)).collect::<Vec<_>>().join(" "),
    ]
}

/// A line that begins with a problem's code leads to what is said of that.
fn meaning(line: &str) -> String {
    let problem = line.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
    match problem {
        Some((name, title)) => {
            format!("<a href=\"docs/problems#{0}\"><code>{0}</code></a>: {1}", escape(name), prose(title))
        }
        None => prose(line),
    }
}

fn who(security: &Value) -> String {
    let ways = security.as_array().map(Vec::as_slice).unwrap_or_default();
    if ways.is_empty() {
        return "anyone".to_owned();
    }
    let way = |way: &Value| match members_of(way).next() {
        None => "nothing of the kind",
        Some(("accessToken", _)) => "an access token (<code>Authorization: Bearer …</code>)",
        Some(("opsToken", _)) => "<code>server.ops_token</code> (<code>Authorization: Bearer …</code>)",
        Some(("client", _)) => "a configured client (HTTP Basic)",
        Some(_) => "the refresh cookie",
    };
    ways.iter().map(way).collect::<Vec<_>>().join(", or ")
}
