//! Whether a ready step starts: judged by what its upstreams have become, leased, ordered.

use std::time::{Duration, Instant};

use crate::engine::coordinator::{Coordinator, POLL};
use crate::engine::error::{EngineError, Problems};
use crate::engine::gather::changed_outputs_of;
use crate::engine::options::{AlteredOutputs, Waiting};
use crate::engine::records::StoreRecords;
use crate::engine::step::{NotMade, StepEnd, StepOrder};
use crate::model::{Cause, EventKind, OutputChange, Staging, Status, StepFailure};
use crate::plan::{Cell, Demand};
use crate::store::{AssetPartition, Lease};

impl Coordinator<'_, '_> {
    /// Judges a ready cell by what its upstreams have become, and takes its lease; `None` if it does not start now.
    pub(super) fn admit(&mut self, cell: Cell) -> Result<Option<StepOrder>, Problems> {
        if self.turned_out_fresh(cell) {
            self.fresh(cell);
            return Ok(None);
        }
        self.begin()?;
        let at = self.asset_partition(cell);
        let now = self.doors.clock.now();
        let taken = self
            .doors
            .store
            .lease(self.options.run, std::slice::from_ref(&at), now)?;
        self.clear(&taken.crashed)?;
        match taken.leases.into_iter().next() {
            Some(Lease::Held(holder)) => {
                self.held(cell, &holder.to_string())?;
                return Ok(None);
            }
            Some(Lease::Leased { current }) => {
                let judged = &self.evaluation.judge.facts().recorded;
                let judged = judged.materialized(cell.index()).map(|last| last.id);
                let last = current.as_ref().and_then(|it| it.materialized.as_ref());
                // What a step in place writes is moved aside and put back by whoever else works on it.
                let in_place = self.is_in_place(cell);
                if last.map(|last| last.id) != judged || in_place {
                    let scope = self.evaluation.scope();
                    let workspace = self.doors.workspace;
                    let changed = changed_outputs_of(workspace, scope, cell, current.as_ref())?;
                    self.evaluation
                        .judge
                        .replace(cell, current.as_ref(), changed);
                    if self.turned_out_fresh(cell) {
                        self.doors.store.release(self.options.run, &[at])?;
                        self.fresh(cell);
                        return Ok(None);
                    }
                }
            }
            None => {}
        }
        Ok(self.order(cell, at))
    }

    fn is_in_place(&self, cell: Cell) -> bool {
        let scope = self.evaluation.scope();
        let (id, _) = scope.at(cell);
        let recipe = scope.graph().asset(id).and_then(|it| it.recipe.as_ref());
        recipe.is_some_and(|recipe| recipe.staging == Staging::InPlace)
    }

    /// Whether a cell is fresh by what is known now. A forced or volatile one never is.
    fn turned_out_fresh(&mut self, cell: Cell) -> bool {
        let verdict = self
            .evaluation
            .judge
            .judge(cell, &StoreRecords(self.doors.store));
        self.evaluation.verdicts[cell.index()] = verdict;
        verdict.status == Status::Fresh && verdict.demand == Demand::None
    }

    fn order(&mut self, cell: Cell, at: AssetPartition) -> Option<StepOrder> {
        let causes = self.evaluation.causes(self.doors.store, cell);
        let refused = self.refusal(&causes);
        let made = match refused {
            Some(failure) => Err(failure),
            None => self
                .orders
                .make(self.doors.workspace, &self.evaluation, cell),
        };
        self.outbox.causes(cell, causes.clone());
        match made {
            Ok(order) => {
                let step = self.evaluation.step_name(cell);
                let usually = self.costs.own[cell.index()].map(Duration::from_millis);
                self.tell(EventKind::StepStarted {
                    step,
                    attempt: 0,
                    causes,
                    usually,
                });
                Some(order)
            }
            Err(failure) => {
                let end = StepEnd {
                    cell,
                    result: Err(NotMade::Failed(Box::new(failure))),
                    duration: Duration::ZERO,
                    log: None,
                    warnings: Vec::new(),
                };
                self.failed(at, end);
                None
            }
        }
    }

    /// Why a step must not run: an output was altered by hand and is to be kept.
    fn refusal(&self, causes: &[Cause]) -> Option<StepFailure> {
        if self.options.altered == AlteredOutputs::Replace {
            return None;
        }
        let path = causes.iter().find_map(|cause| match cause {
            Cause::Output {
                path,
                change: OutputChange::Altered { .. },
                ..
            } => Some(path),
            _ => None,
        })?;
        Some(StepFailure {
            message: format!("{path} was altered by hand, and altered outputs are kept"),
            help: Some(
                "take it as it is with `assetctl accept`, or leave out `--keep-altered`".to_owned(),
            ),
            exit: None,
            signal: None,
            command: String::new(),
            tail: Vec::new(),
            code: "assetctl::engine::altered_output",
        })
    }

    fn held(&mut self, cell: Cell, holder: &str) -> Result<(), Problems> {
        let step = self.evaluation.step_name(cell);
        let holder = holder.to_owned();
        if self.options.waiting == Waiting::Refuse {
            return Err(EngineError::Held { step, holder }.into());
        }
        if self.outbox.first_wait(cell) {
            self.tell(EventKind::StepWaiting { step, holder });
        }
        self.parked.push((cell, Instant::now() + POLL));
        Ok(())
    }

    fn fresh(&mut self, cell: Cell) {
        self.counts.fresh += 1;
        self.scheduler.done(cell);
        let step = self.evaluation.step_name(cell);
        self.tell(EventKind::StepFresh { step });
    }
}
