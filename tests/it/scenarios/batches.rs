//! One command for several partitions: exactly which commands run, and that each partition is recorded for itself.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use assetctl::answer::EventKind;
use assetctl::app::logs;
use assetctl::digest::Kind;
use assetctl::executor::{Cancel, CommandLine, Execution, Executor, LocalExecutor, Severity};
use assetctl::model::{Force, LogsRequest, MaterializeOptions, RunId};
use assetctl::store::{Access, AssetPartition, NewRun, Store};

use crate::scenario::{Ran, Scenario, only, set};

const DAYS: &str = r#"
[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-08"

[source.raw]
path = "raw/{{partition}}.txt"
partitions = "day"

[asset.first]
deps = "raw"
partitions = "day"
command = "head -n 1 {{input}} > {{output}}"
outputs = "first/{{partition}}.txt"

[asset.clean]
deps = "first"
partitions = "day"
batch = { max = 3 }
command = '''
set -- {{output}}
for input in {{input}}; do cat "$input" > "$1"; shift; done
if grep -q bad {{input}}; then exit 1; fi
'''
outputs = "clean/{{partition}}.txt"

[asset.copy]
deps = "clean"
partitions = "day"
command = "cp {{input}} {{output}}"
outputs = "copy/{{partition}}.txt"
"#;

fn days(manifest: &str) -> Scenario {
    let project = Scenario::new(manifest);
    for day in 1..=7 {
        project.write(&raw(day), &format!("{day}\n"));
    }
    project
}

fn raw(day: u32) -> String {
    format!("raw/2020-01-0{day}.txt")
}

/// One command at a time, so that the order is known.
fn one_at_a_time() -> MaterializeOptions {
    MaterializeOptions {
        jobs: NonZeroUsize::new(1),
        ..MaterializeOptions::default()
    }
}

/// Runs commands for real and remembers what each made: `clean 01-03`, `copy 02`.
struct Commands<F> {
    ran: Mutex<Vec<String>>,
    before: F,
}

impl<F: Fn(&str) + Send + Sync> Commands<F> {
    fn new(before: F) -> Self {
        Self {
            ran: Mutex::default(),
            before,
        }
    }

    /// What the commands of an asset made, in the order in which they began.
    fn of(&self, asset: &str) -> Vec<String> {
        let ran = self.ran.lock().expect("no command panics");
        let prefix = format!("{asset} ");
        let made = ran.iter().filter_map(|name| name.strip_prefix(&prefix));
        made.map(str::to_owned).collect()
    }
}

impl<F: Fn(&str) + Send + Sync> Executor for Commands<F> {
    fn execute(&self, command: &CommandLine, cancel: &Cancel) -> Execution {
        let variable = |name: &str| variable(command, name);
        let day = |key: String| key.rsplit('-').next().unwrap_or_default().to_owned();
        let start = variable("ASSETCTL_PARTITION_START").map(day);
        let end = variable("ASSETCTL_PARTITION_END").map(day);
        let made = match (start, end, variable("ASSETCTL_PARTITION").map(day)) {
            (Some(start), Some(end), None) => format!("{start}-{end}"),
            (_, _, key) => key.unwrap_or_default(),
        };
        let asset = variable("ASSETCTL_ASSET").expect("each command is told its asset");
        let name = format!("{asset} {made}");
        self.ran
            .lock()
            .expect("no command panics")
            .push(name.clone());
        (self.before)(&name);
        LocalExecutor.execute(command, cancel)
    }
}

fn variable(command: &CommandLine, name: &str) -> Option<String> {
    let mut variables = command.env.iter();
    let (_, value) = variables.find(|(known, _)| known == name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Carries a request out, and tells what the commands of `clean` made.
#[track_caller]
fn batches(project: &Scenario, request: &MaterializeOptions) -> (Ran, Vec<String>) {
    let commands = Commands::new(|_| {});
    let ran = project
        .ask_with(request, &commands, &Cancel::new())
        .expect("it can be planned");
    (ran, commands.of("clean"))
}

#[test]
fn neighbours_are_made_by_one_command_and_recorded_each_for_itself() {
    let project = days(DAYS);
    let (ran, made) = batches(&project, &one_at_a_time());
    ran.failed(&[]).blocked(&[]);
    assert_eq!(made, ["01-03", "04-06", "07"]);
    assert_eq!(ran.started().len(), 3 * 7);
    assert_eq!(project.read("copy/2020-01-05.txt"), "5\n");
    let _ = project.runs(&[]);

    for day in [2, 3, 6] {
        project.write(&raw(day), "changed\n");
    }
    project.write(&raw(4), "4\nwhat is not the first line\n");
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["02-03", "06"], "day 4 came out as it was");
    ran.failed(&[]).ran(&[
        "first@2020-01-02",
        "first@2020-01-03",
        "first@2020-01-04",
        "first@2020-01-06",
        "clean@2020-01-02",
        "clean@2020-01-03",
        "clean@2020-01-06",
        "copy@2020-01-02",
        "copy@2020-01-03",
        "copy@2020-01-06",
    ]);
    assert_eq!(ran.causes("clean@2020-01-03"), ["data first@2020-01-03"]);
    assert_eq!(project.read("copy/2020-01-03.txt"), "changed\n");
    let _ = project.runs(&[]);

    project.edit("batch = { max = 3 }\n", "");
    let _ = project.runs(&[]);
    project.edit("[asset.copy]", "batch = { max = 30 }\n\n[asset.copy]");
    fs::remove_dir_all(project.path("clean")).expect("it can be removed");
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["01-07"]);
    assert_eq!(ran.unchanged().len(), 7, "nothing below runs");
    assert_eq!(ran.started().len(), 7);
}

#[test]
fn events_are_those_of_each_partition_with_one_log() {
    let manifest = DAYS.replace("set -- ", "echo a word; set -- ");
    let project = days(&manifest);
    let (ran, _) = batches(&project, &one_at_a_time());
    let run = ran.result().run.expect("it ran");
    let log = format!(".assetctl/logs/{run}/clean@2020-01-01~2020-01-03.log");
    let mut told = Vec::new();
    let mut alone = Vec::new();
    for event in ran.events() {
        let (word, step, batch, shown) = match &event.kind {
            EventKind::StepStarted { step, batch, .. } => ("+", step, batch, None),
            EventKind::StepFinished {
                step, batch, log, ..
            } => ("-", step, batch, log.as_ref()),
            _ => continue,
        };
        match batch {
            Some(batch) if batch.to_string() == "2020-01-01...2020-01-03 (3)" => {
                told.push(format!("{word}{step}"));
                assert!(shown.is_none_or(|shown| *shown == log), "{shown:?}");
            }
            Some(_) => {}
            None => alone.push(format!("{word}{step}")),
        }
    }
    assert_eq!(
        told,
        [
            "+clean@2020-01-01",
            "+clean@2020-01-02",
            "+clean@2020-01-03",
            "-clean@2020-01-01",
            "-clean@2020-01-02",
            "-clean@2020-01-03",
        ]
    );
    assert!(alone.contains(&"+clean@2020-01-07".to_owned()));

    let project = project.project().expect("it opens");
    let report = logs(
        &project,
        &LogsRequest {
            selected: "clean@2020-01-02".parse().expect("a word"),
            attempt: None,
            run: None,
        },
    );
    let report = report.expect("there is one");
    assert_eq!(report.logs.len(), 1);
    let log = report.logs[0].path.as_deref().expect("a file");
    let text = fs::read(project.root().join(log)).expect("it is there");
    assert_eq!(text, b"a word\n");
}

#[test]
fn as_many_commands_run_at_once_as_there_are_jobs() {
    let project = days(DAYS);
    let together = (Mutex::new(0), Condvar::new());
    let commands = Commands::new(|name: &str| {
        if !name.starts_with("clean 0") || name == "clean 07" {
            return;
        }
        let (running, changed) = &together;
        *running.lock().expect("no command panics") += 1;
        changed.notify_all();
        let running = running.lock().expect("no command panics");
        let patience = Duration::from_mins(1);
        let (running, _) = changed
            .wait_timeout_while(running, patience, |running| *running < 2)
            .expect("no command panics");
        assert!(*running >= 2, "the other batch starts before this one ends");
    });
    let request = MaterializeOptions {
        jobs: NonZeroUsize::new(2),
        ..only(&["first"])
    };
    let _ = project.ask(&request);
    let request = MaterializeOptions {
        jobs: NonZeroUsize::new(2),
        ..MaterializeOptions::default()
    };
    let ran = project.ask_with(&request, &commands, &Cancel::new());
    ran.expect("it can be planned").failed(&[]);
    let made: std::collections::BTreeSet<_> = commands.of("clean").into_iter().collect();
    assert_eq!(made, set(&["01-03", "04-06", "07"]));
}

#[test]
fn the_partitions_of_a_command_stand_or_fall_together() {
    let project = days(DAYS);
    project.attempt().failed(&[]);
    for day in 1..=4 {
        project.write(&raw(day), "new\n");
    }
    project.write(&raw(2), "bad\n");
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["01-03", "04"]);
    let fell = ["clean@2020-01-01", "clean@2020-01-02", "clean@2020-01-03"];
    ran.failed(&fell)
        .blocked(&["copy@2020-01-01", "copy@2020-01-02", "copy@2020-01-03"]);
    assert_eq!(ran.result().counts.failed, 3);
    assert_eq!(project.read("clean/2020-01-01.txt"), "1\n", "as it was");
    assert_eq!(project.read("copy/2020-01-04.txt"), "new\n");

    project.write(&raw(2), "good\n");
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["01-03"]);
    ran.failed(&[]);
    assert_eq!(project.read("copy/2020-01-01.txt"), "new\n");

    project.edit("if grep", "set -- {{output}}; rm \"$2\"; if grep");
    let two = ["clean@2020-01-01", "clean@2020-01-02"];
    let (ran, _) = batches(&project, &only(&two));
    ran.failed(&two);
    assert_eq!(
        ran.failure("clean@2020-01-01").code,
        "assetctl::engine::missing_output"
    );
    assert_eq!(project.read("clean/2020-01-01.txt"), "new\n", "as it was");
}

#[test]
fn in_place_all_previous_outputs_come_back() {
    let by_output =
        "set -- {{output}}\nfor input in {{input}}; do cat \"$input\" > \"$1\"; shift; done";
    let by_key =
        "for key in $(cat $ASSETCTL_PARTITIONS_LIST); do cat first/$key.txt > clean/$key.txt; done";
    let manifest = DAYS.replace(by_output, by_key);
    assert!(manifest.contains(by_key));
    let project = days(&manifest);
    project.attempt().failed(&[]);
    for day in [1, 2] {
        project.write(&raw(day), "bad\n");
    }
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["01-02"]);
    ran.failed(&["clean@2020-01-01", "clean@2020-01-02"]);
    for day in [1, 2] {
        let text = project.read(&format!("clean/2020-01-0{day}.txt"));
        assert_eq!(text, format!("{day}\n"), "it was put back");
    }
}

#[test]
fn a_failed_command_is_one_failure_to_stop_after() {
    let project = days(DAYS);
    for day in [2, 5] {
        project.write(&raw(day), "bad\n");
    }
    let stop = |most: u32| MaterializeOptions {
        max_failures: Some(most.try_into().expect("not zero")),
        ..one_at_a_time()
    };
    let (ran, made) = batches(&project, &stop(1));
    assert_eq!(made, ["01-03"]);
    assert_eq!(ran.result().counts.failed, 3);
    let (ran, made) = batches(&project, &stop(2));
    assert_eq!(made, ["01-03", "04-06"]);
    assert_eq!(ran.result().counts.failed, 6);
    assert!(!ran.started().contains("clean@2020-01-07"));
}

#[test]
fn forced_partitions_and_those_of_a_selection_go_together() {
    let project = days(DAYS);
    project.attempt().failed(&[]);
    let chosen = [
        "clean@2020-01-02",
        "clean@2020-01-03",
        "clean@2020-01-04",
        "clean@2020-01-05",
        "clean@2020-01-07",
    ];
    let request = MaterializeOptions {
        force: Force::Selected,
        only: true,
        jobs: NonZeroUsize::new(1),
        ..only(&chosen)
    };
    let (ran, made) = batches(&project, &request);
    assert_eq!(made, ["02-04", "05", "07"]);
    ran.failed(&[]).ran(&chosen);
    assert_eq!(ran.causes("clean@2020-01-03"), ["forced"]);
}

#[test]
fn a_partition_that_another_process_runs_is_left_out() {
    let project = days(DAYS);
    let _ = project.ask(&only(&["first"]));
    let opened = Store::open(&project.path(".assetctl"), Access::Write).expect("it opens");
    let other = Mutex::new(opened.store);
    let opened = project.project().expect("it opens");
    let graph = opened.graph();
    let clean = graph.find("clean").expect("it is declared");
    let second = AssetPartition::at(
        graph.key(clean),
        opened.keys().get(graph.partitions(clean)),
        1,
    );
    let run = RunId(uuid::Uuid::now_v7());
    let time = "2020-03-01T12:00:00Z".parse().expect("an instant");
    let begun = other.lock().expect("unused").begin_run(&NewRun {
        id: run,
        selection: String::new(),
        partitions: String::new(),
        manifest: Kind::Manifest.digest(b""),
        time,
        pid: None,
        details: assetctl::model::RunDetails::default(),
        steps: Vec::new(),
        events: Vec::new(),
    });
    let _guard = begun.expect("it begins").guard;
    let mut store = other.lock().expect("unused");
    let leased = store.lease(run, std::slice::from_ref(&second), time);
    leased.expect("it is free");
    drop(store);
    let commands = Commands::new(|name: &str| {
        if name == "clean 03-05" {
            let mut other = other.lock().expect("no command panics");
            let released = other.release(run, std::slice::from_ref(&second));
            released.expect("it was held");
        }
    });
    let ran = project.ask_with(&one_at_a_time(), &commands, &Cancel::new());
    let ran = ran.expect("it can be planned");
    ran.failed(&[]).blocked(&[]);
    let mut made = commands.of("clean");
    assert_eq!(made[..2], ["01", "03-05"]);
    made.sort();
    assert_eq!(made, ["01", "02", "03-05", "06-07"]);
}

#[test]
fn an_interrupt_ends_a_batch_as_one_step() {
    let project = days(DAYS);
    let cancel = Cancel::new();
    let commands = Commands::new(|name: &str| {
        if name == "clean 04-06" {
            cancel.interrupt(Severity::Ask);
        }
    });
    let ran = project.ask_with(&one_at_a_time(), &commands, &cancel);
    let ran = ran.expect("it can be planned");
    assert_eq!(commands.of("clean"), ["01-03", "04-06"]);
    assert!(ran.finished().contains("clean@2020-01-03"));
    assert!(!ran.finished().contains("clean@2020-01-04"));
    assert_eq!(ran.result().counts.failed, 0);
    let (ran, made) = batches(&project, &one_at_a_time());
    assert_eq!(made, ["04-06", "07"], "nobody holds them any more");
    ran.failed(&[]);
}

const SHOP: &str = r#"
[partitions.sales]
type = "multi"
dimensions = { day = "day", "sales-region" = ["eu west", "us"] }

[partitions.day]
type = "daily"
start = "2020-01-01"
end = "2020-01-03"

[asset.one]
partitions = "sales"
command = "env | grep -E '^ASSETCTL_(PARTITION|WINDOW)' | sort > {{output}}"
outputs = "one/{{partition}}.txt"

[asset.all]
partitions = "sales"
batch = { max = 10 }
command = '''
for output in {{output}}; do
  { env | grep -E '^ASSETCTL_(PARTITION_|WINDOW)' | sort; cat $ASSETCTL_PARTITIONS_LIST; } > "$output"
done
'''
outputs = { text = "all/{{partition}}.txt" }
"#;

#[test]
fn commands_are_told_their_keys_and_the_parts_of_these() {
    let project = Scenario::new(SHOP);
    project.attempt().failed(&[]);
    assert_eq!(
        project.read("one/2020-01-02%7Ceu%20west.txt"),
        "ASSETCTL_PARTITION=2020-01-02|eu west\n\
         ASSETCTL_PARTITION_DAY=2020-01-02\n\
         ASSETCTL_PARTITION_SALES_REGION=eu west\n\
         ASSETCTL_WINDOW_END=2020-01-03T00:00:00+00:00\n\
         ASSETCTL_WINDOW_START=2020-01-02T00:00:00+00:00\n"
    );
    assert_eq!(
        project.read("all/2020-01-02%7Ceu%20west.txt"),
        "ASSETCTL_PARTITION_END=2020-01-02|us\n\
         ASSETCTL_PARTITION_START=2020-01-01|eu west\n\
         ASSETCTL_WINDOW_END=2020-01-03T00:00:00+00:00\n\
         ASSETCTL_WINDOW_START=2020-01-01T00:00:00+00:00\n\
         2020-01-01|eu west\n2020-01-01|us\n2020-01-02|eu west\n2020-01-02|us\n"
    );
}
