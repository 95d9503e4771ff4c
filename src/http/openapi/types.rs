//! A schema in a few words, for people.

use serde_json::Value;

use super::html::{code, escape, prose, table};

/// What kind of value `schema` describes; markup.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(parts) = ["anyOf", "oneOf", "allOf"].iter().find_map(|of| schema[of].as_array()) {
        let named: Vec<_> = parts.iter().filter(|part| part.get("properties").is_none()).collect();
        let shown = if named.is_empty() { parts.iter().collect() } else { named };
        return shown.into_iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(only) = schema.get("const") {
        return code(&only.to_string());
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|value| code(&value.to_string())).collect::<Vec<_>>().join(", ");
    }
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let words = types.iter().map(|name| match *name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema.get("properties").is_some() => members(schema),
        other => escape(other),
    });
    let mut text = words.collect::<Vec<_>>().join(" or ");
    if text.is_empty() {
        text.push_str("anything");
    }
    if let Some(format) = schema["format"].as_str().filter(|format| !format.contains("int")) {
        text.push_str(&format!(", {}", escape(format)));
    }
    if let (Some(least), Some(most)) = (schema.get("minimum"), schema.get("maximum")) {
        text.push_str(&format!(", {least} to {most}"));
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        text.push_str(&format!(", default {}", code(&default.to_string())));
    }
    text
}

/// The members of an object, or what else `schema` is; markup.
pub(super) fn members(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return match variants(schema) {
            Some(variants) => variants.iter().map(members).collect::<Vec<_>>().join("<p>or</p>\n"),
            None if schema["type"] == "object" => "an object".to_owned(),
            None => kind(schema),
        };
    };
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    let rows: Vec<_> = properties
        .iter()
        .map(|(name, of)| {
            let optional =
                if required.iter().any(|one| *one == name) { "" } else { " <small>optional</small>" };
            vec![code(name) + optional, kind(of), prose(of["description"].as_str().unwrap_or_default())]
        })
        .collect();
    table(&["member", "type", "meaning"], &rows)
}

fn variants(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|of| schema[of].as_array())
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|target| target.rsplit('/').next())
}
