//! The JSON of `check`.

use jiff::Timestamp;

use crate::answer::{
    Ahead, Certainty, CheckBasis, CheckReport, CheckedAsset, Document, KeyRange, LockedSources,
    ManifestLine, NotRebuilt, Observed, Orphans, StaleRange, Unverifiable, WhyNotRebuilt,
    WhyUnverifiable,
};
use crate::model::{Cause, DueWindows, PartitionKey, Status, Strictness};
use crate::testkit;

fn range(asset: &str, first: &str, last: &str, count: u32) -> KeyRange {
    KeyRange {
        asset: testkit::asset(asset),
        first: PartitionKey::parse(first).ok(),
        last: PartitionKey::parse(last).ok(),
        count,
    }
}

fn place(line: u32) -> ManifestLine {
    ManifestLine {
        file: "Assets.toml".into(),
        line,
    }
}

#[test]
fn all_that_a_check_can_say() {
    let stale = |range, status, certainty, causes| StaleRange {
        range,
        status,
        causes,
        certainty,
        place: place(12),
    };
    let report = CheckReport {
        assets: vec![CheckedAsset {
            asset: testkit::asset("clean"),
            count: 10,
            fresh: 2,
            place: place(12),
        }],
        stale: vec![
            stale(
                range("clean", "2013-07-04", "2013-07-05", 2),
                Status::Stale,
                Certainty::Cautious,
                vec![Cause::Volatile],
            ),
            stale(
                range("clean", "2013-07-06", "2013-07-06", 1),
                Status::Missing,
                Certainty::Exact,
                vec![],
            ),
        ],
        pending: vec![stale(
            range("year", "", "", 1),
            Status::Pending,
            Certainty::Exact,
            vec![],
        )],
        due: vec![range("clean", "2013-07-07", "2013-07-08", 2)],
        unverifiable: vec![Unverifiable {
            range: range("clean", "2013-07-01", "2013-07-01", 1),
            why: WhyUnverifiable::LfsPointer,
            path: "data/2013-07-01.csv".into(),
            place: place(12),
        }],
        locked_sources: vec![LockedSources {
            range: range("warehouse", "", "", 1),
            observed: Some(Observed {
                time: Timestamp::UNIX_EPOCH,
                now: Timestamp::UNIX_EPOCH,
            }),
        }],
        ahead: vec![Ahead {
            asset: testkit::asset("clean"),
            window: testkit::key("2013-08-01"),
            lines: 2,
        }],
        not_rebuilt: vec![NotRebuilt {
            asset: testkit::asset("clean"),
            count: 3,
            why: WhyNotRebuilt::Volatile,
        }],
        irreproducible: vec![range("clean", "2013-07-02", "2013-07-02", 1)],
        orphans: vec![Orphans {
            asset: "old".into(),
            lines: 3,
        }],
        ..CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient)
    };
    let json = serde_json::to_string(&Document::new(&report)).expect("JSON");
    assert_eq!(
        json,
        concat!(
            r#"{"schema":1,"fresh":false,"basis":"lock","#,
            r#""counts":{"all":10,"fresh":2,"stale":2,"missing":1,"pending":1,"due":2,"unverifiable":1},"#,
            r#""stale":[{"asset":"clean","first":"2013-07-04","last":"2013-07-05","count":2,"status":"stale","#,
            r#""certainty":"cautious","causes":[{"kind":"volatile"}],"location":{"file":"Assets.toml","line":12}},"#,
            r#"{"asset":"clean","first":"2013-07-06","last":"2013-07-06","count":1,"status":"missing","causes":[],"#,
            r#""location":{"file":"Assets.toml","line":12}}],"#,
            r#""pending":[{"asset":"year","first":null,"last":null,"count":1,"status":"pending","causes":[],"#,
            r#""location":{"file":"Assets.toml","line":12}}],"#,
            r#""due":[{"asset":"clean","first":"2013-07-07","last":"2013-07-08","count":2}],"#,
            r#""unverifiable":[{"asset":"clean","first":"2013-07-01","last":"2013-07-01","count":1,"why":"lfs_pointer","#,
            r#""path":"data/2013-07-01.csv","location":{"file":"Assets.toml","line":12}}],"#,
            r#""overdue":[],"checks_failed":[],"#,
            r#""locked_sources":[{"asset":"warehouse","first":null,"last":null,"count":1,"observed":"1970-01-01T00:00:00Z"}],"#,
            r#""irreproducible":[{"asset":"clean","first":"2013-07-02","last":"2013-07-02","count":1}],"#,
            r#""orphans":[{"asset":"old","lines":3}],"#,
            r#""not_rebuilt":[{"asset":"clean","count":3,"why":"volatile"}],"#,
            r#""ahead":[{"asset":"clean","window":"2013-08-01","lines":2}]}"#,
        )
    );
}
