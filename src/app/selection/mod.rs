//! From the words of a request to asset partitions.
//!
//! Each argument of a selection is an expression; what they stand for is united. Which partitions are meant is said with
//! a name, as `clean@2013-07-04`, or for all that is selected by a choice of keys. A choice is read once against all
//! partitions definitions that it concerns, and what is recorded narrows it down after the instance was opened.

mod choice;
mod goals;
mod lookups;
mod members;
mod one;
mod reading;

pub use crate::app::selection::goals::{Goals, SelectedGoals, matching};
use std::collections::{BTreeMap, BTreeSet};

use crate::app::error::{AppError, RequestError, named_job};
use crate::app::notice::SelectionNotice;
use crate::app::project::OpenProject;
use crate::app::selection::choice::{Choice, ChoiceExtent, first_flag};
use crate::app::selection::members::{Manner, Members, Single};
use crate::app::selection::one::at;
use crate::model::{
    AssetId, Job, KeyChoice, Name, PartitionKeys, PartitionSet, SelectionRequest, SelectionText,
};

pub use one::{find, select_one, select_word};
pub use reading::{End, Miss, NearestKeys, READINGS};

/// Whether sources may be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Assets only: what can be made.
    Assets,
    /// Assets, and sources that are named.
    AssetsAndNamed,
    /// Sources only: what is observed.
    Sources,
    /// Both.
    All,
}

/// The asset partitions that a request selects: without any argument all of them.
///
/// Without keys every existing one of what is selected is meant. A named unpartitioned asset is taken as it is; where it
/// is reached by an expression, or nothing is said, keys leave out what has none of them. So does `range` with what is
/// not in it, unless it is named alone, which is an error.
///
/// # Errors
///
/// All that is wrong with the arguments and the choice of keys, at once.
pub fn select(
    project: &OpenProject,
    request: &SelectionRequest,
    range: Range,
) -> Result<SelectedGoals, AppError> {
    let partitions = &request.partitions;
    let named = request
        .job
        .as_ref()
        .or(project.configuration().job.as_ref());
    let job = named.map(|name| find_job(project, name));
    let job = job.transpose()?;
    let of_job: Vec<SelectionText> = job
        .map(|job| SelectionText::of_job(&job.name))
        .into_iter()
        .collect();
    let arguments = if request.assets.is_empty() {
        &of_job
    } else {
        &request.assets
    };
    let mut errors = Vec::new();
    let mut members = Members::read(project, arguments, range, &mut errors)?;
    if let Some(job) = job.filter(|_| !request.assets.is_empty()) {
        let others = Members::read(project, &of_job, range, &mut errors)?;
        members.keep_among(&others, project, job, &mut errors);
    }
    let mut choosing = Choosing::new(project, arguments, &members, &partitions.keys);
    choosing.takes_unpartitioned = job.is_some_and(|job| job.partitions.is_some());
    choosing.whole(&members, &mut errors);
    for single in &members.single {
        if let Err(error) = choosing.single(single) {
            errors.push((single.argument, error));
        }
    }
    if !errors.is_empty() {
        errors.sort_by_key(|(argument, _)| *argument);
        let mut errors: Vec<_> = errors.into_iter().map(|(_, error)| error).collect();
        errors.dedup();
        return Err(AppError::from_requests(errors));
    }
    let mut notices = members.notices;
    notices.extend(choosing.choice.notices().into_iter().map(Into::into));
    if let Some(first) = choosing.left_out.first() {
        let first = project.graph().key(*first).clone();
        let count = choosing.left_out.len();
        notices.push(SelectionNotice::LeftOut { first, count }.into());
    }
    let goals = choosing.goals();
    let keyless: Vec<AssetId> = goals
        .iter()
        .map(|(id, _)| *id)
        .filter(|id| is_without_keys(project, *id))
        .collect();
    if let Some(first) = keyless.first() {
        let first = project.graph().key(*first).clone();
        let count = keyless.len();
        notices.push(SelectionNotice::NoKeys { first, count }.into());
    }
    if goals.is_empty() && !arguments.is_empty() {
        notices.push(SelectionNotice::Nothing.into());
    }
    Ok(SelectedGoals::new(
        goals,
        members.alone,
        notices,
        partitions.recorded,
    ))
}

/// The job of a name.
///
/// # Errors
///
/// If there is none.
pub fn find_job<'p>(project: &'p OpenProject, name: &Name) -> Result<&'p Job, RequestError> {
    named_job(project.graph(), name)
}

/// Whether an asset is partitioned and has no key now.
pub fn is_without_keys(project: &OpenProject, id: AssetId) -> bool {
    let keys = project.keys().get(project.graph().partitions(id));
    !project.graph().is_source(id) && keys.is_partitioned() && keys.is_empty()
}

/// What is wrong, and with which argument; what is wrong with flags comes last.
type Errors = Vec<(ArgumentPosition, RequestError)>;

/// The position of an argument among those of the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ArgumentPosition {
    Argument(usize),
    Flag,
}

/// The partitions of what is selected, as far as they were found.
struct Choosing<'a> {
    project: &'a OpenProject,
    choice: Choice<'a>,
    /// What is selected as a whole, in order of declaration.
    whole: Goals,
    /// What is named with its partitions.
    named: BTreeMap<AssetId, PartitionSet>,
    /// Those that an expression reaches and that have none of the keys.
    left_out: Vec<AssetId>,
    extent: ChoiceExtent,
    /// Whether what has no partitions is meant at any key.
    takes_unpartitioned: bool,
}

impl<'a> Choosing<'a> {
    fn new(
        project: &'a OpenProject,
        arguments: &[SelectionText],
        members: &Members,
        keys: &'a KeyChoice,
    ) -> Self {
        let definitions: BTreeSet<_> = members
            .whole
            .iter()
            .filter_map(|(id, _)| project.graph().partitions(*id))
            .collect();
        let extent = if arguments.is_empty() {
            ChoiceExtent::Everything
        } else {
            ChoiceExtent::Selected
        };
        Self {
            project,
            choice: Choice::read(project, keys, &definitions, extent),
            whole: Goals::with_capacity(members.whole.len()),
            named: BTreeMap::new(),
            left_out: Vec::new(),
            extent,
            takes_unpartitioned: false,
        }
    }

    /// What is selected as a whole, at the chosen keys. Where nothing is named, a key that nothing has is an error.
    fn whole(&mut self, members: &Members, errors: &mut Errors) {
        let mut manners = members.whole.iter().map(|(_, manner)| *manner);
        let is_unnamed = match self.extent {
            ChoiceExtent::Everything => true,
            ChoiceExtent::Selected => {
                !members.whole.is_empty() && manners.all(|manner| manner == Manner::Reached)
            }
        };
        let mut take = |error| errors.push((ArgumentPosition::Flag, error));
        if is_unnamed {
            self.choice.refuse_unknown(&mut take);
        }
        for (id, manner) in &members.whole {
            let keys = self.keys(*id);
            let set = match manner {
                Manner::Named if keys.is_partitioned() => match self.choice.of_named(*id) {
                    Ok(set) => set,
                    Err(all) => {
                        all.into_iter().for_each(&mut take);
                        continue;
                    }
                },
                Manner::Reached if keys.is_partitioned() => self.choice.of_reached(*id),
                Manner::Reached if self.choice.names_keys() && !self.takes_unpartitioned => {
                    PartitionSet::empty()
                }
                Manner::Named | Manner::Reached => PartitionSet::from_range(keys.range()),
            };
            if !(set.is_empty() && *manner == Manner::Reached && self.choice.names_keys()) {
                self.whole.push((*id, set));
            } else if self.extent == ChoiceExtent::Selected {
                self.left_out.push(*id);
            }
        }
    }

    /// A partition that is named with its asset, besides what is selected of that already.
    fn single(&mut self, single: &Single) -> Result<(), RequestError> {
        if let Some(flag) = first_flag(self.choice.keys()) {
            return Err(RequestError::PartitionTwice {
                word: single.written(),
                argument: single.place_of_key(),
                flag,
            });
        }
        let set = at(self.project, single)?;
        add(&mut self.named, single.asset, set);
        Ok(())
    }

    /// All that is selected, in order of declaration.
    fn goals(self) -> Goals {
        if self.named.is_empty() {
            return self.whole;
        }
        let mut all = self.named;
        for (id, set) in self.whole {
            add(&mut all, id, set);
        }
        all.into_iter().collect()
    }

    fn keys(&self, id: AssetId) -> &'a PartitionKeys {
        self.project.keys().get(self.project.graph().partitions(id))
    }
}

fn add(sets: &mut BTreeMap<AssetId, PartitionSet>, id: AssetId, set: PartitionSet) {
    let known = sets.entry(id).or_default();
    *known = if known.is_empty() {
        set
    } else {
        known.union(&set)
    };
}
