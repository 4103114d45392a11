//! What the user should know besides the answer.

use std::fmt;

use crate::app::configured_lines::ConfiguredLines;
use crate::lockfile::{DamagedLine, FILE_NAME, LockError};
use crate::look::asking_definitions;
use crate::model::{
    AssetGraph, AssetId, AssetKey, DataVersionRule, KeyWord, KeysByDefinition, Name, PathTemplate,
    Place, Provenance, RunId, StaleManifest, StaleReason, StepName,
};
use crate::plan::{Evaluation, Scope};
use crate::store;

/// What the user should know besides the answer; each is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Of the instance.
    Instance(store::InstanceNotice),
    /// Of how the selection was taken.
    Selection(SelectionNotice),
    /// Of keys that are left to the next run.
    KeysAdded(KeysAdded),
    /// Of lines of the lock file that cannot be read.
    DamagedLock(DamagedLock),
    /// The lock file has this number of lines of kinds that a later version writes.
    UnknownLines(usize),
    /// Of a lock file that cannot be read where it is only asked.
    UnreadLock(UnreadLock),
    /// Of what only the lock file knew.
    FromLock(FromLock),
    /// Of what keeps the keys of a definition from being known.
    UnknownKeys(String),
    /// Of sources that a test reads from their own places.
    OwnPlaces(OwnPlaces),
    /// Of outputs that were not removed.
    LeftOutputs(LeftOutputs),
    /// Of lines that the declared configuration does not make.
    ConfiguredLines(ConfiguredLines),
    /// Of a manifest whose text is not the one that its command would print.
    StaleManifest(StaleManifest),
    /// Of a manifest that was printed again.
    PrintedManifest(PrintedManifest),
    /// Of previous outputs that were put back after a crash, by their paths.
    PutBack(Vec<String>),
    /// Of the setup or the teardown of a resource that failed outside of a run.
    Resource(String),
}

impl Notice {
    /// That a run was killed before it tore a resource down.
    pub(super) fn missing_teardown(run: RunId, resource: &String) -> Self {
        Self::Resource(format!(
            "run {run} was killed before it tore down the resource {resource}: what its setup had started was ended; undo by hand what else it has left"
        ))
    }
}

/// A manifest that was printed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedManifest {
    /// The file, relative to the project root.
    pub path: String,
    /// Why.
    pub reason: StaleReason,
    /// Where the file is now that was there and that no command had printed.
    pub kept: Option<String>,
}

impl fmt::Display for PrintedManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "printed {} again: {}", self.path, self.reason)?;
        match &self.kept {
            Some(kept) => write!(f, "; the file that was there is {kept} now"),
            None => Ok(()),
        }
    }
}

/// Outputs that `wipe` does not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutputs {
    /// The first of them.
    first: String,
    /// How many others there are.
    more: usize,
    why: WhyLeft,
}

/// Why outputs are not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyLeft {
    /// A link leads out of the project on the way to them.
    Outside,
    /// No step has made them.
    NotMade,
}

impl LeftOutputs {
    /// `None` if there are none.
    pub(super) fn of(paths: Vec<String>, why: WhyLeft) -> Option<Self> {
        let more = paths.len().saturating_sub(1);
        let first = paths.into_iter().next()?;
        Some(Self { first, more, why })
    }
}

impl fmt::Display for LeftOutputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, more, why } = self;
        match more {
            0 => write!(f, "{first} stays: ")?,
            _ => write!(f, "{first} and {more} more stay: ")?,
        }
        f.write_str(match why {
            WhyLeft::Outside => "a link leads out of the project on the way",
            WhyLeft::NotMade => "no step has made the file there",
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(notice) => notice.fmt(f),
            Self::Selection(notice) => notice.fmt(f),
            Self::KeysAdded(notice) => notice.fmt(f),
            Self::DamagedLock(notice) => notice.fmt(f),
            Self::UnknownLines(count) => {
                let lines = match count {
                    1 => "1 line".to_owned(),
                    count => format!("{count} lines"),
                };
                write!(
                    f,
                    "{FILE_NAME} has {lines} of a later version of assetctl, which are kept and not used"
                )
            }
            Self::UnreadLock(notice) => notice.fmt(f),
            Self::FromLock(notice) => notice.fmt(f),
            Self::LeftOutputs(notice) => notice.fmt(f),
            Self::UnknownKeys(fault) => {
                write!(
                    f,
                    "keys are not known, and everything that uses them waits: {fault}"
                )
            }
            Self::OwnPlaces(notice) => notice.fmt(f),
            Self::ConfiguredLines(notice) => notice.fmt(f),
            Self::Resource(said) => f.write_str(said),
            Self::StaleManifest(StaleManifest { path, reason }) => write!(
                f,
                "{path} is stale: {reason}; `assetctl materialize` or `assetctl validate --generate` prints it again"
            ),
            Self::PrintedManifest(notice) => notice.fmt(f),
            Self::PutBack(paths) => write!(
                f,
                "restored previous outputs that a dead run had moved aside: {}",
                paths.join(", ")
            ),
        }
    }
}

impl From<store::InstanceNotice> for Notice {
    fn from(notice: store::InstanceNotice) -> Self {
        Self::Instance(notice)
    }
}

impl From<SelectionNotice> for Notice {
    fn from(notice: SelectionNotice) -> Self {
        Self::Selection(notice)
    }
}

/// Keys that exist since a run was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysAdded {
    /// The partitions definition, by its name or its type.
    pub definition: String,
    /// How many keys.
    pub count: u32,
}

impl fmt::Display for KeysAdded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let definition = &self.definition;
        match self.count {
            1 => write!(f, "1 key was added to {definition}: run again"),
            many => write!(f, "{many} keys were added to {definition}: run again"),
        }
    }
}

/// Which of the keys that exist `now` did not exist `before`.
pub(super) fn keys_added(
    graph: &AssetGraph,
    before: &KeysByDefinition,
    now: &KeysByDefinition,
) -> Vec<KeysAdded> {
    let mut all = Vec::new();
    for id in asking_definitions(graph) {
        let (old, new) = (before.get(Some(id)), now.get(Some(id)));
        let is_new = |index: &u32| old.index_of_slot(&new.slot(*index)).is_none();
        let count = new.range().filter(is_new).count() as u32;
        if count > 0 {
            let declared = &graph.definitions()[id.0 as usize];
            let name = declared.name.as_ref().map(ToString::to_string);
            let definition = name.unwrap_or_else(|| declared.definition.type_name().to_owned());
            all.push(KeysAdded { definition, count });
        }
    }
    all
}

/// How many steps are named.
const NAMED: usize = 5;

/// What has become of asset partitions that only the lock file knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromLock {
    /// The number that were here, and are recorded now.
    TakenOver(u32),
    /// These were made, from the same as the locked ones, and came out different.
    CameOutOtherwise(Vec<StepName>),
}

impl FromLock {
    /// The steps of a run that has ended whose commands are not reproducible by what the lock file said; `None` if there is
    /// none.
    pub(super) fn came_out_otherwise(evaluation: &Evaluation<'_>) -> Option<Self> {
        let scope = evaluation.scope();
        let recorded = &evaluation.facts().recorded;
        let mut cells: Vec<_> = evaluation
            .locked()
            .elsewhere
            .iter()
            .filter(|(cell, locked)| {
                let asset = scope.graph().asset(scope.at(**cell).0);
                let is_comparable = asset.is_some_and(|asset| {
                    let is_incremental = asset.is_incremental() || asset.is_volatile();
                    !is_incremental && asset.data_version != DataVersionRule::Inputs
                });
                let made = recorded.materialized(cell.index());
                let made = made.filter(|made| made.provenance != Provenance::Locked);
                let same = made.zip(locked.as_ref()).is_none_or(|(made, locked)| {
                    made.fingerprint != locked.fingerprint || made.outputs == locked.outputs
                });
                is_comparable && !same
            })
            .map(|(cell, _)| *cell)
            .collect();
        cells.sort_unstable();
        let steps: Vec<_> = cells
            .into_iter()
            .map(|it| evaluation.step_name(it))
            .collect();
        (!steps.is_empty()).then_some(Self::CameOutOtherwise(steps))
    }
}

impl fmt::Display for FromLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakenOver(1) => write!(
                f,
                "the outputs of one asset partition are already here and match {FILE_NAME}: it is recorded now"
            ),
            Self::TakenOver(count) => write!(
                f,
                "the outputs of {count} asset partitions are already here and match {FILE_NAME}: they are recorded now"
            ),
            Self::CameOutOtherwise(steps) => {
                let named: Vec<_> = steps.iter().take(NAMED).map(ToString::to_string).collect();
                write!(f, "{}", named.join(", "))?;
                if steps.len() > NAMED {
                    write!(f, " and {} more", steps.len() - NAMED)?;
                }
                write!(
                    f,
                    ": differs from {FILE_NAME}, although the inputs are the same: the command is not reproducible"
                )
            }
        }
    }
}

/// A lock file that was asked what the instance does not know, and that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadLock(String);

impl UnreadLock {
    /// Why it cannot be read.
    pub(super) fn of(error: &LockError) -> Self {
        let said = error.to_string();
        Self(match error {
            LockError::Damaged { lines, .. } => match lines.first() {
                Some(first) => format!("{said}: line {}: {}", first.line, first.damage),
                None => said,
            },
            _ => said,
        })
    }
}

impl fmt::Display for UnreadLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(why) = self;
        write!(
            f,
            "{why}; judged without it (`assetctl check` shows details)"
        )
    }
}

/// What the user should know of how a selection was taken: one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionNotice {
    /// A key, or both ends of a range, are keys of several partitions definitions.
    SeveralDefinitions {
        /// As written.
        word: KeyWord,
        /// Those that have a name.
        definitions: Vec<Name>,
        /// How many have none.
        unnamed: usize,
    },
    /// What an expression reaches has none of the keys.
    LeftOut {
        /// The first of them.
        first: AssetKey,
        /// How many there are.
        count: usize,
    },
    /// The partitions definitions of assets have no keys now.
    NoKeys {
        /// The first of them.
        first: AssetKey,
        /// How many there are.
        count: usize,
    },
    /// The arguments stand for nothing.
    Nothing,
}

impl fmt::Display for SelectionNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeveralDefinitions {
                word,
                definitions,
                unnamed,
            } => several(f, word, definitions, *unnamed),
            Self::LeftOut { first, count: 1 } => {
                write!(f, "`{first}` is left out: it has none of these partitions")
            }
            Self::LeftOut { first, count } => {
                let more = count - 1;
                write!(
                    f,
                    "`{first}` and {more} more are left out: they have none of these partitions"
                )
            }
            Self::NoKeys { first, count: 1 } => {
                write!(
                    f,
                    "`{first}` has no partitions: its definition has no keys now"
                )
            }
            Self::NoKeys { first, count } => {
                let more = count - 1;
                write!(
                    f,
                    "`{first}` and {more} more have no partitions: their definitions have no keys now"
                )
            }
            Self::Nothing => f.write_str("nothing is selected"),
        }
    }
}

fn several(
    f: &mut fmt::Formatter<'_>,
    word: &KeyWord,
    definitions: &[Name],
    unnamed: usize,
) -> fmt::Result {
    let mut names: Vec<_> = definitions.iter().map(|it| format!("`{it}`")).collect();
    match unnamed {
        0 => {}
        1 => names.push("a definition without a name".to_owned()),
        many => names.push(format!("{many} definitions without a name")),
    }
    let last = names.pop().unwrap_or_default();
    let (names, flag) = (names.join(", "), flag(word));
    write!(f, "`{word}` is a key of {names} and {last}")?;
    match definitions.first() {
        Some(first) => write!(f, "; `{flag} {first}={word}` limits it to one"),
        None => Ok(()),
    }
}

/// The flag that a word belongs to.
pub(in crate::app) fn flag(word: &KeyWord) -> &'static str {
    match word {
        KeyWord::One(_) => "--partition",
        KeyWord::Range { .. } => "--partition-range",
    }
}

/// Lines of the lock file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedLock(Vec<DamagedLine>);

impl DamagedLock {
    /// These lines; `None` if there are no lines.
    pub fn of(lines: Vec<DamagedLine>) -> Option<Self> {
        (!lines.is_empty()).then_some(Self(lines))
    }
}

impl fmt::Display for DamagedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE_NAME} is damaged and is written again: ")?;
        for (place, line) in self.0.iter().take(NAMED).enumerate() {
            let gap = if place == 0 { "" } else { "; " };
            write!(f, "{gap}line {}: {}", line.line, line.damage)?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// How many names are listed.
const TOLD: usize = 3;

/// Sources that `--test-sources` leaves where they are, because `[project.test]` does not name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPlaces(Vec<AssetKey>);

impl OwnPlaces {
    /// The sources with a path in a scope that are not among those that are moved; `None` if there are none.
    pub(super) fn of(scope: &Scope<'_>, moved: &[(AssetId, PathTemplate)]) -> Option<Self> {
        let own = scope.source_rows().filter(|(row, source)| {
            let has_path = !matches!(source.place, Place::Observed { .. });
            has_path && !moved.iter().any(|(id, _)| *id == row.asset)
        });
        let own: Vec<AssetKey> = own.map(|(_, source)| source.key.clone()).collect();
        (!own.is_empty()).then_some(Self(own))
    }
}

impl fmt::Display for OwnPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().take(TOLD).map(AssetKey::as_str).collect();
        let names = names.join(", ");
        let more = self.0.len().saturating_sub(TOLD);
        match more {
            0 => write!(f, "read from their own places: {names}")?,
            more => write!(f, "read from their own places: {names} and {more} more")?,
        }
        f.write_str("; `sources` of `[project.test]` does not name them")
    }
}
