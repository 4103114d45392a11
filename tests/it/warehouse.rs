//! A project with jobs, params, a resource, an environment and factories, run by the real binary with a real server.

use std::path::Path;

use serde_json::Value;
use walkdir::WalkDir;

use crate::sandbox::{Outcome, Sandbox};

const DAYS: [&str; 3] = ["2024-05-01", "2024-05-02", "2024-05-03"];
const TOKEN: &str = "of-nobody-else";

fn warehouse() -> Sandbox {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/warehouse");
    let parts = ["Assets.toml", "tables.yaml", ".env", "data", "sql", "steps"];
    parts.iter().fold(Sandbox::new(), |sandbox, part| {
        sandbox.with_copy(&fixture.join(part), part)
    })
}

fn built() -> Sandbox {
    let sandbox = warehouse();
    let ran = sandbox.materialize(&[]).success();
    assert_eq!(ran.steps().len(), 16, "{}", ran.said());
    sandbox
}

/// How many steps of each asset ran, by the first word of its name.
fn counts(ran: &Outcome) -> [usize; 3] {
    let steps = ran.steps();
    let of = |asset: &str| steps.iter().filter(|it| it.starts_with(asset)).count();
    let counts = ["clean/", "daily@", "report"].map(of);
    assert_eq!(steps.len(), counts.iter().sum::<usize>());
    counts
}

/// How many servers were started and stopped.
fn servers(ran: &Outcome) -> [usize; 2] {
    let lines = ran.stdout().lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let types: Vec<Value> = events.map(|event| event["type"].clone()).collect();
    let of = |wanted: &str| types.iter().filter(|it| *it == wanted).count();
    ["resource_started", "resource_stopped"].map(of)
}

fn is_fresh(sandbox: &Sandbox, words: &[&str]) {
    let with = |verb: &[&'static str]| [verb, words].concat();
    sandbox
        .run(&with(&["status", "--exit-code", "--json"]))
        .success();
    sandbox.run(&with(&["check", "--json"])).success();
    let ran = sandbox.run(&with(&["materialize", "--json"])).success();
    ran.ran_nothing();
    assert_eq!(servers(&ran), [0, 0], "no server for nothing");
}

#[test]
fn each_change_costs_its_steps() {
    let sandbox = built();
    is_fresh(&sandbox, &[]);
    sandbox.run(&["validate"]).success();
    let report = sandbox.read("build/report.md");
    assert!(report.starts_with("# Orders and payments\n"), "{report}");
    assert_eq!(report.lines().count(), 4 + 3 * 4, "{report}");
    let change = |words: &[&str], expected: [usize; 3]| {
        let ran = sandbox.materialize(words).success();
        assert_eq!(counts(&ran), expected, "{}", ran.said());
        // The report alone needs no server.
        let started = usize::from(expected[..2] != [0, 0]);
        assert_eq!(servers(&ran), [started, started]);
        is_fresh(&sandbox, words);
    };

    // No table has so many rows, so that what is made of them is as before.
    sandbox.edit("tables.yaml", "limit: 500", "limit: 400");
    change(&[], [6, 0, 0]);
    let rows = sandbox.read("data/eu/orders/2024-05-02.csv");
    sandbox.write("data/eu/orders/2024-05-02.csv", rows + "77,ada,1.5\n");
    change(&[], [1, 1, 1]);
    change(&["--set", "report.title=Turnover"], [0, 0, 1]);
    change(&["--set", "resource.warehouse.digits=1"], [12, 3, 1]);
    change(&[], [12, 3, 1]);
    for region in ["eu", "us"] {
        for day in DAYS {
            let path = format!("data/{region}/refunds/{day}.csv");
            sandbox.write(&path, "id,customer,amount\n1,ada,-5\n");
        }
    }
    let tables = sandbox.read("tables.yaml");
    sandbox.write("tables.yaml", tables + "  - refunds\n");
    change(&[], [6, 3, 1]);
    // A table that is gone leaves its files, and what reads all of them is made without it.
    sandbox.edit("tables.yaml", "  - refunds\n", "");
    change(&[], [0, 3, 1]);
}

#[test]
fn jobs_run_their_part_with_their_values() {
    let sandbox = warehouse();
    let nightly = ["job", "run", "nightly", "--partition", DAYS[1], "--json"];
    let ran = sandbox.run(&nightly).success();
    assert_eq!(counts(&ran), [4, 1, 0], "{}", ran.said());
    assert_eq!(servers(&ran), [1, 1]);
    sandbox.run(&nightly).success().ran_nothing();

    // A trial keeps all in memory, with a server of its own.
    let before = sandbox.read("build/daily/2024-05-02.csv");
    let sample = |words: &[&str]| {
        let job = ["job", "run", "sample", "--in-process"];
        let day = ["--partition", DAYS[1]];
        sandbox.run(&[&job, &day[..], words].concat())
    };
    let printed = sample(&["--print", "daily@2024-05-02"]).success();
    let day = "table,rows,amount,currency\norders_eu,1,10,EUR\norders_us,1,";
    assert!(printed.stdout().starts_with(day), "{}", printed.said());
    let words = ["--set", "limit=2", "--print", "clean/orders/eu@2024-05-02"];
    let printed = sample(&words).success();
    let rows = "id,customer,amount,currency\n1,ada,10,EUR\n2,bo,21,EUR\n";
    assert_eq!(printed.stdout(), rows);
    assert_eq!(sandbox.read("build/daily/2024-05-02.csv"), before);
    sandbox.run(&nightly).success().ran_nothing();

    let refused = sample(&["--set", "limit=0"]).exits(2);
    assert!(
        refused.stderr().contains("params.limit"),
        "{}",
        refused.said()
    );
    let refused = sample(&["--set", "clean/orders/eu.limit=5"]).exits(2);
    assert!(refused.stderr().contains("limit"), "{}", refused.said());

    // On disk its lines are of its configuration, and the run names the words that call them fresh.
    let ran = sandbox
        .run(&["job", "run", "sample", "--set", "limit=2"])
        .success();
    let words = ["--job", "sample", "--set", "limit=2"];
    assert!(
        ran.said().contains("--job sample --set 'limit=2'"),
        "{}",
        ran.said()
    );
    is_fresh(&sandbox, &words);
    sandbox.run(&["check"]).exits(1);
}

#[test]
fn an_environment_has_records_and_secrets_of_its_own() {
    let sandbox = built();
    let refused = sandbox.run(&["materialize", "--env", "prod"]).exits(2);
    let told = refused
        .stderr()
        .matches("`PROD_WAREHOUSE_TOKEN` is not set");
    assert_eq!(told.count(), 1, "once, for all assets: {}", refused.said());
    let sandbox = sandbox.with_env("PROD_WAREHOUSE_TOKEN", "of-production");
    let ran = sandbox.materialize(&["--env", "prod"]).success();
    assert_eq!(counts(&ran), [12, 3, 1], "{}", ran.said());
    is_fresh(&sandbox, &["--env", "prod"]);
    let report = sandbox.read("build/report.md");
    assert!(report.starts_with("# Production\n"), "{report}");
    // Each is fresh by its own lock file.
    for words in [&[][..], &["--env", "prod"]] {
        let check = ["check", "--outputs", "ignore"];
        sandbox.run(&[&check, words].concat()).success();
    }
    for entry in WalkDir::new(sandbox.project()) {
        let entry = entry.expect("readable");
        if !entry.file_type().is_file() || entry.file_name() == ".env" {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("readable");
        for secret in [TOKEN, "of-production"] {
            let found = bytes
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found, "{secret} is in {}", entry.path().display());
        }
    }
}
