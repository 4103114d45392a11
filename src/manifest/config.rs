//! `config`, `config_schema` and `partition_config` of an asset.

use std::collections::HashMap;

use crate::manifest::diagnostic::{Label, Problems, did_you_mean};
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::partitions::Definitions;
use crate::manifest::template::{Scope, TokenKind, Written, read_tokens};
use crate::model::{
    AssetConfig, CONFIG_SCHEMA, ConfigFault, ConfigKind, ConfigLayer, ConfigOrigin, ConfigPath,
    ConfigProblem, ConfigSchema, ConfigValue, Declaration, DeclaredResource, DefinitionId,
    EnvValue, EnvVariable, Finite, Hook, Location, PARAMS, PartitionKey, PartitionsDefinition,
    PathTemplate, Piece, SchemaTable, Setting, SettingEntry, SettingTable, as_variable,
};

const TYPES: [&str; 7] = [
    "string", "integer", "float", "boolean", "list", "table", "any",
];

/// What the configuration of an asset is read for.
#[derive(Clone, Copy)]
pub(super) struct ConfigContext<'a> {
    /// The section that it is in: `asset` or `resource`.
    pub section: &'static str,
    /// The name of what it is of.
    pub name: &'a str,
    /// Its partitions.
    pub scope: Scope<'a>,
    /// The same.
    pub definition: Option<DefinitionId>,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
}

/// The configuration of an asset.
#[derive(Default)]
pub(super) struct ReadConfig {
    /// The configuration; `None` where there is none.
    pub config: Option<Box<AssetConfig>>,
    /// Whether something was left out that could not be read.
    pub is_incomplete: bool,
}

/// Reads the configuration of an asset, if it has one.
pub(super) fn read(
    table: &Table<'_>,
    context: ConfigContext<'_>,
    problems: &mut Problems,
) -> ReadConfig {
    let mut inline = |key, heading| table.table(key, Heading::Inline(heading), problems);
    let config = inline("config", "`config`");
    let schema = inline("config_schema", "`config_schema`");
    let of_partitions = inline("partition_config", "`partition_config`");
    let tables = [&config, &schema, &of_partitions].into_iter().flatten();
    let Some(location) = tables.map(|table| table.location).next() else {
        return ReadConfig::default();
    };
    let before = problems.len();
    let config = config.map(|table| settings(&table, context.scope, problems));
    let schema = if let Some(table) = schema {
        schema_table(&table, CONFIG_SCHEMA, problems)
    } else {
        let entries = config.iter().flatten();
        entries
            .map(|entry| (entry.key.clone(), ConfigSchema::of_setting(entry)))
            .collect()
    };
    let is_incomplete = problems.len() > before;
    let layers = of_partitions.map(|table| partition_layers(&table, context, problems));
    check_variables(context.name, &schema, problems);
    let mut read = AssetConfig {
        schema,
        layers: Vec::new(),
        location,
    };
    let own = config.map(|settings| ConfigLayer {
        origin: ConfigOrigin::Asset,
        partition: None,
        settings,
    });
    for layer in own.into_iter().chain(layers.into_iter().flatten()) {
        let mut faults = Vec::new();
        let name = ConfigPath::new(vec![context.section.to_owned(), context.name.to_owned()]);
        let heading = match &layer.partition {
            Some(key) => name.then("partition_config").then(key.as_str()),
            None => name.then("config"),
        };
        read.add(layer, &mut faults);
        let is_known = |fault: &ConfigFault| {
            !is_incomplete || !matches!(fault.problem, ConfigProblem::Unknown { .. })
        };
        for fault in faults.into_iter().filter(is_known) {
            report(fault, &heading.to_string(), problems);
        }
    }
    ReadConfig {
        config: Some(Box::new(read)),
        is_incomplete,
    }
}

/// Reports what is wrong at its place.
///
/// The path begins with `heading`; its last word `params` says that the values are those of a job.
pub(super) fn report(fault: ConfigFault, heading: &str, problems: &mut Problems) {
    let location = fault.location;
    let (label, problem) = problem_of(fault, heading);
    problems.at(location, label, problem);
}

/// Reports what is wrong with a value that has no place.
pub(super) fn report_without_place(fault: ConfigFault, heading: &str, problems: &mut Problems) {
    problems.add(problem_of(fault, heading).1, []);
}

fn problem_of(fault: ConfigFault, heading: &str) -> (&'static str, Problem) {
    let ConfigFault { path, problem, .. } = fault;
    let key = path.keys().last().map_or("", String::as_str);
    let is_param = heading == PARAMS || heading.ends_with(" params");
    let help = problem.help(key, if is_param { PARAMS } else { CONFIG_SCHEMA });
    let path = format!("{heading}.{path}");
    match problem {
        ConfigProblem::Unknown { .. } => ("no such key", Problem::UnknownConfig { path, help }),
        problem => {
            let message = problem.to_string();
            (
                "here",
                Problem::ConfigValue {
                    path,
                    message,
                    help,
                },
            )
        }
    }
}

/// Refuses variables that a value of a configuration is taken from, and that are a secret of any asset.
pub(super) fn check_all_secrets(
    declarations: &[Declaration],
    resources: &[DeclaredResource],
    hooks: &[&Hook],
    problems: &mut Problems,
) {
    let configs = declarations.iter().filter_map(config_of);
    let configs = configs.chain(resources.iter().filter_map(|it| it.config.as_deref()));
    let configured = configs.flat_map(AssetConfig::variables);
    let mut secrets: HashMap<&str, Location> = HashMap::new();
    let env = declarations.iter().flat_map(Declaration::env);
    let env = env.chain(resources.iter().flat_map(DeclaredResource::env));
    for declared in env.chain(hooks.iter().flat_map(|hook| &hook.env)) {
        if let EnvValue::Secret { variable, .. } = &declared.value {
            secrets.entry(variable).or_insert(declared.location);
        }
    }
    for (variable, location) in configured {
        if let Some(secret) = secrets.get(variable) {
            let problem = Problem::ConflictingKeys {
                message: format!("`{variable}` is both a secret and a value of a configuration"),
                help: "a configuration is shown and recorded: pass the secret in `env` alone"
                    .to_owned(),
            };
            let labels = [
                Label::new(location, "recorded here"),
                Label::new(*secret, "secret here"),
            ];
            problems.add(problem, labels);
        }
    }
}

/// Whether a variable of it may be a secret here and a value of a configuration elsewhere.
pub(super) fn concerns_secrets(declaration: &Declaration) -> bool {
    let hooks = declaration.hooks().iter();
    declaration.env().iter().any(is_secret)
        || hooks.flat_map(|hook| &hook.env).any(is_secret)
        || config_of(declaration).is_some_and(|it| !it.variables().is_empty())
        || !declaration.resources().is_empty()
}

/// Whether the value of a variable is secret.
pub(super) fn is_secret(variable: &EnvVariable) -> bool {
    matches!(variable.value, EnvValue::Secret { .. })
}

fn config_of(declaration: &Declaration) -> Option<&AssetConfig> {
    match declaration {
        Declaration::Asset(asset) => asset.recipe.as_ref()?.config.as_deref(),
        Declaration::Source(_) => None,
    }
}

/// Refuses two keys whose variables are the same.
fn check_variables(asset: &str, schema: &SchemaTable, problems: &mut Problems) {
    for (number, (key, second)) in schema.iter().enumerate() {
        let variable = as_variable(key);
        let first = schema[..number]
            .iter()
            .find(|(other, _)| as_variable(other) == variable);
        if let Some((other, first)) = first {
            let problem = Problem::VariableCollision {
                asset: asset.to_owned(),
                first: other.clone(),
                second: key.clone(),
                variable: format!("ASSETCTL_CONFIG_{variable}"),
            };
            let labels = [first, second].map(|it| Label::new(it.location, "here"));
            problems.add(problem, labels);
        }
    }
}

/// Reads what a table sets.
pub(super) fn settings(
    table: &Table<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> SettingTable {
    let entry = |value: Value<'_>| {
        Some(SettingEntry {
            key: value.key.to_owned(),
            setting: setting(&value, scope, problems)?,
            key_location: value.key_location,
            location: value.location(),
        })
    };
    table.values().filter_map(entry).collect()
}

pub(super) fn setting(
    value: &Value<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<Setting> {
    if let Some(table) = value.as_table(Heading::Inline("the value")) {
        let mut keys = table.values();
        if let (Some(only), None) = (keys.next(), keys.next())
            && only.key == "secret_env"
        {
            only.invalid(
                "a configuration is shown and recorded, and holds no secrets",
                "pass it in `env` alone: `env = { PASSWORD = { secret_env = \"PASSWORD\" } }`",
                problems,
            );
            return None;
        }
        let mut keys = table.values();
        if let (Some(only), None) = (keys.next(), keys.next())
            && only.key == "from_env"
        {
            let variable = only.text(problems)?;
            if variable.value.is_empty() || variable.value.contains(['=', '\0']) {
                only.invalid(
                    "this is not the name of a variable",
                    "name a variable of the environment",
                    problems,
                );
                return None;
            }
            return Some(Setting::FromEnv(variable.value.to_owned()));
        }
        return Some(Setting::Table(settings(&table, scope, problems)));
    }
    element(value, scope, problems)
}

/// A value that is no table, or one in a list.
fn element(value: &Value<'_>, scope: Scope<'_>, problems: &mut Problems) -> Option<Setting> {
    if value.is_string() {
        return text(value, scope, problems);
    }
    let Some(elements) = value.as_elements() else {
        return plain(value, problems).map(Setting::Value);
    };
    let elements: Vec<Option<Setting>> = elements.map(|it| element(&it, scope, problems)).collect();
    let elements: Vec<Setting> = elements.into_iter().collect::<Option<_>>()?;
    let values: Option<Vec<ConfigValue>> = elements
        .iter()
        .map(|element| match element {
            Setting::Value(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    Some(match values {
        Some(values) => Setting::Value(ConfigValue::List(values)),
        None => Setting::List(elements),
    })
}

fn text(value: &Value<'_>, scope: Scope<'_>, problems: &mut Problems) -> Option<Setting> {
    const KNOWN: [&str; 3] = ["partition", "window.start", "window.end"];
    let text = value.as_text()?;
    if text.value.contains('\0') {
        value.invalid("a value holds no NUL", "remove it", problems);
        return None;
    }
    let before = problems.len();
    let mut pieces = Vec::new();
    for token in read_tokens(text, problems)? {
        match token.kind {
            TokenKind::Literal(literal) => pieces.push(Piece::Text(literal.to_owned())),
            TokenKind::Placeholder(name) => {
                let location = || text.part(token.range.clone());
                let Some(written) = Written::parse(name) else {
                    let problem = Problem::UnknownPlaceholder {
                        name: name.to_owned(),
                        help: did_you_mean(name, KNOWN, ""),
                    };
                    problems.at(location(), "no such placeholder in a value", problem);
                    continue;
                };
                let placeholder = written.resolve(name, scope, location, problems);
                pieces.extend(placeholder.map(Piece::Placeholder));
            }
        }
    }
    if problems.len() > before {
        return None;
    }
    let template = PathTemplate::new(pieces);
    Some(match template.as_literal() {
        Some(literal) => Setting::Value(ConfigValue::Text(literal.to_owned())),
        None => Setting::Text(template),
    })
}

/// A value without placeholders.
fn plain(value: &Value<'_>, problems: &mut Problems) -> Option<ConfigValue> {
    let json = value.json(problems)?;
    match ConfigValue::of_json(&json) {
        Ok(value) => Some(value),
        Err(what) => {
            value.invalid(
                format!("{what} is not a value"),
                "write another value",
                problems,
            );
            None
        }
    }
}

fn partition_layers(
    table: &Table<'_>,
    context: ConfigContext<'_>,
    problems: &mut Problems,
) -> Vec<ConfigLayer> {
    let Some(definition) = context.definition else {
        if !matches!(context.scope, Scope::Unknown) {
            let problem = Problem::ConflictingKeys {
                message: "`partition_config` is for an asset with partitions".to_owned(),
                help: "give it `partitions`, or set the values in `config`".to_owned(),
            };
            problems.at(table.location, "has no meaning here", problem);
        }
        return Vec::new();
    };
    let declared = context.definitions.get(definition);
    let layer = |value: Value<'_>| {
        let key = match PartitionKey::parse(value.key) {
            Ok(key) => key,
            Err(error) => {
                let problem = Problem::InvalidPartitionKey {
                    key: value.key.escape_default().to_string(),
                    reason: error.to_string(),
                };
                problems.at(value.key_location, "this key", problem);
                return None;
            }
        };
        if let PartitionsDefinition::Static(keys) = declared
            && !keys.contains(&key)
        {
            let problem = Problem::UnknownPartitionKey {
                key: key.to_string(),
                definition: format!("the definition of `{}`", context.name),
                help: did_you_mean(
                    key.as_str(),
                    keys.iter().map(PartitionKey::as_str),
                    "name one of its keys",
                ),
            };
            problems.at(value.key_location, "no such key", problem);
            return None;
        }
        if let Some(windows) = declared.windows()
            && windows.index_of_key(key.as_str()).is_none()
        {
            let problem = Problem::UnknownPartitionKey {
                key: key.to_string(),
                definition: format!("the definition of `{}`", context.name),
                help: format!("a key of it is written as `{}`", windows.key(0)),
            };
            problems.at(value.key_location, "not a window of it", problem);
            return None;
        }
        let own = value.table(Heading::Inline("the values of a partition"), problems)?;
        Some(ConfigLayer {
            origin: ConfigOrigin::AssetPartition,
            partition: Some(key),
            settings: settings(&own, context.scope, problems),
        })
    };
    table.values().filter_map(layer).collect()
}

/// Reads `config_schema`, `params` of a job, or `keys` of a table.
pub(super) fn schema_table(
    table: &Table<'_>,
    declared_in: &str,
    problems: &mut Problems,
) -> SchemaTable {
    let key = |value: Value<'_>| {
        let schema = read_schema(&value, declared_in, problems)?;
        Some((value.key.to_owned(), schema))
    };
    table.values().filter_map(key).collect()
}

/// A type, or a table with one.
fn read_schema(
    value: &Value<'_>,
    declared_in: &str,
    problems: &mut Problems,
) -> Option<ConfigSchema> {
    const KEYS: [&str; 9] = [
        "type",
        "default",
        "required",
        "enum",
        "min",
        "max",
        "of",
        "keys",
        "description",
    ];
    if value.as_text().is_some() {
        let kind = kind(value, problems).unwrap_or(ConfigKind::Any);
        return Some(ConfigSchema::of_kind(kind, value.key_location));
    }
    let table = value.table(Heading::Inline("the schema"), problems)?;
    let before = problems.len();
    table.only(&KEYS, problems);
    let default = table.get("default");
    let default_value = default.and_then(|it| plain(&it, problems));
    let declared = if let Some(declared) = table.get("type") {
        kind(&declared, problems)
    } else {
        let problem = Problem::MissingKey {
            table: format!("the schema of `{}`", value.key),
            key: "type",
            help: "write one of `string`, `integer`, `float`, `boolean`, `list`, `table`, `any`",
        };
        problems.at(value.key_location, "of which type?", problem);
        None
    };
    let declared = declared.unwrap_or(ConfigKind::Any);
    let kind = with_parts(declared, &table, declared_in, problems);
    let mut schema = ConfigSchema {
        required: table.boolean("required", problems) != Some(false),
        min: bound(&table, "min", &kind, problems),
        max: bound(&table, "max", &kind, problems),
        description: table
            .text("description", problems)
            .map(|it| it.value.to_owned()),
        ..ConfigSchema::of_kind(kind, value.key_location)
    };
    if let (Some(min), Some(max)) = (schema.min, schema.max)
        && min.get() > max.get()
        && let Some(value) = table.get("min")
    {
        value.invalid("`min` is above `max`", "exchange them", problems);
    }
    if let Some(choices) = table.get("enum") {
        schema.choices = choice((value.key, declared_in), &choices, &schema, problems);
    }
    if let (Some(written), Some(given), true) = (default, default_value, problems.len() == before) {
        schema.default = fitting(
            (value.key, declared_in),
            &schema,
            (given, &written),
            problems,
        );
    }
    Some(schema)
}

/// A value that a schema itself names, as the schema takes it.
fn fitting(
    (key, declared_in): (&str, &str),
    schema: &ConfigSchema,
    (value, written): (ConfigValue, &Value<'_>),
    problems: &mut Problems,
) -> Option<ConfigValue> {
    let mut faults = Vec::new();
    let path = ConfigPath::new(vec![key.to_owned(), written.key.to_owned()]);
    let fitted = schema.fit(value, (&path, written.location()), &mut faults);
    for fault in faults {
        report(fault, declared_in, problems);
    }
    fitted
}

fn choice(
    at: (&str, &str),
    value: &Value<'_>,
    schema: &ConfigSchema,
    problems: &mut Problems,
) -> Vec<ConfigValue> {
    let Some(elements) = value.as_elements() else {
        value.wrong_type("a list of values", problems);
        return Vec::new();
    };
    let bare = ConfigSchema::of_kind(schema.kind.clone(), schema.location);
    let mut choices = Vec::new();
    for element in elements {
        let choice = plain(&element, problems);
        choices.extend(choice.and_then(|it| fitting(at, &bare, (it, &element), problems)));
    }
    if choices.is_empty()
        && value
            .as_elements()
            .is_some_and(|mut all| all.next().is_none())
    {
        value.invalid(
            "`enum` names no value",
            "name the values that are allowed",
            problems,
        );
    }
    choices
}

fn kind(value: &Value<'_>, problems: &mut Problems) -> Option<ConfigKind> {
    let text = value.text(problems)?;
    Some(match text.value {
        "string" => ConfigKind::Text,
        "integer" => ConfigKind::Integer,
        "float" => ConfigKind::Float,
        "boolean" => ConfigKind::Boolean,
        "list" => ConfigKind::List(None),
        "table" => ConfigKind::Table(None),
        "any" => ConfigKind::Any,
        other => {
            let help = did_you_mean(other, TYPES, "");
            value.invalid(format!("there is no type `{other}`"), help, problems);
            return None;
        }
    })
}

/// The type with what `of` and `keys` say about it.
fn with_parts(
    kind: ConfigKind,
    table: &Table<'_>,
    declared_in: &str,
    problems: &mut Problems,
) -> ConfigKind {
    let misplaced = |key: &'static str, of: &str, problems: &mut Problems| {
        if let Some(value) = table.get(key) {
            let problem = Problem::ConflictingKeys {
                message: format!("`{key}` is for the type `{of}`"),
                help: format!("remove it, or write `type = \"{of}\"`"),
            };
            problems.at(value.key_location, "has no meaning here", problem);
        }
    };
    match kind {
        ConfigKind::List(_) => {
            misplaced("keys", "table", problems);
            let of = table.get("of");
            let of = of.and_then(|it| read_schema(&it, declared_in, problems));
            ConfigKind::List(of.map(Box::new))
        }
        ConfigKind::Table(_) => {
            misplaced("of", "list", problems);
            let keys = table.table("keys", Heading::Inline("`keys`"), problems);
            ConfigKind::Table(keys.map(|keys| schema_table(&keys, declared_in, problems)))
        }
        other => {
            misplaced("of", "list", problems);
            misplaced("keys", "table", problems);
            other
        }
    }
}

/// `min` or `max`: of a number, or of the length of what has one.
fn bound(
    table: &Table<'_>,
    key: &str,
    kind: &ConfigKind,
    problems: &mut Problems,
) -> Option<Finite> {
    let value = table.get(key)?;
    if matches!(kind, ConfigKind::Boolean) {
        value.invalid(
            format!("`{key}` is for numbers, and for what has a length"),
            "remove it",
            problems,
        );
        return None;
    }
    let number = match plain(&value, problems)? {
        #[expect(clippy::cast_precision_loss, reason = "as every number of that type")]
        ConfigValue::Integer(integer) => Finite::new(integer as f64),
        ConfigValue::Float(float) => Some(float),
        _ => None,
    };
    if number.is_none() {
        value.wrong_type("a number", problems);
    }
    number
}
