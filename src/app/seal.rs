//! Nothing to do, known without looking at anything one by one.
//!
//! After a run or a look that found everything fresh, what was looked at is sealed: each path with its stamp, and with
//! them all else that the judgement was made of: the manifest, the request, the instance, the lock file, variables of the
//! environment, and the stretch of time in which no partition appears. If all of it is as it was, the judgement is what it was, and the
//! graph, the instance and the versions need not be read at all. A seal decides nothing by time: it is made only of
//! stamps that the stat cache trusts.
//!
//! What is not a plain file (a directory, a glob, a value, a link, an observed source), tools, volatile assets, and
//! partitions that are found on disk are not sealed; such a project is judged each time. So is a selection by status or by
//! what git knows.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::project::{MANIFEST_CACHE, OpenProject, Surroundings};
use crate::app::selection::is_of_declarations;
use crate::digest::{Digest, Folding, Key, Kind, Sink};
use crate::engine::has_asides;
use crate::hash::{Found, Seal, Versions, holds};
use crate::lockfile::FILE_NAME;
use crate::look::{KeyQuestion, OWN_FOLDER, used_definitions};
use crate::manifest;
use crate::model::{
    Asset, DataVersion, DataVersionRule, EnvValue, Force, KeyChoice, KeyWord, MaterializeOptions,
    PartitionRef, Place, Recipe, RecordedState, SourceAsset, SourcePath, Status, TimePartitions,
};
use crate::plan::{Demand, Evaluation, Known, ObservedCode, Row, Scope};
use crate::store::Mark;
use crate::sys::file::{read_file, write_atomically};

/// How many seals are kept: one for each request that was made lately.
const KEPT: usize = 32;

/// How many bytes of seals are kept, besides the newest.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// A greater seal is not written: with more files, looking at them no longer takes most of the time.
const GREATEST: usize = 32 * 1024 * 1024;

/// A request that has nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NothingToDo {
    /// The project root.
    pub root: PathBuf,
    /// How many assets are fresh.
    pub assets: u32,
    /// How many partitions of them.
    pub partitions: u32,
}

/// What was sealed besides the paths, which follow it in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    manifest: Digest,
    mark: Mark,
    /// Seconds between which no partition appears: from, and until before.
    now: (i64, i64),
    env: SealedVariables,
    assets: u32,
    partitions: u32,
    /// The length of the paths' part.
    len: u64,
}

/// Whether a request has nothing to do, as far as a seal can tell.
pub fn check(surroundings: &Surroundings, request: &MaterializeOptions) -> Option<NothingToDo> {
    if request.force != Force::WhenStale || !can_be_sealed(request) {
        return None;
    }
    let root = manifest::find(&surroundings.directory).ok()?.0;
    let own = root.join(OWN_FOLDER);
    let home = surroundings.home.as_ref().unwrap_or(&own);
    let key = surroundings.cache_key(&root)?;
    let bytes = read_signed(&file(home, &root, request), &key)?;
    let (sealed, paths): (Sealed, &[u8]) = postcard::take_from_bytes(&bytes).ok()?;
    let now = surroundings.now.as_second();
    let same = paths.len() as u64 == sealed.len
        && (sealed.now.0..sealed.now.1).contains(&now)
        && are_set(&surroundings.environment, &sealed.env)
        && Mark::read(home).as_ref() == Some(&sealed.mark)
        && manifest::compiled_digest(&root, &own.join(MANIFEST_CACHE), &key)
            == Some(sealed.manifest)
        && !has_asides(&root)
        && holds(&root, paths);
    let Sealed {
        assets, partitions, ..
    } = sealed;
    same.then_some(NothingToDo {
        root,
        assets,
        partitions,
    })
}

/// Seals what an evaluation has found entirely fresh, if it can be sealed.
///
/// `mark` is the instance's mark from before it was read, or from after it was written.
pub fn write(
    project: &OpenProject,
    request: &MaterializeOptions,
    versions: &Versions<'_>,
    evaluation: &Evaluation<'_>,
    mark: Option<Mark>,
) {
    let Some(mark) = mark.filter(|_| can_be_sealed(request)) else {
        return;
    };
    let Some(key) = project.cache_key() else {
        return;
    };
    let Some(now) = validity(project) else {
        return;
    };
    let manifest = project.manifest_digest();
    let Some((paths, env)) = (Sealing {
        project,
        versions,
        evaluation,
    })
    .everything()
    .filter(|(paths, _)| paths.len() <= GREATEST) else {
        return;
    };
    let (mut assets, mut partitions) = (0, 0);
    for row in evaluation.scope().rows() {
        if project.graph().asset(row.asset).is_some() {
            (assets, partitions) = (assets + 1, partitions + row.set.len());
        }
    }
    let len = paths.len() as u64;
    let sealed = Sealed {
        manifest,
        mark,
        now,
        env,
        assets,
        partitions,
        len,
    };
    let Ok(mut bytes) = postcard::to_stdvec(&sealed) else {
        return;
    };
    bytes.extend(paths);
    let file = file(project.home(), project.root(), request);
    make_room(&file);
    write_signed(&file, key, bytes);
}

/// The bytes of a seal, if they are those that were signed. A repository can bring none along, and a damaged one is none.
pub fn read_signed(file: &Path, key: &Key) -> Option<Vec<u8>> {
    let mut bytes = read_file(file, GREATEST as u64 * 2).ok()?;
    let content = bytes.len().checked_sub(SIGNATURE)?;
    let is_signed = key.digest(&bytes[..content]).as_bytes() == &bytes[content..];
    bytes.truncate(content);
    is_signed.then_some(bytes)
}

/// Writes the bytes of a seal. One that cannot be written is none: the next call looks at everything.
pub fn write_signed(file: &Path, key: &Key, mut bytes: Vec<u8>) {
    let signature = key.digest(&bytes);
    bytes.extend_from_slice(signature.as_bytes());
    drop(write_atomically(file, &bytes));
}

/// The length of the digest at the end of a seal.
const SIGNATURE: usize = 16;

/// Where what is recorded, or what git knows, decides which partitions are meant, no seal can stand for having looked at
/// them; and seals are kept by selections, of which clauses over steps are no part.
fn can_be_sealed(request: &MaterializeOptions) -> bool {
    request.selection.partitions.recorded == RecordedState::default()
        && request.steps.is_empty()
        && request.selection.assets.iter().all(is_of_declarations)
}

struct Sealing<'a> {
    project: &'a OpenProject,
    versions: &'a Versions<'a>,
    evaluation: &'a Evaluation<'a>,
}

/// Variables of the environment, each with the digest of its value if it was set.
pub type SealedVariables = Vec<(String, Option<Digest>)>;

impl Sealing<'_> {
    /// All paths and variables; `None` if any of it cannot be sealed, or anything is not fresh.
    fn everything(&self) -> Option<(Vec<u8>, SealedVariables)> {
        let mut seal = Seal::default();
        let mut env = Vec::new();
        for row in self.evaluation.scope().rows() {
            match self.project.graph().asset(row.asset) {
                Some(asset) => self.asset(&mut seal, &mut env, row, asset)?,
                None => seal_source(
                    self.versions,
                    &mut seal,
                    (self.evaluation.scope(), row),
                    &self.evaluation.facts().versions,
                    self.project.graph().source(row.asset)?,
                )?,
            }
        }
        seal_lock_file(self.versions, &mut seal)?;
        env.sort();
        env.dedup();
        Some((seal.into_bytes(), env))
    }

    fn asset(
        &self,
        seal: &mut Seal,
        env: &mut SealedVariables,
        row: &Row,
        asset: &Asset,
    ) -> Option<()> {
        if asset.is_volatile() || asset.data_version != DataVersionRule::Content {
            return None;
        }
        if let Some(recipe) = &asset.recipe {
            let observed = self.evaluation.codes().observed(row.asset);
            env.extend(seal_code(
                self.project,
                self.versions,
                seal,
                &observed,
                recipe,
            )?);
        }
        let keys = self.evaluation.scope().keys(row.asset);
        for (cell, index) in row.cells().zip(row.set.iter()) {
            let verdict = self.evaluation.verdict(cell);
            if verdict.status != Status::Fresh || verdict.demand != Demand::None {
                return None;
            }
            let last = self.evaluation.recorded(cell)?;
            for (output, version) in asset.outputs.iter().zip(last.outputs) {
                let path = output.path.path(PartitionRef { keys, index });
                self.versions
                    .seal_file(seal, &path, *version)
                    .then_some(())?;
            }
        }
        Some(())
    }
}

/// Adds the lock file: it says of all this what was found, or is not there because nothing has lines.
pub fn seal_lock_file(versions: &Versions<'_>, seal: &mut Seal) -> Option<()> {
    match versions.of_path(FILE_NAME).ok()? {
        Found::File { version, .. } => versions.seal_file(seal, FILE_NAME, version).then_some(()),
        Found::Absent => {
            versions.seal_absent(seal, FILE_NAME);
            Some(())
        }
        Found::Directory { .. } => None,
    }
}

/// Adds the files of a source, of which `known` was found; `None` if they cannot be sealed.
pub fn seal_source(
    versions: &Versions<'_>,
    seal: &mut Seal,
    (scope, row): (&Scope<'_>, &Row),
    known: &[Known],
    source: &SourceAsset,
) -> Option<()> {
    let Place::Paths(paths) = &source.place else {
        return None;
    };
    let [SourcePath::Exact(path)] = paths.as_slice() else {
        return None;
    };
    let keys = scope.keys(row.asset);
    for (cell, index) in row.cells().zip(row.set.iter()) {
        let path = path.path(PartitionRef { keys, index });
        match known[row.versions_of(cell).start] {
            Known::Version(version) if version == DataVersion::absent() => {
                versions.seal_absent(seal, &path);
            }
            Known::Version(version) => {
                versions.seal_file(seal, &path, version).then_some(())?;
            }
            Known::Unknown | Known::Absent | Known::Unreadable => return None,
        }
    }
    Some(())
}

/// Adds the files that are part of a code version; gives the variables that are. `None` if they cannot be sealed.
pub fn seal_code(
    project: &OpenProject,
    versions: &Versions<'_>,
    seal: &mut Seal,
    observed: &ObservedCode,
    recipe: &Recipe,
) -> Option<SealedVariables> {
    let code = &recipe.code;
    if !code.tools.is_empty() {
        return None;
    }
    if code.version.is_none() {
        let found = |path: &String| observed.files.iter().find(|(known, _)| known == path);
        let declared = code.declared.iter().map(|(path, _)| path);
        for path in declared.chain(&code.candidates) {
            match found(path) {
                Some((path, version)) => {
                    versions.seal_file(seal, path, *version).then_some(())?;
                }
                None if code.candidates.contains(path) => versions.seal_absent(seal, path),
                None => return None,
            }
        }
    }
    let taken = recipe.env.iter().filter_map(|declared| {
        let EnvValue::FromEnv { variable, .. } = &declared.value else {
            return None;
        };
        Some((variable.clone(), project.variable(variable).map(value)))
    });
    Some(taken.collect())
}

/// Whether variables have the values that they had.
pub fn are_set(environment: &[(OsString, OsString)], sealed: &SealedVariables) -> bool {
    let mut sealed = sealed.iter();
    sealed.all(|(name, value)| *value == variable(environment, name))
}

fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<Digest> {
    let found = environment.iter().find(|(variable, _)| variable == name);
    found.map(|(_, text)| value(text))
}

fn value(text: &OsString) -> Digest {
    Kind::Value.digest(text.as_encoded_bytes())
}

/// The stretch of time around the project's now in which all definitions that are used have the keys that they have now;
/// `None` where files decide it, of which no stamp tells. Keys that the instance holds change with its mark.
///
/// Also those count of which nothing was looked at: what has no partition yet has no row.
pub fn validity(project: &OpenProject) -> Option<(i64, i64)> {
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    for id in used_definitions(project.graph()) {
        let definition = &project.graph().definitions()[id.0 as usize].definition;
        match KeyQuestion::of(definition) {
            KeyQuestion::Disk => return None,
            KeyQuestion::Instance => continue,
            KeyQuestion::Declared => {}
        }
        let Some(windows) = definition.windows() else {
            continue;
        };
        let (since, next) = ends_around(windows, project.now());
        from = from.max(since.as_second());
        if windows.len_at(Timestamp::MAX) > windows.len_at(project.now()) {
            until = until.min(next.as_second());
        }
    }
    Some((from, until))
}

/// A stretch of time around `now` in which no window ends, its first instant included.
fn ends_around(windows: &TimePartitions, now: Timestamp) -> (Timestamp, Timestamp) {
    let index = windows.index_at(now);
    let current = windows.window(index);
    if now < current.end {
        (current.start, current.end)
    } else {
        (current.end, windows.window(index + 1).end)
    }
}

/// The file of a request's seal.
fn file(home: &Path, root: &Path, request: &MaterializeOptions) -> PathBuf {
    let mut folding = Folding::new();
    folding.text("version", env!("CARGO_PKG_VERSION"));
    folding.text("root", &root.to_string_lossy());
    folding.text("reach", if request.only { "only" } else { "upstream" });
    for argument in &request.selection.assets {
        folding.text("selection", argument.as_str());
    }
    match &request.selection.partitions.keys {
        KeyChoice::Every | KeyChoice::All => folding.text("keys", "every"),
        KeyChoice::Latest(count) => folding.number("latest", count.get().into()),
        KeyChoice::Named(words) => {
            for word in words {
                match word {
                    KeyWord::One(key) => folding.text("key", key.whole().as_str()),
                    KeyWord::Range { first, last } => {
                        folding.text("first", first.whole().as_str());
                        folding.text("last", last.whole().as_str());
                    }
                }
            }
        }
    }
    home.join("seals")
        .join(folding.finish(Kind::Manifest).to_string())
}

/// Makes the folder, and removes the oldest seals where there are many.
pub fn make_room(file: &Path) {
    let Some(folder) = file.parent() else { return };
    if fs::create_dir(folder).is_ok() {
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut seals: Vec<_> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?, entry.path())))
        .filter_map(|(metadata, path)| Some((metadata.modified().ok()?, metadata.len(), path)))
        .collect();
    seals.sort();
    let mut bytes = 0;
    for (position, (_, len, path)) in seals.iter().rev().enumerate() {
        bytes += len;
        if position >= KEPT || bytes > KEPT_BYTES {
            // One more seal than wanted harms nobody.
            drop(fs::remove_file(path));
        }
    }
}
