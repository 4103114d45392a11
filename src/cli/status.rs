//! `status`: what is fresh and what is not.

use clap::Args;

use crate::answer::{
    AssetStatus, DeclarationKind, PartitionRun, RunningPartition, StatusCounts, StatusReport,
};
use crate::app;
use crate::cli::args::{ConfigurationArgs, RecordedArgs, SelectionArgs};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::next::{Next, as_typed};
use crate::cli::session::Session;
use crate::cli::terminal::Glyphs;
use crate::cli::text::{
    DIM, Detail, Keys, Look, Table, TableCell, UNVERIFIABLE, ago, amounts, count, keys, number,
    put, status_style, styled, subject,
};
use crate::model::{Cause, Evidence, Grouping, Status, StatusOptions};

/// Words of `status`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl status
  assetctl status clean report
  assetctl status '+report'                     and all that it is made from
  assetctl status --partition 2013-07-04 --keys
  assetctl status --failed                      what failed in its last attempt
  assetctl status --exit-code -q                exit 1 if anything is not fresh")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct StatusArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only partitions with these records.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// List each partition instead of ranges
    #[arg(long)]
    pub keys: bool,
    /// Exit 1 if anything is not fresh
    #[arg(long)]
    pub exit_code: bool,
    /// List sources too
    #[arg(long)]
    pub sources: bool,
    /// Judge by records only, without looking at files
    #[arg(long)]
    pub recorded: bool,
}

/// Says how what is selected is.
pub fn run(args: &StatusArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let selection = args.selection.narrowed(args.states)?;
    let request = StatusOptions {
        selection,
        grouping: Grouping::of_keys(args.keys),
        sources: args.sources,
        evidence: if args.recorded {
            Evidence::Recorded
        } else {
            Evidence::Files
        },
    };
    let (report, notices) = app::status(&session.project()?, &request)?;
    session.answered(&notices, &report, || {
        status(&report, request.grouping, &session.look(), &session.next)
    })?;
    let all_fresh = report.summary.fresh == report.summary.total();
    Ok(VerbExit::yes_if(all_fresh || !args.exit_code))
}

/// Worst first: the status that a row is headed by.
pub const WORST: [Status; 8] = [
    Status::Failed,
    Status::Blocked,
    Status::Stale,
    Status::Missing,
    Status::Locked,
    Status::Unverifiable,
    Status::Pending,
    Status::Fresh,
];

/// Fresh first: the order in which counts are told.
pub const TOLD: [Status; 8] = [
    Status::Fresh,
    Status::Stale,
    Status::Missing,
    Status::Locked,
    Status::Unverifiable,
    Status::Failed,
    Status::Pending,
    Status::Blocked,
];

/// How many reasons a row gives, and how many ranges of keys each.
const REASONS: usize = 2;
const RANGES: usize = 3;

/// The status of all assets, and how they are together; with [`Grouping::Keys`] a line for each partition, too.
pub fn status(report: &StatusReport, grouping: Grouping, look: &Look, next: &Next) -> String {
    if look.detail == Detail::Brief {
        return summary(report, look, next);
    }
    let mut table = Table::default();
    let mut notes = Vec::new();
    for asset in &report.assets {
        table.row(row(asset, look));
        let mut of_asset = reasons(asset, next);
        of_asset.extend(running(asset, look));
        notes.push(of_asset);
        if grouping == Grouping::Keys && is_partitioned(asset) {
            for run in &asset.partitions {
                table.row(key_row(run));
                notes.push(vec![reason(asset.kind, run, next)]);
            }
        }
    }
    let mut text = table.annotated(2, look.width, &notes);
    if !report.assets.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(report, look, next));
    text
}

fn row(asset: &AssetStatus, look: &Look) -> Vec<TableCell> {
    let worst = WORST
        .into_iter()
        .find(|status| asset.counts.of(*status) > 0)
        .unwrap_or(Status::Fresh);
    let name = match asset.kind {
        DeclarationKind::Asset => asset.key.to_string(),
        DeclarationKind::Source => format!("{} (source)", asset.key),
    };
    let counts = if is_partitioned(asset) {
        counts(asset.counts) + &of_which(asset.running.len())
    } else {
        String::new()
    };
    if asset.counts.total() == 0 {
        return vec![
            TableCell::plain(""),
            TableCell::plain(""),
            TableCell::plain(name),
            TableCell::new(DIM, self::counts(asset.counts)),
        ];
    }
    let last = asset
        .last
        .map_or_else(String::new, |time| ago(look.now, time));
    vec![
        TableCell::new(status_style(worst), glyph(worst, look.glyphs)),
        TableCell::new(status_style(worst), worst.word()),
        TableCell::plain(name),
        TableCell::plain(counts),
        TableCell::new(DIM, last),
    ]
}

fn key_row(run: &PartitionRun) -> Vec<TableCell> {
    let style = status_style(run.status);
    vec![
        TableCell::plain(""),
        TableCell::new(style, run.status.word()),
        TableCell::plain(format!("  @{}", keys([Keys::from(run)], 1))),
    ]
}

fn is_partitioned(asset: &AssetStatus) -> bool {
    asset.partitions.iter().any(|run| run.first.is_some())
}

/// `1,093 fresh · 2 stale`
fn counts(counts: StatusCounts) -> String {
    let told = amounts(TOLD.map(|status| (counts.of(status), status.word())));
    if told.is_empty() {
        return "no partitions".to_owned();
    }
    told.join(" · ")
}

/// `, 2 running`: they are counted already.
fn of_which(running: usize) -> String {
    if running == 0 {
        return String::new();
    }
    format!(", {} running", number(running as u64))
}

/// A line for each run that works on partitions of the asset.
fn running(asset: &AssetStatus, look: &Look) -> Vec<String> {
    let line = |of_run: &[&RunningPartition]| {
        let one = of_run[0];
        let all = of_run.iter().map(|it| Keys {
            first: it.partition.as_ref(),
            last: None,
        });
        let keys = keys(all, RANGES);
        let to = if keys.is_empty() { "" } else { ": " };
        let who = match (&one.left_behind, one.pid) {
            (Some(commands), _) => commands.clone(),
            (None, Some(pid)) => format!("process {pid}"),
            (None, None) => "another process".to_owned(),
        };
        let how = match of_run.iter().filter_map(|it| it.since).min() {
            Some(time) => format!("began {}", ago(look.now, time)),
            None => "another instance".to_owned(),
        };
        format!("running{to}{keys} ({who}, {how}, run {})", one.run)
    };
    let mut all: Vec<_> = asset.running.iter().collect();
    all.sort_by_key(|it| it.run);
    all.chunk_by(|a, b| a.run == b.run).map(line).collect()
}

/// Reasons of which the same is to say are one, with the keys that it is said of.
fn reasons(asset: &AssetStatus, next: &Next) -> Vec<String> {
    let runs = &asset.partitions;
    let mut reasons: Vec<SharedReason<'_>> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        if run.status == Status::Fresh {
            continue;
        }
        let text = reason(asset.kind, run, next);
        match reasons.iter_mut().find(|known| known.text == text) {
            Some(known) => known.add(index, run),
            None => reasons.push(SharedReason::new(text, index, run)),
        }
    }
    let mut text: Vec<_> = reasons
        .iter()
        .take(REASONS)
        .filter_map(SharedReason::told)
        .collect();
    if reasons.len() > REASONS {
        let more = (reasons.len() - REASONS) as u64;
        text.push(format!("and {}", count(more, "more reason")));
    }
    text
}

/// A reason and the partitions that have it.
struct SharedReason<'a> {
    text: String,
    /// Neighbours joined.
    ranges: Vec<Keys<'a>>,
    /// The index of the last run of partitions that was added.
    last: usize,
}

impl<'a> SharedReason<'a> {
    fn new(text: String, index: usize, run: &'a PartitionRun) -> Self {
        Self {
            text,
            ranges: vec![Keys::from(run)],
            last: index,
        }
    }

    fn add(&mut self, index: usize, run: &'a PartitionRun) {
        match self.ranges.last_mut() {
            Some(range) if self.last + 1 == index => range.last = run.last.as_ref(),
            _ => self.ranges.push(Keys::from(run)),
        }
        self.last = index;
    }

    fn told(&self) -> Option<String> {
        let keys = keys(self.ranges.iter().copied(), RANGES);
        match (self.text.is_empty(), keys.is_empty()) {
            (true, true) => None,
            (false, true) => Some(self.text.clone()),
            (true, false) => Some(keys),
            (false, false) => Some(format!("{}: {keys}", self.text)),
        }
    }
}

/// Why these partitions are not fresh, without what their status says already.
fn reason(kind: DeclarationKind, run: &PartitionRun, next: &Next) -> String {
    if let Some(reason) = &run.blocked {
        return as_typed(reason, &next.program).into_owned();
    }
    match (run.status, run.causes.as_slice()) {
        (Status::Missing, []) => {
            return match kind {
                DeclarationKind::Asset => "never materialized".to_owned(),
                DeclarationKind::Source => "not there".to_owned(),
            };
        }
        (Status::Locked, []) => return "in Assets.lock, but its outputs are not here".to_owned(),
        (Status::Unverifiable, []) => return UNVERIFIABLE.to_owned(),
        (Status::Failed, [] | [Cause::FailedBefore]) => {
            return "its last attempt failed".to_owned();
        }
        _ => {}
    }
    let mut subjects: Vec<_> = run
        .causes
        .iter()
        .filter(|cause| !(run.status == Status::Failed && **cause == Cause::FailedBefore))
        .map(subject)
        .collect();
    subjects.dedup();
    if subjects.len() > 2 {
        let more = (subjects.len() - 1) as u64;
        return format!("{}, and {}", subjects[0], count(more, "more cause"));
    }
    subjects.join(", ")
}

fn summary(report: &StatusReport, look: &Look, next: &Next) -> String {
    let assets = report
        .assets
        .iter()
        .filter(|asset| asset.kind == DeclarationKind::Asset)
        .count() as u64;
    let counts = &report.summary;
    match report.assets.len() as u64 - assets {
        0 if assets == 0 => return "There are no assets here.\n".to_owned(),
        sources if assets == 0 => return format!("{}.\n", count(sources, "source")),
        _ => {}
    }
    let running = of_which(report.assets.iter().map(|asset| asset.running.len()).sum());
    let mut text = if counts.fresh == counts.total() {
        format!(
            "{}: {}, {}.\n",
            styled(status_style(Status::Fresh), "Everything is fresh"),
            count(assets, "asset"),
            count(counts.total(), "partition") + &running,
        )
    } else {
        let counts = self::counts(*counts);
        format!("{}: {counts}{running}.\n", count(assets, "asset"))
    };
    if report.evidence == Evidence::Recorded {
        text.push_str("Judged by records only: files were not looked at.\n");
    }
    let hindered = counts.fresh + counts.blocked;
    if counts.fresh < counts.total() && look.hints {
        // No run helps where everything that is left is blocked.
        let hint = if hindered == counts.total() {
            format!("`{} explain ASSET@K` says what is missing.", next.program)
        } else {
            format!(
                "`{}` brings them up to date, `{} explain ASSET@K` says why.",
                next.materialize, next.program
            )
        };
        put!(&mut text, "{}\n", styled(DIM, hint));
    }
    text
}

pub fn glyph(status: Status, glyphs: Glyphs) -> &'static str {
    match (glyphs, status) {
        (Glyphs::Unicode, Status::Fresh) => "✓",
        (Glyphs::Unicode, Status::Stale) => "●",
        (Glyphs::Unicode, Status::Missing) => "○",
        (Glyphs::Unicode, Status::Locked | Status::Unverifiable) => "◇",
        (Glyphs::Unicode, Status::Failed) => "✗",
        (Glyphs::Unicode, Status::Pending) => "◌",
        (Glyphs::Unicode, Status::Blocked) => "⊘",
        (Glyphs::Ascii, Status::Fresh) => "+",
        (Glyphs::Ascii, Status::Stale) => "*",
        (Glyphs::Ascii, Status::Missing) => "-",
        (Glyphs::Ascii, Status::Locked | Status::Unverifiable) => "=",
        (Glyphs::Ascii, Status::Failed) => "x",
        (Glyphs::Ascii, Status::Pending) => "?",
        (Glyphs::Ascii, Status::Blocked) => "!",
    }
}

#[cfg(test)]
mod tests {
    use super::status;
    use crate::answer::{
        AssetStatus, DeclarationKind, PartitionRun, RunningPartition, StatusCounts, StatusReport,
    };
    use crate::cli::fixtures::{asset, code, data, key, look, next, plain, time};
    use crate::model::{Cause, Evidence, Grouping, RunId, Status};

    fn run(
        first: &str,
        last: &str,
        count: u32,
        status: Status,
        causes: Vec<Cause>,
    ) -> PartitionRun {
        PartitionRun {
            first: key(first),
            last: key(last),
            count,
            status,
            causes,
            blocked: None,
        }
    }

    fn row(name: &str, last: Option<&str>, partitions: Vec<PartitionRun>) -> AssetStatus {
        let mut counts = StatusCounts::default();
        for run in &partitions {
            counts.add(run.status, run.count);
        }
        AssetStatus {
            key: asset(name),
            kind: DeclarationKind::Asset,
            counts,
            partitions,
            last: last.map(time),
            running: vec![],
        }
    }

    fn report(assets: Vec<AssetStatus>) -> StatusReport {
        let mut summary = StatusCounts::default();
        for run in assets.iter().flat_map(|asset| &asset.partitions) {
            summary.add(run.status, run.count);
        }
        StatusReport {
            now: time("2013-07-06T12:00:00Z"),
            assets,
            summary,
            evidence: Evidence::Files,
        }
    }

    #[test]
    fn a_row_per_asset() {
        let stale = |day: &str| run(day, day, 1, Status::Stale, vec![data("clean", day, vec![])]);
        let report = report(vec![
            row(
                "clean",
                Some("2013-07-06T11:48:00Z"),
                vec![run("2013-01-01", "2013-12-31", 1365, Status::Fresh, vec![])],
            ),
            row(
                "daily",
                Some("2013-07-06T09:00:00Z"),
                vec![
                    run("2013-01-01", "2013-07-03", 184, Status::Fresh, vec![]),
                    stale("2013-07-04"),
                    stale("2013-07-05"),
                    run("2013-07-06", "2013-07-08", 3, Status::Missing, vec![]),
                    stale("2013-07-09"),
                    run(
                        "2013-07-10",
                        "2013-07-10",
                        1,
                        Status::Failed,
                        vec![Cause::FailedBefore],
                    ),
                ],
            ),
            row(
                "month",
                None,
                vec![run(
                    "2013-07",
                    "2013-07",
                    1,
                    Status::Pending,
                    vec![data("daily", "2013-07-04", vec![code("x")])],
                )],
            ),
            row("year", None, vec![run("", "", 1, Status::Missing, vec![])]),
        ]);
        insta::assert_snapshot!(plain(&status(&report, Grouping::Ranges, &look(), &next())), @r"
          ✓  fresh    clean  1,365 fresh                                 12 min ago
          ✗  failed   daily  184 fresh · 3 stale · 3 missing · 1 failed  3 h ago
                      clean changed: 2013-07-04...2013-07-05, 2013-07-09
                      never materialized: 2013-07-06...2013-07-08
                      and 1 more reason
          ◌  pending  month  1 pending
                      daily is not up to date: 2013-07
          ○  missing  year
                      never materialized

        4 assets: 1,549 fresh · 3 stale · 4 missing · 1 failed · 1 pending.
        `assetctl materialize` brings them up to date, `assetctl explain ASSET@K` says why.
        ");
        insta::assert_snapshot!(plain(&status(&report, Grouping::Keys, &look(), &next())), @r"
          ✓  fresh    clean                       1,365 fresh                                 12 min ago
             fresh      @2013-01-01...2013-12-31
          ✗  failed   daily                       184 fresh · 3 stale · 3 missing · 1 failed  3 h ago
                      clean changed: 2013-07-04...2013-07-05, 2013-07-09
                      never materialized: 2013-07-06...2013-07-08
                      and 1 more reason
             fresh      @2013-01-01...2013-07-03
             stale      @2013-07-04
                      clean changed
             stale      @2013-07-05
                      clean changed
             missing    @2013-07-06...2013-07-08
                      never materialized
             stale      @2013-07-09
                      clean changed
             failed     @2013-07-10
                      its last attempt failed
          ◌  pending  month                       1 pending
                      daily is not up to date: 2013-07
             pending    @2013-07
                      daily is not up to date
          ○  missing  year
                      never materialized

        4 assets: 1,549 fresh · 3 stale · 4 missing · 1 failed · 1 pending.
        `assetctl materialize` brings them up to date, `assetctl explain ASSET@K` says why.
        ");
    }

    #[test]
    fn a_hundred_thousand_keys_are_still_a_row() {
        let partitions: Vec<_> = (0..100_000_u32)
            .map(|index| {
                let key = format!("k{index:06}");
                let status = if index % 2 == 0 {
                    Status::Stale
                } else {
                    Status::Fresh
                };
                run(&key, &key, 1, status, vec![data("clean", &key, vec![])])
            })
            .collect();
        let mut wide = look();
        wide.width = None;
        let report = report(vec![row("daily", None, partitions)]);
        insta::assert_snapshot!(plain(&status(&report, Grouping::Ranges, &wide, &next())), @r"
          ●  stale  daily  50,000 fresh · 50,000 stale  clean changed: k000000, k000002, k000004 and 49,997 more ranges

        1 asset: 50,000 fresh · 50,000 stale.
        `assetctl materialize` brings them up to date, `assetctl explain ASSET@K` says why.
        ");
    }

    #[test]
    fn what_runs_work_on() {
        let running = |day: &str, run: u128, since: Option<&str>| RunningPartition {
            partition: key(day),
            run: RunId(uuid::Uuid::from_u128(run)),
            pid: since.map(|_| 4711),
            since: since.map(time),
            left_behind: None,
        };
        let mut daily = row(
            "daily",
            None,
            vec![
                run("2013-07-01", "2013-07-03", 3, Status::Missing, vec![]),
                run("2013-07-04", "2013-07-09", 6, Status::Fresh, vec![]),
            ],
        );
        daily.running = vec![
            running("2013-07-01", 1, Some("2013-07-06T11:55:00Z")),
            running("2013-07-02", 2, None),
            running("2013-07-04", 1, Some("2013-07-06T11:50:00Z")),
        ];
        let mut year = row("year", None, vec![run("", "", 1, Status::Missing, vec![])]);
        year.running = vec![RunningPartition {
            left_behind: Some("python3 (process 12) of process group 11".to_owned()),
            ..running("", 3, Some("2013-07-06T11:59:59Z"))
        }];
        let report = report(vec![daily, year]);
        insta::assert_snapshot!(plain(&status(&report, Grouping::Ranges, &look(), &next())), @r"
          ○  missing  daily  6 fresh · 3 missing, 3 running
                      never materialized: 2013-07-01...2013-07-03
                      running: 2013-07-01, 2013-07-04 (process 4711, began 10 min ago, run 00000000-0000-00…
                      running: 2013-07-02 (another process, another instance, run 00000000-0000-0000-0000-0…
          ○  missing  year
                      never materialized
                      running (python3 (process 12) of process group 11, began just now, run 00000000-0000-…

        2 assets: 6 fresh · 4 missing, 4 running.
        `assetctl materialize` brings them up to date, `assetctl explain ASSET@K` says why.
        ");
    }

    #[test]
    fn all_fresh_and_nothing_at_all() {
        let mut one = report(vec![row(
            "year",
            None,
            vec![run("", "", 1, Status::Fresh, vec![])],
        )]);
        one.evidence = Evidence::Recorded;
        insta::assert_snapshot!(plain(&status(&one, Grouping::Ranges, &look(), &next())), @r"
          ✓  fresh  year

        Everything is fresh: 1 asset, 1 partition.
        Judged by records only: files were not looked at.
        ");
        insta::assert_snapshot!(plain(&status(&report(vec![]), Grouping::Ranges, &look(), &next())), @"There are no assets here.");
        let source = AssetStatus {
            kind: DeclarationKind::Source,
            ..row("raw", None, vec![run("", "", 1, Status::Fresh, vec![])])
        };
        insta::assert_snapshot!(plain(&status(&report(vec![source]), Grouping::Ranges, &look(), &next())), @r"
          ✓  fresh  raw (source)

        1 source.
        ");
    }
}
