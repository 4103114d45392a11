//! The outputs of an asset: paths inside the project, each partition with one of its own.
//!
//! A key in a path always tells partitions apart. Where dimensions or time formats stand in a path, each dimension must be
//! told; where all keys are listed and few, their paths are compared. Formats are tried on windows that differ in every field
//! and where clocks are set back; what this does not find, a plan finds when it compares its paths.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::partitions::{Definitions, Partitions};
use crate::manifest::path_shapes::COMPARED_KEYS;
use crate::manifest::paths::{self, Folded};
use crate::manifest::template::path_template;
use crate::model::{
    AssetKey, DefinitionId, Name, Output, OutputKind, PartitionKeys, PartitionPlaceholder,
    PartitionRef, PartitionsDefinition, PathTemplate, Piece, TimeKeys, encode_whole_component,
};

/// The outputs of an asset, as far as they could be read.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    /// Those that are right.
    pub list: Vec<Output>,
    /// Whether that is all of them.
    pub is_complete: bool,
}

/// What outputs are read for.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputContext<'a> {
    /// The asset.
    pub key: &'a AssetKey,
    /// Its partitions.
    pub partitions: Partitions,
    /// The partitions definitions.
    pub definitions: &'a Definitions<'a>,
    /// Where outputs without a path go.
    pub storage: &'a str,
}

/// Reads `outputs`, or makes the default one of an asset that has a command.
pub(super) fn read(
    table: &Table<'_>,
    context: OutputContext<'_>,
    apart: &mut Apart,
    problems: &mut Problems,
) -> Outputs {
    let before = problems.len();
    let mut list: Vec<Output> = Vec::new();
    let format = table.get("format");
    if let Some(value) = table.get("outputs") {
        if let Some(format) = format {
            let problem = Problem::ConflictingKeys {
                message: "`format` is for an output without a path".to_owned(),
                help: "write the extension into the path of the output".to_owned(),
            };
            let label = "not together with `outputs`";
            problems.at(format.key_location, label, problem);
        }
        if let Some(named) = value.as_table(Heading::Inline("the outputs")) {
            for entry in named.values() {
                let name = problems.name(entry.key, entry.key_location, "an output");
                let path = entry.text(problems);
                let output = path.and_then(|path| one(path, name, context, apart, problems));
                list.extend(output);
            }
            let named = list.iter();
            let named = named.filter_map(|it| Some((it.name.as_ref()?, it.location)));
            problems.colliding_variables(context.key, "ASSETCTL_OUTPUT_", named);
        } else {
            for path in value.texts(problems) {
                list.extend(one(path, None, context, apart, problems));
            }
        }
        if list.is_empty() && problems.len() == before && table.get("command").is_some() {
            let help = "leave `outputs` out for one under the project's storage";
            value.invalid("an asset with a command has an output", help, problems);
        }
    } else if table.get("command").is_some() {
        list.extend(default_output(table, context, problems));
    }
    let is_complete = problems.len() == before;
    Outputs { list, is_complete }
}

fn one(
    text: Text<'_>,
    name: Option<Name>,
    context: OutputContext<'_>,
    apart: &mut Apart,
    problems: &mut Problems,
) -> Option<Output> {
    if !paths::check_text(text, problems) {
        return None;
    }
    let template = path_template(
        text,
        context.definitions.scope(context.partitions),
        problems,
    )?;
    let folded = paths::fold(text.file.folder(), &template);
    if let Some((reason, help, label)) = refused(&folded) {
        let problem = Problem::InvalidPath {
            message: format!("the output `{}` {reason}", text.value),
            help: help.to_owned(),
        };
        problems.at(text.location(), label, problem);
        return None;
    }
    if let Partitions::By(id) = context.partitions
        && !apart.tells(&folded.path, id, context.definitions)
    {
        let problem = Problem::PartitionsSharePath {
            asset: context.key.to_string(),
            path: text.value.to_owned(),
        };
        let label = if folded.path.as_literal().is_some() {
            "the same path for every partition"
        } else {
            "the same path for several partitions"
        };
        problems.at(text.location(), label, problem);
        return None;
    }
    Some(Output {
        name,
        path: folded.path,
        kind: if folded.trailing_slash {
            OutputKind::Directory
        } else {
            OutputKind::File
        },
        location: text.location(),
    })
}

/// Why a path cannot be an output, what to do, and what to say of it.
fn refused(folded: &Folded) -> Option<(&'static str, &'static str, &'static str)> {
    Some(if folded.outside {
        (
            "lies outside of the project",
            "outputs lie inside the project: write a path relative to the folder of the manifest file",
            "leads out of the project",
        )
    } else if folded.path.pieces().is_empty() {
        (
            "is the project itself",
            "name a file or a folder in it",
            "the project's folder",
        )
    } else if first_component_is(&folded.path, ".assetctl") {
        (
            "lies in the folder of the instance",
            "`.assetctl` belongs to assetctl: choose another folder",
            "not here",
        )
    } else {
        return None;
    })
}

fn default_output(
    table: &Table<'_>,
    context: OutputContext<'_>,
    problems: &mut Problems,
) -> Option<Output> {
    let mut pieces = vec![Piece::Text(if context.storage.is_empty() {
        String::new()
    } else {
        format!("{}/", context.storage)
    })];
    let segments = context.key.as_str().split('/').map(encode_whole_component);
    pieces.push(Piece::Text(segments.collect::<Vec<_>>().join("/")));
    if context.partitions != Partitions::None {
        pieces.push(Piece::Text("/@".to_owned()));
        pieces.push(Piece::Placeholder(PartitionPlaceholder::Key));
    }
    if let Some(format) = table.get("format") {
        let extension = format.text(problems)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-';
        if extension.value.is_empty() || !extension.value.chars().all(plain) {
            format.invalid(
                format!("`{}` is not a file extension", extension.value),
                "write it without a dot: `format = \"csv\"`",
                problems,
            );
            return None;
        }
        let extension = extension.value.trim_start_matches('.');
        pieces.push(Piece::Text(format!(".{extension}")));
    }
    Some(Output {
        name: None,
        path: PathTemplate::new(pieces),
        kind: OutputKind::File,
        location: table.location,
    })
}

fn first_component_is(path: &PathTemplate, name: &str) -> bool {
    let Some(Piece::Text(text)) = path.pieces().first() else {
        return false;
    };
    text.split('/').next() == Some(name)
}

/// Which templates tell the partitions of a definition apart: asked once for each definition and template.
#[derive(Debug, Default)]
pub(super) struct Apart {
    known: HashMap<(DefinitionId, String), bool>,
}

impl Apart {
    /// Whether `path` differs from partition to partition of the definition `id`.
    pub(super) fn tells(
        &mut self,
        path: &PathTemplate,
        id: DefinitionId,
        definitions: &Definitions<'_>,
    ) -> bool {
        if names_key(path) {
            return true;
        }
        let inner = without_ends(path);
        if inner.pieces().is_empty() {
            return false;
        }
        let known = (id, inner.source());
        *self
            .known
            .entry(known)
            .or_insert_with(|| tells(&inner, id, definitions))
    }
}

fn tells(path: &PathTemplate, id: DefinitionId, definitions: &Definitions<'_>) -> bool {
    let dimensions = definitions.get(id).dimensions();
    if dimensions.is_empty() {
        return tells_windows(path, definitions.get(id));
    }
    let told = (0..).zip(dimensions).all(|(place, dimension)| {
        let of_this = of_dimension(path, place);
        names_key(&of_this) || tells_windows(&of_this, definitions.get(dimension.definition))
    });
    told && definitions
        .listed(id, COMPARED_KEYS)
        .is_none_or(|keys| all_differ(path, &keys, 0..keys.len()))
}

fn names_key(path: &PathTemplate) -> bool {
    path.placeholders()
        .any(|it| *it == PartitionPlaceholder::Key)
}

/// The template without the texts at its ends, which are the same for all partitions.
fn without_ends(path: &PathTemplate) -> PathTemplate {
    let pieces = path.pieces();
    let is_text = |piece: &&Piece<_>| matches!(piece, Piece::Text(_));
    let from = pieces.iter().take_while(is_text).count();
    let to = pieces.len() - pieces.iter().rev().take_while(is_text).count();
    PathTemplate::new(pieces.get(from..to).unwrap_or_default().to_vec())
}

/// What a template says of one dimension, the others standing for text that is always the same.
fn of_dimension(path: &PathTemplate, wanted: u32) -> PathTemplate {
    let piece = |piece: &Piece<PartitionPlaceholder>| match piece {
        Piece::Placeholder(PartitionPlaceholder::Dimension { place, of, .. })
            if *place == wanted =>
        {
            Piece::Placeholder((**of).clone())
        }
        Piece::Placeholder(_) => Piece::Text("\0".to_owned()),
        Piece::Text(text) => Piece::Text(text.clone()),
    };
    PathTemplate::new(path.pieces().iter().map(piece).collect())
}

fn tells_windows(path: &PathTemplate, definition: &PartitionsDefinition) -> bool {
    let PartitionsDefinition::Time { windows, .. } = definition else {
        return false;
    };
    if path.as_literal().is_some() {
        return false;
    }
    let keys = TimeKeys::at(windows, Timestamp::MAX);
    let mut samples: Vec<u32> = (0..400)
        .chain(later(&keys))
        .chain(repeated(&keys))
        .collect();
    samples.retain(|at| *at < keys.len());
    samples.sort_unstable();
    samples.dedup();
    all_differ(path, &PartitionKeys::Time(keys), samples)
}

/// Windows around the same day and hour as the first, one to 28 years, a century and four centuries later.
fn later(keys: &TimeKeys) -> Vec<u32> {
    const AROUND: i64 = 14;
    let first = keys
        .definition()
        .window(0)
        .start
        .to_zoned(keys.definition().timezone().clone());
    let years = (1..=28).chain([100, 400]);
    let instants = years.filter_map(|years| first.checked_add(Span::new().years(years)).ok());
    instants
        .flat_map(|instant| {
            let at = keys.definition().index_at(instant.timestamp());
            keys.within(&(at - AROUND..at + AROUND))
        })
        .collect()
}

/// Windows around the moments when the definition's clock is set back, and local times come again.
fn repeated(keys: &TimeKeys) -> Vec<u32> {
    const CHANGES: usize = 8;
    const MOST: u32 = 512;
    let around = Span::new().hours(2);
    let definition = keys.definition();
    let zone: &TimeZone = definition.timezone();
    let from = definition.window(0).start;
    zone.following(from)
        .take(CHANGES)
        .flat_map(|change| {
            let (before, after) = (
                change
                    .timestamp()
                    .checked_sub(around)
                    .unwrap_or(Timestamp::MIN),
                change
                    .timestamp()
                    .checked_add(around)
                    .unwrap_or(Timestamp::MAX),
            );
            let near = keys.within(&(definition.index_at(before)..definition.index_at(after) + 1));
            near.start..near.end.min(near.start.saturating_add(MOST))
        })
        .collect()
}

fn all_differ(
    path: &PathTemplate,
    keys: &PartitionKeys,
    indexes: impl IntoIterator<Item = u32>,
) -> bool {
    let mut seen = HashSet::new();
    indexes.into_iter().all(|index| {
        let partition = PartitionRef { keys, index };
        seen.insert(path.path(partition).into_owned())
    })
}
