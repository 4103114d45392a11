//! The projects that `init` begins run as they are.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// All of them.
pub const ALL: [&str; 4] = ["example", "etl", "ml", "empty"];

fn begun(template: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["init", "--template", template]).success();
    assert!(said.stdout().contains("Assets.toml"), "{}", said.stdout());
    sandbox
}

/// Makes all, and checks that nothing is left to do or to say.
fn materialized(sandbox: &Sandbox, steps: usize) {
    assert_eq!(sandbox.materialize(&[]).success().steps().len(), steps);
    sandbox.materialize(&[]).success().ran_nothing();
    sandbox.run(&["check"]).success();
    let validated = sandbox.run(&["validate", "--json"]).success();
    let validated: Value = serde_json::from_str(validated.stdout()).expect("JSON");
    assert_eq!(validated["errors"], Value::Array(Vec::new()), "{validated}");
    assert_eq!(
        validated["warnings"],
        Value::Array(Vec::new()),
        "{validated}"
    );
    let checked = sandbox.run(&["config", "check"]).success();
    assert!(!checked.stdout().is_empty());
}

#[test]
fn tables_become_a_report() {
    let sandbox = begun("etl");
    materialized(&sandbox, 7);
    assert_eq!(
        sandbox.read("build/report.csv"),
        "city,product,orders,revenue\n\
         Oslo,coffee,2,115.00\n\
         Oslo,green tea,1,12.50\n\
         Turin,coffee,1,80.00\n\
         Turin,green tea,1,7.25\n"
    );
    // One day, one table, one value: each costs what reads it.
    let day = sandbox.read("data/orders/2024-03-02.csv");
    sandbox.write(
        "data/orders/2024-03-02.csv",
        format!("{day}c1,p1,9.00,EUR\n"),
    );
    let ran = sandbox.materialize(&[]).success().steps();
    assert_eq!(
        ran.into_iter().collect::<Vec<_>>(),
        ["clean@2024-03-02", "report", "sales"]
    );
    let ran = sandbox
        .materialize(&["--set", "clean.least=10"])
        .success()
        .steps();
    assert_eq!(ran.len(), 5, "{ran:?}");
    sandbox.run(&["check", "--set", "clean.least=10"]).success();
    sandbox
        .run(&["job", "run", "large", "--in-process"])
        .success();
    sandbox
        .run(&["job", "run", "large", "--set", "least=60"])
        .success();
    assert_eq!(
        sandbox.read("build/report.csv"),
        "city,product,orders,revenue\nOslo,coffee,1,60.00\nTurin,coffee,1,80.00\n"
    );
    sandbox
        .run(&["job", "run", "large", "--set", "least=-1"])
        .exits(2);
}

#[test]
fn models_are_ranked() {
    let sandbox = begun("ml");
    materialized(&sandbox, 1 + 3 + 12 + 12 + 1);
    let ranking = sandbox.read("build/ranking.csv");
    let models: Vec<&str> = ranking
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert!(models[0].starts_with("parabola"), "{ranking}");
    assert_eq!(models.len(), 4, "{ranking}");
    // A comment in the file of a value is no change, the value is one of everything.
    let params = sandbox.read("params.yaml");
    sandbox.write("params.yaml", format!("# a comment\n{params}"));
    sandbox.materialize(&[]).success().ran_nothing();
    // What a script imports counts.
    let module = sandbox.read("steps/model.py");
    sandbox.write("steps/model.py", format!("{module}\n# the end\n"));
    let ran = sandbox.materialize(&["--partition", "a"]).success().steps();
    assert_eq!(ran.len(), 8, "{ran:?}");
    let ran = sandbox
        .run(&[
            "job",
            "run",
            "quick",
            "--set",
            "epochs=1",
            "--partition",
            "a",
        ])
        .success();
    assert!(
        ran.stderr().contains("model/parabola-fast@a"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn the_others_run_too() {
    let sandbox = begun("example");
    materialized(&sandbox, 2);
    let sandbox = begun("empty");
    sandbox.materialize(&[]).success().ran_nothing();
}
