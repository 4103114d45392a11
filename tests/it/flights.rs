//! The real example, built by the real binary: expected bytes, and what each change costs, to the step.
//!
//! A full build is 1,120 processes, so it happens once and every test works on a copy of it, instance included. What a
//! change must cost is the table in `fixtures/flights/README.md`; where that names a bound rather than a number, and in
//! fact for each row, the [`oracle`] says which steps it is.

mod oracle;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use self::oracle::CleanBuild;
use crate::sandbox::Sandbox;

/// A full build of the example, shared by the tests of this file.
struct Built {
    sandbox: Sandbox,
    ran: BTreeSet<String>,
    /// Keeps another process of the same tests from emptying the folder; held to the end of this one.
    _lock: File,
}

static BUILT: LazyLock<Built> = LazyLock::new(|| {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(shared.join("flights.lock")).expect("cargo made the folder");
    lock.lock().expect("the file system has locks");
    let sandbox = example(Sandbox::kept_in(&shared.join("flights")));
    let outcome = sandbox.materialize(&[]).success();
    Built {
        ran: outcome.steps(),
        sandbox,
        _lock: lock,
    }
});

/// The oracle's build of the sources as they are.
static BEFORE: LazyLock<CleanBuild> = LazyLock::new(|| CleanBuild::of(&checkout()));

#[test]
fn the_oracle_builds_the_expected_bytes() {
    let expected = expected();
    let built: Vec<(String, String)> = BEFORE
        .outputs()
        .map(|(path, bytes)| (digest(bytes), path.to_owned()))
        .collect();
    assert_eq!(built.len(), 1121);
    assert_eq!(built.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(oracle::steps().len(), 1120);
}

#[test]
fn a_full_build_runs_each_step_once_and_writes_the_expected_bytes() {
    let all: BTreeSet<String> = oracle::steps().into_iter().map(|step| step.name).collect();
    assert_eq!(BUILT.ran, all);
    for (sha256, path) in expected() {
        assert_eq!(digest(&BUILT.sandbox.bytes(&path)), sha256, "{path}");
    }
}

#[test]
fn one_day_needs_its_window_and_the_weather_of_two_months() {
    let project = example(Sandbox::new());
    let mut steps = vec![
        "weather@2013-06".to_owned(),
        "weather@2013-07".to_owned(),
        "rolling@2013-07-04".to_owned(),
    ];
    for day in [
        "06-28", "06-29", "06-30", "07-01", "07-02", "07-03", "07-04",
    ] {
        steps.extend([format!("clean@2013-{day}"), format!("day@2013-{day}")]);
    }
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    project
        .materialize(&["--partition", "2013-07-04"])
        .success()
        .ran(&steps);
    project
        .materialize(&["--partition", "2013-07-04"])
        .success()
        .ran_nothing();
}

#[test]
fn no_change_runs_nothing() {
    let project = built();
    project.materialize(&[]).success().ran_nothing();
}

#[test]
fn touching_every_file_runs_nothing() {
    let project = built();
    for path in ["fixtures", "build", "Assets.toml"] {
        project.touch(path);
    }
    project.materialize(&[]).success().ran_nothing();
}

#[test]
fn one_arrival_delay_runs_its_day_its_windows_its_month_and_the_year() {
    let ran = ran_after(|project| {
        project.edit(
            "fixtures/flights/data/flights/2013-07-04.csv",
            "\n2359,60,71,B6,",
            "\n2359,60,72,B6,",
        );
    });
    let mut expected = vec!["clean@2013-07-04".to_owned(), "day@2013-07-04".to_owned()];
    expected.extend((4..=10).map(|day| format!("rolling@2013-07-{day:02}")));
    expected.extend(["month@2013-07".to_owned(), "year".to_owned()]);
    assert_eq!(ran, expected.into_iter().collect());
    assert_eq!(ran.len(), 11);
}

#[test]
fn rain_on_one_day_runs_the_days_of_its_month_and_the_windows_of_that_day() {
    let ran = ran_after(|project| {
        let february = "fixtures/flights/data/weather/2013-02.csv";
        project.edit(
            february,
            "\nEWR,14,0,34.16,11.5,0,5\n",
            "\nEWR,14,0,34.16,11.5,0.4,5\n",
        );
    });
    let mut expected = vec![
        "weather@2013-02".to_owned(),
        "month@2013-02".to_owned(),
        "year".to_owned(),
    ];
    expected.extend((1..=28).map(|day| format!("day@2013-02-{day:02}")));
    expected.extend((14..=20).map(|day| format!("rolling@2013-02-{day:02}")));
    assert_eq!(ran, expected.into_iter().collect());
    assert_eq!(ran.len(), 1 + 28 + 7 + 2);
}

#[test]
fn a_comment_in_a_script_runs_its_asset_and_nothing_below() {
    let ran = ran_after(|project| {
        project.append("fixtures/flights/steps/month.py", "# Sorted by day.\n");
    });
    assert_eq!(
        ran,
        (1..=12)
            .map(|month| format!("month@2013-{month:02}"))
            .collect()
    );
}

#[test]
fn the_name_of_an_airline_runs_all_days_and_what_reads_those_it_flew_on() {
    let ran = ran_after(|project| {
        project.edit(
            "fixtures/flights/data/airlines.csv",
            "JetBlue Airways",
            "jetBlue",
        );
    });
    assert!(ran.len() <= 365 + 365 + 12, "{}", ran.len());
    assert_eq!(of(&ran, "day"), 365);
    assert!(!ran.contains("year"));
}

#[test]
fn the_name_of_an_airline_that_rarely_flies_runs_few_windows_and_months() {
    let ran = ran_after(|project| {
        project.edit(
            "fixtures/flights/data/airlines.csv",
            "SkyWest Airlines Inc.",
            "SkyWest",
        );
    });
    assert_eq!(of(&ran, "day"), 365);
    assert!(
        of(&ran, "rolling") <= 7 * 7,
        "it flew on 7 days: {}",
        of(&ran, "rolling")
    );
    assert!(of(&ran, "month") <= 7);
    assert_eq!(ran.len(), 365 + of(&ran, "rolling") + of(&ran, "month"));
}

/// What ran after a change to the built example. Asserts that it is the minimum, that the outputs are those of a clean
/// build, and that the next run has nothing to do.
fn ran_after(change: impl FnOnce(&Sandbox)) -> BTreeSet<String> {
    let project = built();
    change(&project);
    let after = CleanBuild::of(&project.project());
    let minimum = BEFORE.must_run(&after);
    let steps: Vec<&str> = minimum.iter().map(String::as_str).collect();

    project.materialize(&[]).success().ran(&steps);
    for (path, bytes) in after.outputs() {
        assert!(
            project.bytes(path) == bytes,
            "{path} differs from a clean build's"
        );
    }
    project.materialize(&[]).success().ran_nothing();
    minimum
}

/// A copy of the full build.
pub fn built() -> Sandbox {
    Sandbox::new().with_copy(&BUILT.sandbox.project(), "")
}

/// The example, not built yet, in an empty project.
pub fn example(project: Sandbox) -> Sandbox {
    let project = project.with_copy(&checkout().join("Assets.toml"), "Assets.toml");
    project.with_copy(&checkout().join("fixtures/flights"), "fixtures/flights")
}

fn checkout() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The digest and the path of each file that a full build writes.
pub fn expected() -> BTreeSet<(String, String)> {
    let text = include_str!("../../fixtures/flights/expected.sha256");
    let lines = text.lines().map(|line| {
        line.split_once("  ")
            .expect("each line is a digest and a path")
    });
    lines
        .map(|(sha256, path)| (sha256.to_owned(), path.to_owned()))
        .collect()
}

pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// How many steps of an asset are among these.
fn of(steps: &BTreeSet<String>, asset: &str) -> usize {
    steps
        .iter()
        .filter(|step| step.split('@').next() == Some(asset))
        .count()
}
