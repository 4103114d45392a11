//! `lock --json` and `lock prune --json`.

use serde::Serialize;

use crate::model::{ChangedLines, Effect, LockReport};
use crate::wire::SCHEMA;

/// `{"schema":1,"file":…,"changes":[…],"added":…,"changed":…,"removed":…,"dry_run":false}`
#[derive(Debug, Serialize)]
pub struct LockDocument<'a> {
    schema: u32,
    file: &'a str,
    changes: Vec<ChangeShape<'a>>,
    added: u64,
    changed: u64,
    removed: u64,
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct ChangeShape<'a> {
    kind: &'static str,
    name: &'a str,
    added: u32,
    changed: u32,
    removed: u32,
}

impl<'a> From<&'a LockReport> for LockDocument<'a> {
    fn from(report: &'a LockReport) -> Self {
        let sum = |part: fn(&ChangedLines) -> u32| {
            let parts = report.changes.iter().map(|lines| u64::from(part(lines)));
            parts.sum()
        };
        let shape = |lines: &'a ChangedLines| ChangeShape {
            kind: lines.kind.word(),
            name: &lines.name,
            added: lines.added,
            changed: lines.changed,
            removed: lines.removed,
        };
        Self {
            schema: SCHEMA,
            file: &report.file,
            changes: report.changes.iter().map(shape).collect(),
            added: sum(|lines| lines.added),
            changed: sum(|lines| lines.changed),
            removed: sum(|lines| lines.removed),
            dry_run: report.effect == Effect::DryRun,
        }
    }
}
