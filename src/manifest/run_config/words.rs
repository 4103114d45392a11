//! `--set PATH=VALUE`, in full and in short.

use crate::manifest::run_config::{Call, with_variable};
use crate::model::{
    AssetConfig, AssetId, ConfigKind, ConfigLayer, ConfigPath, ConfigValue, Location, PartitionKey,
    Setting, SettingEntry, SettingTable,
};

/// Reads a word: the first key of the long form wins, `clean.limit` is short for `asset.clean.config.limit`.
pub(super) fn read_word(call: &mut Call<'_>, word: &str) {
    let help = "write PATH=VALUE, as `clean.limit=10` or `asset.clean.config.limit=10`";
    let whole = ConfigPath::new(vec![word.to_owned()]);
    let split = split(word).and_then(|(path, value)| Some((ConfigPath::parse(path)?, value)));
    let Some((path, value)) = split else {
        return call.report(
            (&whole, Location::default()),
            "this is not PATH=VALUE",
            help,
        );
    };
    let keys: Vec<&str> = path.keys().iter().map(String::as_str).collect();
    let nowhere = Location::default();
    match keys.as_slice() {
        ["asset", asset, "config", rest @ ..] if !rest.is_empty() => {
            let id = call.find((asset, nowhere), &path);
            set(call, id, None, (rest, value));
        }
        ["asset", asset, "partition_config", key, rest @ ..] if !rest.is_empty() => {
            let id = call.find((asset, nowhere), &path);
            match PartitionKey::parse(key) {
                Ok(key) => set(call, id, Some(key), (rest, value)),
                Err(error) => {
                    let message = format!("`{key}` is not a partition key: {error}");
                    call.report((&path, nowhere), message, "name a key of the asset");
                }
            }
        }
        ["asset", asset, "inputs", input] => {
            let id = call.find((asset, nowhere), &path);
            call.own_input(id, (input, value), (&path, nowhere));
        }
        ["inputs", source] => call.input(source, value, nowhere),
        ["asset", ..] => {
            let help = "write `asset.NAME.config.KEY=VALUE`";
            call.report((&path, nowhere), "this names no value of an asset", help);
        }
        ["execution", key] => {
            let value = ConfigValue::parse_toml(value)
                .unwrap_or_else(|| ConfigValue::Text(value.to_owned()));
            let table = vec![entry(key, Setting::of_value(value, nowhere))];
            let section = ConfigPath::new(vec!["execution".to_owned()]);
            call.execution(&entry("execution", Setting::Table(table)), &section);
        }
        ["resource", name, rest @ ..] if !rest.is_empty() => {
            if let Some(index) = call.find_resource((name, nowhere), &path) {
                let rest: Vec<String> = rest.iter().map(|key| (*key).to_owned()).collect();
                let config = call.graph.settings().resources[index].config.as_deref();
                let settings = word_settings(config, &rest, value);
                call.add_of_resource(Some(index), settings);
            }
        }
        ["resource", ..] => {
            let help = "write `resource.NAME.KEY=VALUE`";
            call.report((&path, nowhere), "this names no value of a resource", help);
        }
        ["log" | "params", ..] | [_] => {}
        [asset, rest @ ..] => {
            let id = call.find((asset, nowhere), &path);
            set(call, id, None, (rest, value));
        }
        [] => call.report((&whole, nowhere), "this is not PATH=VALUE", help),
    }
}

/// Reads a word that sets a param: `limit=10` or `params.limit=10`; others say nothing here.
pub(super) fn read_param(call: &mut Call<'_>, word: &str) {
    let split = split(word).and_then(|(path, value)| Some((ConfigPath::parse(path)?, value)));
    let Some((path, text)) = split else { return };
    let keys = match path.keys() {
        [first, rest @ ..] if first == "params" && !rest.is_empty() => rest.to_vec(),
        [only] => vec![only.clone()],
        _ => return,
    };
    let schema = call.params.as_ref().and_then(|it| it.schema_at(&keys));
    let value = typed(text, schema.map(|schema| &schema.kind));
    let setting = with_variable(Setting::of_value(value, Location::default()));
    call.params(nested(&keys, setting), (&path, Location::default()));
}

/// The path and the value: of a path with quoted keys the `=` behind the quotes counts.
fn split(word: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, character) in word.char_indices() {
        match (quote, character) {
            (None, '=') => return Some((&word[..at], &word[at + 1..])),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), it) if it == open => quote = None,
            _ => {}
        }
    }
    None
}

fn set(
    call: &mut Call<'_>,
    id: Option<AssetId>,
    partition: Option<PartitionKey>,
    (keys, text): (&[&str], &str),
) {
    let Some(id) = id else { return };
    if call.is_closed(
        id,
        &ConfigPath::new(keys.iter().map(|key| (*key).to_owned()).collect()),
    ) {
        return;
    }
    let owned: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let recipe = call.graph.asset(id).and_then(|asset| asset.recipe.as_ref());
    let config = recipe.and_then(|recipe| recipe.config.as_ref());
    let layer = ConfigLayer {
        origin: call.source.values,
        partition,
        settings: word_settings(config.map(AsRef::as_ref), &owned, text),
    };
    call.check(id, layer);
}

/// What a word sets at a path of a configuration.
fn word_settings(config: Option<&AssetConfig>, keys: &[String], text: &str) -> SettingTable {
    let schema = config.and_then(|config| config.schema_at(keys));
    let value = typed(text, schema.map(|schema| &schema.kind));
    let setting = with_variable(Setting::of_value(value, Location::default()));
    nested(keys, setting)
}

/// The value that a word is, where one of this kind is wanted.
fn typed(text: &str, kind: Option<&ConfigKind>) -> ConfigValue {
    match kind {
        Some(ConfigKind::Text) => text_of(text),
        _ => ConfigValue::parse_toml(text).unwrap_or_else(|| ConfigValue::Text(text.to_owned())),
    }
}

/// The word where a text is wanted: itself, unless it is a quoted string or a variable of the environment.
fn text_of(text: &str) -> ConfigValue {
    let as_it_is = ConfigValue::Text(text.to_owned());
    match ConfigValue::parse_toml(text) {
        Some(value @ ConfigValue::Text(_)) => value,
        Some(ConfigValue::Table(table)) if table.len() == 1 && table.contains_key("from_env") => {
            ConfigValue::Table(table)
        }
        _ => as_it_is,
    }
}

pub(super) fn nested(keys: &[String], setting: Setting) -> SettingTable {
    match keys.split_first() {
        None => Vec::new(),
        Some((only, [])) => vec![entry(only, setting)],
        Some((first, rest)) => vec![entry(first, Setting::Table(nested(rest, setting)))],
    }
}

fn entry(key: &str, setting: Setting) -> SettingEntry {
    SettingEntry {
        key: key.to_owned(),
        setting,
        key_location: Location::default(),
        location: Location::default(),
    }
}
