//! Variables that are set for a command, in their three forms.

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table, Value};
use crate::manifest::suggest::any_of;
use crate::model::{EnvValue, EnvVariable, InheritEnv};

/// Reads `env`.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems) -> Vec<EnvVariable> {
    let Some(value) = table.get("env") else {
        return Vec::new();
    };
    let Some(env) = value.table(Heading::Inline("`env`"), problems) else {
        return Vec::new();
    };
    env.values()
        .filter_map(|variable| read_variable(variable, problems))
        .collect()
}

/// Reads `inherit_env`: `true`, `false`, or a list of names.
pub(super) fn inherit(table: &Table<'_>, problems: &mut Problems) -> InheritEnv {
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
