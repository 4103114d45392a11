//! `list`: a row per asset and source.

use crate::answer::{DeclarationKind, ListReport, Listing};
use crate::cli::text::{BOLD, Cell, DIM, Detail, Look, Table};

/// The assets and sources; quiet, only their names.
pub fn list(report: &ListReport, look: &Look) -> String {
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

fn row(listing: &Listing) -> Vec<Cell> {
    let name = match listing.kind {
        DeclarationKind::Asset => Cell::new(BOLD, listing.key.as_str()),
        DeclarationKind::Source => Cell::plain(listing.key.as_str()),
    };
    let reads: Vec<_> = listing.deps.iter().map(|dep| dep.asset.as_str()).collect();
    let reads = match reads.len() {
        0 => String::new(),
        1..=3 => format!("reads {}", reads.join(", ")),
        many => format!("reads {}, {} and {} more", reads[0], reads[1], many - 2),
    };
    vec![
        name,
        Cell::new(DIM, listing.kind.word()),
        Cell::plain(listing.partitions.clone().unwrap_or_default()),
        Cell::plain(reads),
        Cell::new(DIM, listing.about.description.clone().unwrap_or_default()),
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
