//! What is selected, and what of it is meant by what is recorded.

use crate::app::error::AppError;
use crate::app::instance::InstanceAccess;
use crate::app::notice::Notice;
use crate::app::project::OpenProject;
use crate::model::{AssetId, CurrentRef, LastAttempt, PartitionSet, RecordedState};
use crate::store::{Store, StoreError, Wanted};

/// The partitions of assets and sources, in order of declaration.
pub type Goals = Vec<(AssetId, PartitionSet)>;

/// What a request selects, before the instance is asked.
#[derive(Debug)]
pub struct SelectedGoals {
    goals: Goals,
    alone: Vec<AssetId>,
    notices: Vec<Notice>,
    recorded: RecordedState,
}

impl SelectedGoals {
    pub(super) fn new(
        goals: Goals,
        alone: Vec<AssetId>,
        notices: Vec<Notice>,
        recorded: RecordedState,
    ) -> Self {
        Self {
            goals,
            alone,
            notices,
            recorded,
        }
    }

    /// What is selected, be it at some of its keys only.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> {
        self.goals.iter().map(|(id, _)| *id)
    }

    /// What is named and stands alone, outside of expressions.
    pub fn alone(&self) -> &[AssetId] {
        &self.alone
    }

    /// What the user should know of it, where the instance is not asked any more.
    pub fn into_notices(self) -> Vec<Notice> {
        self.notices
    }

    /// What is selected, whatever is recorded of it, and what the user should know.
    pub fn into_goals(self) -> (Goals, Vec<Notice>) {
        (self.goals, self.notices)
    }

    /// Whether nothing is selected, whatever is recorded.
    pub fn is_empty(&self) -> bool {
        self.goals.is_empty()
    }

    /// Whether there is nothing to be told of it, and nothing recorded decides it.
    pub fn is_plain(&self) -> bool {
        self.notices.is_empty() && self.recorded == RecordedState::default()
    }

    /// What of it is recorded as asked for. What the user should know of it goes to the notices of the instance.
    ///
    /// Nothing is recorded of sources, so that asking for a recorded state leaves them out.
    pub fn narrowed(
        self,
        project: &OpenProject,
        instance: &mut InstanceAccess,
    ) -> Result<Goals, AppError> {
        instance.take_notices(self.notices);
        if self.recorded == RecordedState::default() {
            return Ok(self.goals);
        }
        let graph = project.graph();
        let mut goals = self.goals;
        goals.retain(|(id, _)| !graph.is_source(*id));
        let recorded = self.recorded;
        Ok(instance
            .read(|store| matching(project, store, &goals, |current| meets(recorded, current)))?)
    }
}

/// The partitions whose record passes.
pub fn matching(
    project: &OpenProject,
    store: &Store,
    goals: &[(AssetId, PartitionSet)],
    passes: impl Fn(Option<CurrentRef<'_>>) -> bool,
) -> Result<Goals, StoreError> {
    let graph = project.graph();

    let mut cells = 0;

    let mut wanted = Vec::with_capacity(goals.len());

    for (id, set) in goals {
        wanted.push(Wanted {
            asset: graph.key(*id),
            keys: project.keys().get(graph.partitions(*id)),
            set,
            first: cells,
        });
        cells += set.len() as usize;
    }
    let currents = store.currents(&wanted, cells)?;
    let passing = |(wanted, (id, set)): (&Wanted<'_>, &(AssetId, PartitionSet))| {
        let passing: PartitionSet = set
            .iter()
            .zip(wanted.first..)
            .filter_map(|(index, cell)| passes(currents.get(cell)).then_some(index))
            .collect();
        (*id, passing)
    };
    let passing = wanted.iter().zip(goals).map(passing);
    Ok(passing.filter(|(_, set)| !set.is_empty()).collect())
}

/// Whether a partition is recorded as asked for.
fn meets(asked: RecordedState, current: Option<CurrentRef<'_>>) -> bool {
    (asked.missing && current.is_none_or(|it| it.materialized.is_none()))
        || (asked.failed && current.is_some_and(|it| it.attempt == LastAttempt::Failed))
}
