//! A project with every kind of partitions, built by the real binary: what each change costs, to the step.

use std::fs;
use std::path::Path;

use crate::sandbox::Sandbox;

pub fn shop() -> Sandbox {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    let mut sandbox = Sandbox::new();
    for part in ["Assets.toml", "data", "steps"] {
        sandbox = sandbox.with_copy(&fixture.join(part), part);
    }
    sandbox
        .run(&["partitions", "add", "customer", "acme", "bolt"])
        .success();
    sandbox
}

fn built() -> Sandbox {
    let sandbox = shop();
    sandbox.materialize(&[]).success();
    sandbox
}

/// The sum of the second columns of files.
fn sum(sandbox: &Sandbox, folder: &str, belongs: impl Fn(&str) -> bool) -> u32 {
    let files = fs::read_dir(sandbox.path(folder)).expect("the folder is there");
    files
        .map(|file| file.expect("it can be listed").path())
        .filter(|path| belongs(&path.file_stem().unwrap_or_default().to_string_lossy()))
        .map(|path| {
            let text = fs::read_to_string(path).expect("it can be read");
            let numbers = text.lines().skip(1).filter_map(|line| line.split_once(','));
            numbers
                .map(|(_, number)| number.parse::<u32>().expect("a number"))
                .sum::<u32>()
        })
        .sum()
}

#[test]
fn every_kind_of_partitions_is_built_and_then_fresh() {
    let sandbox = shop();
    let steps = sandbox.materialize(&[]).success().steps();
    let of = |asset: &str| {
        let prefix = format!("{asset}@");
        steps.iter().filter(|it| it.starts_with(&prefix)).count()
    };
    for (asset, count) in [
        ("visits_of_day", 14),
        ("visits_of_shift", 5),
        ("sales_of_day", 14),
        ("sales_of_region", 2),
        ("sales_of_week", 2),
        ("turnover", 14),
        ("receipts", 28),
        ("survey_mean", 2),
        ("profile", 2),
    ] {
        assert_eq!(of(asset), count, "{asset}");
    }
    assert_eq!(steps.len(), 84);
    sandbox.materialize(&[]).success().ran_nothing();

    // The clocks were set forward: the day has 23 hours, and the shift from six to two all of its eight.
    let day = sum(&sandbox, "data/visits", |hour| hour.starts_with("20240331"));
    assert_eq!(
        sandbox.read("build/visits/day/2024-03-31.csv"),
        format!("visits\n{day}\n")
    );
    let hours = ["06", "07", "08", "09", "10", "11", "12", "13"];
    let shift = sum(&sandbox, "data/visits", |hour| {
        hours.iter().any(|it| hour == format!("20240401T{it}00"))
    });
    assert_eq!(
        sandbox.read("build/visits/shift/2024-04-01-06:00.csv"),
        format!("visits\n{shift}\n")
    );
    let sales = sum(&sandbox, "data/sales/eu", |_| true) + sum(&sandbox, "data/sales/us", |_| true);
    assert_eq!(
        sandbox.read("build/turnover/2024-04-07.txt"),
        format!("{sales}\n")
    );
}

#[test]
fn a_sale_changes_its_day_its_region_its_week_and_all_later_turnover() {
    let sandbox = built();
    sandbox.append("data/sales/eu/2024-03-28.csv", "scarf,12\n");
    let mut expected = vec![
        "sales_of_day@2024-03-28".to_owned(),
        "sales_of_region@eu".to_owned(),
        "sales_of_week@2024-03-25".to_owned(),
        "receipts@2024-03-28|eu".to_owned(),
        "summary".to_owned(),
    ];
    for day in ["03-28", "03-29", "03-30", "03-31"] {
        expected.push(format!("turnover@2024-{day}"));
    }
    expected.extend((1..=7).map(|day| format!("turnover@2024-04-0{day}")));
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    sandbox.materialize(&[]).success().ran(&expected);
}

#[test]
fn a_file_is_a_partition_as_soon_as_it_is_there() {
    let sandbox = built();
    sandbox.write("data/uploads/cleo.csv", "answer\n5\n3\n");
    let outcome = sandbox.materialize(&[]).success();
    outcome.ran(&["survey_mean@cleo", "summary"]);
    assert_eq!(sandbox.read("build/survey/cleo.txt"), "4\n");

    sandbox.write("data/visits/20240402T0600.csv", "page,visits\nhome,8\n");
    let outcome = sandbox.materialize(&[]).success();
    outcome.ran(&["visits_of_day@2024-04-02"]);
    assert_eq!(
        sandbox.read("build/visits/day/2024-04-02.csv"),
        "visits\n8\n"
    );

    sandbox.remove("data/uploads/anna.csv");
    sandbox.materialize(&[]).success().ran(&["summary"]);
}

#[test]
fn a_key_is_a_partition_until_it_is_removed() {
    let sandbox = built();
    sandbox
        .run(&["partitions", "add", "customer", "cinder"])
        .success();
    sandbox
        .materialize(&[])
        .success()
        .ran(&["profile@cinder", "summary"]);
    sandbox
        .run(&["partitions", "remove", "customer", "cinder"])
        .success();
    sandbox.materialize(&[]).success().ran(&["summary"]);
}

#[test]
fn a_key_of_two_dimensions_is_chosen_either_way() {
    for key in ["2024-04-03|us", "region=us,date=2024-04-03"] {
        let sandbox = shop();
        let outcome = sandbox.materialize(&["receipts", "--partition", key]);
        outcome.success().ran(&["receipts@2024-04-03|us"]);
    }
    let sandbox = shop();
    let range = "date=2024-04-03,region=us...date=2024-04-05,region=us";
    let outcome = sandbox.materialize(&["receipts", "--partition-range", range]);
    outcome.success().ran(&[
        "receipts@2024-04-03|us",
        "receipts@2024-04-04|us",
        "receipts@2024-04-05|us",
    ]);
}
