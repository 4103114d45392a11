//! Locks on asset partitions that lie with the project: between instances they are what leases are within one.
//!
//! A run has a file in the project that is locked as long as the run, or a command of it, lives ([`RunLocks`]). To lock an asset
//! partition is to give this file another name, which fails where somebody has taken that name: one system call to lock, one to
//! unlock, and no descriptor. Whoever finds a name taken asks for the lock of its run by a descriptor opened for reading.
//!
//! The file tells of which run it is, and which process groups the commands of that run have, for whoever has to name them or to
//! end them.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::look::{OWN_FOLDER, OwnLife, Workspace, lock_name};
use crate::model::{DeclaredResource, RunId};
use crate::store::{AssetPartition, RunLock, RunLocks};
use crate::sys::lock::FileLock;
use crate::sys::process::{
    Process, Started, end_found, has_variable, numbering, process, processes, start_of_new,
};

/// The folder of the locks, in that of assetctl.
const FOLDER: &str = "locks";

/// The folder in it with a file for each run. No name of an asset partition begins like this.
const RUNS: &str = "@runs";

/// The file, in the folder of assetctl, that is locked by who clears up after dead runs.
pub const TURN: &str = "recover.lock";

/// The variable by which a command knows its run.
pub const RUN_ID: &str = "ASSETCTL_RUN_ID";

/// The variable by which the setup and the teardown of a resource know it.
const RESOURCE: &str = "ASSETCTL_RESOURCE";

/// The bytes before the first process group in the file of a run.
const HEAD: usize = 512;

/// The bytes that tell of one process group.
const GROUP: usize = 32;

/// The locks of one run. The names that it holds go when this goes.
#[derive(Debug)]
pub struct StepLocks {
    run: RunId,
    /// `None` where nobody else works: in a folder of the run's own.
    folder: Option<PathBuf>,
    runs: RunLocks,
    lock: Option<RunLock>,
    held: HashSet<String>,
    groups: Arc<GroupNotes>,
}

/// What became of asking for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepLock {
    /// The run has it.
    Taken,
    /// A run that lives has it.
    Held(RunId),
    /// A run that died had it: what it left is to be cleared up first.
    Abandoned(RunId),
}

impl StepLocks {
    /// Those of a run that has none yet.
    pub fn new(workspace: &Workspace<'_>, run: RunId) -> Self {
        let folder = match workspace.own_life {
            OwnLife::Kept => Some(workspace.root.join(OWN_FOLDER).join(FOLDER)),
            OwnLife::Gone => None,
        };
        let runs = folder.as_ref().map(|folder| folder.join(RUNS));
        Self {
            run,
            runs: RunLocks::in_folder(runs.unwrap_or_default()),
            folder,
            lock: None,
            held: HashSet::new(),
            groups: Arc::default(),
        }
    }

    /// The process groups of the run's commands.
    pub fn groups(&self) -> &Arc<GroupNotes> {
        &self.groups
    }

    /// Makes the file of the run, and gives the runs whose file says that they are dead.
    pub fn begin(&mut self) -> io::Result<Vec<RunId>> {
        if self.folder.is_none() {
            return Ok(Vec::new());
        }
        let dead = self.runs.dead()?;
        let lock = self.runs.take(self.run)?;
        if let Some(mut file) = lock.file() {
            file.write_all(head(self.run).as_bytes())?;
            self.groups = Arc::new(GroupNotes {
                file: Some(file.try_clone()?),
                places: Mutex::default(),
            });
        }
        self.lock = Some(lock);
        Ok(dead)
    }

    /// Asks for the lock on an asset partition. One that the run has already it gets again.
    pub fn take(&mut self, at: &AssetPartition) -> io::Result<StepLock> {
        let (Some(folder), Some(own)) = (&self.folder, self.runs.path(self.run)) else {
            return Ok(StepLock::Taken);
        };
        let name = lock_name(&at.step);
        let path = folder.join(&name);
        loop {
            let named = match fs::hard_link(&own, &path) {
                Err(error)
                    if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) =>
                {
                    // No second names here, or too many: a file of its own says the same.
                    let file = File::create_new(&path);
                    file.and_then(|mut file| writeln!(file, "{}", self.run))
                }
                named => named,
            };
            match named {
                Ok(()) => {
                    self.held.insert(name);
                    return Ok(StepLock::Taken);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            let Some(owner) = owner(&path)? else {
                continue;
            };
            return Ok(if owner == self.run {
                StepLock::Taken
            } else if self.runs.is_alive(owner)? {
                StepLock::Held(owner)
            } else {
                StepLock::Abandoned(owner)
            });
        }
    }

    /// Gives all locks of this run back, and removes its file.
    pub fn end(&mut self) {
        if let Some(folder) = &self.folder {
            for name in self.held.drain() {
                let _ = fs::remove_file(folder.join(name));
            }
        }
        self.lock = None;
    }

    /// Gives locks of this run back.
    pub fn release<'a>(&mut self, partitions: impl IntoIterator<Item = &'a AssetPartition>) {
        let Some(folder) = &self.folder else { return };
        for at in partitions {
            let name = lock_name(&at.step);
            if self.held.remove(&name) {
                // A name that stays behind is that of a run that is gone.
                let _ = fs::remove_file(folder.join(name));
            }
        }
    }

    /// The commands that keep a run alive whose process died, in words; `None` if its process lives, or nothing is known of it
    /// here.
    pub fn orphans(&self, run: RunId) -> Option<String> {
        RunFile::read(&self.runs.path(run)?)?.orphans(run)
    }

    /// See [`end_orphaned_resources`].
    pub fn end_resources(&self, run: RunId, resources: &[DeclaredResource]) {
        if !resources.is_empty() {
            end_resources(&self.runs, run, resources);
        }
    }
}

impl Drop for StepLocks {
    fn drop(&mut self) {
        self.end();
    }
}

/// The files of all runs in the project at `root`, and the locks on asset partitions.
fn of_project(root: &Path) -> (RunLocks, PathBuf) {
    let folder = root.join(OWN_FOLDER).join(FOLDER);
    (RunLocks::in_folder(folder.join(RUNS)), folder)
}

/// Whether a run works in the project at `root`, in whatever instance.
pub fn is_running(root: &Path, run: RunId) -> io::Result<bool> {
    let (runs, _) = of_project(root);
    runs.is_alive(run)
}

/// A run that works in a project, as its file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingRun {
    /// The run.
    pub id: RunId,
    /// The id of its process, where that is a process of this system.
    pub pid: Option<u32>,
    /// See `StepLocks::orphans`.
    pub left_behind: Option<String>,
    /// The names of the locks that it has.
    pub locks: Vec<String>,
}

/// The runs that live and work in the project at `root`, of all instances. What cannot be read is left out.
pub fn working_runs(root: &Path) -> Vec<WorkingRun> {
    let (runs, folder) = of_project(root);
    let mut working: BTreeMap<RunId, Option<WorkingRun>> = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if let (Ok(name), Ok(Some(id))) = (entry.file_name().into_string(), owner(&entry.path()))
            && let Some(run) = working.entry(id).or_insert_with(|| working_run(&runs, id))
        {
            run.locks.push(name);
        }
    }
    working.into_values().flatten().collect()
}

fn working_run(runs: &RunLocks, id: RunId) -> Option<WorkingRun> {
    if !matches!(runs.is_alive(id), Ok(true)) {
        return None;
    }
    let file = runs.path(id).and_then(|path| RunFile::read(&path));
    let here = file.as_ref().filter(|file| file.is_of_here());
    Some(WorkingRun {
        id,
        pid: here.map(|file| file.process.0),
        left_behind: file.and_then(|file| file.orphans(id)),
        locks: Vec::new(),
    })
}

/// Ends what lives of a dead run.
pub fn end_left_behind(root: &Path, dead: RunId) {
    let (runs, _) = of_project(root);
    // A file that cannot be held is met again by whoever comes next.
    if let Some(path) = runs.path(dead)
        && let Ok(Some(held)) = runs.hold_dead(dead)
    {
        let noted = RunFile::read(&path);
        end_found(|| living(dead, noted.as_ref()));
        // Whoever finds no file of it knows that nothing of it lives.
        runs.remove(dead);
        drop(held);
    }
}

/// Ends what setups of these resources have left of runs whose process died, where nothing else of the run lives: by their
/// descriptors they would keep it alive.
pub fn end_orphaned_resources(root: &Path, resources: &[DeclaredResource]) {
    if resources.is_empty() {
        return;
    }
    let (runs, _) = of_project(root);
    for run in working_runs(root) {
        if run.left_behind.is_some() {
            end_resources(&runs, run.id, resources);
        }
    }
}

fn end_resources(runs: &RunLocks, run: RunId, resources: &[DeclaredResource]) {
    let noted = runs.path(run).and_then(|path| RunFile::read(&path));
    let Some(noted) = noted.filter(|noted| !noted.is_alive()) else {
        return;
    };
    let is_of_resource = |it: &Process| {
        let mut resources = resources.iter();
        resources.any(|resource| has_variable(it, RESOURCE, resource.name.as_str()))
    };
    if living(run, Some(&noted)).iter().all(is_of_resource) {
        end_found(|| living(run, Some(&noted)));
    }
}

/// Takes the locks on these from a dead run of which nothing lives, each once `clear` has cleared up after it. What another
/// run has taken meanwhile is left to that one.
pub fn take_over(
    root: &Path,
    dead: RunId,
    partitions: &[AssetPartition],
    clear: &dyn Fn(&AssetPartition) -> io::Result<()>,
) -> io::Result<()> {
    if partitions.is_empty() {
        return Ok(());
    }
    let (_, folder) = of_project(root);
    let turn = root.join(OWN_FOLDER).join(TURN);
    let _turn = FileLock::exclusive(&turn)?;
    for at in partitions {
        let path = folder.join(lock_name(&at.step));
        if owner(&path)? == Some(dead) {
            clear(at)?;
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes all locks of a dead run on which nothing depends any more.
pub fn remove_locks(root: &Path, dead: RunId) {
    let (_, folder) = of_project(root);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if matches!(owner(&path), Ok(Some(owner)) if owner == dead) {
            // What stays is taken over with its step.
            let _ = fs::remove_file(path);
        }
    }
}

/// The run that a lock says to be its own; `None` if the lock is gone. One that says nothing is that of a run which nobody knows.
fn owner(path: &Path) -> io::Result<Option<RunId>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let text = String::from_utf8_lossy(&text);
    let id = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok());
    Ok(Some(RunId(id.unwrap_or_default())))
}

/// The processes of a run that live without it: those of its commands' groups, and those that were told its id.
fn living(run: RunId, noted: Option<&RunFile>) -> Vec<Process> {
    let own = std::process::id();
    let mut all = processes();
    let own_group = all.iter().find(|it| it.id == own).map(|it| it.group);
    let groups = noted.map_or_else(Vec::new, |noted| noted.live_groups(&all));
    let id = run.to_string();
    all.retain(|it| {
        Some(it.group) != own_group
            && it.id != own
            && (groups.contains(&it.group) || has_variable(it, RUN_ID, &id))
    });
    all
}

/// What the file of a run tells.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RunFile {
    process: (u32, Started),
    session: u32,
    numbering: Option<String>,
    groups: Vec<(u32, Started)>,
}

/// What the file of a run of this process begins with: always as long.
fn head(run: RunId) -> String {
    let id = std::process::id();
    let own = process(id);
    let (started, session) = own.map_or((0, 0), |own| (own.started.0, own.session));
    let numbering = numbering().unwrap_or_default();
    let head = format!("{run}\n{id} {started} {session}\n{numbering}\n");
    format!("{head:<HEAD$}")
}

impl RunFile {
    fn read(path: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, groups) = text.split_at_checked(HEAD)?;
        let mut lines = head.lines().skip(1);
        let mut numbers = lines.next()?.split(' ').map(str::parse::<u64>);
        let mut number = || numbers.next()?.ok();
        let (id, started, session) = (number()?, number()?, number()?);
        let numbering = lines.next().filter(|text| !text.is_empty());
        let group = |line: &str| {
            let (id, started) = line.trim().split_once(' ')?;
            Some((id.parse().ok()?, Started(started.parse().ok()?)))
        };
        Some(Self {
            process: (u32::try_from(id).ok()?, Started(started)),
            session: u32::try_from(session).ok()?,
            numbering: numbering.map(str::to_owned),
            groups: groups.lines().filter_map(group).collect(),
        })
    }

    /// Whether the numbers in it mean processes that this process can see.
    fn is_of_here(&self) -> bool {
        self.numbering == numbering()
    }

    /// See [`StepLocks::orphans`].
    fn orphans(&self, run: RunId) -> Option<String> {
        if self.is_alive() {
            return None;
        }
        let orphans = living(run, Some(self));
        let first = orphans.first()?;
        let mut text = format!("{first} of process group {}", first.group);
        if orphans.len() > 1 {
            let _ = write!(text, " and {} more", orphans.len() - 1);
        }
        let _ = write!(
            text,
            ", left behind by run {run}, whose process died (`kill -- -{}` ends it)",
            first.group
        );
        Some(text)
    }

    fn is_alive(&self) -> bool {
        let (id, started) = self.process;
        !self.is_of_here() || process(id).is_some_and(|it| it.started.is(started))
    }

    /// Those of its groups that have members. A number belongs to its group as long as the leader is the one that was noted, or
    /// there is none any more and the members are younger and of the session of the run.
    fn live_groups(&self, all: &[Process]) -> Vec<u32> {
        if !self.is_of_here() {
            return Vec::new();
        }
        let is_live =
            |&(group, started): &(u32, Started)| match all.iter().find(|it| it.id == group) {
                Some(leader) => leader.started.is(started) && leader.group == group,
                None => all.iter().any(|it| {
                    it.group == group && it.session == self.session && it.started >= started
                }),
            };
        let live = self.groups.iter().filter(|group| is_live(group));
        live.map(|&(group, _)| group).collect()
    }
}

/// The process groups of a run's commands, noted in the file of the run while they run.
#[derive(Debug, Default)]
pub struct GroupNotes {
    /// `None` where nobody reads them.
    file: Option<File>,
    /// Which places in the file are taken.
    places: Mutex<Vec<bool>>,
}

/// A place for the note of one process group; the note goes when this goes.
#[derive(Debug)]
pub struct GroupNote {
    notes: Arc<GroupNotes>,
    place: usize,
}

impl GroupNote {
    /// A place that is free.
    pub fn new(notes: &Arc<GroupNotes>) -> Self {
        let mut places = notes.places.lock().unwrap_or_else(PoisonError::into_inner);
        let free = places.iter().position(|taken| !taken);
        let place = free.unwrap_or_else(|| {
            places.push(false);
            places.len() - 1
        });
        places[place] = true;
        drop(places);
        Self {
            notes: Arc::clone(notes),
            place,
        }
    }

    /// Notes the group of a process that was started just now and leads it.
    pub fn write(&self, leader: u32) {
        if self.notes.file.is_some()
            && let Some(Started(started)) = start_of_new(leader)
        {
            self.put(&format!("{leader} {started}"));
        }
    }

    fn put(&self, text: &str) {
        if let Some(file) = &self.notes.file {
            let line = format!("{text:<width$}\n", width = GROUP - 1);
            let offset = HEAD + self.place * GROUP;
            // Without the note, whoever takes over finds the group by the variables of its processes.
            let _ = file.write_all_at(line.as_bytes(), offset as u64);
        }
    }
}

impl Drop for GroupNote {
    fn drop(&mut self) {
        self.put("");
        let places = &self.notes.places;
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        places[self.place] = false;
    }
}
