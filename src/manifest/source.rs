//! `[source.NAME]`: data that is observed and never made.

use std::collections::HashMap;

use crate::manifest::code::leaves_out_gitignored;
use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::partitions::Partitions;
use crate::manifest::paths::{self, Folded};
use crate::manifest::placeholders::{CommandContext, CommandOwner};
use crate::manifest::template::{Partitioning, Scope, path_template};
use crate::manifest::{command, common_keys, resources};
use crate::model::{
    About, AssetId, AssetKey, Command, CommandPlaceholder, CommandTemplate, DeclaredResource,
    KeyStyle, Name, PartitionKey, PartitionPlaceholder, PartitionsDefinition, PathTemplate, Piece,
    Place, SourceAsset, SourcePath,
};

/// What a source is read for.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceContext<'a> {
    /// Its partitions.
    pub partitions: Partitions,
    /// What its templates may name.
    pub scope: Scope<'a>,
    /// The resources.
    pub resources: &'a [DeclaredResource],
    /// The project's shell.
    pub shell: &'a [String],
    /// The project's name.
    pub project: Option<&'a str>,
}

/// Reads a source. One whose place is wrong comes back without a path.
pub(super) fn read(
    table: &Table<'_>,
    key: AssetKey,
    context: SourceContext<'_>,
    problems: &mut Problems,
) -> SourceAsset {
    let mut known = common_keys::ABOUT_KEYS.to_vec();
    known.extend([
        "path",
        "paths",
        "key",
        "optional",
        "gitignored",
        "observe",
        "timeout",
        "env",
        "resources",
        "partitions",
    ]);
    table.only(&known, problems);
    let optional = table.boolean("optional", problems) == Some(true);
    SourceAsset {
        key,
        location: table.location,
        about: common_keys::about(table, problems),
        partitions: context.partitions.definition(),
        place: read_place(table, context, problems).unwrap_or(Place::Paths(Vec::new())),
        optional,
        leaves_out_gitignored: leaves_out_gitignored(table, problems),
    }
}

/// A path of a source: relative to `folder`, or absolute, or a glob.
pub(super) fn read_path(
    text: Text<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<SourcePath> {
    let folded = read_template(text, scope, problems)?;
    if paths::is_glob(&folded) {
        paths::check_glob(&folded, text.location(), problems);
        let glob = folded.with_keys(KeyStyle::InGlob);
        return Some(SourcePath::Glob(glob, Vec::new()));
    }
    Some(SourcePath::Exact(folded))
}

/// A path of a source, whether or not it is a glob.
pub(super) fn read_folded(
    text: Text<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<Folded> {
    if !paths::check_text(text, problems) {
        return None;
    }
    let template = path_template(text, scope, problems)?;
    let mut folded = paths::fold(text.file.folder(), &template);
    folded.path = folded.path.with_keys(KeyStyle::Plain);
    if folded.path.pieces().is_empty() {
        let problem = Problem::InvalidPath {
            message: "a source cannot be the whole project".to_owned(),
            help: "name a file or a folder in it".to_owned(),
        };
        problems.at(text.location(), "the project's folder", problem);
        return None;
    }
    if let Scope::Partitioned(partitioning) = scope
        && let Some(key) = key_that_leads_out(&folded.path, partitioning)
    {
        let problem = Problem::InvalidPath {
            message: format!(
                "with the key `{key}` the path `{}` leads out of its folder",
                text.value
            ),
            help: "a key that is read is one name: rename the key, or the files".to_owned(),
        };
        problems.at(text.location(), "the path", problem);
        return None;
    }
    Some(folded)
}

/// The first listed key with which a path has a `..` that it does not have as it is written.
fn key_that_leads_out<'a>(
    path: &PathTemplate,
    partitioning: Partitioning<'a>,
) -> Option<&'a PartitionKey> {
    let listed = |definition: &'a PartitionsDefinition| match definition {
        PartitionsDefinition::Static(keys) => keys.iter(),
        _ => [].iter(),
    };
    let of_dimensions = partitioning.dimensions();
    let of_dimensions = of_dimensions.map(|(place, _, of)| (Some(place), listed(of)));
    let own = std::iter::once((None, listed(partitioning.definition)));
    own.chain(of_dimensions).find_map(|(place, mut keys)| {
        let ups = |key: &str| {
            let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Placeholder(it) if stands_for_key(it, place) => key.to_owned(),
                Piece::Placeholder(_) => "_".to_owned(),
            };
            let text: String = path.pieces().iter().map(piece).collect();
            text.split('/').filter(|name| *name == "..").count()
        };
        let as_written = ups("_");
        keys.find(|key| key.as_str().contains("..") && ups(key.as_str()) > as_written)
    })
}

/// Whether a placeholder holds a key of the dimension at `place`, or of a definition that has none.
fn stands_for_key(placeholder: &PartitionPlaceholder, place: Option<u32>) -> bool {
    match (placeholder, place) {
        (PartitionPlaceholder::Key, _) => true,
        (PartitionPlaceholder::Dimension { place: at, of, .. }, Some(place)) => {
            *at == place && **of == PartitionPlaceholder::Key
        }
        _ => false,
    }
}

fn read_place(
    table: &Table<'_>,
    context: SourceContext<'_>,
    problems: &mut Problems,
) -> Option<Place> {
    let given: Vec<_> = ["path", "paths", "observe"]
        .into_iter()
        .filter_map(|key| table.get(key))
        .collect();
    let [only] = given.as_slice() else {
        match given.as_slice() {
            [] => {
                let help = "say where the data is: `path = \"…\"`, `paths = [\"…\"]`, or a command that prints its \
                            version as `observe = \"…\"`";
                table.required("path", "without a path", help, problems);
            }
            several => problems.conflict(
                "a source has one of `path`, `paths` and `observe`",
                "keep one of them",
                several.iter().map(|value| value.key_location),
            ),
        }
        return None;
    };
    if only.key == "observe" {
        for key in ["key", "optional", "gitignored"] {
            if let Some(value) = table.get(key) {
                problems.conflict(
                    format!("`{key}` is for a source with a path"),
                    "remove it, or `observe`",
                    [value.key_location, only.key_location],
                );
            }
        }
        return read_observed(table, context, problems);
    }
    for key in ["timeout", "env", "resources"] {
        if let Some(value) = table.get(key) {
            problems.conflict(
                format!("`{key}` is for a source with `observe`"),
                "remove it",
                [value.key_location, only.key_location],
            );
        }
    }
    let texts = only.texts(problems);
    if let Some(key) = table.get("key") {
        let key = key.text(problems)?;
        let [path] = texts.as_slice() else {
            problems.conflict(
                "a source with a `key` is a value of one file",
                "name one file with `path`",
                [only.key_location],
            );
            return None;
        };
        let template = path_template(key, context.scope, problems);
        return Some(Place::Value {
            path: read_template(*path, context.scope, problems)?,
            key: template?,
        });
    }
    if texts.is_empty()
        && only
            .as_elements()
            .is_some_and(|mut all| all.next().is_none())
    {
        only.invalid("a source has at least one path", "name one", problems);
    }
    let (exceptions, texts): (Vec<Text<'_>>, Vec<Text<'_>>) = texts
        .into_iter()
        .partition(|text| text.value.starts_with('!'));
    let mut except = Vec::new();
    for text in &exceptions {
        except.extend(read_exception(*text, context.scope, problems));
    }
    let mut all = Vec::new();
    for text in texts {
        all.extend(read_path(text, context.scope, problems));
    }
    let is_glob = |path: &SourcePath| matches!(path, SourcePath::Glob(..));
    if let Some(first) = exceptions.first()
        && !all.iter().any(is_glob)
    {
        paths::report_lone_exception(first.location(), problems);
    }
    for path in &mut all {
        if let SourcePath::Glob(_, own) = path {
            own.clone_from(&except);
        }
    }
    Some(Place::Paths(all))
}

/// A path that begins with `!`, without that.
fn read_exception(
    text: Text<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<PathTemplate> {
    if !paths::check_text(text, problems) {
        return None;
    }
    let template = paths::exception(&path_template(text, scope, problems)?)?;
    let folded = paths::fold(text.file.folder(), &template).path;
    paths::check_glob(&folded, text.location(), problems);
    Some(folded.with_keys(KeyStyle::InGlob))
}

fn read_observed(
    table: &Table<'_>,
    context: SourceContext<'_>,
    problems: &mut Problems,
) -> Option<Place> {
    let value = table.get("observe")?;
    let command_context = CommandContext {
        owner: CommandOwner::Printed,
        scope: context.scope,
        inputs: &[],
        outputs: None,
        shell: context.shell,
        project: context.project,
        is_batched: false,
        config: None,
    };
    let command = command::read(&value, &command_context, problems)?;
    let for_all = matches!(context.scope, Scope::Partitioned(_)) && !names_partition(&command);
    Some(Place::Observed {
        command,
        folder: table.file.folder().to_owned(),
        for_all,
        timeout: common_keys::duration(table, "timeout", problems),
        env: common_keys::env(table, problems),
        resources: resources::named(table, context.resources, problems),
    })
}

fn names_partition(command: &Command) -> bool {
    let in_template = |template: &CommandTemplate| {
        template
            .placeholders()
            .any(|it| matches!(it, CommandPlaceholder::Partition(_)))
    };
    match command {
        Command::Shell { text, .. } => in_template(text),
        Command::Direct { arguments, .. } => arguments.iter().any(in_template),
    }
}

fn read_template(
    text: Text<'_>,
    scope: Scope<'_>,
    problems: &mut Problems,
) -> Option<PathTemplate> {
    read_folded(text, scope, problems).map(|folded| folded.path)
}

/// Sources that are declared by the deps that read them, once for each path.
#[derive(Debug, Default)]
pub(super) struct InlineSources {
    /// How many ids are taken by what has a table.
    declared: usize,
    sources: Vec<SourceAsset>,
    by_key: HashMap<AssetKey, AssetId>,
}

impl InlineSources {
    /// No sources yet; their ids follow those of what has a table.
    pub(super) fn after(declared: usize) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// The sources, in the order of their ids.
    pub(super) fn into_sources(self) -> Vec<SourceAsset> {
        self.sources
    }

    /// A source by its id, if it has no table.
    pub(super) fn get(&self, id: AssetId) -> Option<&SourceAsset> {
        self.sources.get(id.index().checked_sub(self.declared)?)
    }

    /// The id of a source by its key, if it has no table.
    pub(super) fn find(&self, key: &str) -> Option<AssetId> {
        self.by_key.get(key).copied()
    }

    /// The keys of the sources, in the order of their ids.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| source.key.as_str())
    }

    /// The source at a path, and the name of the input that reads it: the file's stem.
    pub(super) fn at(
        &mut self,
        text: Text<'_>,
        problems: &mut Problems,
    ) -> Option<(AssetId, Name)> {
        let path = read_path(text, Scope::Unpartitioned, problems)?;
        let template = path.template();
        let key = key_of(template);
        let input = input_name(template.as_literal().unwrap_or_default());
        let next = AssetId((self.declared + self.sources.len()) as u32);
        let id = *self.by_key.entry(key.clone()).or_insert(next);
        if id == next {
            self.sources.push(SourceAsset {
                key,
                location: text.location(),
                about: About::default(),
                partitions: None,
                place: Place::Paths(vec![path]),
                optional: false,
                leaves_out_gitignored: false,
            });
        }
        Some((id, input))
    }
}

/// The key of the source at a path: the path from the project's root, so that the same file has one key in all files.
fn key_of(path: &PathTemplate) -> AssetKey {
    let literal = path.as_literal().unwrap_or_default();
    if literal.starts_with("../") || literal.starts_with('/') {
        AssetKey::of_path(literal)
    } else {
        AssetKey::of_path(&format!("./{literal}"))
    }
}

/// The stem of the last component that has one, other characters than names have as `_`.
fn input_name(path: &str) -> Name {
    let stem = |component: &str| match component.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => component.to_owned(),
    };
    let named = |stem: &String| stem.contains(|c: char| c.is_ascii_alphanumeric());
    let stem = path.rsplit('/').map(stem).find(named);
    let stem = stem.unwrap_or_else(|| "input".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name: String = stem
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    Name::of_asset(&AssetKey::of_path(&name))
}

#[cfg(test)]
mod tests {
    use super::input_name;

    #[test]
    fn inputs_are_named_by_stems() {
        for (path, name) in [
            ("raw.csv", "raw"),
            ("data/2013.01.csv", "2013_01"),
            ("data/*.csv", "data"),
            ("my data/file", "file"),
            ("../x/.env", "_env"),
            ("a b.txt", "a_b"),
        ] {
            assert_eq!(input_name(path).as_str(), name, "{path}");
        }
    }
}
