//! Sequences of looks with all that happens between them: each look answers as one without a snapshot.

mod looking;
mod steps;

use std::thread::sleep;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::app::snapshot::{LockLines, LookBasis, ProjectLook};
use crate::app::tests::sandbox::select;

use looking::Looking;
use steps::{Step, asked, steps};

/// Longer than a tick of the clock of files: what was written before can be trusted to show the next change.
const SETTLED: Duration = Duration::from_millis(13);

proptest! {
    #![proptest_config(Config { cases: 12, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn a_look_by_a_snapshot_answers_as_one_without(
        all in prop::collection::vec((steps(), asked()), 4..14),
    ) {
        let mut looking = Looking::new();
        for (number, (step, asked)) in all.iter().enumerate() {
            looking.happens(step);
            // Now and then what was written is too young to be trusted.
            if number % 4 != 3 {
                sleep(SETTLED);
            }
            let with = looking.answers(*asked);
            let without = looking.without_snapshots(|| looking.answers(*asked));
            for (with, without) in with.iter().zip(&without) {
                prop_assert_eq!(with, without, "after {:?}", step);
            }
            if let Step::Materialize([], None, _) = step {
                looking.lock_is_whole()?;
            }
        }
    }
}

/// Which partitions of assets are settled.
fn settled(looking: &Looking, lock: LockLines) -> Vec<String> {
    let project = looking.project();
    let selection =
        crate::app::selection::select(&project, &select(&[]), crate::app::selection::Range::Assets);
    let (goals, _) = selection.expect("a selection").into_goals();
    let instance = crate::app::instance::InstanceAccess::open(&project).expect("an instance");
    let look = ProjectLook::begin(&project, &goals, LookBasis::Instance(&instance.store), lock);
    let mut all = Vec::new();
    for (id, set) in look.settled_assets(&project) {
        let (key, keys) = (
            project.graph().key(id),
            project.keys().get(project.graph().partitions(id)),
        );
        all.extend(set.iter().map(|index| match keys.key(index) {
            Some(partition) => format!("{key}@{partition}"),
            None => key.to_string(),
        }));
    }
    all.sort();
    all
}

#[test]
fn an_edit_of_an_environment_opens_nothing_of_others() {
    let mut looking = Looking::new();
    let all = Step::Materialize(&[], None, false);
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    let before = settled(&looking, LockLines::Kept);
    assert!(!before.is_empty());
    looking.happens(&Step::Declare("limit = 5", "limit = 6"));
    assert_eq!(settled(&looking, LockLines::Kept), before);
    looking.happens(&Step::Environment(Some("prod")));
    assert_eq!(settled(&looking, LockLines::Kept), Vec::<String>::new());
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    // The key was added to another instance.
    let mut in_prod = before;
    in_prod.retain(|it| it != "site@k1");
    assert_eq!(settled(&looking, LockLines::Kept), in_prod);
    looking.happens(&Step::Declare("limit = 6", "limit = 7"));
    in_prod.retain(|it| !it.starts_with("day") && !it.starts_with("running") && it != "all");
    assert_eq!(settled(&looking, LockLines::Kept), in_prod);
}

#[test]
fn one_change_opens_what_reads_it() {
    let mut looking = Looking::new();
    let all = Step::Materialize(&[], None, false);
    looking.happens(&all);
    sleep(SETTLED);
    looking.happens(&all);
    let mut all = vec![
        "all",
        "day@2026-01-01",
        "day@2026-01-02",
        "found",
        "running@2026-01-01",
        "running@2026-01-02",
        "site@k1",
        "sites",
        "tree",
    ];
    // A command observes the source of all else.
    assert_eq!(settled(&looking, LockLines::Kept), all);
    looking.happens(&Step::Write("raw/2026-01-02.txt", 1));
    all.retain(|it| !["all", "day@2026-01-02", "running@2026-01-02"].contains(it));
    assert_eq!(settled(&looking, LockLines::Kept), all);
    looking.happens(&Step::Write("folder/a", 1));
    all.retain(|it| !["tree", "sites"].contains(it));
    assert_eq!(settled(&looking, LockLines::Kept), all);
}
