//! `init`.

use crate::answer::{FileChange, InitReport};
use crate::cli::next::{Next, as_typed};
use crate::cli::text::{Cell, DIM, GOOD, Look, Table};

/// The files of a new project, and what may come next.
pub fn init(report: &InitReport, look: &Look, next: &Next) -> String {
    let mut table = Table::default();
    for file in &report.files {
        let (word, style) = match file.change {
            FileChange::Created => ("Created", GOOD),
            FileChange::Extended => ("Extended", GOOD),
            FileChange::Kept => ("Kept", DIM),
        };
        table.row([
            Cell::new(style, format!("{word:>12}")),
            Cell::plain(file.path.clone()),
        ]);
    }
    let mut text = table.lines(0, look.width);
    for hint in &report.hints {
        text.push_str(&as_typed(hint, &next.program));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::init;
    use crate::answer::{FileChange, InitReport, InitializedFile};
    use crate::cli::fixtures::{look, next, plain};

    #[test]
    fn files_and_hints() {
        let file = |path: &str, change| InitializedFile {
            path: path.into(),
            change,
        };
        let report = InitReport {
            files: vec![
                file("Assets.toml", FileChange::Created),
                file(".gitattributes", FileChange::Extended),
            ],
            hints: vec!["Now: assetctl materialize".into()],
        };
        insta::assert_snapshot!(plain(&init(&report, &look(), &next())), @r"
             Created  Assets.toml
            Extended  .gitattributes
        Now: assetctl materialize
        ");
    }
}
