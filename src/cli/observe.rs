//! `observe`: a row per source.

use std::collections::HashMap;

use clap::Args;

use crate::answer::{ObserveReport, ObservedChange, ObservedSource};
use crate::app;
use crate::cli::args::SelectionArgs;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::Session;
use crate::cli::text::{DIM, Detail, GOOD, Look, Table, TableCell, WARN, count, number};
use crate::executor::Cancel;
use crate::model::{AssetKey, ObserveRequest};
use crate::sys::clock::SystemClock;

/// Words of `observe`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl observe                              all sources
  assetctl observe warehouse_orders
  assetctl observe flights --partition 2013-07-04")]
pub struct ObserveArgs {
    /// Which sources.
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// Looks at sources, and runs their commands.
pub fn run(args: &ObserveArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let selection = args.selection.parsed()?;
    let request = ObserveRequest { selection };
    let project = session.project()?;
    let observed = app::observe(&project, &request, &SystemClock, &Cancel::new())?;
    for problem in &observed.problems {
        output::say(session.terminal.stderr, format!("{problem}\n"));
    }
    let report = &observed.report;
    session.answered(&observed.notices, report, || {
        observe(report, &session.look())
    })?;
    Ok(VerbExit::yes_if(observed.problems.is_empty()))
}

/// How many partitions of a source are told one by one.
const ROWS: usize = 10;

/// What changed, and how many sources there are; of a source with many partitions only those that changed, at most ten.
fn observe(report: &ObserveReport, look: &Look) -> String {
    let mut order: Vec<&AssetKey> = Vec::new();
    let mut by_source: HashMap<&AssetKey, Vec<&ObservedSource>> = HashMap::new();
    for observed in &report.observations {
        let rows = by_source.entry(&observed.source).or_default();
        if rows.is_empty() {
            order.push(&observed.source);
        }
        rows.push(observed);
    }
    let mut table = Table::default();
    if look.detail > Detail::Brief {
        for source in &order {
            source_rows(source, &by_source[source], &mut table);
        }
    }
    format!(
        "{}{} observed, {}.\n",
        table.lines(2, look.width),
        count(order.len() as u64, "source"),
        changes(&report.observations.iter().collect::<Vec<_>>())
    )
}

fn source_rows(source: &AssetKey, observed: &[&ObservedSource], table: &mut Table) {
    if let [only] = observed {
        table.row(row(
            only.partition
                .as_ref()
                .map_or_else(|| source.to_string(), |key| format!("{source}@{key}")),
            only,
        ));
        return;
    }
    let told = observed
        .iter()
        .filter(|it| it.change != ObservedChange::Same);
    let total = told.clone().count();
    table.row([
        TableCell::plain(source.as_str()),
        TableCell::plain(format!(
            "{}, {}",
            count(observed.len() as u64, "partition"),
            changes(observed)
        )),
    ]);
    for one in told.take(ROWS) {
        let key = one
            .partition
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        table.row(row(format!("  @{key}"), one));
    }
    if total > ROWS {
        let more = number((total - ROWS) as u64);
        table.row([TableCell::plain(format!("  and {more} more"))]);
    }
}

/// How many versions changed, how many are the first ones, and how many sources have none:
/// `2 new, 1 changed, 1 without a version`.
fn changes(observed: &[&ObservedSource]) -> String {
    let (known, lacking): (Vec<&ObservedSource>, Vec<_>) =
        observed.iter().partition(|it| it.data_version.is_some());
    let of = |change| known.iter().filter(|it| it.change == change).count() as u64;
    let mut words = Vec::new();
    match of(ObservedChange::First) {
        0 => {}
        first => words.push(format!("{} new", number(first))),
    }
    words.push(format!("{} changed", number(of(ObservedChange::Changed))));
    match lacking.len() as u64 {
        0 => {}
        lacking => words.push(format!("{} without a version", number(lacking))),
    }
    words.join(", ")
}

fn row(name: String, observed: &ObservedSource) -> Vec<TableCell> {
    let (word, style) = match (observed.change, &observed.data_version) {
        (_, None) => ("no version", WARN),
        (ObservedChange::Changed, _) => ("changed", GOOD),
        (ObservedChange::First, _) => ("new", GOOD),
        (ObservedChange::Same, _) => ("same", DIM),
    };
    let version = observed.data_version.map_or_else(String::new, |version| {
        version.to_string().chars().take(12).collect()
    });
    vec![
        TableCell::plain(name),
        TableCell::new(style, word),
        TableCell::new(DIM, version),
    ]
}

#[cfg(test)]
mod tests {
    use super::observe;
    use crate::answer::{ObserveReport, ObservedChange, ObservedSource};
    use crate::cli::fixtures::{asset, digest, key, look, plain};
    use crate::model::DataVersion;

    #[test]
    fn many_partitions_are_one_row_and_what_changed() {
        let one = |source: &str, partition: &str, there: bool, change| ObservedSource {
            source: asset(source),
            partition: key(partition),
            data_version: there.then(|| DataVersion(digest("0a"))),
            change,
        };
        let mut observations = vec![
            one("airports", "", true, ObservedChange::Same),
            one("weather", "", false, ObservedChange::Changed),
        ];
        for day in 1..=365 {
            let change = if day <= 12 {
                ObservedChange::Changed
            } else {
                ObservedChange::Same
            };
            observations.push(one("flights", &format!("day{day:03}"), true, change));
        }
        let report = ObserveReport { observations };
        insta::assert_snapshot!(plain(&observe(&report, &look())), @r"
          airports      same                        0a0a0a0a0a0a
          weather       no version
          flights       365 partitions, 12 changed
            @day001     changed                     0a0a0a0a0a0a
            @day002     changed                     0a0a0a0a0a0a
            @day003     changed                     0a0a0a0a0a0a
            @day004     changed                     0a0a0a0a0a0a
            @day005     changed                     0a0a0a0a0a0a
            @day006     changed                     0a0a0a0a0a0a
            @day007     changed                     0a0a0a0a0a0a
            @day008     changed                     0a0a0a0a0a0a
            @day009     changed                     0a0a0a0a0a0a
            @day010     changed                     0a0a0a0a0a0a
            and 2 more
        3 sources observed, 12 changed, 1 without a version.
        ");
    }
}
