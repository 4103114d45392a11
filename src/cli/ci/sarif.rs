//! SARIF 2.1.0: results with a rule for each kind of reason.

use serde::Serialize;

use crate::answer::CheckReport;
use crate::cli::ci::finding::{Finding, Reason, ReasonKind, Severity, findings};

/// The schema that the log follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// `{"$schema":…,"version":"2.1.0","runs":[{"tool":…,"results":[…]}]}`
#[derive(Debug, Serialize)]
pub struct SarifLog {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    /// Lines are counted, not bytes of lines: this only says that no column is given in bytes.
    column_kind: &'static str,
    results: Vec<SarifResult>,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<RuleDescriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleDescriptor {
    id: String,
    short_description: SarifMessage,
}

#[derive(Debug, Serialize)]
struct SarifMessage {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: SarifMessage,
    locations: [SarifLocation; 1],
    partial_fingerprints: Fingerprints,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: SarifRegion,
}

#[derive(Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

/// What stays the same from commit to commit: the asset and the kind of reason.
#[derive(Debug, Serialize)]
struct Fingerprints {
    #[serde(rename = "asset/v1")]
    asset: String,
}

impl From<&CheckReport> for SarifLog {
    fn from(report: &CheckReport) -> Self {
        let of = |finding: &Finding<'_>| {
            let by_kind = finding.by_kind().into_iter();
            by_kind
                .map(|(kind, reasons)| result(finding, kind, &reasons))
                .collect::<Vec<_>>()
        };
        Self {
            schema: SCHEMA,
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "assetctl",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: ReasonKind::ALL.map(rule).into(),
                    },
                },
                column_kind: "unicodeCodePoints",
                results: findings(report).iter().flat_map(of).collect(),
            }],
        }
    }
}

fn rule(kind: ReasonKind) -> RuleDescriptor {
    RuleDescriptor {
        id: id(kind),
        short_description: SarifMessage {
            text: kind.meaning().to_owned(),
        },
    }
}

fn id(kind: ReasonKind) -> String {
    format!("assetctl/{}", kind.word())
}

fn result(finding: &Finding<'_>, kind: ReasonKind, reasons: &[&Reason]) -> SarifResult {
    let texts: Vec<_> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    let place = ReasonKind::ALL.iter().position(|it| *it == kind);
    SarifResult {
        rule_id: id(kind),
        rule_index: place.expect("all kinds are in the list"),
        level: match reasons.iter().map(|reason| reason.severity).max() {
            Some(Severity::Error) => "error",
            Some(Severity::Warning) | None => "note",
        },
        message: SarifMessage {
            text: format!("{} {}", finding.asset, texts.join("\n")),
        },
        locations: [SarifLocation {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: uri(&finding.place.file),
                },
                region: SarifRegion {
                    start_line: finding.place.line,
                },
            },
            logical_locations: [LogicalLocation {
                fully_qualified_name: finding.asset.to_string(),
            }],
        }],
        partial_fingerprints: Fingerprints {
            asset: format!("{} {}", kind.word(), finding.asset),
        },
    }
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'.')
        .remove(b'-')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::{SarifLog, uri};
    use crate::cli::fixtures::check_report;

    #[test]
    fn a_result_for_each_asset_and_kind_of_reason() {
        let log = SarifLog::from(&check_report());
        let json = serde_json::to_value(&log).expect("JSON");
        let results = &json["runs"][0]["results"];
        insta::assert_snapshot!(serde_json::to_string_pretty(results).expect("JSON"));
    }

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/Assets.toml"), "a%20b/Assets.toml");
    }
}
