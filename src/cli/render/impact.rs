//! `affected`.

use crate::answer::ImpactReport;
use crate::cli::text::{Cell, DIM, Keys, Look, Table, count, keys};

/// What changes can touch: a line for each range.
pub fn affected(report: &ImpactReport, look: &Look) -> String {
    if report.assets.is_empty() {
        return "No asset can be touched by this.\n".to_owned();
    }
    let mut table = Table::default();
    for each in &report.assets {
        let range = &each.range;
        table.row([
            Cell::plain(range.asset.as_str()),
            Cell::plain(keys([Keys::from(range)], 1)),
            Cell::new(DIM, count(range.count, "partition")),
            Cell::new(DIM, if each.direct { "" } else { "downstream" }),
        ]);
    }
    table.lines(0, look.width)
}

#[cfg(test)]
mod tests {
    use super::affected;
    use crate::answer::{AffectedRange, ImpactReport};
    use crate::cli::fixtures::{look, plain, range};

    #[test]
    fn a_line_for_each_range() {
        let mut report = ImpactReport {
            assets: vec![
                AffectedRange {
                    range: range("clean", "2013-07-04", "2013-07-05", 2),
                    direct: true,
                },
                AffectedRange {
                    range: range("clean", "2013-07-08", "2013-07-08", 1),
                    direct: true,
                },
                AffectedRange {
                    range: range("report", "", "", 1),
                    direct: false,
                },
            ],
            sources: vec![range("flights", "2013-07-04", "2013-07-05", 2)],
        };
        insta::assert_snapshot!(plain(&affected(&report, &look())), @r"
        clean   2013-07-04...2013-07-05  2 partitions
        clean   2013-07-08               1 partition
        report                           1 partition   downstream
        ");
        report.assets.clear();
        assert_eq!(
            affected(&report, &look()),
            "No asset can be touched by this.\n"
        );
    }
}
