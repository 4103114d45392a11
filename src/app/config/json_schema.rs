//! `schema --config`: the JSON Schema of a file of run config.

use serde_json::{Map, Value, json};

use crate::app::config::configured_assets;
use crate::app::project::OpenProject;
use crate::model::{ConfigKind, ConfigSchema, ConfigValue, Finite, SchemaTable};

/// The schema: what the project's assets can be given.
pub fn config_schema(project: &OpenProject) -> Value {
    let graph = project.graph();
    let mut assets = Map::new();
    for id in graph.ids() {
        let Some(asset) = graph.asset(id) else {
            continue;
        };
        let config = asset.recipe.as_ref().and_then(|it| it.config.as_ref());
        let values = config.map_or_else(|| closed(&Map::new()), |it| table(&it.schema));
        let inputs = asset.deps.iter();
        let inputs = inputs.map(|dep| (dep.input.to_string(), path()));
        let mut keys = Map::new();
        keys.insert("config".to_owned(), values.clone());
        keys.insert("inputs".to_owned(), closed(&inputs.collect()));
        if asset.partitions.is_some() {
            let of_keys = json!({ "type": "object", "additionalProperties": values });
            keys.insert("partition_config".to_owned(), of_keys);
        }
        assets.insert(asset.key.to_string(), closed(&keys));
    }
    let sources = graph.ids().filter(|id| graph.is_source(*id));
    let sources = sources.map(|id| (graph.key(id).to_string(), path()));
    let configured = configured_assets(graph).count();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Run config of assetctl",
        "description": format!("Values for {configured} assets"),
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "execution": execution(),
            "log": { "type": "object" },
            "inputs": closed(&sources.collect()),
            "asset": closed(&assets),
        },
    })
}

fn execution() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "executor": { "enum": ["multiprocess", "in_process"] },
            "max_concurrent": { "type": "integer", "minimum": 0, "maximum": u32::MAX },
            "retries": { "type": "boolean" },
        },
        "not": {
            "required": ["executor", "max_concurrent"],
            "properties": { "executor": { "const": "in_process" } },
        },
    })
}

fn path() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn closed(properties: &Map<String, Value>) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// A table of values, each of which may be left to the layers below.
fn table(keys: &SchemaTable) -> Value {
    closed(
        &keys
            .iter()
            .map(|(key, it)| (key.clone(), value(it)))
            .collect(),
    )
}

/// A value, or a variable of the environment that gives one.
fn value(schema: &ConfigSchema) -> Value {
    let variable = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["from_env"],
        "properties": { "from_env": { "type": "string", "minLength": 1 } },
    });
    let mut either = json!({ "anyOf": [literal(schema), variable] });
    if let Some(description) = &schema.description {
        either["description"] = description.as_str().into();
    }
    if let Some(default) = &schema.default {
        either["default"] = default.to_json();
    }
    either
}

/// A value that is written out.
fn literal(schema: &ConfigSchema) -> Value {
    let number = |bound: Finite| bound.get();
    let mut found = match &schema.kind {
        ConfigKind::Text => json!({ "type": "string" }),
        ConfigKind::Integer => json!({ "type": "integer" }),
        ConfigKind::Float => json!({ "type": "number" }),
        ConfigKind::Boolean => json!({ "type": "boolean" }),
        ConfigKind::List(None) => json!({ "type": "array" }),
        ConfigKind::List(Some(of)) => json!({ "type": "array", "items": literal(of) }),
        ConfigKind::Table(None) => json!({ "type": "object" }),
        ConfigKind::Table(Some(keys)) => table(keys),
        ConfigKind::Any => json!({}),
    };
    let (least, most) = match &schema.kind {
        ConfigKind::Text => ("minLength", "maxLength"),
        ConfigKind::List(_) => ("minItems", "maxItems"),
        ConfigKind::Table(_) => ("minProperties", "maxProperties"),
        _ => ("minimum", "maximum"),
    };
    let is_length = least != "minimum";
    let bound = |bound: f64| -> Value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a length is a whole number"
        )]
        if is_length {
            (bound.ceil() as i64).into()
        } else {
            bound.into()
        }
    };
    if let Some(min) = schema.min {
        found[least] = bound(number(min));
    }
    if let Some(max) = schema.max {
        found[most] = bound(number(max));
    }
    if !schema.choices.is_empty() {
        found["enum"] = schema.choices.iter().map(ConfigValue::to_json).collect();
    }
    found
}
