//! `schema --config`: the JSON Schema of a file of run config.
//!
//! It is a schema of draft 7, which every TOML language server knows, and has no `anyOf` where a message would then name no
//! key: a keyword of JSON Schema says nothing of values of another type, so those of a value stand beside those of a variable.

use serde_json::{Map, Value, json};

use crate::app::config::configured_assets;
use crate::app::error::AppError;
use crate::app::project::OpenProject;
use crate::app::selection::find_job;
use crate::model::{
    AssetGraph, AssetId, ConfigKind, ConfigSchema, ConfigValue, Finite, Job, Name, SchemaTable,
};

/// The key of a value that is taken from the environment.
const FROM_ENV: &str = "from_env";

/// The schema: the sections and values that this project takes from a file, with the job of a call.
///
/// # Errors
///
/// If there is no such job.
pub fn config_schema(project: &OpenProject, job: Option<&Name>) -> Result<Value, AppError> {
    let graph = project.graph();
    let job = job.map(|name| find_job(project, name)).transpose()?;
    let params = job.and_then(|job| job.params.as_ref());
    let assets = graph.ids().filter_map(|id| {
        let section = asset(graph, id, job)?;
        Some((graph.key(id).to_string(), section))
    });
    let resources = graph.settings().resources.iter().map(|resource| {
        let values = match &resource.config {
            Some(config) => table(&config.schema, true),
            None => closed(&Map::new()),
        };
        (resource.name.to_string(), values)
    });
    let configured = configured_assets(graph).count();
    let mut sections = Map::from_iter([
        ("execution".to_owned(), execution()),
        (
            "log".to_owned(),
            json!({ "type": "object", "additionalProperties": true }),
        ),
        ("inputs".to_owned(), closed(&inputs(graph))),
        ("asset".to_owned(), closed(&assets.collect())),
        ("resource".to_owned(), closed(&resources.collect())),
    ]);
    if let Some(params) = params {
        sections.insert("params".to_owned(), table(&params.schema, true));
    }
    let mut schema = closed(&sections);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "Run config of assetctl".into();
    schema["description"] = format!("Values for {configured} assets").into();
    Ok(schema)
}

/// The section of an asset. A job with params sets its configuration alone.
fn asset(graph: &AssetGraph, id: AssetId, job: Option<&Job>) -> Option<Value> {
    let asset = graph.asset(id)?;
    let config = asset.recipe.as_ref().and_then(|it| it.config.as_ref());
    let values = match config {
        Some(config) => table(&config.schema, true),
        None => closed(&Map::new()),
    };
    let inputs = asset.deps.iter();
    let inputs = inputs.map(|dep| (dep.input.to_string(), path()));
    let mut keys = Map::from_iter([("inputs".to_owned(), closed(&inputs.collect()))]);
    if job.is_none_or(|job| job.params.is_none()) {
        if asset.partitions.is_some() {
            let of_keys = json!({ "type": "object", "additionalProperties": values });
            keys.insert("partition_config".to_owned(), of_keys);
        }
        keys.insert("config".to_owned(), values);
    }
    Some(closed(&keys))
}

/// Sources, also those without a table with and without their `./`, and inputs of assets.
fn inputs(graph: &AssetGraph) -> Map<String, Value> {
    let mut inputs = Map::new();
    for id in graph.ids() {
        let key = graph.key(id).as_str();
        if graph.is_source(id) {
            inputs.insert(key.to_owned(), path());
            if let Some(plain) = key.strip_prefix("./") {
                inputs.insert(plain.to_owned(), path());
            }
        }
        for dep in graph.deps(id) {
            inputs.insert(format!("{key}.{}", dep.input), path());
        }
    }
    inputs
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
        "if": {
            "required": ["executor"],
            "properties": { "executor": { "const": "in_process" } },
            "additionalProperties": true,
        },
        "then": { "properties": { "max_concurrent": false }, "additionalProperties": true },
    })
}

fn path() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn closed(properties: &Map<String, Value>) -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

/// The name of a variable of the environment.
fn variable() -> Value {
    json!({ "description": "Takes the value from this variable of the environment", "type": "string" })
}

/// A table of values, each of which may be left to the layers below and come from a variable.
fn table(keys: &SchemaTable, may_be_variable: bool) -> Value {
    let of_key = |it| {
        if may_be_variable {
            value(it)
        } else {
            literal(it)
        }
    };
    closed(
        &keys
            .iter()
            .map(|(key, it)| (key.clone(), of_key(it)))
            .collect(),
    )
}

/// A value, or a variable of the environment that gives one. Tables of several layers merge, so bounds hold for their sum.
fn value(schema: &ConfigSchema) -> Value {
    let mut found = match &schema.kind {
        ConfigKind::Any | ConfigKind::Table(None) => of_kind(schema),
        ConfigKind::Table(Some(keys)) => {
            let mut found = table(keys, true);
            found["properties"][FROM_ENV] = variable();
            let alone = json!({ "maxProperties": 1, "additionalProperties": true });
            found["dependencies"] = json!({ FROM_ENV: alone });
            found
        }
        _ => {
            let mut found = literal(schema);
            found["type"] = json!([found["type"], "object"]);
            found["additionalProperties"] = false.into();
            found["properties"] = json!({ FROM_ENV: variable() });
            found["required"] = json!([FROM_ENV]);
            found
        }
    };
    if let Some(description) = &schema.description {
        found["description"] = description.as_str().into();
    }
    if let Some(default) = &schema.default {
        found["default"] = default.to_json();
    }
    found
}

/// A value that is written out.
fn literal(schema: &ConfigSchema) -> Value {
    let mut found = of_kind(schema);
    let (least, most) = match &schema.kind {
        ConfigKind::Text => ("minLength", "maxLength"),
        ConfigKind::List(_) => ("minItems", "maxItems"),
        ConfigKind::Table(_) => ("minProperties", "maxProperties"),
        _ => ("minimum", "maximum"),
    };
    let is_length = least != "minimum";
    let number = |bound: f64| -> Value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a length is a whole number"
        )]
        if is_length {
            (bound.max(0.0) as i64).into()
        } else {
            bound.into()
        }
    };
    if let Some(min) = schema.min.map(Finite::get) {
        found[least] = number(if is_length { min.ceil() } else { min });
    }
    if let Some(max) = schema.max.map(Finite::get) {
        found[most] = number(if is_length { max.floor() } else { max });
    }
    if !schema.choices.is_empty() {
        // A variable is a table, and no choice is.
        found["if"] = json!({ "type": "object", "additionalProperties": true });
        found["else"] = json!({ "type": found["type"], "enum": choices(&schema.choices) });
    }
    found
}

fn of_kind(schema: &ConfigSchema) -> Value {
    match &schema.kind {
        ConfigKind::Text => json!({ "type": "string" }),
        ConfigKind::Integer => json!({ "type": "integer" }),
        ConfigKind::Float => json!({ "type": "number" }),
        ConfigKind::Boolean => json!({ "type": "boolean" }),
        ConfigKind::List(None) => json!({ "type": "array" }),
        ConfigKind::List(Some(of)) => json!({ "type": "array", "items": literal(of) }),
        ConfigKind::Table(None) => json!({ "type": "object", "additionalProperties": true }),
        ConfigKind::Table(Some(keys)) => table(keys, false),
        ConfigKind::Any => json!({
            "type": ["string", "number", "boolean", "array", "object"],
            "additionalProperties": true,
        }),
    }
}

/// The values of an `enum`: a whole number is written with and without its point.
fn choices(choices: &[ConfigValue]) -> Vec<Value> {
    let mut all = Vec::new();
    for choice in choices {
        all.push(choice.to_json());
        if let ConfigValue::Float(float) = choice
            && float.get().fract() == 0.0
        {
            #[expect(clippy::cast_possible_truncation, reason = "as far as integers go")]
            all.push((float.get() as i64).into());
        }
    }
    all
}
