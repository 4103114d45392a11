//! Which keys exist just now, as far as the world decides it: the instance, the files on disk and the time.
//!
//! What follows from declarations alone is the model's. A project whose keys all do costs nothing here. Only definitions
//! that something uses are looked at, because looking can take long and can fail.
//!
//! The keys of a `files` definition, and the windows of a definition with `exists`: those whose files are there.
//!
//! A key is the text in the place of the placeholder. A name that matches and cannot be a key is a fault of the definition:
//! to leave it out silently would lose data.
//!
//! A path template around one key, and the files that match it.
//!
//! The key stands for a part of one path component, so one folder is listed, whatever the pattern: what follows the
//! component, if anything, is looked for below each name. Names match as in a glob: one that begins with a dot as any
//! other, links by what they lead to, dangling ones not at all. The key is at least one byte.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::hash::{HashError, Ignore};
use crate::look::error::{EngineError, Problems};
use crate::look::manifest_text::Spot;
use crate::model::{
    AddedKey, AssetGraph, DeclaredPartitions, DefinitionId, ExistingKeys, KeysByDefinition,
    NamedKeys, PartitionKey, PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionSet,
    PartitionsDefinition, PathTemplate, Piece, TimeKeys, TimePartitions, TooManyKeys,
};
use crate::store::Store;
use crate::sys::parallel;

/// Who knows the keys of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyQuestion {
    /// They follow from what is declared, and the time.
    Declared,
    /// The instance.
    Instance,
    /// The disk.
    Disk,
}

impl KeyQuestion {
    /// Who knows the keys of `definition`; its dimensions, if it has some, are to be asked for themselves.
    pub fn of(definition: &PartitionsDefinition) -> Self {
        match definition {
            PartitionsDefinition::Static(_)
            | PartitionsDefinition::Multi(_)
            | PartitionsDefinition::Time { exists: None, .. } => Self::Declared,
            PartitionsDefinition::Dynamic => Self::Instance,
            PartitionsDefinition::Files(_) | PartitionsDefinition::Time { .. } => Self::Disk,
        }
    }
}

/// The definitions of `graph` that an asset or a source uses, as its own or as a dimension.
pub fn used_definitions(graph: &AssetGraph) -> BTreeSet<DefinitionId> {
    let own: BTreeSet<_> = graph.ids().filter_map(|id| graph.partitions(id)).collect();
    let with_dimensions = own.into_iter().flat_map(|id| {
        let dimensions = declared(graph, id).definition.dimensions().iter();
        let parts = dimensions.map(|dimension| dimension.definition);
        parts.chain([id])
    });
    with_dimensions.collect()
}

/// Those of the used definitions of `graph` whose keys do not follow from what is declared.
pub fn asking_definitions(graph: &AssetGraph) -> BTreeSet<DefinitionId> {
    let asks = |it: &DeclaredPartitions| KeyQuestion::of(&it.definition) != KeyQuestion::Declared;
    if !graph.definitions().iter().any(asks) {
        return BTreeSet::new();
    }
    let mut used = used_definitions(graph);
    used.retain(|id| asks(declared(graph, *id)));
    used
}

/// The keys of all definitions of a project, of which those in `definitions` are asked of the world.
///
/// The others have the keys that follow from what is declared: none, where the world would have to be asked. Dynamic keys
/// are those of the lock file, then those of the `store` that it lacks.
///
/// # Errors
///
/// If there are more keys than can be counted, or the instance cannot be read. A file whose name is not a key, or a folder
/// that cannot be read, is a fault of its definition, which blocks what uses it.
pub fn existing_keys(
    world: World<'_>,
    definitions: &BTreeSet<DefinitionId>,
    store: Option<&Store>,
) -> Result<KeysByDefinition, Problems> {
    let mut existing = ExistingKeys {
        now: world.now,
        ..ExistingKeys::default()
    };
    for id in definitions {
        let declared = declared(world.graph, *id);
        match &declared.definition {
            PartitionsDefinition::Dynamic => {
                let name = declared.name.as_ref();
                let locked = world.added.iter();
                let locked = locked.filter(|added| Some(&added.definition) == name);
                let mut keys: Vec<_> = locked.map(|added| added.key.clone()).collect();
                if let (Some(store), Some(name)) = (store, name) {
                    keys.append(&mut store.dynamic_keys(name)?);
                }
                existing.named.insert(*id, NamedKeys::growing(keys));
            }
            PartitionsDefinition::Files(pattern) => {
                let found = keys_of_files(world, pattern);
                let FoundKeys { keys, foreign } = found.unwrap_or_else(|error| {
                    existing.faults.insert(*id, error.to_string());
                    FoundKeys::default()
                });
                if let Some(first) = foreign.first() {
                    existing
                        .faults
                        .insert(*id, first.words(pattern, foreign.len()));
                }
                existing.named.insert(*id, NamedKeys::growing(keys));
            }
            PartitionsDefinition::Time {
                windows,
                exists: Some(path),
            } => {
                let there = windows_with_files(world, windows, path);
                let there = there.unwrap_or_else(|error| {
                    existing.faults.insert(*id, error.to_string());
                    PartitionSet::empty()
                });
                existing.windows.insert(*id, there);
            }
            PartitionsDefinition::Static(_)
            | PartitionsDefinition::Multi(_)
            | PartitionsDefinition::Time { exists: None, .. } => {}
        }
    }
    let keys = world.graph.keys(&existing);
    keys.map_err(|many| too_many(world, many).into())
}

/// What keeps the keys of a definition from being known: all files whose names are not keys, or a folder that cannot be
/// read.
///
/// # Errors
///
/// That.
pub fn look_for_foreign_files(world: World<'_>, id: DefinitionId) -> Result<(), Problems> {
    let declared = declared(world.graph, id);
    let mut problems = Problems::default();
    let definitions = match &declared.definition {
        PartitionsDefinition::Multi(dimensions) => {
            dimensions.iter().map(|it| it.definition).collect()
        }
        _ => vec![id],
    };
    for id in definitions {
        let declared = self::declared(world.graph, id);
        match &declared.definition {
            PartitionsDefinition::Files(pattern) => match keys_of_files(world, pattern) {
                Ok(found) if found.foreign.is_empty() => {}
                Ok(found) => {
                    let spot = Spot::of(world.root, world.graph, declared.location);
                    let foreign = found.foreign.into_iter();
                    problems.extend(foreign.map(|file| file.told(pattern, spot.clone())));
                }
                Err(error) => problems.push(error.into()),
            },
            PartitionsDefinition::Time {
                windows,
                exists: Some(path),
            } => {
                if let Err(error) = windows_with_files(world, windows, path) {
                    problems.push(error.into());
                }
            }
            _ => {}
        }
    }
    problems.into_result(())
}

fn declared(graph: &AssetGraph, id: DefinitionId) -> &DeclaredPartitions {
    &graph.definitions()[id.0 as usize]
}

fn too_many(world: World<'_>, TooManyKeys { definition }: TooManyKeys) -> EngineError {
    let declared = declared(world.graph, definition);
    let (source_code, span) = Spot::of(world.root, world.graph, declared.location).into_parts();
    EngineError::TooManyKeys {
        definition: match &declared.name {
            Some(name) => format!("`{name}`"),
            None => "this definition".to_owned(),
        },
        source_code,
        span,
    }
}

/// Up to this many paths, one thread looks at them all.
const FEW: usize = 256;

/// What the files of a definition are.
#[derive(Debug, Default)]
struct FoundKeys {
    /// The keys, in byte order.
    pub keys: Vec<PartitionKey>,
    /// Files that match and stand for no key, in order of their paths.
    pub foreign: Vec<ForeignFile>,
}

/// A file that matches and stands for no key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ForeignFile {
    path: String,
    reason: String,
    remedy: String,
}

impl ForeignFile {
    /// What is wrong and what to do, where it and others, `all` together, keep the keys from being known.
    fn words(&self, pattern: &PathTemplate, all: usize) -> String {
        let more = match all {
            0 | 1 => String::new(),
            all => format!(" (and {} more files)", all - 1),
        };
        let pattern = pattern.source();
        format!(
            "`{}`{more} matches `{pattern}`, and {}: {}, or leave it out: `[project] ignore`",
            self.path, self.reason, self.remedy
        )
    }

    /// The error for it.
    fn told(self, pattern: &PathTemplate, spot: Spot) -> EngineError {
        let (source_code, span) = spot.into_parts();
        EngineError::ForeignFile {
            path: self.path,
            pattern: pattern.source(),
            reason: self.reason,
            remedy: self.remedy,
            source_code,
            span,
        }
    }
}

/// The keys whose files match `pattern`.
fn keys_of_files(world: World<'_>, pattern: &PathTemplate) -> Result<FoundKeys, HashError> {
    let mut found = FoundKeys::default();
    let Some(taken_apart) = KeyPattern::of(pattern) else {
        return Ok(found);
    };
    for file in taken_apart.matches(world, Wanted::AsWritten)? {
        match key_of(pattern, &file) {
            Ok(key) => found.keys.push(key),
            Err(foreign) => found.foreign.push(foreign),
        }
    }
    found.keys.sort_unstable();
    found.foreign.sort_unstable();
    Ok(found)
}

/// The key that is written as this file.
fn key_of(pattern: &PathTemplate, file: &Match) -> Result<PartitionKey, ForeignFile> {
    let foreign = |reason: String, remedy: String| ForeignFile {
        path: file.path.to_string_lossy().into_owned(),
        reason,
        remedy,
    };
    let rename = || "rename it".to_owned();
    let Some(text) = file.key.to_str() else {
        return Err(foreign("its name is not UTF-8".to_owned(), rename()));
    };
    let key = PartitionKey::parse(text).map_err(|error| foreign(error.to_string(), rename()))?;
    let path = pattern.path_of_key(key.as_str());
    if file.path.as_os_str() == path.trim_end_matches('/') || file.path.as_os_str() == path.as_str()
    {
        return Ok(key);
    }
    Err(foreign(
        format!("the partition `{key}` would be `{path}`"),
        format!("rename it to `{path}`"),
    ))
}

/// The windows that have ended and whose file or directory is there, by their indexes in the lattice.
fn windows_with_files(
    world: World<'_>,
    windows: &Arc<TimePartitions>,
    path: &PathTemplate,
) -> Result<PartitionSet, HashError> {
    let ended = PartitionKeys::Time(TimeKeys::at(windows, world.now));
    if let Some(pattern) = KeyPattern::of(path) {
        let files = pattern.matches(world, Wanted::Anything)?;
        let keys = files.iter().filter_map(|file| key_of(path, file).ok());
        return Ok(keys
            .filter_map(|key| ended.index_of(key.as_str()))
            .collect());
    }
    let there = parallel::map(ended.range(), FEW, |index| {
        let partition = PartitionRef {
            keys: &ended,
            index,
        };
        world.root.join(&*path.path(partition)).exists()
    });
    let there = ended.range().zip(there);
    Ok(there
        .filter_map(|(index, there)| there.then_some(index))
        .collect())
}

/// A path template around one key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyPattern<'a> {
    /// The folder in which names are listed; empty for the project root.
    folder: &'a str,
    /// What comes before the key in its component.
    before: &'a str,
    /// What comes after the key in its component.
    after: &'a str,
    /// What follows the component, without the `/` between; empty where the pattern ends with that.
    below: Option<&'a str>,
}

/// What counts as being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A file; a directory where the pattern ends with `/`.
    AsWritten,
    /// A file or a directory.
    Anything,
}

/// A path that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Match {
    /// The path, relative to the project root.
    pub path: PathBuf,
    /// What stands for the key, as it is written there.
    pub key: OsString,
}

impl<'a> KeyPattern<'a> {
    /// Takes a template apart, if it is one around `{{partition}}` and nothing else.
    fn of(template: &'a PathTemplate) -> Option<Self> {
        let is_key = |piece: &Piece<_>| *piece == Piece::Placeholder(PartitionPlaceholder::Key);
        let (head, tail) = match template.pieces() {
            [key] if is_key(key) => ("", ""),
            [Piece::Text(head), key] if is_key(key) => (head.as_str(), ""),
            [key, Piece::Text(tail)] if is_key(key) => ("", tail.as_str()),
            [Piece::Text(head), key, Piece::Text(tail)] if is_key(key) => {
                (head.as_str(), tail.as_str())
            }
            _ => return None,
        };
        let (folder, before) = match head.rfind('/') {
            None => ("", head),
            Some(0) => ("/", &head[1..]),
            Some(slash) => (&head[..slash], &head[slash + 1..]),
        };
        let (after, below) = match tail.split_once('/') {
            None => (tail, None),
            Some((after, below)) => (after, Some(below)),
        };
        Some(Self {
            folder,
            before,
            after,
            below,
        })
    }

    /// All paths that match, in no order. Where the folder is not there, none do.
    fn matches(self, world: World<'_>, wanted: Wanted) -> Result<Vec<Match>, HashError> {
        let folder = world.root.join(self.folder);
        let unreadable = |source: io::Error| HashError::Unreadable {
            path: self.folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut matches = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let Some(key) = self.key_in(&entry.file_name()) else {
                continue;
            };
            let path = self.path_below(&entry.file_name());
            if self.is_there(world.root, &entry, &path, wanted) && !self.is_ignored(world, &path) {
                matches.push(Match { path, key });
            }
        }
        Ok(matches)
    }

    /// What stands for the key in a name.
    fn key_in(self, name: &OsStr) -> Option<OsString> {
        let rest = name.as_bytes().strip_prefix(self.before.as_bytes())?;
        let key = rest.strip_suffix(self.after.as_bytes())?;
        (!key.is_empty()).then(|| OsString::from_vec(key.to_vec()))
    }

    fn path_below(self, name: &OsStr) -> PathBuf {
        let component = Path::new(self.folder).join(name);
        match self.below {
            None => component,
            Some(below) => component.join(below),
        }
    }

    fn is_there(self, root: &Path, entry: &DirEntry, path: &Path, wanted: Wanted) -> bool {
        let is_wanted = |kind: fs::FileType| match (wanted, self.below) {
            (Wanted::Anything, _) => kind.is_file() || kind.is_dir(),
            (Wanted::AsWritten, Some(below)) if below.is_empty() || below.ends_with('/') => {
                kind.is_dir()
            }
            (Wanted::AsWritten, _) => kind.is_file(),
        };
        match entry.file_type() {
            Ok(kind) if self.below.is_none() && !kind.is_symlink() => is_wanted(kind),
            Ok(kind) if self.below.is_some() && kind.is_file() => false,
            _ => fs::metadata(root.join(path)).is_ok_and(|found| is_wanted(found.file_type())),
        }
    }

    /// Whether the path, or a folder that leads to it from the one that is listed, is ignored.
    fn is_ignored(self, world: World<'_>, path: &Path) -> bool {
        path.ancestors()
            .take_while(|part| *part != Path::new(self.folder))
            .any(|part| world.ignore.matches(part))
    }
}

/// Whether there is nothing at a path.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Where keys are looked for.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The project root, absolute.
    pub root: &'a Path,
    /// What is declared.
    pub graph: &'a AssetGraph,
    /// What is never a partition's file.
    pub ignore: &'a Ignore,
    /// The instant for which windows have ended.
    pub now: Timestamp,
    /// Keys of dynamic definitions that stand in the lock file, in order of addition.
    pub added: &'a [AddedKey],
}
