//! `init --json`.

use serde::Serialize;

use crate::model::{FileChange, InitReport};
use crate::wire::SCHEMA;

/// `{"schema":1,"files":[{"path":…,"change":"created"|"extended"|"kept"}],"hints":[…]}`
#[derive(Debug, Serialize)]
pub struct InitDocument<'a> {
    schema: u32,
    files: Vec<FileShape<'a>>,
    hints: &'a [String],
}

#[derive(Debug, Serialize)]
struct FileShape<'a> {
    path: &'a str,
    change: &'static str,
}

impl<'a> From<&'a InitReport> for InitDocument<'a> {
    fn from(report: &'a InitReport) -> Self {
        let files = report.files.iter().map(|file| FileShape {
            path: &file.path,
            change: match file.change {
                FileChange::Created => "created",
                FileChange::Extended => "extended",
                FileChange::Kept => "kept",
            },
        });
        Self {
            schema: SCHEMA,
            files: files.collect(),
            hints: &report.hints,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InitDocument;
    use crate::model::{FileChange, InitReport, InitializedFile};

    #[test]
    fn files_with_their_change() {
        let report = InitReport {
            files: vec![InitializedFile {
                path: "Assets.toml".into(),
                change: FileChange::Created,
            }],
            hints: vec![],
        };
        assert_eq!(
            serde_json::to_string(&InitDocument::from(&report)).expect("JSON"),
            r#"{"schema":1,"files":[{"path":"Assets.toml","change":"created"}],"hints":[]}"#
        );
    }
}
