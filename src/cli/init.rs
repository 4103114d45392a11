//! `init`: starts a project.

use clap::{Args, ValueEnum};

use crate::answer::{FileChange, InitReport};
use crate::app;
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::next::{Next, as_typed};
use crate::cli::session::Session;
use crate::cli::text::{DIM, GOOD, Look, Table, TableCell};
use crate::model::{InitRequest, InitTemplate};

/// Words of `init`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl init
  assetctl init --template etl && assetctl materialize
  assetctl -C new/project init --template empty")]
pub struct InitArgs {
    /// Content of Assets.toml
    #[arg(long, value_name = "NAME", default_value = "example")]
    pub template: TemplateName,
}

/// The content of a new Assets.toml.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TemplateName {
    /// A small pipeline that runs as it is, with comments
    #[default]
    Example,
    /// Daily files, tables of a list and a database: partitions, configuration, a job; needs Python 3
    Etl,
    /// Models of two lists on folds of data, and their ranking; needs Python 3
    Ml,
    /// The project's name
    Empty,
}

/// Writes the files of a new project.
pub fn run(args: &InitArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let template = match args.template {
        TemplateName::Example => InitTemplate::Example,
        TemplateName::Etl => InitTemplate::Etl,
        TemplateName::Ml => InitTemplate::Ml,
        TemplateName::Empty => InitTemplate::Empty,
    };
    let report = app::init(&session.surroundings()?.directory, InitRequest { template })?;
    session.answer(&report, || init(&report, &session.look(), &session.next))
}

/// The files of a new project, and what may come next.
fn init(report: &InitReport, look: &Look, next: &Next) -> String {
    let mut table = Table::default();
    for file in &report.files {
        let (word, style) = match file.change {
            FileChange::Created => ("Created", GOOD),
            FileChange::Extended => ("Extended", GOOD),
            FileChange::Kept => ("Kept", DIM),
        };
        table.row([
            TableCell::new(style, format!("{word:>12}")),
            TableCell::plain(file.path.clone()),
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
