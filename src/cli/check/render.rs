//! `check`: first the verdict, then what is not fresh and why, then what to do; besides it what does not count.

use std::collections::HashMap;

use crate::answer::{
    Certainty, CheckBasis, CheckCounts, CheckReport, GitignoredFiles, KeyRange, LockedSources,
    Observed, RebuildOutcome, StaleRange, WhyUnverifiable,
};
use crate::cli::next::{Next, as_typed};
use crate::cli::status::glyph;
use crate::cli::text::{
    BAD, DIM, Detail, GOOD, Keys, Look, Table, TableCell, WARN, ago, amounts, and_more, count,
    keys, not_the_same, number, put, status_style, status_word, styled, why, why_not_rebuilt,
    why_unverifiable,
};
use crate::model::{AssetKey, StaleManifest, Status, Strictness};

/// How many rows an asset has, and how many ranges a note; all of them with `--verbose`.
const ROWS: usize = 8;
const RANGES: usize = 4;

/// The answer of `check`; empty where everything is fresh and little is to be said.
pub fn check(report: &CheckReport, look: &Look, next: &Next) -> String {
    let is_brief = look.detail == Detail::Brief;
    if is_brief && report.is_good() {
        return String::new();
    }
    let mut text = verdict(report);
    if !report.is_fresh() {
        for StaleManifest { path, reason } in &report.stale_manifests {
            put!(&mut text, "  {path}: {reason}\n");
        }
        let rows = rows(report, look);
        if !rows.is_empty() {
            text.push('\n');
            put!(&mut text, "{rows}\n");
        }
        text.push_str(&what_to_do(report, next));
    }
    text.push_str(&rebuilt(report, look));
    if !is_brief {
        for note in notes(report, look) {
            text.push_str(&as_typed(&note, &next.program));
            text.push('\n');
        }
    }
    text
}

/// The first line: `3 of 1,097 asset partitions are stale, 2 pending.`
pub fn verdict(report: &CheckReport) -> String {
    let counts = report.counts();
    let unfresh = counts.stale + counts.missing + counts.pending + unverifiable_that_count(report);
    match report.stale_manifests.len() {
        0 => verdict_of_assets(report),
        manifests => {
            let verb = if manifests == 1 { "is" } else { "are" };
            let told = count(manifests as u64, "generated manifest");
            let told = styled(WARN, format!("{told} {verb} stale"));
            let rest = if unfresh == 0 {
                String::new()
            } else {
                verdict_of_assets(report)
            };
            format!("{told}.\n{rest}")
        }
    }
}

fn verdict_of_assets(report: &CheckReport) -> String {
    let counts = report.counts();
    if counts.all == 0 {
        return "There is nothing to check.\n".to_owned();
    }
    if report.is_fresh() {
        return format!(
            "{}: {} of {}{}.\n",
            styled(GOOD, "Everything is fresh"),
            count(counts.fresh, "asset partition"),
            count(report.assets.len() as u64, "asset"),
            besides(counts),
        );
    }
    let mut told = [
        (counts.stale, "stale"),
        (counts.missing, "missing"),
        (counts.pending, "pending"),
        (unverifiable_that_count(report), "cannot be judged"),
    ]
    .into_iter()
    .filter(|(amount, _)| *amount > 0);
    let (first, word) = told.next().expect("something is not fresh");
    let verb = if first == 1 { "is" } else { "are" };
    let all = count(counts.all, "asset partition");
    let of_all = styled(WARN, format!("{} of {all}", number(first)));
    format!("{of_all} {verb} {word}{}.\n", listed(&amounts(told)))
}

/// `, 2 stale, 1 due`: amounts that follow another one.
fn listed(amounts: &[String]) -> String {
    let each = amounts.iter().map(|amount| [", ", amount].concat());
    each.collect()
}

/// How many of those that were built in scratch came out the same.
pub fn rebuilding(report: &CheckReport) -> String {
    let same = report.rebuilt.iter().filter(|it| it.is_same()).count();
    format!(
        "Rebuilt {} in scratch: {} came out the same.",
        count(report.rebuilt.len() as u64, "asset partition"),
        number(same as u64),
    )
}

/// What came of those that were built in scratch: how many came out the same, and what is wrong with each of the others.
fn rebuilt(report: &CheckReport, look: &Look) -> String {
    let all = &report.rebuilt;
    if all.is_empty() && report.not_rebuilt.is_empty() {
        return String::new();
    }
    let mut lines = vec![rebuilding(report)];
    let glyph = styled(BAD, glyph(Status::Failed, look.glyphs));
    for it in all.iter().filter(|it| !it.is_same()) {
        let wrong = not_the_same(&it.outcome);
        lines.push(format!("  {glyph} {} {wrong}", it.step));
        if let RebuildOutcome::Failed { tail, .. } = &it.outcome {
            lines.extend(tail.iter().map(|line| format!("    {}", styled(DIM, line))));
        }
    }
    if look.detail != Detail::Brief {
        lines.extend(report.not_rebuilt.iter().map(|it| {
            let partitions = count(it.count, "partition");
            format!(
                "  Left out: {} ({partitions}), as {}.",
                it.asset,
                why_not_rebuilt(it.why)
            )
        }));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What is neither fresh nor counts.
fn besides(counts: CheckCounts) -> String {
    listed(&amounts([
        (counts.due, "due"),
        (counts.unverifiable, "cannot be judged"),
    ]))
}

fn unverifiable_that_count(report: &CheckReport) -> u32 {
    match report.strictness {
        Strictness::Lenient => 0,
        Strictness::Strict => report.counts().unverifiable,
    }
}

/// A line for each status and reason of each asset, with the keys it is said of.
fn rows(report: &CheckReport, look: &Look) -> String {
    let mut table = Table::default();
    let mut of_asset: HashMap<&AssetKey, Vec<&StaleRange>> = HashMap::new();
    for stale in report.stale.iter().chain(&report.pending) {
        of_asset.entry(&stale.range.asset).or_default().push(stale);
    }
    for checked in &report.assets {
        let mut reasons: Vec<(&StaleRange, String, Vec<Keys<'_>>)> = Vec::new();
        let mut known = HashMap::new();
        for stale in of_asset.remove(&checked.asset).into_iter().flatten() {
            let why = why(stale, report.basis);
            let is_exact = stale.certainty == Certainty::Exact;
            let at = *known
                .entry((stale.status, is_exact, why.clone()))
                .or_insert(reasons.len());
            if at == reasons.len() {
                reasons.push((stale, why, Vec::new()));
            }
            reasons[at].2.push(Keys::from(&stale.range));
        }
        let shown = match look.detail {
            Detail::Full => reasons.len(),
            Detail::Brief | Detail::Normal => ROWS,
        };
        for (stale, why, ranges) in reasons.iter().take(shown) {
            let style = status_style(stale.status);
            table.row([
                TableCell::new(style, glyph(stale.status, look.glyphs)),
                TableCell::new(style, status_word(stale)),
                TableCell::plain(stale.range.asset.to_string()),
                TableCell::plain(keys(ranges.iter().copied(), ranges_shown(look))),
                TableCell::new(DIM, why.clone()),
            ]);
        }
        if reasons.len() > shown {
            let more = (reasons.len() - shown) as u64;
            table.row([
                TableCell::plain(""),
                TableCell::plain(""),
                TableCell::plain(checked.asset.to_string()),
                TableCell::new(DIM, format!("and {}", count(more, "more reason"))),
            ]);
        }
    }
    table.lines(2, look.width)
}

fn ranges_shown(look: &Look) -> usize {
    match look.detail {
        Detail::Full => usize::MAX,
        Detail::Brief | Detail::Normal => RANGES,
    }
}

fn what_to_do(report: &CheckReport, next: &Next) -> String {
    let counts = report.counts();
    if report.stale_manifests.is_empty() && counts.stale + counts.missing + counts.pending == 0 {
        return String::new();
    }
    // No run helps where everything that is left is blocked.
    let is_blocked = |stale: &StaleRange| stale.status == Status::Blocked;
    if report.stale_manifests.is_empty()
        && report.pending.is_empty()
        && report.stale.iter().all(is_blocked)
    {
        return String::new();
    }
    let materialize = &next.materialize;
    match report.basis {
        _ if report.lock_not_added => {
            format!("Only Assets.lock is not staged: `git add {}`.\n", next.lock)
        }
        CheckBasis::Lock => format!("Run `{materialize}` and commit Assets.lock.\n"),
        CheckBasis::Instance => format!("Run `{materialize}`.\n"),
    }
}

/// What the reader should know and what does not count, a line each.
fn notes(report: &CheckReport, look: &Look) -> Vec<String> {
    let mut notes = Vec::new();
    if report.basis == CheckBasis::Instance {
        notes.push(
            "There is no Assets.lock: judged by the records of this machine only. `assetctl lock` writes one."
                .to_owned(),
        );
    }
    if !report.due.is_empty() {
        notes.push(format!(
            "Due, but not counted as stale: {} (`--due` counts them).",
            ranges(&report.due, look)
        ));
    }
    for why in [
        WhyUnverifiable::LfsPointer,
        WhyUnverifiable::AnnexLink,
        WhyUnverifiable::NotCheckedOut,
        WhyUnverifiable::NoRecord,
    ] {
        let mut all = report.unverifiable.iter().filter(|it| it.why == why);
        if let Some(first) = all.clone().next() {
            let ranges: Vec<_> = all.by_ref().map(|it| it.range.clone()).collect();
            notes.push(format!(
                "Cannot be judged here: {}, because {}.",
                self::ranges(&ranges, look),
                why_unverifiable(first)
            ));
        }
    }
    notes.extend(report.gitignored.iter().map(gitignored));
    if !report.locked_sources.is_empty() {
        notes.push(format!(
            "Taken from Assets.lock, because this checkout does not have them: {}.",
            listed_ranges(report.locked_sources.iter().map(taken).collect(), look)
        ));
    }
    if !report.irreproducible.is_empty() {
        notes.push(format!(
            "Locked twice with different outputs, so their commands are not reproducible: {}.",
            ranges(&report.irreproducible, look)
        ));
    }
    if let Some(first) = report.ahead.first() {
        let lines: u32 = report.ahead.iter().map(|it| it.lines).sum();
        notes.push(format!(
            "Assets.lock has {} of windows that end more than a week from now, such as {}@{}. If the clock here is behind, \
             assets that read all windows are stale only because of it (`--now T` judges by another time).",
            count(lines, "line"),
            first.asset,
            first.window,
        ));
    }
    if !report.orphans.is_empty() {
        let lines: u32 = report.orphans.iter().map(|it| it.lines).sum();
        let names: Vec<_> = report
            .orphans
            .iter()
            .map(|it| it.asset.as_str())
            .take(RANGES)
            .collect();
        let more = report.orphans.len() - names.len();
        notes.push(format!(
            "Assets.lock has {} without a declaration: {}. `assetctl lock prune` removes them.",
            count(lines, "line"),
            and_more(names.join(", "), more, "more asset"),
        ));
    }
    notes
}

fn ranges(ranges: &[KeyRange], look: &Look) -> String {
    listed_ranges(ranges.iter().map(ToString::to_string).collect(), look)
}

fn listed_ranges(mut ranges: Vec<String>, look: &Look) -> String {
    let more = ranges.len().saturating_sub(ranges_shown(look));
    ranges.truncate(ranges.len() - more);
    and_more(ranges.join(", "), more, "more range")
}

/// `warehouse (observed 3 days ago)`
/// Files that a clone does not have although a version holds them.
fn gitignored(files: &GitignoredFiles) -> String {
    let more = (files.count as usize).saturating_sub(files.paths.len());
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "Ignored by git, and part of the version of {}: {}{more}. A clone does not have them; `gitignored = false` leaves them out.",
        files.asset,
        files.paths.join(", "),
    )
}

fn taken(source: &LockedSources) -> String {
    match source.observed {
        Some(Observed { time, now }) => format!("{} (observed {})", source.range, ago(now, time)),
        None => source.range.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::answer::{
        CheckBasis, CheckReport, CheckedAsset, ManifestLine, RebuildOutcome, Rebuilt, WhyDifferent,
    };
    use crate::cli::fixtures::{self, check_report, look, next, plain};
    use crate::cli::text::Detail;
    use crate::model::{DueWindows, StepName, Strictness};
    use crate::testkit;

    #[test]
    fn the_verdict_then_why_then_what_to_do() {
        let mut wide = look();
        wide.width = None;
        insta::assert_snapshot!(plain(&check(&check_report(), &wide, &next())), @r"
        248 of 20,734 asset partitions are stale, 1 missing, 3 pending.

          ●  stale         clean   2013-07-04...2013-07-05, 2013-07-07  steps/clean.py changed
          ○  missing       clean   2013-12-31                           not in Assets.lock
          ●  may be stale  events  2013-01-01...2013-09-02              raw changed; they are one block in Assets.lock
          ◌  pending       day     2013-07-04...2013-07-05              clean is not up to date
          ◌  pending       year                                         an upstream is not fresh

        Run `assetctl materialize` and commit Assets.lock.
        Due, but not counted as stale: clean@2014-01-01...2014-01-02, day@2014-01-01 (`--due` counts them).
        Cannot be judged here: photos@b, because photos/b.png is a pointer of Git LFS: `git lfs pull` fetches it.
        Taken from Assets.lock, because this checkout does not have them: warehouse.
        Locked twice with different outputs, so their commands are not reproducible: clean@2013-07-01.
        Assets.lock has 3 lines without a declaration: old. `assetctl lock prune` removes them.
        ");
        wide.detail = Detail::Brief;
        insta::assert_snapshot!(plain(&check(&check_report(), &wide, &next())), @r"
        248 of 20,734 asset partitions are stale, 1 missing, 3 pending.

          ●  stale         clean   2013-07-04...2013-07-05, 2013-07-07  steps/clean.py changed
          ○  missing       clean   2013-12-31                           not in Assets.lock
          ●  may be stale  events  2013-01-01...2013-09-02              raw changed; they are one block in Assets.lock
          ◌  pending       day     2013-07-04...2013-07-05              clean is not up to date
          ◌  pending       year                                         an upstream is not fresh

        Run `assetctl materialize` and commit Assets.lock.
        ");
    }

    #[test]
    fn what_came_out_otherwise_is_told_with_its_log() {
        let step = |asset: &str, key: Option<&str>| StepName {
            asset: fixtures::asset(asset),
            partition: key.map(testkit::key),
        };
        let rebuilt = |step, outcome| Rebuilt {
            step,
            outcome,
            place: ManifestLine {
                file: "Assets.toml".to_owned(),
                line: 1,
            },
        };
        let different = |why| RebuildOutcome::Different {
            outputs: vec!["build/a".to_owned(), "build/b".to_owned()],
            why,
        };
        let failed = RebuildOutcome::Failed {
            message: "exit code 1".to_owned(),
            tail: vec!["cat: secret: No such file or directory".to_owned()],
        };
        let mut report =
            CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient);
        report.assets = check_report().assets;
        report.assets.retain(|it| it.count == it.fresh);
        report.rebuilt = vec![
            rebuilt(step("clean", Some("2013-07-04")), RebuildOutcome::Same),
            rebuilt(step("clean", Some("2013-07-05")), failed),
            rebuilt(step("year", None), different(WhyDifferent::Undeclared)),
            rebuilt(step("names", None), different(WhyDifferent::Irreproducible)),
        ];
        insta::assert_snapshot!(plain(&check(&report, &look(), &next())), @r"
        Everything is fresh: 1 asset partition of 1 asset.
        Rebuilt 4 asset partitions in scratch: 1 came out the same.
          ✗ clean@2013-07-05 fails in scratch, with only its declared inputs (exit code 1): it probably reads something else, too
            cat: secret: No such file or directory
          ✗ year makes another build/a, build/b in scratch, with only its declared inputs: it reads something else, too
          ✗ names makes another build/a, build/b each time: the command is not reproducible
        ");
    }

    #[test]
    fn fresh_is_one_line_and_nothing_if_quiet() {
        let report = check_report();
        let mut fresh =
            CheckReport::of_nothing(CheckBasis::Lock, DueWindows::Apart, Strictness::Lenient);
        fresh.assets = report
            .assets
            .into_iter()
            .map(|asset| CheckedAsset {
                fresh: asset.count,
                ..asset
            })
            .collect();
        insta::assert_snapshot!(plain(&check(&fresh, &look(), &next())), @"Everything is fresh: 20,734 asset partitions of 6 assets.");
        fresh.basis = CheckBasis::Instance;
        insta::assert_snapshot!(plain(&check(&fresh, &look(), &next())), @r"
        Everything is fresh: 20,734 asset partitions of 6 assets.
        There is no Assets.lock: judged by the records of this machine only. `assetctl lock` writes one.
        ");
        let mut quiet = look();
        quiet.detail = Detail::Brief;
        assert_eq!(check(&fresh, &quiet, &next()), "");
    }
}
