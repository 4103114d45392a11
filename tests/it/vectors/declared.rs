//! The reference's partitions definitions and mappings as a manifest declares them.

use std::fs;

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The cases of a file of fixtures.
pub fn read(name: &str) -> Value {
    let text = fs::read_to_string(format!("fixtures/vectors/{name}.json"));
    serde_json::from_str(&text.expect("the fixture is there")).expect("the fixture is JSON")
}

/// The elements of a list; none where there is no list.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A list of texts.
pub fn texts(value: &Value) -> Vec<String> {
    list(value).map(text).collect()
}

/// A text.
pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The answer of `assetctl` with `--json`, at an instant; nothing where the input is refused.
pub fn ask(project: &Sandbox, now: &Value, words: &[&str]) -> Option<Value> {
    let now = text(now);
    let words = [words, &["--json", "--now", &now]].concat();
    project.run(&words).answer()
}

/// The members of a definition's inline table.
pub fn definition(spec: &Value) -> String {
    let kind = text(&spec["type"]);
    let mut members = vec![format!("type = \"{kind}\"")];
    if kind == "static" {
        members.push(format!("keys = {}", spec["keys"]));
    }
    if let Some(dimensions) = spec["dimensions"].as_object() {
        let dimensions = dimensions.iter();
        let each = dimensions.map(|(name, spec)| format!("{name} = {{ {} }}", definition(spec)));
        let each: Vec<_> = each.collect();
        members.push(format!("dimensions = {{ {} }}", each.join(", ")));
    }
    for (theirs, ours) in [
        ("cron", "cron"),
        ("start", "start"),
        ("end", "end"),
        ("timezone", "timezone"),
        ("fmt", "format"),
        ("end_offset", "end_offset"),
        ("minute_offset", "minute_offset"),
        ("hour_offset", "hour_offset"),
        ("day_offset", "day_offset"),
    ] {
        if !spec[theirs].is_null() {
            members.push(format!("{ours} = {}", spec[theirs]));
        }
    }
    let exclusions: Vec<_> = list(&spec["exclusions"]).map(exclusion).collect();
    if !exclusions.is_empty() {
        members.push(format!("exclusions = [{}]", exclusions.join(", ")));
    }
    members.join(", ")
}

/// A cron expression, or a local date and time.
fn exclusion(exclusion: &Value) -> String {
    match exclusion["datetime"].as_str() {
        Some(datetime) => datetime.replace(' ', "T"),
        None => exclusion.to_string(),
    }
}

/// The members of a dep's inline table that say how partitions map.
pub fn mapping(mapping: &Value) -> Vec<String> {
    let Some(kind) = mapping["type"].as_str() else {
        return Vec::new();
    };
    let mut members = vec![format!("mapping = \"{kind}\"")];
    for name in ["start_offset", "end_offset", "keys", "dimension"] {
        if !mapping[name].is_null() {
            members.push(format!("{name} = {}", mapping[name]));
        }
    }
    if mapping["allow_nonexistent"] == true {
        members.push("allow_missing = true".to_owned());
    }
    if let Some(pairs) = mapping["downstream_by_upstream"].as_object() {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(up, down)| format!("{up:?} = {down}"))
            .collect();
        members.push(format!("map = {{ {} }}", pairs.join(", ")));
    }
    if let Some(dimensions) = mapping["dimensions"].as_object() {
        let dimension = |(upstream, from): (&String, &Value)| {
            let mut members = vec![format!("from = {}", from["downstream_dimension"])];
            members.extend(self::mapping(&from["mapping"]));
            format!("{upstream} = {{ {} }}", members.join(", "))
        };
        let dimensions: Vec<_> = dimensions.iter().map(dimension).collect();
        members.push(format!("dimensions = {{ {} }}", dimensions.join(", ")));
    }
    members
}
