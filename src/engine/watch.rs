//! Whether the inputs of commands stayed what they were judged by while the commands ran.
//!
//! Before a command starts it is noted how each of its inputs looks: sources, code files, files with values, globs, outputs of
//! upstreams. They must still be what was judged. After the command they are looked at again; where anything looks otherwise,
//! nobody knows what the command has read, whatever is there now.
//!
//! One look serves all commands that ended before it began. A look that takes long is not repeated at once as long as there is
//! other work, so that commands that all read one large folder do not wait for it to be looked at after each of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::reads::{Input, Read, code, inputs, is_as_judged, reads};
use crate::engine::unsettled::Changed;
use crate::hash::{Difference, HashError, Look};
use crate::look::{Workspace, is_code_as_seen};
use crate::model::{PartitionSet, Watched};
use crate::plan::{Cell, Evaluation};
use crate::sys::file::FileStamp;
use crate::sys::parallel;

/// After a look that took so long, other work goes on for so many times as long before the next one.
const PAUSE: u32 = 10;

/// A look at a file takes about as long.
const EACH: Duration = Duration::from_micros(1);

/// Above this many inputs other threads are worth their start.
const MANY: usize = 2_000;

/// The files that commands read, known by device and inode, shared with the workers.
#[derive(Debug, Default)]
pub struct InputFiles {
    read: Mutex<HashSet<(u64, u64)>>,
    linked: Mutex<HashSet<(u64, u64)>>,
}

impl InputFiles {
    /// Whether a file that was linked to is an input. Its ctime proves nothing from then on: linking has changed it.
    pub fn is_linked_to(&self, device: u64, inode: u64) -> bool {
        let file = (device, inode);
        let is_read = self
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&file);
        if is_read {
            let linked = self.linked.lock();
            linked.unwrap_or_else(PoisonError::into_inner).insert(file);
        }
        is_read
    }

    fn add<'s>(&self, stamps: impl Iterator<Item = &'s FileStamp>) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.extend(stamps.map(|stamp| (stamp.device, stamp.inode)));
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
    Looks(Box<[(Watched, Look)]>),
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
                Ok(look) if is_as_seen => Before::Looks([(watched.clone(), look)].into()),
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
            let stamps = looks.iter().flat_map(|(_, look)| look.stamps());
            self.files.add(stamps);
            return Before::of(looks);
        }
        let looks: Result<Vec<_>, _> = input
            .watched
            .iter()
            .map(|watched| Ok((watched.clone(), self.workspace.versions.look(watched)?)))
            .collect::<Result<_, HashError>>();
        let looks = match looks {
            Ok(looks) if is_as_judged(self.workspace, evaluation, input) => looks,
            _ => return Before::Other(input.path()),
        };
        self.files
            .add(looks.iter().flat_map(|(_, look)| look.stamps()));
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
    fn of(looks: Vec<(Watched, Look)>) -> Self {
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
        let looks: Vec<(&Watched, Cow<'_, Look>)> = match (self, watched) {
            (Self::Other(path), _) => return Compared::Changed(path.clone()),
            (Self::File(_), None) => return Compared::Same,
            (Self::File(stamp), Some(watched)) => {
                let look = Look::of_file(watched.text(), *stamp);
                vec![(watched, Cow::Owned(look))]
            }
            (Self::Looks(looks), _) => looks
                .iter()
                .map(|(watched, look)| (watched, Cow::Borrowed(look)))
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
            is_coarse |= look.stamps().any(|stamp| versions.is_coarse(stamp));
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
