//! SARIF 2.1.0: results with a rule for each kind of reason.

use serde_json::{Value, json};

use crate::answer::CheckReport;
use crate::cli::ci::finding::{Finding, Reason, ReasonKind, Severity, by_kind, texts};

/// The schema that the log follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log. Its `columnKind` only says that no column is given in bytes: lines are counted, not bytes of lines.
pub fn sarif_log(report: &CheckReport) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "assetctl",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": ReasonKind::ALL.map(rule),
            } },
            "columnKind": "unicodeCodePoints",
            "results": by_kind(report, result),
        }],
    })
}

fn rule(kind: ReasonKind) -> Value {
    json!({ "id": id(kind), "shortDescription": { "text": kind.meaning() } })
}

fn id(kind: ReasonKind) -> String {
    format!("assetctl/{}", kind.word())
}

/// A result. What stays the same from commit to commit is the asset and the kind of reason.
fn result(finding: &Finding<'_>, kind: ReasonKind, reasons: &[&Reason]) -> Value {
    let place = ReasonKind::ALL.iter().position(|it| *it == kind);
    let level = match reasons.iter().map(|reason| reason.severity).max() {
        Some(Severity::Error) => "error",
        Some(Severity::Warning) | None => "note",
    };
    json!({
        "ruleId": id(kind),
        "ruleIndex": place.expect("all kinds are in the list"),
        "level": level,
        "message": { "text": format!("{} {}", finding.asset, texts(reasons, "\n")) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&finding.place.file) },
                "region": { "startLine": finding.place.line },
            },
            "logicalLocations": [{ "fullyQualifiedName": finding.asset.as_str() }],
        }],
        "partialFingerprints": { "asset/v1": format!("{} {}", kind.word(), finding.asset) },
    })
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
    use super::{sarif_log, uri};
    use crate::cli::fixtures::check_report;

    #[test]
    fn a_result_for_each_asset_and_kind_of_reason() {
        let log = sarif_log(&check_report());
        let results = &log["runs"][0]["results"];
        insta::assert_snapshot!(serde_json::to_string_pretty(results).expect("JSON"));
    }

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/Assets.toml"), "a%20b/Assets.toml");
    }
}
