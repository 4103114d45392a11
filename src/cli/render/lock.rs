//! `lock` and `lock prune`.

use crate::answer::{LineKind, LockReport};
use crate::cli::text::{Cell, DIM, Detail, Look, Table, count};

/// What became of the lock file, or would.
pub fn locked(report: &LockReport, look: &Look) -> String {
    let file = &report.file;
    if report.changes.is_empty() {
        return format!("{file} is up to date.\n");
    }
    let mut text = String::new();
    if look.detail != Detail::Brief {
        let mut table = Table::default();
        for lines in &report.changes {
            table.row([
                Cell::plain(match lines.kind {
                    LineKind::Asset => lines.name.clone(),
                    LineKind::Source => format!("@{}", lines.name),
                    LineKind::Key => format!("+ {}", lines.name),
                }),
                Cell::new(DIM, parts([lines.added, lines.changed, lines.removed])),
            ]);
        }
        text = table.lines(2, look.width);
    }
    let verb = if report.dry_run {
        "Would write"
    } else {
        "Wrote"
    };
    let all = report.added + report.changed + report.removed;
    let noun = count(all, "line");
    format!(
        "{text}{verb} {noun} of {file}: {}.\n",
        parts([report.added, report.changed, report.removed])
    )
}

fn parts([added, changed, removed]: [u32; 3]) -> String {
    let parts = [(added, "added"), (changed, "changed"), (removed, "removed")];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    told.join(", ")
}
