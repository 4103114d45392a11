//! All events are in the result, and live in a sink.

use std::collections::BTreeSet;
use std::sync::Arc;

use assetctl::{
    Cancel, CommandLine, Error, Event, EventKind, EventSink, Execution, Executor, LocalExecutor,
    MaterializeRequest, Project, RunOutcome, Severity, materialize, materialize_to_memory,
};

use crate::project::Folder;

#[test]
fn results_carry_all_events() {
    let folder = Folder::days();
    let project = folder.project();
    for in_memory in [true, false] {
        let mut live: Vec<Event> = Vec::new();
        let request = MaterializeRequest::new().jobs(2).events(&mut live);
        let result = if in_memory {
            materialize_to_memory(&project, request)
        } else {
            materialize(&project, request)
        };
        let result = result.expect("it runs");
        assert_eq!(result.events(), live);
        let run = result.run_id();
        assert!(run.is_some() && matches!(&live[0].kind, EventKind::RunStarted { steps: 4, .. }));
        assert!(matches!(
            &live.last().expect("there are some").kind,
            EventKind::RunFinished { counts, .. } if counts.materialized == 4
        ));
        let mut numbered = (0..).zip(&live);
        assert!(numbered.all(|(seq, event)| (event.run, event.seq) == (run, seq)));
        let kinds = result.events_for("sorted").map(|event| match &event.kind {
            EventKind::StepStarted { step, .. } => format!("start {step}"),
            EventKind::Materialization { step, .. } => format!("made {step}"),
            EventKind::StepFinished { step, .. } => format!("end {step}"),
            other => panic!("{other:?}"),
        });
        let expected = ["2024-01-01", "2024-01-02"];
        let expected = expected
            .iter()
            .flat_map(|day| ["start", "made", "end"].map(|word| format!("{word} sorted@{day}")));
        assert_eq!(kinds.collect::<BTreeSet<_>>(), expected.collect());
        assert_eq!(result.events_for("nothing").count(), 0);
        let made: BTreeSet<_> = result
            .materializations()
            .map(|it| it.step.to_string())
            .collect();
        assert_eq!(made.len(), 4);
        assert!(result.materializations().all(|it| it.bytes > Some(0)));
    }
}

#[test]
fn a_run_with_nothing_to_do_says_so() {
    let folder = Folder::days();
    let project = folder.project();
    let instance = project.instance();
    let run = || materialize(&project, MaterializeRequest::new().instance(&instance));
    run().expect("it runs");
    let again = run().expect("it is fresh");
    assert!(again.success());
    assert_eq!((again.run_id(), again.counts().fresh), (None, 4));
    assert!(matches!(
        again.events(),
        [
            Event {
                run: None,
                kind: EventKind::RunPlanned(_),
                ..
            },
            Event {
                run: None,
                kind: EventKind::RunFinished { .. },
                ..
            },
        ]
    ));
}

/// Interrupts the run at its first step.
struct Interrupt(Cancel);

impl EventSink for Interrupt {
    fn emit(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::StepStarted { .. }) {
            self.0.interrupt(Severity::Kill);
        }
    }
}

#[test]
fn a_run_can_be_interrupted() {
    let folder = Folder::with(
        "[project]\n[asset.slow]\ncommand = \"sleep 600 > {{output}}\"\noutputs = \"slow.txt\"\n",
    );
    let cancel = Cancel::new();
    let mut sink = Interrupt(cancel.clone());
    let request = MaterializeRequest::new().cancel(cancel).events(&mut sink);
    let Err(Error::RunFailed(result)) = materialize_to_memory(&folder.project(), request) else {
        panic!("it was interrupted")
    };
    assert_eq!(result.outcome(), RunOutcome::Canceled);
}

/// Begins a run within a run.
struct Nested<'a> {
    project: &'a Project,
    told: Vec<Option<String>>,
}

impl EventSink for Nested<'_> {
    fn emit(&mut self, event: &Event) {
        if matches!(event.kind, EventKind::RunStarted { .. }) {
            for run in [materialize, materialize_to_memory] {
                let error = run(self.project, MaterializeRequest::new()).err();
                self.told.push(error.and_then(|error| error.code()));
            }
        }
    }
}

#[test]
fn a_run_from_within_a_run_is_an_error_on_disk_and_none_in_memory() {
    let folder = Folder::days();
    let project = folder.project();
    let mut nested = Nested {
        project: &project,
        told: Vec::new(),
    };
    let request = MaterializeRequest::new().events(&mut nested);
    materialize(&project, request).expect("it runs");
    assert_eq!(
        nested.told,
        [Some("assetctl::api::within_run".to_owned()), None]
    );
    materialize(&project, MaterializeRequest::new()).expect("its turn has ended");
}

/// Runs commands as this machine does, and says as much of them.
struct Passing(bool);

impl Executor for Passing {
    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
        LocalExecutor.execute(command, cancel)
    }

    fn tells_starts(&self) -> bool {
        self.0
    }
}

#[test]
fn an_executor_may_say_the_process_of_a_step() {
    for tells in [true, false] {
        let folder = Folder::with(
            "[project]\n[asset.one]\ncommand = \"echo > {{output}}\"\noutputs = \"one.txt\"\n",
        );
        let project = folder.project().with_executor(Arc::new(Passing(tells)));
        let result = materialize_to_memory(&project, MaterializeRequest::new()).expect("it runs");
        let pids = result.events().iter().filter_map(|event| match event.kind {
            EventKind::StepStarted { pid, .. } => Some(pid),
            _ => None,
        });
        let pids: Vec<_> = pids.collect();
        assert_eq!(pids.len(), 1);
        assert_eq!(pids[0].is_some(), tells);
    }
}
