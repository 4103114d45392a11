//! Whether the inputs of commands stayed what they were judged by while the commands ran.
//!
//! Before a command starts it is noted how each of its inputs looks: sources, code files, files with values, globs, outputs of
//! upstreams. They must still be what was judged. After the command they are looked at again; where anything looks otherwise,
//! nobody knows what the command has read, whatever is there now.
//!
//! One look serves all commands that ended before it began. A look that takes long is not repeated at once as long as there is
//! other work, so that commands that all read one large folder do not wait for it to be looked at after each of them.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::digest::{Folding, Kind, Sink};
use crate::hash::{Difference, HashError, Look};
use crate::io_manager::Giving;
use crate::look::{Workspace, find_source, is_code_as_seen, watched, watched_code};
use crate::model::{
    AssetId, Counted, DataVersion, DataVersionRule, Declaration, PartitionSet, RunId, Watched,
};
use crate::plan::{Cell, Evaluation, Known, Scope};
use crate::sys::file::FileStamp;
use crate::sys::parallel;

/// After a look, other work goes on for this many times as long before the next one.
const PAUSE: u32 = 10;

/// A look at a file takes about as long.
const EACH: Duration = Duration::from_micros(1);

/// Above this many inputs other threads are worth their start.
const MANY: usize = 2_000;

/// The files that commands read, as far as they are known one by one, and looks at more of them.
#[derive(Debug, Default)]
struct ReadFiles {
    known: HashSet<(u64, u64)>,
    looks: Vec<Arc<Look>>,
}

/// The files that commands read, known by device and inode, shared with the workers.
#[derive(Debug, Default)]
pub struct InputFiles {
    read: Mutex<ReadFiles>,
    linked: Mutex<HashSet<(u64, u64)>>,
}

impl InputFiles {
    /// Whether a file that was linked to is an input. Its ctime proves nothing from then on: linking has changed it.
    pub fn is_linked_to(&self, device: u64, inode: u64) -> bool {
        let file = (device, inode);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let ReadFiles { known, looks } = &mut *read;
        for look in looks.drain(..) {
            known.extend(look.stamps().map(|stamp| (stamp.device, stamp.inode)));
        }
        let is_read = known.contains(&file);
        drop(read);
        if is_read {
            let linked = self.linked.lock();
            linked.unwrap_or_else(PoisonError::into_inner).insert(file);
        }
        is_read
    }

    fn add<'l>(&self, looks: impl Iterator<Item = &'l Arc<Look>>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for look in looks {
            match look.as_file() {
                Some(stamp) => drop(read.known.insert((stamp.device, stamp.inode))),
                None => read.looks.push(Arc::clone(look)),
            }
        }
    }

    fn was_linked(&self, stamp: &FileStamp) -> bool {
        let linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        linked.contains(&(stamp.device, stamp.inode))
    }
}

/// How an input looked before the first command that reads it started.
#[derive(Debug)]
enum Before {
    /// A regular file at the one path that it is.
    File(FileStamp),
    /// Anything else.
    Looks(Box<[(Watched, Arc<Look>)]>),
    /// It was not what was judged any more; this is its path.
    Other(String),
}

/// Knows how the inputs of commands looked.
pub(super) struct Watch<'a> {
    workspace: &'a Workspace<'a>,
    files: Arc<InputFiles>,
    /// What was noted of each upstream.
    noted: HashMap<Read, PartitionSet>,
    /// By the scope's numbering of versions.
    versions: HashMap<usize, Before>,
    code: HashMap<Watched, Before>,
    /// Before then, a look can wait.
    next: Instant,
}

impl<'a> Watch<'a> {
    pub fn new(workspace: &'a Workspace<'a>, files: Arc<InputFiles>) -> Self {
        Self {
            workspace,
            files,
            noted: HashMap::new(),
            versions: HashMap::new(),
            code: HashMap::new(),
            next: Instant::now(),
        }
    }

    /// Notes how all inputs of cells that one command makes look, before it starts.
    pub fn note(&mut self, evaluation: &Evaluation<'_>, cells: &[Cell]) {
        let began = Instant::now();
        let mut stamps = 0;
        for (read, set) in reads(evaluation, [cells]) {
            let new = match self.noted.get(&read) {
                Some(noted) => set.difference(noted),
                None => set,
            };
            let inputs = new
                .iter()
                .flat_map(|index| inputs(self.workspace, evaluation, read, index));
            let inputs: Vec<Input> = inputs
                .filter(|input| !self.versions.contains_key(&input.slot))
                .collect();
            let befores =
                parallel::map(inputs.iter(), MANY, |input| self.before(evaluation, input));
            stamps += befores.iter().map(Before::stamps).sum::<u32>();
            let slots = inputs.iter().map(|input| input.slot);
            self.versions.extend(slots.zip(befores));
            let noted = self.noted.entry(read).or_insert_with(PartitionSet::empty);
            *noted = noted.union(&new);
        }
        for watched in code(evaluation, cells) {
            if self.code.contains_key(&watched) {
                continue;
            }
            let look = self.workspace.versions.look(&watched);
            let is_as_seen = is_code_as_seen(evaluation.codes(), self.workspace, &watched);
            let before = match look {
                Ok(look) if is_as_seen => Before::Looks([(watched.clone(), Arc::new(look))].into()),
                _ => Before::Other(watched.text().to_owned()),
            };
            self.code.insert(watched, before);
        }
        // What is noted for one step after the other puts a look off only once.
        if self.is_rested() {
            self.pause_after(began.elapsed().max(EACH * stamps));
        }
    }

    /// Whether a look would not keep other work from going on for long.
    pub fn is_rested(&self) -> bool {
        Instant::now() >= self.next
    }

    /// When it will be.
    pub const fn rested(&self) -> Instant {
        self.next
    }

    /// What has changed of all inputs of these steps, which have ended.
    pub fn look<'c>(
        &mut self,
        evaluation: &Evaluation<'_>,
        steps: impl IntoIterator<Item = &'c [Cell]> + Clone,
    ) -> Changed {
        let began = Instant::now();
        let mut changed = Changed::default();
        for (read, set) in reads(evaluation, steps.clone()) {
            let inputs = set
                .iter()
                .flat_map(|index| inputs(self.workspace, evaluation, read, index));
            let inputs: Vec<Input> = inputs.collect();
            let compared =
                parallel::map(inputs.iter(), MANY, |input| self.compare(evaluation, input));
            for (input, compared) in inputs.iter().zip(compared) {
                match compared {
                    Compared::Same => {}
                    Compared::Linked(now) => drop(self.versions.insert(input.slot, now)),
                    Compared::Changed(path) => drop(changed.versions.insert(input.slot, path)),
                }
            }
        }
        let code: HashSet<Watched> = steps
            .into_iter()
            .flat_map(|cells| code(evaluation, cells))
            .collect();
        for watched in code {
            let Some(before) = self.code.get(&watched) else {
                continue;
            };
            let is_same = || is_code_as_seen(evaluation.codes(), self.workspace, &watched);
            match before.compare(self.workspace, &self.files, None, is_same) {
                Compared::Same => {}
                Compared::Linked(now) => drop(self.code.insert(watched, now)),
                Compared::Changed(path) => drop(changed.code.insert(watched, path)),
            }
        }
        self.pause_after(began.elapsed());
        changed
    }

    /// Rests after a look that took so long, or before one that will.
    fn pause_after(&mut self, took: Duration) {
        // What takes no longer than starting a command is not worth waiting for.
        if took > Duration::from_millis(1) {
            self.next = Instant::now() + took * PAUSE;
        }
    }

    /// How an input looked when it was judged, or looks now, if it is what was judged.
    fn before(&self, evaluation: &Evaluation<'_>, input: &Input) -> Before {
        let judged = |watched: &Watched| {
            let look = self.workspace.versions.judged_look(watched)?;
            Some((watched.clone(), look))
        };
        if let Some(looks) = input.watched.iter().map(judged).collect::<Option<Vec<_>>>() {
            self.files.add(looks.iter().map(|(_, look)| look));
            return Before::of(looks);
        }
        let look = |watched: &Watched| {
            let look = self.workspace.versions.look(watched)?;
            Ok((watched.clone(), Arc::new(look)))
        };
        let looks: Result<Vec<_>, HashError> = input.watched.iter().map(look).collect();
        let looks = match looks {
            Ok(looks) if is_as_judged(self.workspace, evaluation, input) => looks,
            _ => return Before::Other(input.path()),
        };
        self.files.add(looks.iter().map(|(_, look)| look));
        Before::of(looks)
    }

    fn compare(&self, evaluation: &Evaluation<'_>, input: &Input) -> Compared {
        let Some(before) = self.versions.get(&input.slot) else {
            return Compared::Same;
        };
        let is_same = || is_as_judged(self.workspace, evaluation, input);
        before.compare(self.workspace, &self.files, input.watched.first(), is_same)
    }
}

/// What a second look at an input says.
enum Compared {
    /// It stayed as it was.
    Same,
    /// It was linked to; this is how it looks since.
    Linked(Before),
    /// It was changed: this path is among it.
    Changed(String),
}

impl Before {
    /// How something looks that looks so.
    fn of(looks: Vec<(Watched, Arc<Look>)>) -> Self {
        if let [(_, look)] = looks.as_slice()
            && let Some(stamp) = look.as_file()
        {
            return Self::File(stamp);
        }
        Self::Looks(looks.into())
    }

    /// How many stamps it is made of.
    fn stamps(&self) -> u32 {
        match self {
            Self::File(_) => 1,
            Self::Looks(looks) => looks
                .iter()
                .map(|(_, look)| look.stamps().count() as u32)
                .sum(),
            Self::Other(_) => 0,
        }
    }

    /// Looks again. `watched` is the only thing that was looked at, where that was a file. Where stamps prove nothing,
    /// `is_same` decides.
    fn compare(
        &self,
        workspace: &Workspace<'_>,
        files: &InputFiles,
        watched: Option<&Watched>,
        is_same: impl Fn() -> bool,
    ) -> Compared {
        let versions = workspace.versions;
        let looks: Vec<(&Watched, Arc<Look>)> = match (self, watched) {
            (Self::Other(path), _) => return Compared::Changed(path.clone()),
            (Self::File(_), None) => return Compared::Same,
            (Self::File(stamp), Some(watched)) => {
                let look = Look::of_file(watched.text(), *stamp);
                vec![(watched, Arc::new(look))]
            }
            (Self::Looks(looks), _) => looks
                .iter()
                .map(|(watched, look)| (watched, Arc::clone(look)))
                .collect(),
        };
        let (mut is_linked, mut is_coarse) = (false, false);
        let mut now = Vec::with_capacity(looks.len());
        for (watched, before) in &looks {
            let Ok(look) = versions.look_again(watched, before) else {
                return Compared::Changed(watched.text().to_owned());
            };
            match before.difference(&look, |path, stamp| {
                files.was_linked(stamp) || has_other_names(workspace, path)
            }) {
                Difference::None => {}
                Difference::Linked => is_linked = true,
                Difference::Changed(path) => return Compared::Changed(path),
            }
            is_coarse |= versions.any_is_coarse(look.stamps());
            now.push(((*watched).clone(), look));
        }
        if (is_linked || is_coarse) && !is_same() {
            let first = looks.first().map(|(watched, _)| watched.text().to_owned());
            return Compared::Changed(first.unwrap_or_default());
        }
        if is_linked {
            return Compared::Linked(Self::of(now));
        }
        Compared::Same
    }
}

/// Whether a file has several names just now: another command may have linked to it, and not have ended yet.
fn has_other_names(workspace: &Workspace<'_>, path: &Path) -> bool {
    let metadata = workspace.root.join(path).symlink_metadata();
    metadata.is_ok_and(|it| it.is_file() && it.nlink() > 1)
}

/// Inputs of an asset partition that were changed while its command ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Versions that were not what the command read, by the scope's numbering, with the paths that changed.
    pub versions: Vec<(usize, String)>,
    /// The code files that changed.
    pub code: Vec<String>,
}

impl Unsettled {
    /// Whether all inputs are settled.
    pub const fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.code.is_empty()
    }

    /// The paths that changed, each once.
    pub fn paths(&self) -> Vec<&str> {
        let versions = self.versions.iter().map(|(_, path)| path);
        let mut paths: Vec<&str> = versions.chain(&self.code).map(String::as_str).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// What the changed inputs count for: versions that nothing has and nothing will have.
    pub(super) fn stand_ins(&self, run: RunId) -> Vec<(usize, DataVersion)> {
        let stand_in = |(slot, path): &(usize, String)| (*slot, unsettled_version(run, path));
        self.versions.iter().map(stand_in).collect()
    }

    /// The same, of code files.
    pub(super) fn code_stand_ins(&self, run: RunId) -> Vec<(String, DataVersion)> {
        let stand_in = |path: &String| (path.clone(), unsettled_version(run, path));
        self.code.iter().map(stand_in).collect()
    }
}

fn unsettled_version(run: RunId, path: &str) -> DataVersion {
    let mut folding = Folding::new();
    folding.text("run", &run.to_string());
    folding.text("path", path);
    DataVersion(folding.finish(Kind::Unsettled))
}

/// What a look found changed, with the path of it.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub versions: HashMap<usize, String>,
    pub code: HashMap<Watched, String>,
}

impl Changed {
    /// What of it a cell has read.
    pub fn of(&self, evaluation: &Evaluation<'_>, cell: Cell) -> Unsettled {
        let mut unsettled = Unsettled::default();
        if !self.versions.is_empty() {
            for ((asset, output), set) in reads(evaluation, [&[cell][..]]) {
                let slots = set
                    .iter()
                    .flat_map(|index| slots(evaluation.scope(), (asset, output), index));
                let changed =
                    slots.filter_map(|slot| Some((slot, self.versions.get(&slot)?.clone())));
                unsettled.versions.extend(changed);
            }
            unsettled.versions.sort_unstable();
            unsettled.versions.dedup();
        }
        if !self.code.is_empty() {
            let watched = code(evaluation, &[cell]);
            let changed = watched.iter().filter_map(|it| self.code.get(it).cloned());
            unsettled.code.extend(changed);
        }
        unsettled
    }
}

/// An upstream, and the output that is read of it where it is one.
pub(super) type Read = (AssetId, Option<u32>);

/// One version that is read, and where it comes from.
pub(super) struct Input {
    pub slot: usize,
    cell: Cell,
    pub watched: Vec<Watched>,
}

impl Input {
    /// The first path or pattern of it.
    pub fn path(&self) -> String {
        let first = self.watched.first();
        first.map_or_else(String::new, |watched| watched.text().to_owned())
    }
}

/// What the cells of steps read.
pub(super) fn reads<'c>(
    evaluation: &Evaluation<'_>,
    steps: impl IntoIterator<Item = &'c [Cell]>,
) -> Vec<(Read, PartitionSet)> {
    let scope = evaluation.scope();
    let mut all: HashMap<Read, Vec<PartitionSet>> = HashMap::new();
    for cells in steps {
        let (id, _) = scope.at(cells[0]);
        for dep in scope.graph().deps(id) {
            let read = all.entry((dep.asset, dep.output)).or_default();
            read.push(scope.read_by(cells, dep));
        }
    }
    let union = |(read, sets): (_, Vec<PartitionSet>)| (read, PartitionSet::union_of(sets));
    all.into_iter().map(union).collect()
}

/// The code that the asset of cells is made of.
pub(super) fn code(evaluation: &Evaluation<'_>, cells: &[Cell]) -> Vec<Watched> {
    let asset = evaluation.scope().asset_at(cells[0]);
    let recipe = asset.and_then(|asset| asset.recipe.as_ref());
    recipe.map_or_else(Vec::new, |recipe| {
        watched_code(evaluation.codes(), evaluation.scope().graph(), recipe)
    })
}

/// The versions that are read at one upstream partition, by the scope's numbering.
pub(super) fn slots(
    scope: &Scope<'_>,
    (asset, output): Read,
    index: u32,
) -> impl Iterator<Item = usize> {
    let slots = scope.cell(asset, index).map(|cell| {
        let slots = scope.row_of_cell(cell).versions_of(cell);
        match output {
            Some(output) => slots.start + output as usize..slots.start + output as usize + 1,
            None => slots,
        }
    });
    slots.into_iter().flatten()
}

/// What can be looked at of an upstream partition that is read: not what a command observes, nor what is kept in memory.
pub(super) fn inputs(
    workspace: &Workspace<'_>,
    evaluation: &Evaluation<'_>,
    (asset, output): Read,
    index: u32,
) -> Vec<Input> {
    let scope = evaluation.scope();
    let Some(cell) = scope.cell(asset, index) else {
        return Vec::new();
    };
    let (_, partition) = scope.at(cell);
    let first = scope.row_of_cell(cell).versions_of(cell).start;
    match scope.graph().get(asset) {
        Declaration::Asset(up) => slots(scope, (asset, output), index)
            .filter_map(|slot| {
                let path = up.outputs.get(slot - first)?.path.path(partition);
                let at_path = workspace.io_manager.giving(&path) == Giving::AtPath;
                at_path.then(|| Input {
                    slot,
                    cell,
                    watched: vec![Watched::Path(path.into_owned(), Counted::All)],
                })
            })
            .collect(),
        Declaration::Source(source) => {
            let watched = watched(source, partition);
            if watched.is_empty() {
                return Vec::new();
            }
            vec![Input {
                slot: first,
                cell,
                watched,
            }]
        }
    }
}

/// Whether an input has the version that it was judged by. Of outputs whose content is not what counts, nobody knows.
fn is_as_judged(workspace: &Workspace<'_>, evaluation: &Evaluation<'_>, input: &Input) -> bool {
    let scope = evaluation.scope();
    let judged = evaluation.facts().versions[input.slot];
    let (id, _) = scope.at(input.cell);
    match (scope.graph().get(id), input.watched.as_slice()) {
        (Declaration::Source(_), _) => {
            find_source(workspace, scope, input.cell).is_ok_and(|now| now == judged)
        }
        (Declaration::Asset(up), [Watched::Path(path, _)])
            if up.data_version == DataVersionRule::Content =>
        {
            let found = workspace.versions.of_path(path);
            found.is_ok_and(|found| found.version().map(Known::Version) == Some(judged))
        }
        (Declaration::Asset(_), _) => true,
    }
}
