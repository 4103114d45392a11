//! Resources that a program gives to a call, read as if they were declared in files of their own.

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Table;
use crate::manifest::partitions::Definitions;
use crate::manifest::project::Project;
use crate::manifest::resources;
use crate::model::{AssetGraph, ConfigValue, DeclaredResource};

/// A declaration that a program gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenText {
    /// The name of the resource.
    pub(super) name: String,
    /// What stands for its file, for messages.
    pub(super) path: String,
    /// The text of that.
    pub(super) text: String,
    /// Whether functions of the program set it up or tear it down.
    has_functions: bool,
}

impl GivenText {
    /// A resource whose configuration is a TOML table.
    pub fn of_resource(name: &str, table: &str, has_functions: bool) -> Self {
        // A text that is wrong stays as it is, so that its problems are told at their places.
        let text = match table.parse::<toml::Table>() {
            Ok(config) => of_tables(["resource", name, "config"], config).to_string(),
            Err(_) => table.to_owned(),
        };
        Self {
            path: format!("the program's resource `{name}`"),
            name: name.to_owned(),
            text,
            has_functions,
        }
    }
}

/// A table within tables of these names.
fn of_tables<const N: usize>(names: [&str; N], innermost: toml::Table) -> toml::Table {
    let within = |inner, name: &&str| {
        toml::Table::from_iter([((*name).to_owned(), toml::Value::Table(inner))])
    };
    names.iter().rev().fold(innermost, within)
}

/// Takes those out of `tables` that others declare, too; `given` are the texts with the indexes of their tables.
pub(super) fn leave_declared<'t, 'g>(
    tables: &mut Vec<Table<'t>>,
    given: &[(usize, &'g GivenText)],
) -> Vec<(&'g GivenText, Table<'t>)> {
    let is_given = |index: usize| given.iter().any(|(it, _)| *it == index);
    let declaring = (0..tables.len()).filter(|index| !is_given(*index));
    let declaring: Vec<Table<'_>> = declaring.map(|index| tables[index]).collect();
    let is_declared = |name: &str| {
        let mut names = declaring
            .iter()
            .flat_map(|table| table.names_of("resource"));
        names.any(|it| it == name)
    };
    let declared = given.iter().filter(|(_, it)| is_declared(&it.name));
    let declared: Vec<(usize, &GivenText)> = declared.copied().collect();
    let found = declared.iter().map(|(index, it)| (*it, tables[*index]));
    let found: Vec<(&GivenText, Table<'_>)> = found.collect();
    for (index, _) in declared.iter().rev() {
        tables.remove(*index);
    }
    found
}

/// Refuses those that say something else than what is declared by their name.
pub(super) fn check(
    given: &[(&GivenText, Table<'_>)],
    graph: &AssetGraph,
    tables: &[Table<'_>],
    problems: &mut Problems,
) {
    let project = Project::read(&tables[0], &mut Problems::default());
    let definitions = Definitions::read(tables, &mut Problems::default());
    for (given, table) in given {
        let read = resources::read(&[*table], &project, &definitions, problems);
        let (Some(read), Some(declared)) = (read.first(), graph.resource(&given.name)) else {
            continue;
        };
        let has_commands = declared.setup.is_some() || declared.teardown.is_some();
        let is_same = values(read).is_some() && values(read) == values(declared);
        if !is_same || (has_commands && given.has_functions) {
            let message = format!(
                "the resource `{}` is declared, and the program gives another one",
                given.name
            );
            let help = "give it the declared values, without functions where it has commands; or give it another name";
            problems.conflict(message, help, [declared.location, read.location]);
        }
    }
}

/// The values of a resource that are the same in every environment.
fn values(resource: &DeclaredResource) -> Option<ConfigValue> {
    let resolved = resource
        .is_fixed()
        .then(|| resource.resolve(&|_| None).ok());
    Some(resolved??.config)
}
