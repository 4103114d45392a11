//! `history` and `logs`: what has happened.

use std::num::NonZeroU32;

use crate::answer::HistoryReport;
use crate::app::tests::sandbox::{Sandbox, one, told};
use crate::app::{history, logs};
use crate::model::{Grouping, HistoryRequest, LogsRequest, Origin, Outcome, RunId};

fn history_of(sandbox: &Sandbox, word: &str, limit: Option<u32>) -> HistoryReport {
    let request = HistoryRequest {
        selected: one(word),
        limit: limit.and_then(NonZeroU32::new),
        grouping: Grouping::Ranges,
        failed: false,
    };
    history(&sandbox.project(), &request).expect("a history").0
}

#[test]
fn history_is_newest_first_and_tells_inputs_in_ranges() {
    let sandbox = Sandbox::chain();
    assert_eq!(history_of(&sandbox, "all", None).entries, []);
    sandbox.materialize(&[]);
    sandbox.write("raw/d2.csv", "c\n");
    sandbox.materialize(&[]);
    let report = history_of(&sandbox, "all", None);
    let made: Vec<_> = report.materializations().collect();
    let [last, first] = made.as_slice() else {
        panic!("two materializations: {report:?}");
    };
    assert_ne!(last.run, first.run);
    assert_eq!(
        (last.outcome, last.origin),
        (Outcome::Materialized, Origin::Command)
    );
    let [input] = last.inputs.as_slice() else {
        panic!("one range: {:?}", last.inputs);
    };
    let keys = [&input.first, &input.last].map(|it| it.as_ref().expect("a key").to_string());
    assert_eq!(
        (input.input.as_str(), keys, input.count),
        ("clean", ["d1", "d3"].map(String::from), 3)
    );
    assert_eq!(input.data_version, None, "the days have several");

    let of_day = history_of(&sandbox, "clean@d2", None);
    let of_day: Vec<_> = of_day.materializations().collect();
    assert_eq!(of_day.len(), 2);
    assert!(of_day[0].inputs[0].data_version.is_some());
    assert_eq!(history_of(&sandbox, "clean", Some(3)).entries.len(), 3);
}

#[test]
fn keys_are_told_each_for_itself_where_that_is_asked_for() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    let request = HistoryRequest {
        selected: one("all"),
        limit: None,
        grouping: Grouping::Keys,
        failed: false,
    };
    let (report, _) = history(&sandbox.project(), &request).expect("a history");
    let made = report.materializations().next().expect("one");
    let inputs = &made.inputs;
    assert_eq!(inputs.len(), 3);
    assert!(
        inputs
            .iter()
            .all(|it| it.count == 1 && it.data_version.is_some())
    );
}

#[test]
fn only_assets_have_a_history() {
    let sandbox = Sandbox::chain();
    for (word, error) in [
        (
            "raw",
            "source_selected: `raw` is a source: sources are observed, never made",
        ),
        (
            "cleann",
            "unknown_asset: there is no asset or source `cleann`",
        ),
        (
            "clean@d9",
            "unknown_partition: `clean` has no partition `d9`",
        ),
    ] {
        let request = HistoryRequest {
            selected: one(word),
            limit: None,
            grouping: Grouping::Ranges,
            failed: false,
        };
        let refused = history(&sandbox.project(), &request).expect_err("refused");
        assert_eq!(told(&refused), [error]);
    }
}

#[test]
fn a_damaged_instance_has_no_history_and_says_so() {
    let sandbox = Sandbox::chain();
    sandbox.materialize(&[]);
    sandbox.write(".assetctl/instance.db", "no database".repeat(1000));
    let request = HistoryRequest {
        selected: one("all"),
        limit: None,
        grouping: Grouping::Ranges,
        failed: false,
    };
    let (report, notices) = history(&sandbox.project(), &request).expect("a history");
    assert_eq!((report.entries, notices.len()), (vec![], 1));
}

#[test]
fn logs_are_those_of_the_last_run_that_has_any() {
    let sandbox = Sandbox::chain();
    let logs_of = |word: &str, run: Option<RunId>| {
        let request = LogsRequest {
            selected: one(word),
            attempt: None,
            run,
        };
        logs(&sandbox.project(), &request)
    };
    let none = logs_of("clean", None).expect_err("no log");
    assert_eq!(told(&none), ["no_log: there is no log of clean"]);
    sandbox.materialize(&[]);
    let first = logs_of("clean", None).expect("logs").logs;
    let mut names: Vec<String> = first.iter().map(|log| log.step.to_string()).collect();
    names.sort();
    assert_eq!(names, ["clean@d1", "clean@d2", "clean@d3"]);
    sandbox.write("raw/d2.csv", "c\n");
    sandbox.materialize(&[]);
    let second = logs_of("clean", None).expect("logs").logs;
    let [log] = second.as_slice() else {
        panic!("one log: {second:?}");
    };
    assert_eq!(
        sandbox.read(log.path.as_deref().expect("a file")),
        "sorted d2\n"
    );
    let older = logs_of("clean@d1", None).expect("logs").logs;
    assert_eq!(older[0].run, first[0].run);
    let absent = logs_of("clean@d1", Some(log.run)).expect_err("not in this run");
    assert_eq!(
        told(&absent),
        [format!(
            "no_log: there is no log of clean@d1 in run {}",
            log.run
        )]
    );
    assert!(
        logs_of("all", None).is_err(),
        "a command that prints nothing has no log"
    );
}
