//! What is wrong with an asset, as an annotation tells it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::answer::{CheckBasis, CheckReport, KeyRange, ManifestLine, StaleRange};
use crate::cli::text::{
    Keys, count, keys, not_the_same, number, status_word, why, why_unverifiable,
};
use crate::model::{AssetKey, CauseKind, Status, Strictness};

/// What is wrong with one asset.
#[derive(Clone, Debug)]
pub(super) struct Finding<'a> {
    pub asset: &'a AssetKey,
    /// Where it is declared.
    pub place: &'a ManifestLine,
    /// How many of its partitions were asked about.
    pub count: u32,
    /// At least one.
    pub reasons: Vec<Reason>,
}

/// Neighbouring partitions that are not fresh for the same reasons, or cannot be judged.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub kind: ReasonKind,
    pub severity: Severity,
    /// How many partitions.
    pub count: u32,
    /// Which, how they are and why: `2013-07-04...2013-07-05 stale: steps/clean.py changed`.
    pub text: String,
}

/// Whether something makes the check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Warning,
    Error,
}

/// Why something is told: the first cause of what is stale, or another reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReasonKind {
    Cause(CauseKind),
    /// It is stale, and the lock file does not tell why.
    Stale,
    Missing,
    Pending,
    Unverifiable,
    /// It came out different when it was built in scratch.
    Rebuilt,
    /// It is locked twice, with different outputs of the same inputs.
    Irreproducible,
}

impl ReasonKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Cause(CauseKind::Code),
        Self::Cause(CauseKind::Dependency),
        Self::Cause(CauseKind::Data),
        Self::Cause(CauseKind::Output),
        Self::Cause(CauseKind::Rule),
        Self::Cause(CauseKind::Forced),
        Self::Cause(CauseKind::Volatile),
        Self::Cause(CauseKind::FailedBefore),
        Self::Stale,
        Self::Missing,
        Self::Pending,
        Self::Unverifiable,
        Self::Rebuilt,
        Self::Irreproducible,
    ];

    fn of(stale: &StaleRange) -> Self {
        match (stale.status, stale.causes.first()) {
            (Status::Missing, _) => Self::Missing,
            (Status::Pending, _) => Self::Pending,
            (_, Some(cause)) => Self::Cause(cause.kind()),
            (_, None) => Self::Stale,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cause(kind) => kind.word(),
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Pending => "pending",
            Self::Unverifiable => "unverifiable",
            Self::Rebuilt => "rebuilt",
            Self::Irreproducible => "irreproducible",
        }
    }

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Cause(kind) => match kind {
                CauseKind::Code => {
                    "The command, a code file or the environment of an asset changed."
                }
                CauseKind::Dependency => "A dependency of an asset was added, removed or remapped.",
                CauseKind::Data => "Data that an asset is made from changed.",
                CauseKind::Output => "An output differs from its record.",
                CauseKind::Rule => "An asset was recorded under another version of the rules.",
                CauseKind::Forced => "A run was asked to make an asset again.",
                CauseKind::Volatile => "An asset is made on each run.",
                CauseKind::FailedBefore => "The last attempt to make an asset failed.",
            },
            Self::Stale => "An asset differs from what its declaration and inputs give.",
            Self::Missing => "An asset was never materialized.",
            Self::Pending => {
                "An upstream of an asset is not fresh, so its own status is not known yet."
            }
            Self::Rebuilt => "An asset came out different when it was made again in scratch.",
            Self::Irreproducible => {
                "An asset is locked with different outputs of the same inputs: its command is not reproducible."
            }
            Self::Unverifiable => {
                "A source or a record is not here, so that an asset cannot be judged."
            }
        }
    }
}

impl Finding<'_> {
    /// Whether it is of no concern to freshness: all is judged and fresh.
    pub fn is_besides(&self) -> bool {
        let mut kinds = self.reasons.iter().map(|reason| reason.kind);
        kinds.all(|kind| kind == ReasonKind::Irreproducible)
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        let severities = self.reasons.iter().map(|reason| reason.severity);
        severities.max().unwrap_or(Severity::Warning)
    }

    /// `clean: 2 of 365 partitions are not fresh`
    pub fn title(&self) -> String {
        let of = |concerns: fn(ReasonKind) -> bool| {
            let reasons = self.reasons.iter().filter(|it| concerns(it.kind));
            reasons.map(|it| it.count).sum::<u32>()
        };
        let unfresh = of(|kind| {
            !matches!(
                kind,
                ReasonKind::Rebuilt | ReasonKind::Unverifiable | ReasonKind::Irreproducible
            )
        });
        let rebuilt = of(|kind| kind == ReasonKind::Rebuilt);
        let unverifiable = of(|kind| kind == ReasonKind::Unverifiable);
        let (concerned, said) = match (unfresh, rebuilt) {
            (0, 0) if unverifiable == 0 => match of(|_| true) {
                1 => (1, "is locked twice"),
                many => (many, "are locked twice"),
            },
            (0, 0) => (unverifiable, "cannot be judged"),
            (0, _) => (rebuilt, "came out different"),
            (1, _) => (unfresh, "is not fresh"),
            (_, _) => (unfresh, "are not fresh"),
        };
        match self.count {
            1 => format!("{} {said}", self.asset),
            all => format!(
                "{}: {} of {} {said}",
                self.asset,
                number(concerned),
                count(all, "partition"),
            ),
        }
    }
}

/// What is wrong, asset by asset; assets with nothing to tell are left out.
pub(super) fn findings(report: &CheckReport) -> Vec<Finding<'_>> {
    let mut reasons = reasons(report);
    let findings = report.assets.iter().filter_map(|checked| {
        Some(Finding {
            asset: &checked.asset,
            place: &checked.place,
            count: checked.count,
            reasons: reasons.remove(&checked.asset)?,
        })
    });
    findings.collect()
}

/// What `each` makes of each asset and kind of reason, in order.
pub(super) fn by_kind<T>(
    report: &CheckReport,
    each: impl Fn(&Finding<'_>, ReasonKind, &[&Reason]) -> T,
) -> Vec<T> {
    let mut all = Vec::new();
    for finding in findings(report) {
        let mut reasons: Vec<&Reason> = finding.reasons.iter().collect();
        reasons.sort_by_key(|reason| reason.kind);
        let kinds = reasons.chunk_by(|a, b| a.kind == b.kind);
        all.extend(kinds.map(|reasons| each(&finding, reasons[0].kind, reasons)));
    }
    all
}

/// What is told of the reasons of one kind, joined.
pub(super) fn texts(reasons: &[&Reason], separator: &str) -> String {
    let texts: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    texts.join(separator)
}

/// The reasons of each asset, in the order of the report.
fn reasons(report: &CheckReport) -> HashMap<&AssetKey, Vec<Reason>> {
    let mut reasons: HashMap<&AssetKey, Vec<Reason>> = HashMap::new();
    let mut add = |asset, reason| reasons.entry(asset).or_default().push(reason);
    for stale in report.stale.iter().chain(&report.pending) {
        add(&stale.range.asset, reason(stale, report.basis));
    }
    let severity = match report.strictness {
        Strictness::Lenient => Severity::Warning,
        Strictness::Strict => Severity::Error,
    };
    for it in &report.unverifiable {
        let reason = Reason {
            kind: ReasonKind::Unverifiable,
            severity,
            count: it.range.count,
            text: told(&it.range, "cannot be judged", &why_unverifiable(it)),
        };
        add(&it.range.asset, reason);
    }
    for it in report.rebuilt.iter().filter(|it| !it.is_same()) {
        let reason = Reason {
            kind: ReasonKind::Rebuilt,
            severity: Severity::Error,
            count: 1,
            text: match &it.step.partition {
                Some(key) => format!("{key} {}", not_the_same(&it.outcome)),
                None => not_the_same(&it.outcome),
            },
        };
        add(&it.step.asset, reason);
    }
    for range in &report.irreproducible {
        let reason = Reason {
            kind: ReasonKind::Irreproducible,
            severity: Severity::Warning,
            count: range.count,
            text: told(
                range,
                "locked twice",
                "with different outputs of the same inputs, so the command is not reproducible",
            ),
        };
        add(&range.asset, reason);
    }
    reasons
}

fn reason(stale: &StaleRange, basis: CheckBasis) -> Reason {
    Reason {
        kind: ReasonKind::of(stale),
        severity: Severity::Error,
        count: stale.range.count,
        text: told(&stale.range, status_word(stale), &why(stale, basis)),
    }
}

fn told(range: &KeyRange, status: &str, why: &str) -> String {
    match keys([Keys::from(range)], 1).as_str() {
        "" => format!("{status}: {why}"),
        keys => format!("{keys} {status}: {why}"),
    }
}

/// The most reasons that an annotation names: one of more is cut, wherever its end may be.
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

/// The Code Quality report of GitLab: a list of places in files, each with what is wrong there.
pub fn code_quality(report: &CheckReport) -> Value {
    by_kind(report, violation).into()
}

fn violation(finding: &Finding<'_>, kind: ReasonKind, reasons: &[&Reason]) -> Value {
    let check_name = format!("assetctl/{}", kind.word());
    let severity = match reasons.iter().map(|reason| reason.severity).max() {
        Some(Severity::Error) => "major",
        Some(Severity::Warning) | None => "info",
    };
    // The keys are left out, so that a finding stays the same one from commit to commit.
    let identity = format!("{check_name} {}", finding.asset);
    json!({
        "description": format!("{} {}", finding.asset, texts(reasons, "; ")),
        "check_name": check_name,
        "fingerprint": &blake3::hash(identity.as_bytes()).to_hex()[..32],
        "severity": severity,
        "location": { "path": finding.place.file, "lines": { "begin": finding.place.line } },
    })
}

#[cfg(test)]
mod tests {
    use super::{annotations, code_quality, data, property};
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

    #[test]
    fn a_violation_for_each_asset_and_kind_of_reason() {
        let report = code_quality(&check_report());
        let json = serde_json::to_string_pretty(&report).expect("JSON");
        insta::assert_snapshot!(json, @r#"
        [
          {
            "description": "clean 2013-07-04...2013-07-05 stale: steps/clean.py changed; 2013-07-07 stale: steps/clean.py changed",
            "check_name": "assetctl/code",
            "fingerprint": "b37a11ab1fdbb303e1c4dc2ae8f2ce22",
            "severity": "major",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 12
              }
            }
          },
          {
            "description": "clean 2013-12-31 missing: not in Assets.lock",
            "check_name": "assetctl/missing",
            "fingerprint": "cfcca9aa006437e04aa2d0530bc9ac6f",
            "severity": "major",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 12
              }
            }
          },
          {
            "description": "clean 2013-07-01 locked twice: with different outputs of the same inputs, so the command is not reproducible",
            "check_name": "assetctl/irreproducible",
            "fingerprint": "2c4572b78134f303ec974839c81deb65",
            "severity": "info",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 12
              }
            }
          },
          {
            "description": "events 2013-01-01...2013-09-02 may be stale: raw changed; they are one block in Assets.lock",
            "check_name": "assetctl/data",
            "fingerprint": "fe0c990275436d82e21d1a92e74bbab4",
            "severity": "major",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 30
              }
            }
          },
          {
            "description": "day 2013-07-04...2013-07-05 pending: clean is not up to date",
            "check_name": "assetctl/pending",
            "fingerprint": "467be01d73b1970301995658720742e5",
            "severity": "major",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 40
              }
            }
          },
          {
            "description": "year pending: an upstream is not fresh",
            "check_name": "assetctl/pending",
            "fingerprint": "5cdb0c15fd232a4350e34134b842709d",
            "severity": "major",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 50
              }
            }
          },
          {
            "description": "photos b cannot be judged: photos/b.png is a pointer of Git LFS: `git lfs pull` fetches it",
            "check_name": "assetctl/unverifiable",
            "fingerprint": "0f6ea971ac05cf0899ff7b64bbe5c3c6",
            "severity": "info",
            "location": {
              "path": "Assets.toml",
              "lines": {
                "begin": 70
              }
            }
          }
        ]
        "#);
    }
}
