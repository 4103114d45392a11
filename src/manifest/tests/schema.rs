//! The JSON Schema and the readers know the same keys of each table.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::project;
use crate::manifest::{SCHEMA, load};

/// Tables: what declares each, up to its last line, below which a key of it may stand.
const TABLES: &[&str] = &[
    "",
    "[project]\ninclude = []",
    "[project]\n[project.test]",
    "[project]\n[[project.include]]\ncommand = 'true'\nto = 'x.toml'",
    "[defaults]",
    "[partitions.p]\ntype = 'static'\nkeys = ['a']",
    "[partitions.p]\ntype = 'hourly'\nstart = '2024-01-01'",
    "[partitions.p]\ntype = 'daily'\nstart = '2024-01-01'",
    "[partitions.p]\ntype = 'weekly'\nstart = '2024-01-07'",
    "[partitions.p]\ntype = 'monthly'\nstart = '2024-01-01'",
    "[partitions.p]\ntype = 'cron'\nstart = '2024-01-01'\ncron = '@daily'",
    "[partitions.p]\ntype = 'multi'\ndimensions = { a = ['x'], b = ['y'] }",
    "[partitions.p]\ntype = 'dynamic'",
    "[partitions.p]\ntype = 'files'\npattern = 'in/{{partition}}'",
    "[each.l]\nvalues = ['a']",
    "[source.s]\npath = 'a'",
    "[asset.a]\ncommand = 'true'",
    "[asset.a]\ncommand = 'true'\n[[asset.a.deps]]\npath = 'b'",
    "[asset.a]\ncommand = 'true'\n[asset.a.env.X]\nfrom_env = 'Y'",
    "[asset.a]\ncommand = 'true'\npartitions = ['x']\n[asset.a.batch]\nmax = 1",
    "[asset.a]\ncommand = 'true'\n[asset.a.config_schema.x]\ntype = 'any'",
    "[asset.a]\ncommand = 'true'\npartitions = 'p'\n[partitions.p]\ntype = 'multi'\ndimensions = { d = ['x'], e = ['y'] }\n[source.s]\npath = 's'\npartitions = 'p'\n[[asset.a.deps]]\nasset = 's'\nmapping = 'multi'\n[asset.a.deps.dimensions.d]\nfrom = 'd'",
    "[job.j]",
    "[job.j]\n[job.j.params.x]\ntype = 'any'",
    "[job.j]\n[job.j.hooks]",
    "[project.hooks]",
    "[defaults.hooks]",
    "[asset.a]\ncommand = 'true'\n[asset.a.hooks]",
    "[job.j]\n[job.j.hooks.on_success]\ncommand = 'true'",
    "[job.j]\n[job.j.retries]\nmax = 1",
    "[job.j]\n[[job.j.tag_limits]]\nkey = 'a'\nlimit = 1",
    "[job.j]\n[job.j.log.x]\npath = 'x.log'",
    "[env.e]",
    "[asset.a]\ncommand = 'true'\nenv = { X = '1' }\n[env.e]\n[env.e.env.X]\nfrom_env = 'Y'",
];

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let candidates = candidates(&schema);
    assert!(candidates.len() > 100, "{candidates:?}");
    let mut others = Vec::new();
    for table in TABLES {
        let own = table.rsplit("\n[").next().unwrap_or_default();
        let is_given = |key: &&String| {
            own.lines()
                .any(|line| line.starts_with(&format!("{key} =")))
        };
        let keys: Vec<&String> = candidates.iter().filter(|key| !is_given(key)).collect();
        let lines: Vec<String> = keys.iter().map(|key| format!("{key} = 0\n")).collect();
        let lines = lines.concat();
        let text = match *table {
            "" => lines,
            table => format!("{table}\n{lines}"),
        };
        let (schema, readers) = (
            unknown_to_the_schema(&validator, &text),
            unknown_to_the_readers(&text),
        );
        if schema != readers {
            let only_read: Vec<_> = schema.difference(&readers).collect();
            let not_read: Vec<_> = readers.difference(&schema).collect();
            others.push(format!(
                "{table}: the schema lacks {only_read:?} and has {not_read:?}"
            ));
        }
    }
    assert_eq!(others, [""; 0]);
}

/// All keys that any table may have: those of the schema, and all words that the reference quotes.
fn candidates(schema: &Value) -> BTreeSet<String> {
    let reference = include_str!("../../../docs/manifest.md");
    let words = reference.split('`').skip(1).step_by(2);
    let is_key = |word: &&str| {
        let mut letters = word.bytes();
        !word.is_empty() && letters.all(|it| it.is_ascii_lowercase() || it == b'_')
    };
    let mut keys: BTreeSet<String> = words.filter(is_key).map(str::to_owned).collect();
    collect_properties(schema, &mut keys);
    // It makes declarations of the others, and where it is wrong none.
    keys.remove("each");
    keys
}

fn collect_properties(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            members.values().for_each(|it| collect_properties(it, keys));
        }
        Value::Array(members) => members.iter().for_each(|it| collect_properties(it, keys)),
        _ => {}
    }
}

fn unknown_to_the_schema(validator: &jsonschema::Validator, text: &str) -> BTreeSet<String> {
    let document: toml::Table = toml::from_str(text).expect("TOML");
    let document = serde_json::to_value(document).expect("JSON");
    let mut unknown = BTreeSet::new();
    for error in validator.iter_errors(&document) {
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                unknown.extend(unexpected.iter().cloned());
            }
            ValidationErrorKind::PropertyNames { error } => {
                unknown.extend(error.instance().as_str().map(str::to_owned));
            }
            _ => {}
        }
    }
    unknown
}

fn unknown_to_the_readers(text: &str) -> BTreeSet<String> {
    let root = project(&[("Assets.toml", text)]);
    let errors = load(root.path()).expect_err("zeros are no values");
    let errors = errors.errors().iter();
    let unknown = errors.filter(|error| error.code() == "assetctl::manifest::unknown_key");
    let key = |line: u32| {
        let line = text
            .lines()
            .nth(line as usize - 1)
            .expect("an error is at a line");
        line.split(' ').next().unwrap_or_default().to_owned()
    };
    let places = unknown.filter_map(|error| Some(error.places().next()?.line));
    places.map(key).collect()
}
