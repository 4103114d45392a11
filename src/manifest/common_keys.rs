//! Keys that several tables have: descriptions, variables and durations.

use std::time::Duration;

use crate::manifest::diagnostic::{Problems, any_of};
use crate::manifest::document::{Heading, Table, Value};
use crate::model::{About, EnvValue, EnvVariable, InheritEnv, TagValue};

/// Reads `env`.
pub(super) fn env(table: &Table<'_>, problems: &mut Problems) -> Vec<EnvVariable> {
    let Some(env) = table.table("env", Heading::Inline("`env`"), problems) else {
        return Vec::new();
    };
    env.values()
        .filter_map(|variable| read_variable(variable, problems))
        .collect()
}

/// Reads `inherit_env`: `true`, `false`, or a list of names.
pub(super) fn inherit_env(table: &Table<'_>, problems: &mut Problems) -> InheritEnv {
    let Some(value) = table.get("inherit_env") else {
        return InheritEnv::All;
    };
    match value.as_boolean() {
        Some(true) => InheritEnv::All,
        Some(false) => InheritEnv::Only(Vec::new()),
        None if value.as_text().is_some() || value.as_elements().is_some() => {
            let names = value.texts(problems);
            InheritEnv::Only(names.iter().map(|name| name.value.to_owned()).collect())
        }
        None => {
            value.wrong_type("`true`, `false` or a list of names", problems);
            InheritEnv::All
        }
    }
}

fn read_variable(value: Value<'_>, problems: &mut Problems) -> Option<EnvVariable> {
    if let Some(reason) = refused(value.key) {
        let help = "choose another name";
        value.invalid(
            format!("the variable `{}` {reason}", value.key),
            help,
            problems,
        );
        return None;
    }
    let variable = |it| EnvVariable {
        name: value.key.to_owned(),
        value: it,
        location: value.key_location,
    };
    if let Some(text) = value.as_text() {
        if text.value.contains('\0') {
            value.invalid("a variable holds no NUL", "remove it", problems);
        }
        return Some(variable(EnvValue::Literal(text.value.to_owned())));
    }
    let Some(table) = value.as_table(Heading::Inline("the variable")) else {
        value.wrong_type("a string", problems);
        return None;
    };
    table.only(&["from_env", "secret_env", "required"], problems);
    let required = table.boolean("required", problems) == Some(true);
    let from = table.get("from_env");
    let secret = table.get("secret_env");
    match (from, secret) {
        (Some(from), None) => Some(variable(EnvValue::FromEnv {
            variable: from.text(problems)?.value.to_owned(),
            required,
        })),
        (None, Some(secret)) => Some(variable(EnvValue::Secret {
            variable: secret.text(problems)?.value.to_owned(),
            required,
        })),
        (Some(_), Some(_)) | (None, None) => {
            value.invalid(
                format!(
                    "the variable `{}` needs one of {}",
                    value.key,
                    any_of(&["from_env", "secret_env"])
                ),
                "`{ from_env = \"NAME\" }` is part of the code version, `{ secret_env = \"NAME\" }` is never recorded",
                problems,
            );
            None
        }
    }
}

fn refused(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Some("cannot be set: a name is not empty and holds no `=`");
    }
    let ours = name.starts_with("ASSETCTL_") || name.starts_with("DAGSTER_PIPES_");
    ours.then_some("is set by assetctl itself")
}

/// The duration `key`, if it is there and is one.
pub(super) fn duration(table: &Table<'_>, key: &str, problems: &mut Problems) -> Option<Duration> {
    let value = table.get(key)?;
    let Some(text) = value.as_text() else {
        value.wrong_type("a duration, as `\"30m\"` or `\"1.5h\"`", problems);
        return None;
    };
    let duration = parse_duration(text.value);
    if duration.is_none() {
        value.invalid(
            format!("`{}` is not a duration", text.value),
            "write a number above 0 and one of `ms`, `s`, `m`, `h`, `d`, as `30m` or `1.5h`",
            problems,
        );
    }
    duration
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number = number.trim_end();
    let plain = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain)?;
    let duration = Duration::try_from_secs_f64(number * seconds).ok()?;
    (!duration.is_zero()).then_some(duration)
}

/// The keys that people read.
pub(super) const ABOUT_KEYS: [&str; 6] = [
    "description",
    "group",
    "tags",
    "kinds",
    "owners",
    "metadata",
];

/// Reads what people say of an asset or a source.
pub(super) fn about(table: &Table<'_>, problems: &mut Problems) -> About {
    About {
        description: owned(table, "description", problems),
        group: owned(table, "group", problems),
        tags: tags(table, problems),
        kinds: list(table, "kinds", problems),
        owners: list(table, "owners", problems),
        metadata: json_entries(table, "metadata", "the metadata", problems),
    }
}

/// The tags of a table, sorted by name: a table, or a list of names.
pub(super) fn tags(table: &Table<'_>, problems: &mut Problems) -> Vec<(String, TagValue)> {
    let Some(value) = table.get("tags") else {
        return Vec::new();
    };
    let mut tags: Vec<(String, TagValue)> = match value.as_table(Heading::Inline("the tags")) {
        Some(tags) => tags
            .values()
            .filter_map(|tag| {
                let value = match tag.json(problems)? {
                    serde_json::Value::String(text) => TagValue::Text(text),
                    other => TagValue::Json(other.to_string()),
                };
                Some((tag.key.to_owned(), value))
            })
            .collect(),
        None => value
            .texts(problems)
            .iter()
            .map(|name| (name.value.to_owned(), TagValue::from("")))
            .collect(),
    };
    tags.sort();
    tags.dedup_by(|a, b| a.0 == b.0);
    tags
}

/// The strings of `key`.
pub(super) fn list(table: &Table<'_>, key: &str, problems: &mut Problems) -> Vec<String> {
    let texts = table.texts(key, problems);
    texts.iter().map(|text| text.value.to_owned()).collect()
}

/// The string `key`.
pub(super) fn owned(table: &Table<'_>, key: &str, problems: &mut Problems) -> Option<String> {
    table.text(key, problems).map(|text| text.value.to_owned())
}

/// The entries of the table `key`, as JSON text, sorted by name.
pub(super) fn json_entries(
    table: &Table<'_>,
    key: &str,
    what: &'static str,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let Some(entries) = table.table(key, Heading::Inline(what), problems) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries
        .values()
        .filter_map(|entry| Some((entry.key.to_owned(), entry.json(problems)?.to_string())))
        .collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse_duration;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("30m", Some(1_800_000)),
            ("1.5h", Some(5_400_000)),
            ("250ms", Some(250)),
            ("2 d", Some(172_800_000)),
            ("30", None),
            ("m", None),
            ("-1s", None),
            ("1e3s", None),
            ("0s", None),
            ("5 minutes", None),
        ] {
            assert_eq!(
                parse_duration(text),
                milliseconds.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
