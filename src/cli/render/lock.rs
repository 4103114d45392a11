//! `lock` and `lock prune`.

use crate::cli::text::{Cell, DIM, Detail, Look, Table, count};
use crate::model::{ChangedLines, Effect, LineKind, LockReport};

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
                Cell::new(DIM, parts(lines)),
            ]);
        }
        text = table.lines(2, look.width);
    }
    let total = report.changes.iter().fold(
        ChangedLines {
            kind: LineKind::Asset,
            name: String::new(),
            added: 0,
            changed: 0,
            removed: 0,
        },
        |total, lines| ChangedLines {
            added: total.added + lines.added,
            changed: total.changed + lines.changed,
            removed: total.removed + lines.removed,
            ..total
        },
    );
    let verb = match report.effect {
        Effect::Apply => "Wrote",
        Effect::DryRun => "Would write",
    };
    let all = total.added + total.changed + total.removed;
    let noun = count(all, "line");
    format!("{text}{verb} {noun} of {file}: {}.\n", parts(&total))
}

fn parts(lines: &ChangedLines) -> String {
    let parts = [
        (lines.added, "added"),
        (lines.changed, "changed"),
        (lines.removed, "removed"),
    ];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    told.join(", ")
}
