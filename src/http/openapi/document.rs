//! The table of routes as an OpenAPI 3.1 document.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::operation::{Access, Operation, Shape};
use super::{answers, headers, words};
use crate::http::oauth2::error::Body as OauthBody;
use crate::http::problem::{Body as ProblemBody, Code};
use crate::http::routes::{self, Place};

/// Makes the schemas, and keeps those that have a name.
pub(super) struct Schemas {
    sent: SchemaGenerator,
    read: SchemaGenerator,
    /// Answers that several operations have.
    shared: Map<String, Value>,
}

impl Schemas {
    fn new() -> Self {
        let generator = |contract| {
            let mut settings = SchemaSettings::draft2020_12().with(|s| s.contract = contract);
            settings.definitions_path = "/components/schemas".into();
            settings.into_generator()
        };
        Self {
            sent: generator(Contract::Serialize),
            read: generator(Contract::Deserialize),
            shared: Map::new(),
        }
    }

    /// Of what is sent.
    pub(super) fn sent(&mut self, shape: Shape) -> Value {
        let mut schema = shape(&mut self.sent).to_value();
        tidy(&mut schema, true);
        schema
    }

    /// Of what is read.
    fn read(&mut self, shape: Shape) -> Value {
        let mut schema = shape(&mut self.read).to_value();
        tidy(&mut schema, false);
        schema
    }

    /// Keeps `response` under `name`; what refers to it.
    pub(super) fn share(&mut self, name: String, response: Value) -> Value {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        self.shared.insert(name, response);
        reference
    }

    fn named(&mut self) -> Map<String, Value> {
        let (mut named, mut sent) = (self.read.take_definitions(true), self.sent.take_definitions(true));
        named.values_mut().for_each(|schema| tidy(schema, false));
        sent.values_mut().for_each(|schema| tidy(schema, true));
        named.append(&mut sent);
        named
    }
}

/// The whole contract of a server whose public routes are below `base_path`.
pub fn document(base_path: &str) -> Value {
    let mut schemas = Schemas::new();
    schemas.sent(super::shape::<ProblemBody<'_>>());
    schemas.sent(super::shape::<OauthBody<'_>>());
    let mut paths = Map::new();
    let (public, operators) = (routes::public(true), routes::operators());
    let tags: BTreeSet<_> = public.iter().chain(&operators).map(|place| place.group).collect();
    for mut place in public {
        place
            .endpoints
            .iter_mut()
            .for_each(|endpoint| of_the_public_listener(&mut endpoint.operation, place.path));
        let item = path_item(&place, &mut schemas);
        paths.insert(place.path.to_owned(), item);
    }
    for place in operators {
        if !paths.contains_key(place.path) {
            let mut item = path_item(&place, &mut schemas);
            item["servers"] = words::operators_servers();
            paths.insert(place.path.to_owned(), item);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Guardhouse",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": words::ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": if base_path.is_empty() { "/" } else { base_path } }],
        "tags": tags.into_iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "responses": schemas.shared,
            "headers": headers::all(),
            "parameters": words::parameters(),
            "securitySchemes": words::security_schemes(),
        },
    })
}

/// What the middlewares of the public listener may answer before a handler is asked.
fn of_the_public_listener(operation: &mut Operation, path: &str) {
    if !path.starts_with("/health/") {
        operation.may([Code::MisdirectedRequest]);
    }
    if operation.method != "get" {
        operation.may([Code::CrossSite]);
    }
}

fn path_item(place: &Place, schemas: &mut Schemas) -> Value {
    let mut item = Map::new();
    let mut parameters: Vec<_> = ["requestId", "traceparent"]
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .into();
    if place.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" },
        }));
    }
    item.insert("parameters".into(), parameters.into());
    for endpoint in &place.endpoints {
        let operation = &endpoint.operation;
        item.insert(operation.method.into(), describe(operation, place, schemas));
    }
    item.into()
}

fn describe(operation: &Operation, place: &Place, schemas: &mut Schemas) -> Value {
    let mut told = json!({
        "operationId": operation.id,
        "tags": [place.group],
        "summary": operation.summary,
        "security": security(operation.access),
        "responses": answers::of(operation, place, schemas),
    });
    if !operation.about.is_empty() {
        told["description"] = operation.about.into();
    }
    if let Some(query) = operation.query {
        told["parameters"] = parameters(&schemas.read(query));
    }
    if !operation.bodies.is_empty() {
        let content: BTreeMap<_, _> = operation
            .bodies
            .iter()
            .map(|(media, shape)| (*media, json!({ "schema": schemas.read(*shape) })))
            .collect();
        told["requestBody"] = json!({
            "description": words::BODY, "required": !operation.body_optional, "content": content,
        });
    }
    told
}

/// The members of a query's schema as parameters.
fn parameters(query: &Value) -> Value {
    let required: Vec<_> = query["required"].as_array().into_iter().flatten().collect();
    let members = query["properties"].as_object().into_iter().flatten();
    members
        .map(|(name, schema)| {
            let mut schema = without_null(schema.clone());
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({
                "name": name, "in": "query", "required": required.contains(&&json!(name)), "schema": schema,
            });
            if let Some(about) = about {
                parameter["description"] = about;
            }
            parameter
        })
        .collect()
}

/// Takes out what Rust's types say and clients need not know; what is `sent` and optional is absent rather than null.
fn tidy(schema: &mut Value, sent: bool) {
    if let Some(members) = schema.as_object_mut() {
        members.retain(|name, value| match name.as_str() {
            "default" => !value.is_null() && *value != "",
            "format" => !is_of_rust(value),
            _ => true,
        });
    }
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    if sent && let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(&json!(name))) {
            *property = without_null(property.take());
        }
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(|member| tidy(member, sent)),
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, sent)),
        _ => {}
    }
}

fn is_of_rust(format: &Value) -> bool {
    format.as_str().is_some_and(|format| format.starts_with("uint"))
}

/// In a query there is no null: what is optional is absent.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    schema
}

fn security(access: Access) -> Value {
    match access {
        Access::Anyone => json!([]),
        Access::Bearer => json!([{ "accessToken": [] }]),
        Access::Operator => json!([{ "accessToken": [] }, { "opsToken": [] }]),
        Access::Client => json!([{ "client": [] }]),
        Access::ClientOrAnyone => json!([{ "client": [] }, {}]),
        Access::RefreshToken => json!([{ "refreshCookie": [] }, {}]),
    }
}
