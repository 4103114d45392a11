//! A run as the lines that are left of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::{
    BlockedRange, EventKind, PlanCounts, Planned, RunCounts, RunOutcome, StepFailure, StepOutcome,
};
use crate::cli::fixtures::{asset, code, data, digest, key, look, next, plain, range, step};
use crate::cli::progress::lines::Story;
use crate::cli::text::{Detail, Look};
use crate::model::{Batch, DataVersion, NamedKeys, PartitionKeys, ResourceUsage};

fn planned(blocked: Vec<BlockedRange>) -> Planned {
    Planned {
        assets: 5,
        partitions: 1097,
        elapsed: Duration::from_millis(38),
        expected: None,
        jobs: 4,
        blocked,
        counts: PlanCounts {
            run: 14,
            ..PlanCounts::default()
        },
        ..Planned::default()
    }
}

fn finished(name: &str, outcome: StepOutcome) -> EventKind {
    EventKind::StepFinished {
        step: step(name, "2013-07-04"),
        batch: None,
        attempt: 0,
        outcome,
        outputs: vec![],
        usage: ResourceUsage::default(),
        duration: Duration::from_millis(2100),
        log: Some(format!(".assetctl/logs/run/{name}@2013-07-04.log")),
        causes: vec![
            code("steps/clean.py"),
            data("flights", "2013-07-04", vec![]),
        ],
        warnings: vec![],
    }
}

fn version() -> DataVersion {
    DataVersion(digest("0a"))
}

fn failed() -> StepOutcome {
    StepOutcome::Failed(Box::new(StepFailure {
        message: "exited with 1".into(),
        help: Some("the command's own words are above".into()),
        exit: Some(1),
        signal: None,
        command: "sh -euc 'python3 a.py'".into(),
        tail: vec!["Traceback".into(), "ValueError: boom".into()],
        code: "assetctl::engine::command_failed".into(),
    }))
}

fn story(look: Look, planned: &Planned, events: &[EventKind]) -> String {
    told(Story::new(look, Instant::now(), next()), planned, events)
}

fn told(mut story: Story, planned: &Planned, events: &[EventKind]) -> String {
    let now = Instant::now();
    let mut text = String::new();
    let begin = usize::from(matches!(events[0], EventKind::RunStarted { .. }));
    let planned = EventKind::RunPlanned(Arc::new(planned.clone()));
    let (before, after) = events.split_at(begin);
    for event in before.iter().chain([&planned]).chain(after) {
        text.push_str(&story.event(event, now));
    }
    text.push_str(&story.end());
    plain(&text)
}

fn end(outcome: RunOutcome, counts: RunCounts) -> EventKind {
    EventKind::RunFinished {
        outcome,
        counts,
        duration: Duration::from_secs(62),
        configuration: None,
    }
}

fn events() -> Vec<EventKind> {
    let fresh = |name| EventKind::StepFresh {
        step: step(name, "2013-07-04"),
    };
    vec![
        EventKind::RunStarted {
            steps: 14,
            selection: String::new(),
            partitions: String::new(),
            configuration: None,
            origin: Box::default(),
        },
        finished(
            "clean",
            StepOutcome::Materialized {
                version: version(),
                bytes: 120_431,
            },
        ),
        finished("sessions", StepOutcome::Unchanged { version: version() }),
        fresh("a"),
        fresh("b"),
        EventKind::StepWaiting {
            step: step("features", ""),
            holder: "run 0190 of process 7".into(),
        },
        fresh("c"),
        finished("features", failed()),
        EventKind::StepBlocked {
            step: step("year", ""),
            needs: vec![step("features", "2013-07-04")],
            reason: "needs features@2013-07-04, which failed".into(),
        },
        end(
            RunOutcome::Failed,
            RunCounts {
                materialized: 1,
                unchanged: 1,
                fresh: 1083,
                failed: 1,
                blocked: 1,
                canceled: 0,
                stale: 0,
            },
        ),
    ]
}

#[test]
fn a_run_with_a_failure() {
    insta::assert_snapshot!(story(look(), &planned(vec![]), &events()), @r"
         Planning 5 assets, 1,097 partitions in 38ms
             Done [ 1/14] clean@2013-07-04            2.1s  120 kB  steps/clean.py changed, and 1 more cause
        Unchanged [ 2/12] sessions@2013-07-04         2.1s  same bytes: 2 downstream stay fresh  steps/clean.py changed, and 1 more cause
          Waiting features  for run 0190 of process 7
          Skipped 1 step that is already fresh; 11 in total

           Failed features@2013-07-04: exited with 1
          command sh -euc 'python3 a.py'
           output Traceback
                  ValueError: boom
        whole log .assetctl/logs/run/features@2013-07-04.log
             help the command's own words are above
            go on assetctl materialize features@2013-07-04

          Blocked year: needs features@2013-07-04, which failed
           Failed 1 materialized, 1 unchanged, 1,083 fresh, 1 failed, 1 blocked in 1m 02s
        ");
}

#[test]
fn quiet_leaves_failures_and_the_last_line() {
    let mut quiet = look();
    quiet.detail = Detail::Brief;
    let text = story(quiet, &planned(vec![]), &events());
    assert!(!text.contains("Done") && !text.contains("Planning") && !text.contains("Unchanged"));
    assert_eq!(text.matches("ValueError: boom").count(), 1);
    assert_eq!(
        text.lines().last(),
        Some(
            "      Failed 1 materialized, 1 unchanged, 1,083 fresh, 1 failed, 1 blocked in 1m 02s"
        )
    );
}

#[test]
fn a_failure_that_scrolled_away_is_told_again() {
    let done = StepOutcome::Materialized {
        version: version(),
        bytes: 1,
    };
    for (more, in_full) in [(1, 1), (9, 1), (30, 2)] {
        let mut events = events();
        for _ in 0..more {
            events.insert(events.len() - 1, finished("weather", done.clone()));
        }
        let text = story(look(), &planned(vec![]), &events);
        assert_eq!(text.matches("ValueError: boom").count(), in_full, "{text}");
        let failed = "  Failed features@2013-07-04: exited with 1";
        assert_eq!(text.matches(failed).count(), 2, "{text}");
    }
}

#[test]
fn nothing_to_do_is_one_line() {
    let done = EventKind::RunFinished {
        outcome: RunOutcome::Success,
        counts: RunCounts {
            fresh: 1097,
            ..RunCounts::default()
        },
        duration: Duration::from_millis(40),
        configuration: None,
    };
    assert_eq!(
        story(look(), &planned(vec![]), &[done]),
        "Nothing to do: 5 assets, 1,097 partitions are fresh (checked in 38ms)\n"
    );
}

#[test]
fn what_cannot_run_is_told_first() {
    let blocked = BlockedRange {
        keys: range("clean", "2013-07-06", "2013-07-07", 2),
        reason: "data/flights/2013-07-06.csv does not exist".into(),
    };
    assert_eq!(
        story(look(), &planned(vec![blocked]), &events()[..1]),
        "    Planning 5 assets, 1,097 partitions in 38ms\n     Blocked  clean@2013-07-06...2013-07-07  data/flights/2013-07-06.csv does not exist\n"
    );
}

#[test]
fn a_heartbeat_names_what_runs_longest() {
    let now = Instant::now();
    let mut story = Story::new(look(), now, next());
    assert_eq!(story.heartbeat(now), "");
    story.event(
        &EventKind::RunStarted {
            steps: 2,
            selection: String::new(),
            partitions: String::new(),
            configuration: None,
            origin: Box::default(),
        },
        now,
    );
    let started = EventKind::StepStarted {
        step: step("year", ""),
        batch: None,
        attempt: 0,
        pid: None,
        inputs: vec![],
        causes: vec![],
        usually: None,
    };
    story.event(&started, now);
    assert_eq!(
        plain(&story.heartbeat(now + Duration::from_secs(62))),
        "     Running [0/2], 1 step, 0 failed, year for 1:02\n"
    );
}

#[test]
fn many_steps_are_told_with_their_time_and_neighbours_as_one() {
    let keys = ["2013-07-01", "2013-07-02", "2013-07-03", "2013-07-04"];
    let all: Vec<_> = keys.iter().filter_map(|text| key(text)).collect();
    let all = PartitionKeys::Named(NamedKeys::declared(&all.into()));
    let assets = ["clean", "daily"].map(|name| (asset(name), all.clone()));
    let planned = Planned {
        expected: Some(Duration::from_secs(4000)),
        jobs: 4,
        counts: PlanCounts {
            run: 1001,
            ..PlanCounts::default()
        },
        ..planned(vec![])
    };
    let mut all = vec![EventKind::RunStarted {
        steps: 1001,
        selection: String::new(),
        partitions: String::new(),
        configuration: None,
        origin: Box::default(),
    }];
    // They end in any order.
    for day in ["2013-07-03", "2013-07-01", "2013-07-02"] {
        let EventKind::StepFinished { outcome, .. } = finished("clean", failed()) else {
            panic!("a step that ended")
        };
        all.push(EventKind::StepFinished {
            step: step("clean", day),
            batch: None,
            attempt: 0,
            outcome,
            outputs: vec![],
            usage: ResourceUsage::default(),
            duration: Duration::from_secs(1),
            log: None,
            causes: vec![],
            warnings: vec![],
        });
        all.push(EventKind::StepBlocked {
            step: step("daily", day),
            needs: vec![step("clean", day)],
            reason: format!("clean@{day} failed"),
        });
    }
    all.push(EventKind::StepBlocked {
        step: step("daily", "2013-07-04"),
        needs: vec![step("raw", "2013-07-04")],
        reason: "raw@2013-07-04: raw.csv is missing".into(),
    });
    all.push(end(RunOutcome::Failed, RunCounts::default()));
    let mut story = Story::new(look(), Instant::now(), next());
    story.keys = assets.into_iter().collect();
    let text = told(story, &planned, &all);
    let start = text.lines().take(2).collect::<Vec<_>>().join("\n");
    let last = text
        .rfind("      Failed clean@2013-07-01...")
        .expect("a summary");
    insta::assert_snapshot!(format!("{start}\n[…]\n{}", &text[last..]), @r"
        Planning 5 assets, 1,097 partitions in 38ms
         Running 1,001 steps, which usually takes 1h 06m
    […]
          Failed clean@2013-07-01...2013-07-03 (3): exited with 1
         Blocked daily@2013-07-01...2013-07-03 (3): clean@2013-07-01 failed, and so on
         Blocked daily@2013-07-04: raw@2013-07-04: raw.csv is missing
          Failed nothing in 1m 02s
        ");
}

#[test]
fn a_batch_leaves_one_line() {
    let batch = Some(Arc::new(Batch {
        first: key("2013-07-01").expect("a key"),
        last: key("2013-07-03").expect("a key"),
        len: 3,
    }));
    let days = ["2013-07-01", "2013-07-02", "2013-07-03"];
    let start = |day: &str| EventKind::StepStarted {
        step: step("clean", day),
        batch: batch.clone(),
        attempt: 0,
        pid: None,
        inputs: vec![],
        causes: vec![],
        usually: Some(Duration::from_secs(1)),
    };
    let end = |day: &str, outcome: StepOutcome| EventKind::StepFinished {
        step: step("clean", day),
        batch: batch.clone(),
        attempt: 0,
        outcome,
        outputs: vec![],
        usage: ResourceUsage::default(),
        duration: Duration::from_millis(700),
        log: None,
        causes: vec![code("steps/clean.py")],
        warnings: vec!["it took long".into()],
    };
    let (new, same) = (
        StepOutcome::Materialized {
            version: version(),
            bytes: 1000,
        },
        StepOutcome::Unchanged { version: version() },
    );
    let begin = EventKind::RunStarted {
        steps: 9,
        selection: String::new(),
        partitions: String::new(),
        configuration: None,
        origin: Box::default(),
    };
    let mut told = String::new();
    for outcomes in [
        [new.clone(), new, same.clone()],
        [same.clone(), same.clone(), same],
        [failed(), failed(), failed()],
    ] {
        let started = days.iter().map(|day| start(day));
        let ended = days.iter().zip(outcomes).map(|(day, it)| end(day, it));
        let events: Vec<_> = std::iter::once(begin.clone())
            .chain(started)
            .chain(ended)
            .collect();
        let now = Instant::now();
        let mut story = Story::new(look(), now, next());
        for event in &events[..4] {
            story.event(event, now);
        }
        assert_eq!(story.board.running.len(), 1);
        let usually = story.board.running[0].usually;
        assert_eq!(usually, Some(Duration::from_secs(3)));
        assert!(story.heartbeat(now).contains("2013-07-01...2013-07-03 (3)"));
        for event in &events[4..] {
            told.push_str(&plain(&story.event(event, now)));
        }
        told.push_str(&plain(&story.release()));
        assert!(story.board.running.is_empty() && story.board.done == 3);
    }
    insta::assert_snapshot!(told, @r"
        Done [3/9] clean@2013-07-01...2013-07-03 (3)    2.1s  2.0 kB  steps/clean.py changed
     Warning it took long
   Unchanged [3/9] clean@2013-07-01...2013-07-03 (3)    2.1s  same bytes  steps/clean.py changed
     Warning it took long

      Failed clean@2013-07-01...2013-07-03 (3): exited with 1
     command sh -euc 'python3 a.py'
      output Traceback
             ValueError: boom
        help the command's own words are above
       go on assetctl materialize clean --partition-range 2013-07-01...2013-07-03
    ");
}

#[test]
fn a_run_that_was_broken_off_leaves_the_last_word_to_its_error() {
    let none = RunCounts::default();
    for (outcome, text) in [
        (RunOutcome::Failed, ""),
        (RunOutcome::Canceled, "Interrupted nothing"),
    ] {
        let mut story = Story::new(look(), Instant::now(), next());
        let early = story.event(&end(outcome, none), Instant::now());
        assert_eq!(early, "", "hooks may follow");
        let told = plain(&story.end());
        assert!(told.trim().starts_with(text), "{told:?}");
        assert_eq!(told.is_empty(), text.is_empty(), "{told:?}");
    }
}
