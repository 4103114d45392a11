//! The Code Quality report of GitLab: a list of places in files, each with what is wrong there.

use serde::Serialize;

use crate::answer::CheckReport;
use crate::cli::ci::finding::{Finding, Reason, ReasonKind, Severity, findings};

/// `[{"description":…,"check_name":…,"fingerprint":…,"severity":…,"location":…}]`
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct CodeQuality(Vec<Violation>);

#[derive(Debug, Serialize)]
struct Violation {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: GitlabLocation,
}

#[derive(Debug, Serialize)]
struct GitlabLocation {
    path: String,
    lines: GitlabLines,
}

#[derive(Debug, Serialize)]
struct GitlabLines {
    begin: u32,
}

impl From<&CheckReport> for CodeQuality {
    fn from(report: &CheckReport) -> Self {
        let of = |finding: &Finding<'_>| {
            let by_kind = finding.by_kind().into_iter();
            by_kind
                .map(|(kind, reasons)| violation(finding, kind, &reasons))
                .collect::<Vec<_>>()
        };
        Self(findings(report).iter().flat_map(of).collect())
    }
}

fn violation(finding: &Finding<'_>, kind: ReasonKind, reasons: &[&Reason]) -> Violation {
    let texts: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    let check_name = format!("assetctl/{}", kind.word());
    let severity = match reasons.iter().map(|reason| reason.severity).max() {
        Some(Severity::Error) => "major",
        Some(Severity::Warning) | None => "info",
    };
    // The keys are left out, so that a finding stays the same one from commit to commit.
    let identity = format!("{check_name} {}", finding.asset);
    Violation {
        description: format!("{} {}", finding.asset, texts.join("; ")),
        fingerprint: blake3::hash(identity.as_bytes()).to_hex()[..32].to_owned(),
        check_name,
        severity,
        location: GitlabLocation {
            path: finding.place.file.clone(),
            lines: GitlabLines {
                begin: finding.place.line,
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::CodeQuality;
    use crate::cli::fixtures::check_report;

    #[test]
    fn a_violation_for_each_asset_and_kind_of_reason() {
        let report = CodeQuality::from(&check_report());
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
