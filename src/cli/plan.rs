//! `plan`: what would run, in which order, why, and how long it takes.

use clap::Args;

use crate::answer::{
    BlockedRange, Decision, KeyRange, MadeElsewhere, PlanReport, PlanStep, PlannedAside,
};
use crate::app;
use crate::cli::args::RunArgs;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::next::{Next, as_typed};
use crate::cli::session::Session;
use crate::cli::text::{
    ACCENT, BAD, BOLD, DIM, Detail, GOOD, Keys, Look, Table, TableCell, UNVERIFIABLE, WARN,
    amounts, count, cut, keys, number, put, span, styled, subject,
};
use crate::executor::{Cancel, Executor, LocalExecutor};
use crate::model::{AssetKey, Grouping, PlanOptions, StepName};

/// Words of `plan`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl plan                                 what is not fresh, in order, with reasons
  assetctl plan --partition 2013-07-04
  assetctl plan report --force
  assetctl plan --steps '+report'               report and its direct inputs only
  assetctl plan --keys --json                   each partition")]
pub struct PlanArgs {
    /// What, and how far.
    #[command(flatten)]
    pub run: RunArgs,
    /// List each partition instead of ranges
    #[arg(long)]
    pub keys: bool,
}

/// Says what would run: `plan`, and `materialize --dry-run`.
pub fn run(run: &RunArgs, grouping: Grouping, session: &Session) -> Result<VerbExit, VerbError> {
    let request = PlanOptions {
        run: run.options(session.globals.jobs)?,
        grouping,
    };
    answer(&request, session)
}

/// Answers with a plan.
pub fn answer(request: &PlanOptions, session: &Session) -> Result<VerbExit, VerbError> {
    let cancel = Cancel::new();
    let commands: (&dyn Executor, &Cancel) = (&LocalExecutor, &cancel);
    let project = app::open_planned(&session.surroundings()?, commands)?;
    let (report, notices) = app::plan(&project, request, commands)?;
    session.answered(&notices, &report, || {
        plan(&report, &session.look(), &session.next)
    })?;
    Ok(VerbExit::yes_if(report.counts.blocked == 0))
}

/// How many steps of the longest chain are named.
const CHAIN: usize = 8;

/// The steps, and how many there are.
fn plan(report: &PlanReport, look: &Look, next: &Next) -> String {
    let mut text = String::new();
    if look.detail > Detail::Brief && !report.steps.is_empty() {
        let mut table = Table::default();
        for (index, step) in report.steps.iter().enumerate() {
            table.row(row(index + 1, step));
        }
        let notes: Vec<_> = report
            .steps
            .iter()
            .map(|it| vec![reason(it, next)])
            .collect();
        text.push_str(&table.annotated(2, look.width, &notes));
        text.push('\n');
    }
    text.push_str(&summary(report));
    if look.detail > Detail::Brief && report.critical_path.len() > 1 {
        let path = format!("Longest chain: {}", chain(&report.critical_path));
        let path = look
            .width
            .map_or_else(|| path.clone(), |width| cut(&path, width));
        put!(&mut text, "{path}\n");
    }
    for aside in &report.set_aside {
        text.push_str(&planned_aside(aside));
        text.push('\n');
    }
    if report.counts.run > 0 && look.hints {
        let hint = format!("Run `{}`.", next.materialize);
        put!(&mut text, "{}\n", styled(DIM, hint));
    }
    text
}

/// What lies at the places of an asset's outputs and will be set aside.
fn planned_aside(aside: &PlannedAside) -> String {
    let PlannedAside { asset, count, path } = aside;
    match count - 1 {
        0 => format!("{path} was not made by any step: {asset} will set it aside."),
        more => format!(
            "{path} and {} more were not made by any step: {asset} will set them aside.",
            number(u64::from(more))
        ),
    }
}

/// `a → b → c`, with what lies in the middle of a long one counted.
fn chain(steps: &[StepName]) -> String {
    let joined = |steps: &[StepName]| {
        let names: Vec<_> = steps.iter().map(ToString::to_string).collect();
        names.join(" → ")
    };
    match steps.len().checked_sub(CHAIN) {
        Some(more @ 1..) => format!(
            "{} → {} more → {}",
            joined(&steps[..CHAIN - 1]),
            number(more as u64),
            steps[steps.len() - 1]
        ),
        _ => joined(steps),
    }
}

/// Steps that cannot run, a line each: told before a run starts.
pub fn blocked(ranges: &[BlockedRange], look: &Look, next: &Next) -> String {
    let mut table = Table::default();
    for BlockedRange { keys, reason } in ranges {
        table.row([
            TableCell::new(BAD, format!("{:>12}", "Blocked")),
            TableCell::plain(name(keys)),
            TableCell::plain(as_typed(reason, &next.program)),
        ]);
    }
    table.lines(0, look.width)
}

/// What a run has set aside of one asset: the first with where it is now, and how many there are.
pub fn set_aside(asset: &AssetKey, (path, kept): (&str, &str), count: u64) -> String {
    match count {
        0 | 1 => format!("{asset}: {path} was not made by any step; it is kept: {kept}\n"),
        _ => format!(
            "{asset}: {path} and {} more were not made by any step; they are kept: {kept} and so on\n",
            number(count - 1)
        ),
    }
}

fn row(place: usize, step: &PlanStep) -> Vec<TableCell> {
    let (word, style) = match step.decision {
        Decision::Run => ("run", WARN),
        Decision::MayRun => ("may run", ACCENT),
        Decision::Blocked { .. } => ("blocked", BAD),
    };
    let steps = match step.keys.count {
        1 => String::new(),
        many => count(many, "step"),
    };
    vec![
        TableCell::new(DIM, place.to_string()).right(),
        TableCell::new(style, word),
        TableCell::new(BOLD, name(&step.keys)),
        TableCell::plain(steps).right(),
        TableCell::new(DIM, step.expected.map_or_else(String::new, span)).right(),
    ]
}

fn name(range: &KeyRange) -> String {
    let keys = keys([Keys::from(range)], 1);
    if keys.is_empty() {
        return range.asset.to_string();
    }
    format!("{}@{keys}", range.asset)
}

fn reason(step: &PlanStep, next: &Next) -> String {
    if let Decision::Blocked { reason } = &step.decision {
        return as_typed(reason, &next.program).into_owned();
    }
    let mut reasons: Vec<_> = step.causes.iter().map(subject).collect();
    reasons.dedup();
    match reasons.len() {
        0 if step.decision == Decision::MayRun => "if its inputs come out different".to_owned(),
        0 => match step.elsewhere {
            MadeElsewhere::No => "never materialized".to_owned(),
            MadeElsewhere::Locked => "in Assets.lock, but its outputs are not here".to_owned(),
            MadeElsewhere::Unverifiable => UNVERIFIABLE.to_owned(),
        },
        1 | 2 => reasons.join(", "),
        many => format!(
            "{}, and {}",
            reasons[0],
            count(many as u64 - 1, "more cause")
        ),
    }
}

fn summary(report: &PlanReport) -> String {
    let counts = report.counts;
    if counts.run + counts.may_run + counts.blocked == 0 {
        if counts.fresh == 0 {
            return "There is nothing here to run.\n".to_owned();
        }
        return format!(
            "{}: there is nothing to do for {}.\n",
            styled(GOOD, "Everything is fresh"),
            count(counts.fresh, "partition"),
        );
    }
    let parts = [
        (counts.run, "to run"),
        (counts.may_run, "may run"),
        (counts.blocked, "blocked"),
        (counts.fresh, "fresh"),
    ];
    let parts = amounts(parts);
    let work = counts.run + counts.may_run > 0;
    let time = report
        .expected
        .filter(|_| work)
        .map_or_else(String::new, |time| format!(", usually {}", span(time)));
    format!("{}{time}.\n", parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{blocked, chain, plan};
    use crate::answer::{
        BlockedRange, Decision, KeyRange, MadeElsewhere, PlanCounts, PlanReport, PlanStep,
        PlannedAside,
    };
    use crate::cli::fixtures::{code, data, look, next, plain, range, step};
    use crate::model::Cause;

    fn row(keys: KeyRange, decision: Decision, ms: Option<u64>, causes: Vec<Cause>) -> PlanStep {
        PlanStep {
            keys,
            decision,
            causes,
            elsewhere: MadeElsewhere::No,
            expected: ms.map(Duration::from_millis),
            needs: vec![],
        }
    }

    #[test]
    fn steps_in_order_with_reasons() {
        let missing = Decision::Blocked {
            reason: "data/flights/2013-07-06.csv does not exist".into(),
        };
        let report = PlanReport {
            steps: vec![
                row(
                    range("clean", "2013-01-01", "2013-12-31", 1365),
                    Decision::Run,
                    Some(62_000),
                    vec![code("steps/clean.py")],
                ),
                row(
                    range("daily", "2013-07-04", "2013-07-04", 1),
                    Decision::MayRun,
                    Some(38),
                    vec![data("clean", "2013-07-04", vec![code("steps/clean.py")])],
                ),
                row(
                    range("daily", "2013-07-06", "2013-07-06", 1),
                    missing,
                    None,
                    vec![],
                ),
                row(range("year", "", "", 1), Decision::Run, None, vec![]),
            ],
            counts: PlanCounts {
                run: 1366,
                may_run: 1,
                fresh: 1083,
                blocked: 1,
            },
            expected: Some(Duration::from_secs(62)),
            critical_path: vec![
                step("clean", "2013-07-04"),
                step("daily", "2013-07-04"),
                step("year", ""),
            ],
            set_aside: vec![PlannedAside {
                asset: step("clean", "").asset,
                count: 3,
                path: "build/2013-01-01.csv".into(),
            }],
        };
        insta::assert_snapshot!(plain(&plan(&report, &look(), &next())), @r"
          1  run      clean@2013-01-01...2013-12-31  1,365 steps  1m 02s
                      steps/clean.py changed
          2  may run  daily@2013-07-04                              38ms
                      clean is not up to date
          3  blocked  daily@2013-07-06
                      data/flights/2013-07-06.csv does not exist
          4  run      year
                      never materialized

        1,366 to run · 1 may run · 1 blocked · 1,083 fresh, usually 1m 02s.
        Longest chain: clean@2013-07-04 → daily@2013-07-04 → year
        build/2013-01-01.csv and 2 more were not made by any step: clean will set them aside.
        Run `assetctl materialize`.
        ");
        let range = BlockedRange {
            keys: report.steps[2].keys.clone(),
            reason: "data/flights/2013-07-06.csv does not exist".into(),
        };
        insta::assert_snapshot!(plain(&blocked(&[range], &look(), &next())), @"     Blocked  daily@2013-07-06  data/flights/2013-07-06.csv does not exist");
    }

    #[test]
    fn the_middle_of_a_long_chain_is_counted() {
        let days = |last: u32| -> Vec<_> {
            (1..=last)
                .map(|day| step("a", &format!("2013-07-{day:02}")))
                .collect()
        };
        assert!(!chain(&days(8)).contains("more"));
        assert_eq!(
            chain(&days(31)),
            "a@2013-07-01 → a@2013-07-02 → a@2013-07-03 → a@2013-07-04 → a@2013-07-05 → a@2013-07-06 → a@2013-07-07 \
             → 23 more → a@2013-07-31"
        );
    }

    #[test]
    fn nothing_to_do() {
        let report = PlanReport {
            steps: vec![],
            counts: PlanCounts {
                fresh: 1097,
                ..PlanCounts::default()
            },
            expected: None,
            critical_path: vec![],
            set_aside: vec![],
        };
        insta::assert_snapshot!(plain(&plan(&report, &look(), &next())), @"Everything is fresh: there is nothing to do for 1,097 partitions.");
        let nothing = PlanReport {
            counts: PlanCounts::default(),
            ..report
        };
        insta::assert_snapshot!(plain(&plan(&nothing, &look(), &next())), @"There is nothing here to run.");
    }
}
