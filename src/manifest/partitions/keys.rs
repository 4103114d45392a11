//! Lists of partition keys.

use std::collections::HashMap;
use std::ops::Range;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Table, Value};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::paths;
use crate::manifest::template::{Partitioning, Scope, TokenKind, path_template, read_tokens};
use crate::model::{
    KeyStyle, Location, PART_SEPARATOR, PartitionKey, PartitionPlaceholder, PartitionsDefinition,
    PathTemplate, Piece,
};

/// Reads the keys of a static definition.
pub(super) fn read_static(table: &Table<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
    let help = "list the keys: `keys = [\"eu\", \"us\"]`";
    let value = table.required("keys", "without keys", help, problems)?;
    of_list(&value, problems)
}

/// The static definition of a list of keys.
pub(super) fn of_list(value: &Value<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
    let keys = read_keys(value, problems)?;
    let bar = keys
        .iter()
        .find(|(key, _)| key.as_str().contains(PART_SEPARATOR));
    Some(ReadDefinition {
        bar: bar.map(|(_, location)| *location),
        definition: PartitionsDefinition::Static(keys.into_iter().map(|(key, _)| key).collect()),
        pattern: None,
    })
}

/// Reads keys, each given once, with their places.
pub(in crate::manifest) fn read_keys(
    value: &Value<'_>,
    problems: &mut Problems,
) -> Option<Vec<(PartitionKey, Location)>> {
    let before = problems.len();
    let mut seen: HashMap<&str, Location> = HashMap::new();
    let mut keys = Vec::new();
    for text in value.texts(problems) {
        let Some(key) = read_key(text, problems) else {
            continue;
        };
        let Some(first) = seen.insert(text.value, text.location()) else {
            keys.push((key, text.location()));
            continue;
        };
        let labels = [
            Label::new(text.location(), "given again here"),
            Label::new(first, "given here"),
        ];
        problems.add(invalid(text.value, "it is given twice"), labels);
    }
    (problems.len() == before).then_some(keys)
}

/// Reads a key.
pub(in crate::manifest) fn read_key(
    text: Text<'_>,
    problems: &mut Problems,
) -> Option<PartitionKey> {
    let key = PartitionKey::parse(text.value);
    if let Err(error) = &key {
        problems.at(
            text.location(),
            "this key",
            invalid(text.value, &error.to_string()),
        );
    }
    key.ok()
}

fn invalid(key: &str, reason: &str) -> Problem {
    Problem::InvalidPartitionKey {
        key: key.escape_debug().to_string(),
        reason: reason.to_owned(),
    }
}

/// Reads a definition whose keys are files.
pub(super) fn read_files(table: &Table<'_>, problems: &mut Problems) -> Option<ReadDefinition> {
    table.only(&["type", "pattern"], problems);
    let help = "say where its files are: `pattern = \"data/uploads/{{partition}}.csv\"`";
    let value = table.required("pattern", "without a pattern", help, problems)?;
    let text = value.text(problems)?;
    let path = read_pattern(text, problems)?;
    Some(ReadDefinition {
        definition: PartitionsDefinition::Files(path.clone()),
        pattern: Some(FilePattern {
            path,
            decides: Decides::Key,
            location: text.location(),
        }),
        bar: None,
    })
}

/// Reads the path of the files that decide which windows are keys; `windows` has no such path yet.
pub(super) fn read_exists(
    text: Text<'_>,
    windows: &PartitionsDefinition,
    problems: &mut Problems,
) -> Option<FilePattern> {
    if !paths::check_text(text, problems) {
        return None;
    }
    let scope = Scope::Partitioned(Partitioning {
        definition: windows,
        declared: &[],
    });
    let template = path_template(text, scope, problems)?;
    let path = paths::fold(text.file.folder(), &template).path;
    let path = path.with_keys(KeyStyle::Plain);
    if paths::is_glob(&path) {
        let problem = Problem::InvalidPath {
            message: format!("`{}` is a glob, and a window has one file", text.value),
            help: "write a path in which only placeholders vary".to_owned(),
        };
        problems.at(text.location(), "this path", problem);
        return None;
    }
    Some(FilePattern {
        path,
        decides: Decides::Window,
        location: text.location(),
    })
}

fn read_pattern(text: Text<'_>, problems: &mut Problems) -> Option<PathTemplate> {
    if !paths::check_text(text, problems) {
        return None;
    }
    let tokens = read_tokens(text, problems)?;
    let mut refuse = |reason: &str, range: Option<Range<usize>>| {
        let problem = Problem::FilesPattern {
            pattern: text.value.to_owned(),
            reason: reason.to_owned(),
        };
        let location = range.map_or_else(|| text.location(), |range| text.part(range));
        problems.at(location, "in this pattern", problem);
    };
    let mut pieces = Vec::new();
    let mut keys = 0;
    for token in tokens {
        match token.kind {
            TokenKind::Literal(literal) => pieces.push(Piece::Text(literal.to_owned())),
            TokenKind::Placeholder("partition") => {
                keys += 1;
                if keys > 1 {
                    refuse("`{{partition}}` occurs in it twice", Some(token.range));
                    return None;
                }
                pieces.push(Piece::Placeholder(PartitionPlaceholder::Key));
            }
            TokenKind::Placeholder(name) => {
                let reason = format!("`{{{{{name}}}}}` is not `{{{{partition}}}}`");
                refuse(&reason, Some(token.range));
                return None;
            }
        }
    }
    let path = paths::fold(text.file.folder(), &PathTemplate::new(pieces)).path;
    if path.placeholders().next().is_none() {
        refuse("it has no `{{partition}}`", None);
        return None;
    }
    if paths::is_glob(&path) {
        refuse("a glob matches text that is not part of the key", None);
        return None;
    }
    Some(path.with_keys(KeyStyle::Plain))
}

/// Files whose presence decides which keys exist.
#[derive(Clone, Debug)]
pub(in crate::manifest) struct FilePattern {
    /// Their path.
    pub path: PathTemplate,
    /// What they decide.
    pub decides: Decides,
    /// Where the pattern is declared.
    pub location: Location,
}

/// What a file decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Decides {
    /// It is a key: `pattern`.
    Key,
    /// Its window is a key: `exists`.
    Window,
}

/// What a table declares.
#[derive(Debug)]
pub(super) struct ReadDefinition {
    /// The definition.
    pub definition: PartitionsDefinition,
    /// The files that decide which keys exist.
    pub pattern: Option<FilePattern>,
    /// Where a key or the format holds a `|`.
    pub bar: Option<Location>,
}

impl From<PartitionsDefinition> for ReadDefinition {
    fn from(definition: PartitionsDefinition) -> Self {
        Self {
            definition,
            pattern: None,
            bar: None,
        }
    }
}
