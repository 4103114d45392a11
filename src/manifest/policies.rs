//! Limits of tags and logs: checked, and kept as they are declared, as hooks and retries are.

use serde_json::Value as Json;

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table, Value};

/// The keys that are read here, besides `priority`.
pub(super) const KEYS: [&str; 4] = ["hooks", "retries", "tag_limits", "log"];

/// What a table declares of them and of its priority, as JSON text, sorted by key.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> Vec<(String, String)> {
    let before = problems.len();
    if let Some(limits) = table.get("tag_limits") {
        match limits.as_elements() {
            Some(all) => all.for_each(|limit| check_limit(&limit, problems)),
            None => limits.wrong_type("a list of tables", problems),
        }
    }
    if let Some(log) = table.table("log", Heading::Inline("the log"), problems) {
        check_log(&log, problems);
    }
    table.integer("priority", problems);
    if problems.len() > before {
        return Vec::new();
    }
    let mut read = Vec::new();
    for key in ["hooks", "log", "priority", "retries", "tag_limits"] {
        let json = table.get(key).and_then(|value| value.json(problems));
        read.extend(json.map(|json: Json| (key.to_owned(), json.to_string())));
    }
    read
}

fn check_limit(limit: &Value<'_>, problems: &mut Problems) {
    let heading = Heading::Inline("a limit");
    let Some(table) = limit.table(heading, problems) else {
        return;
    };
    table.only(&["key", "value", "per_value", "limit"], problems);
    if table
        .required("key", "this limit", "name the tag", problems)
        .is_some()
    {
        table.text("key", problems);
    }
    if let Some(number) = table.required(
        "limit",
        "this limit",
        "write how many steps may run at once",
        problems,
    ) {
        check_count(&number, "limit", 1, problems);
    }
    let per_value = table.boolean("per_value", problems);
    if let (Some(true), Some(value)) = (per_value, table.get("value")) {
        problems.conflict(
            "`per_value` is for each value of the tag, and `value` names one",
            "remove one of them",
            [value.key_location],
        );
    }
}

fn check_log(log: &Table<'_>, problems: &mut Problems) {
    const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];
    check_word(log, "level", &LEVELS, problems);
    for value in log.values().filter(|value| value.key != "level") {
        let Some(one) = value.table(Heading::Inline("a log"), problems) else {
            continue;
        };
        one.only(&["path", "format", "level"], problems);
        one.required("path", "this log", "name its file", problems);
        one.text("path", problems);
        check_word(&one, "format", &["text", "json"], problems);
        check_word(&one, "level", &LEVELS, problems);
    }
}

pub(super) fn check_count(value: &Value<'_>, key: &str, least: i32, problems: &mut Problems) {
    if value.integer(problems).is_some_and(|number| number < least) {
        let help = format!("write {least} or a larger number");
        value.invalid(format!("`{key}` is too small"), help, problems);
    }
}

pub(super) fn check_word(table: &Table<'_>, key: &str, words: &[&str], problems: &mut Problems) {
    if let Some(text) = table.text(key, problems)
        && !words.contains(&text.value)
        && let Some(value) = table.get(key)
    {
        let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let message = format!("`{key}` cannot be `{}`", text.value);
        value.invalid(message, format!("it is {}", quoted.join(" or ")), problems);
    }
}
