//! `list`: a row per asset and source.

use clap::Args;

use crate::answer::{DeclarationKind, ListReport, Listing};
use crate::app;
use crate::cli::args::{ConfigurationArgs, selection};
use crate::cli::error::VerbError;
use crate::cli::exit::VerbExit;
use crate::cli::output;
use crate::cli::session::{Format, Session};
use crate::cli::text::{BOLD, DIM, Detail, Look, Table, TableCell};
use crate::model::ListRequest;

/// Words of `list`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  assetctl list
  assetctl list '+report'                       what it is made from
  assetctl list 'group:core and not kind:sql' --json")]
pub struct ListArgs {
    /// Names, or expressions such as '+clean and not group:core'; see `assetctl help selection` [default: all]
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// What sets values.
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
}

/// Lists what is selected.
pub fn run(args: &ListArgs, session: &Session) -> Result<VerbExit, VerbError> {
    let project = session.project()?;
    let request = ListRequest {
        selection: selection(&args.selection),
    };
    let (report, notices) = app::list(&project, &request)?;
    let answer = match session.format {
        Format::Json => {
            let mut line = Vec::new();
            output::json_line(&mut line, &session.document(&report))?;
            line
        }
        Format::Text => {
            let text = list(&report, &session.look());
            session.terminal.stdout.colors.apply(text).into_bytes()
        }
    };
    if session.tell(&notices) {
        output::answer_bytes(&answer)?;
    }
    Ok(VerbExit::Yes)
}

/// The assets and sources; quiet, only their names.
fn list(report: &ListReport, look: &Look) -> String {
    if look.detail == Detail::Brief {
        let names = report.assets.iter().map(|listing| listing.key.as_str());
        return names.flat_map(|name| [name, "\n"]).collect();
    }
    if report.assets.is_empty() {
        return "Nothing is declared here.\n".to_owned();
    }
    let mut table = Table::default();
    for listing in &report.assets {
        table.row(row(listing));
    }
    table.lines(0, look.width)
}

fn row(listing: &Listing) -> Vec<TableCell> {
    let name = match listing.kind {
        DeclarationKind::Asset => TableCell::new(BOLD, listing.key.as_str()),
        DeclarationKind::Source => TableCell::plain(listing.key.as_str()),
    };
    let reads: Vec<_> = listing.deps.iter().map(|dep| dep.asset.as_str()).collect();
    let reads = match reads.len() {
        0 => String::new(),
        1..=3 => format!("reads {}", reads.join(", ")),
        many => format!("reads {}, {} and {} more", reads[0], reads[1], many - 2),
    };
    vec![
        name,
        TableCell::new(DIM, listing.kind.word()),
        TableCell::plain(listing.partitions.clone().unwrap_or_default()),
        TableCell::plain(reads),
        TableCell::new(DIM, listing.about.description.clone().unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::list;
    use crate::answer::{DeclarationKind, ListReport, ListedDep, ListedPlace, Listing};
    use crate::cli::fixtures::{asset, look, plain};
    use crate::cli::text::Detail;
    use crate::model::{About, Name};

    fn listing(name: &str, kind: DeclarationKind, deps: &[&str]) -> Listing {
        let dep = |name: &&str| ListedDep {
            input: Name::of_asset(&asset(name)),
            asset: asset(name),
            output: None,
            mapping: "identity".into(),
        };
        Listing {
            key: asset(name),
            kind,
            about: About {
                description: Some(format!("About {name}")),
                ..About::default()
            },
            partitions: (name != "year").then(|| "day".into()),
            deps: deps.iter().map(dep).collect(),
            outputs: vec![],
            location: ListedPlace {
                file: "Assets.toml".into(),
                line: 1,
            },
        }
    }

    #[test]
    fn rows_and_names() {
        let report = ListReport {
            assets: vec![
                listing("flights", DeclarationKind::Source, &[]),
                listing("clean", DeclarationKind::Asset, &["flights"]),
                listing("year", DeclarationKind::Asset, &["a", "b", "c", "d"]),
            ],
        };
        insta::assert_snapshot!(plain(&list(&report, &look())), @r"
        flights  source  day                         About flights
        clean    asset   day  reads flights          About clean
        year     asset        reads a, b and 2 more  About year
        ");
        let mut quiet = look();
        quiet.detail = Detail::Brief;
        assert_eq!(list(&report, &quiet), "flights\nclean\nyear\n");
        assert_eq!(
            list(&ListReport::default(), &look()),
            "Nothing is declared here.\n"
        );
    }
}
