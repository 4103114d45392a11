//! `JUnit` XML: a test suite with a case for each asset.

use std::fmt::Write as _;

use crate::answer::CheckReport;
use crate::cli::ci::finding::{Finding, Severity, findings};

/// The document. An asset of which partitions are not fresh is a failure, one that can only not be judged is skipped. What
/// is no matter of freshness is told beside its case.
pub fn junit(report: &CheckReport) -> String {
    let findings = findings(report);
    let of = |severity| {
        let findings = findings.iter().filter(|it| it.severity() == severity);
        findings.count()
    };
    let tests = report.assets.len();
    let besides = findings.iter().filter(|it| it.is_besides()).count();
    let (failures, skipped) = (of(Severity::Error), of(Severity::Warning) - besides);
    let mut cases = String::new();
    // Both are in the order of the report.
    let mut findings = findings.iter().peekable();
    for checked in &report.assets {
        let name = attribute(checked.asset.as_str());
        let case = format!("<testcase classname=\"assetctl check\" name=\"{name}\"");
        match findings.next_if(|it| *it.asset == checked.asset) {
            None => writeln!(cases, "    {case}/>"),
            Some(finding) => writeln!(cases, "    {case}>\n{}    </testcase>", told(finding)),
        }
        .expect("a text takes all that is written");
    }
    format!(
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            "<testsuites name=\"assetctl check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n",
            "  <testsuite name=\"assetctl check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n",
            "{cases}",
            "  </testsuite>\n",
            "</testsuites>\n",
        ),
        tests = tests,
        failures = failures,
        skipped = skipped,
        cases = cases,
    )
}

fn told(finding: &Finding<'_>) -> String {
    let texts: Vec<_> = finding.reasons.iter().map(|it| it.text.clone()).collect();
    let element = match finding.severity() {
        Severity::Error => "failure",
        Severity::Warning if finding.is_besides() => {
            let lines = [&[finding.title()], texts.as_slice()].concat();
            return format!(
                "      <system-out>{}</system-out>\n",
                content(&lines.join("\n"))
            );
        }
        Severity::Warning => "skipped",
    };
    let kind = finding.reasons.first().map_or("", |it| it.kind.word());
    let (file, line) = (&finding.place.file, finding.place.line);
    format!(
        "      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n",
        attribute(&finding.title()),
        content(&format!("{file}:{line}\n{}", texts.join("\n")))
    )
}

/// A text between tags. Characters that XML does not have are replaced.
fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            _ if character.is_control() && character < ' ' => escaped.push('\u{FFFD}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A value between quotes, on one line.
fn attribute(text: &str) -> String {
    content(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::{attribute, content, junit};
    use crate::cli::fixtures::check_report;

    #[test]
    fn a_case_for_each_asset() {
        insta::assert_snapshot!(junit(&check_report()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="assetctl check" tests="6" failures="4" errors="0">
          <testsuite name="assetctl check" tests="6" failures="4" errors="0" skipped="1">
            <testcase classname="assetctl check" name="clean">
              <failure type="code" message="clean: 4 of 365 partitions are not fresh">Assets.toml:12
        2013-07-04...2013-07-05 stale: steps/clean.py changed
        2013-07-07 stale: steps/clean.py changed
        2013-12-31 missing: not in Assets.lock
        2013-07-01 locked twice: with different outputs of the same inputs, so the command is not reproducible</failure>
            </testcase>
            <testcase classname="assetctl check" name="events">
              <failure type="data" message="events: 245 of 20,000 partitions are not fresh">Assets.toml:30
        2013-01-01...2013-09-02 may be stale: raw changed; they are one block in Assets.lock</failure>
            </testcase>
            <testcase classname="assetctl check" name="day">
              <failure type="pending" message="day: 2 of 365 partitions are not fresh">Assets.toml:40
        2013-07-04...2013-07-05 pending: clean is not up to date</failure>
            </testcase>
            <testcase classname="assetctl check" name="year">
              <failure type="pending" message="year is not fresh">Assets.toml:50
        pending: an upstream is not fresh</failure>
            </testcase>
            <testcase classname="assetctl check" name="names"/>
            <testcase classname="assetctl check" name="photos">
              <skipped type="unverifiable" message="photos: 1 of 2 partitions cannot be judged">Assets.toml:70
        b cannot be judged: photos/b.png is a pointer of Git LFS: `git lfs pull` fetches it</skipped>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn what_xml_does_not_have_is_replaced() {
        assert_eq!(
            content("a<b>&\"\u{1}\n\u{FFFE}é"),
            "a&lt;b&gt;&amp;&quot;\u{FFFD}\n\u{FFFD}é"
        );
        assert_eq!(attribute("a\n\tb"), "a&#10;&#9;b");
    }
}
