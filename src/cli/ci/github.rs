//! Workflow commands of GitHub Actions, which become annotations of a pull request.

use crate::answer::CheckReport;
use crate::cli::ci::finding::{Finding, Severity, findings};
use crate::cli::text::count;

/// So many reasons are told of an asset: an annotation of more is cut, wherever its end may be.
const REASONS: usize = 20;

/// An annotation for each asset that is not fresh or cannot be judged, a line each.
pub fn annotations(report: &CheckReport) -> String {
    findings(report).iter().map(annotation).collect()
}

fn annotation(finding: &Finding<'_>) -> String {
    let command = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut lines: Vec<_> = finding.reasons.iter().map(|it| it.text.clone()).collect();
    if lines.len() > REASONS {
        let more = count((lines.len() - REASONS) as u64, "more range");
        lines.truncate(REASONS);
        lines.push(format!("and {more}"));
    }
    format!(
        "::{command} file={},line={},title={}::{}\n",
        property(&finding.place.file),
        finding.place.line,
        property(&finding.title()),
        data(&lines.join("\n"))
    )
}

/// A message, as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value of a property, as the runner reads it back.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{annotations, data, property};
    use crate::cli::fixtures::check_report;

    #[test]
    fn an_annotation_for_each_asset() {
        insta::assert_snapshot!(annotations(&check_report()), @r"
        ::error file=Assets.toml,line=12,title=clean%3A 4 of 365 partitions are not fresh::2013-07-04...2013-07-05 stale: steps/clean.py changed%0A2013-07-07 stale: steps/clean.py changed%0A2013-12-31 missing: not in Assets.lock%0A2013-07-01 locked twice: with different outputs of the same inputs, so the command is not reproducible
        ::error file=Assets.toml,line=30,title=events%3A 245 of 20%2C000 partitions are not fresh::2013-01-01...2013-09-02 may be stale: raw changed; they are one block in Assets.lock
        ::error file=Assets.toml,line=40,title=day%3A 2 of 365 partitions are not fresh::2013-07-04...2013-07-05 pending: clean is not up to date
        ::error file=Assets.toml,line=50,title=year is not fresh::pending: an upstream is not fresh
        ::warning file=Assets.toml,line=70,title=photos%3A 1 of 2 partitions cannot be judged::b cannot be judged: photos/b.png is a pointer of Git LFS: `git lfs pull` fetches it
        ");
    }

    #[test]
    fn what_the_runner_would_take_for_its_own_is_escaped() {
        assert_eq!(data("50% of a: b,\r\nc"), "50%25 of a: b,%0D%0Ac");
        assert_eq!(property("50% of a: b,\nc"), "50%25 of a%3A b%2C%0Ac");
    }
}
