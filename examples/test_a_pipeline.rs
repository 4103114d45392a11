//! How a team tests its pipeline: in memory, with sources of a few lines, from a test of its own.
//!
//! `cargo run --example test_a_pipeline` makes a small project in a temporary folder and runs its two tests. In a project of
//! yours they are functions under `#[test]`, and the folder is that of your `Assets.toml`. Nothing of the project is changed, so
//! tests may run at once.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assetctl::{
    Error, FixedClock, MaterializeRequest, Project, RaiseOnError, materialize_to_memory,
};

/// The project under test. `[project.test]` says where the small sources lie.
const MANIFEST: &str = r#"
[project]
name = "orders"

[project.test]
sources = { orders = "fixtures/{{partition}}.csv" }

[partitions.day]
type = "daily"
start = "2024-01-01"

[source.orders]
path = "/data/warehouse/orders/{{partition}}.csv"
partitions = "day"

[asset.paid]
partitions = "day"
deps = "orders"
command = "grep ,paid {{input}} > {{output}}"
outputs = "build/paid/{{partition}}.csv"

[asset.revenue]
deps = "paid"
command = "cat {{input}} | awk -F, '{ sum += $2 } END { print sum }' > {{output}}"
outputs = "build/revenue.txt"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    write_project(folder.path())?;

    revenue_counts_paid_orders_of_all_days(folder.path())?;
    println!("ok: revenue counts paid orders of all days");
    a_day_without_a_paid_order_fails_and_says_which(folder.path())?;
    println!("ok: a day without a paid order fails and says which");
    Ok(())
}

/// The project on the morning of the third day, whatever the day of the test.
fn project(folder: &Path) -> Result<Project, Error> {
    let now = "2024-01-03T00:00:00Z".parse().expect("an instant");
    Ok(Project::load(folder)?.with_clock(Arc::new(FixedClock(now))))
}

fn revenue_counts_paid_orders_of_all_days(folder: &Path) -> Result<(), Error> {
    let request = MaterializeRequest::new().select("+revenue").test_sources();
    let result = materialize_to_memory(&project(folder)?, request)?;
    assert_eq!(&*result.output("revenue", None, None)?.bytes()?, b"42\n");

    let paid = result.output("paid", Some("2024-01-02"), None)?;
    assert_eq!(&*paid.bytes()?, b"3,12,paid\n");
    Ok(())
}

fn a_day_without_a_paid_order_fails_and_says_which(folder: &Path) -> Result<(), Error> {
    let request = MaterializeRequest::new()
        .select("paid")
        .partition("2024-01-02")
        .input("orders", "fixtures/unpaid.csv")
        .raise_on_error(RaiseOnError::No);
    let result = materialize_to_memory(&project(folder)?, request)?;
    assert!(!result.success());
    let failed = result.failed_steps();
    assert_eq!(failed[0].step.to_string(), "paid@2024-01-02");
    assert_eq!(failed[0].failure.exit, Some(1));
    Ok(())
}

fn write_project(folder: &Path) -> std::io::Result<()> {
    fs::create_dir(folder.join("fixtures"))?;
    fs::write(folder.join("Assets.toml"), MANIFEST)?;
    for (path, text) in [
        ("fixtures/2024-01-01.csv", "1,30,paid\n2,99,open\n"),
        ("fixtures/2024-01-02.csv", "3,12,paid\n"),
        ("fixtures/unpaid.csv", "4,1,open\n"),
    ] {
        fs::write(folder.join(path), text)?;
    }
    Ok(())
}
