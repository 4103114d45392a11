//! Two processes on one instance.

use std::cell::RefCell;
use std::fs;
use std::thread;

use crate::answer::RunCounts;
use crate::model::{PartitionKeys, RunStatus};
use crate::store::tests::samples::{
    asset, begin, days, failure, names, open, run_id, success, time,
};
use crate::store::{
    Access, AssetPartition, CrashedRun, Held, Holder, Lease, RunEnd, Store, StoreError,
};

fn unpartitioned(name: &str) -> AssetPartition {
    AssetPartition::at(&asset(name), &PartitionKeys::Unpartitioned, 0)
}

#[test]
fn a_lease_is_held_until_released_or_recorded() {
    let home = tempfile::tempdir().expect("a folder");
    let (a, b) = (unpartitioned("a"), unpartitioned("b"));
    let both = [a.clone(), b.clone()];
    let mut one = open(home.path(), Access::Write);
    let mut two = open(home.path(), Access::Write);
    let first = begin(&mut one, run_id(1));
    let second = begin(&mut two, run_id(2));
    assert_eq!((first.crashed, second.crashed), (vec![], vec![]));

    let got = one.lease(run_id(1), &both, time(5)).expect("leased");
    assert_eq!(
        got.leases,
        [
            Lease::Leased { current: None },
            Lease::Leased { current: None }
        ]
    );
    let again = one.lease(run_id(1), &both, time(6)).expect("leased");
    assert_eq!(again.leases, got.leases);

    let refused = two.lease(run_id(2), &both, time(7)).expect("answered");
    let [Lease::Held(holder), Lease::Held(_)] = &refused.leases[..] else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (holder.run, holder.pid, holder.since),
        (run_id(1), Some(4711), time(5))
    );

    one.record(&[success(run_id(1), &a, 3)]).expect("recorded");
    one.release(run_id(1), std::slice::from_ref(&b))
        .expect("released");
    let got = two.lease(run_id(2), &both, time(8)).expect("answered");
    let [
        Lease::Leased {
            current: Some(current),
        },
        Lease::Leased { current: None },
    ] = &got.leases[..]
    else {
        panic!("{got:?}");
    };
    let materialized = current
        .materialized
        .as_ref()
        .expect("the other process recorded it");
    assert_eq!(materialized.duration_ms, 3);

    two.record(&[failure(run_id(2), &a)]).expect("recorded");
    let end = RunEnd {
        status: RunStatus::Failure,
        counts: RunCounts::default(),
        time: time(9),
        events: Vec::new(),
    };
    two.finish_run(second.guard, &end).expect("finished");
    let got = one.lease(run_id(1), &both, time(10)).expect("answered");
    assert!(
        got.leases
            .iter()
            .all(|lease| matches!(lease, Lease::Leased { .. }))
    );
    assert_eq!(got.crashed, []);
}

#[test]
fn what_runs_that_live_work_on() {
    let home = tempfile::tempdir().expect("a folder");
    let mut one = open(home.path(), Access::Write);
    assert_eq!(one.held().expect("readable"), []);
    let dead = begin(&mut one, run_id(1));
    let _living = begin(&mut one, run_id(2));
    let (a, c) = (
        unpartitioned("a"),
        AssetPartition::at(&asset("c"), &days(3), 2),
    );
    one.lease(run_id(1), std::slice::from_ref(&a), time(5))
        .expect("leased");
    one.lease(run_id(2), std::slice::from_ref(&c), time(6))
        .expect("leased");
    let reader = open(home.path(), Access::Read);
    let held = |at: &AssetPartition, run, since| Held {
        step: at.step.clone(),
        holder: Holder {
            run: run_id(run),
            pid: Some(4711),
            since: time(since),
        },
    };
    let both = [held(&a, 1, 5), held(&c, 2, 6)];
    assert_eq!(reader.held().expect("readable"), both);
    drop(dead);
    assert_eq!(reader.held().expect("readable"), both[1..]);
    one.release(run_id(2), &[c]).expect("released");
    assert_eq!(reader.held().expect("readable"), []);
}

#[test]
fn what_a_dead_run_held_is_taken_over_and_told_once() {
    let home = tempfile::tempdir().expect("a folder");
    let mut dead = open(home.path(), Access::Write);
    let held = vec![
        unpartitioned("a"),
        AssetPartition::at(&asset("b"), &names(&["eu"]), 0),
        AssetPartition::at(&asset("c"), &days(3), 2),
    ];
    let begun = begin(&mut dead, run_id(1));
    let mut living = open(home.path(), Access::Write);
    let _begun = begin(&mut living, run_id(2));
    dead.lease(run_id(1), &held, time(1)).expect("leased");
    drop(begun.guard);
    drop(dead);

    assert_eq!(
        living.runs(9).expect("readable")[1].status,
        RunStatus::Crashed
    );
    let got = living
        .lease(run_id(2), &held[..1], time(2))
        .expect("leased");
    assert_eq!(got.leases, [Lease::Leased { current: None }]);
    assert_eq!(
        got.crashed,
        [CrashedRun {
            id: run_id(1),
            leases: held.clone(),
            open_resources: Vec::new(),
        }]
    );
    let mut next = open(home.path(), Access::Write);
    assert_eq!(begin(&mut next, run_id(3)).crashed, []);
    let run = next.run(run_id(1)).expect("readable").expect("there");
    assert_eq!((run.status, run.ended), (RunStatus::Crashed, None));
}

#[test]
fn a_new_run_finds_the_dead_and_spares_the_living() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Write);
    let dead = begin(&mut store, run_id(1));
    let _living = begin(&mut store, run_id(2));
    let at = [unpartitioned("a")];
    store.lease(run_id(1), &at, time(1)).expect("leased");
    drop(dead);
    let crashed = begin(&mut store, run_id(3)).crashed;
    assert_eq!(
        crashed,
        [CrashedRun {
            id: run_id(1),
            leases: at.to_vec(),
            open_resources: Vec::new(),
        }]
    );
    let locks = fs::read_dir(home.path().join("runs")).expect("a folder");
    assert_eq!(locks.count(), 1, "only the living run keeps its lock file");
}

/// Whoever is killed while it clears up leaves that to the next one.
#[test]
fn a_dead_run_is_marked_once_it_is_cleared_up_after() {
    let home = tempfile::tempdir().expect("a folder");
    let mut store = open(home.path(), Access::Write);
    let at = [unpartitioned("a")];
    let dead = begin(&mut store, run_id(1));
    store.lease(run_id(1), &at, time(1)).expect("leased");
    drop(dead.guard);
    let told = RefCell::new(Vec::new());
    let tell = |crashed: &CrashedRun| told.borrow_mut().push(crashed.clone());
    let clear = |_: &CrashedRun| {
        let mut next = open(home.path(), Access::Write);
        next.mark_crashed_runs(&tell).expect("marked");
    };
    store.mark_crashed_runs(&clear).expect("marked");
    let crashed = CrashedRun {
        id: run_id(1),
        leases: at.to_vec(),
        open_resources: Vec::new(),
    };
    assert_eq!(told.take(), [crashed]);
    store.mark_crashed_runs(&tell).expect("marked");
    assert_eq!(told.take(), []);
}

#[test]
fn of_many_that_ask_one_gets_it() {
    let home = tempfile::tempdir().expect("a folder");
    let at: Vec<_> = (0..20)
        .map(|number| unpartitioned(&format!("a{number}")))
        .collect();
    let work = |number: u128| {
        let mut store = open(home.path(), Access::Write);
        let begun = begin(&mut store, run_id(number));
        assert_eq!(begun.crashed, [], "all runs live until the end");
        let mut got = Vec::new();
        for (index, at) in at.iter().enumerate() {
            let at = std::slice::from_ref(at);
            let leases = store.lease(run_id(number), at, time(1)).expect("answered");
            if matches!(leases.leases[..], [Lease::Leased { current: None }]) {
                store
                    .record(&[success(run_id(number), &at[0], 1)])
                    .expect("recorded");
                got.push(index);
            }
        }
        (got, begun)
    };
    let (got, begun): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .unzip()
    });
    let mut got = got.concat();
    drop(begun);
    got.sort_unstable();
    assert_eq!(got, (0..20).collect::<Vec<_>>());
    let store = open(home.path(), Access::Read);
    assert_eq!(
        store
            .history(&asset("a3"), None, 9)
            .expect("readable")
            .len(),
        1
    );
}

#[test]
fn a_run_must_have_begun() {
    let mut store = Store::ephemeral().expect("memory");
    let at = unpartitioned("a");
    let error = store
        .record(&[success(run_id(9), &at, 1)])
        .expect_err("no such run");
    assert!(matches!(error, StoreError::UnknownRun { run, .. } if run == run_id(9)));
    let _begun = begin(&mut store, run_id(9));
    // The asset was interned in the transaction that failed.
    store
        .record(&[success(run_id(9), &at, 1)])
        .expect("recorded");
    assert_eq!(
        store
            .history(&at.step.asset, None, 9)
            .expect("readable")
            .len(),
        1
    );
}
