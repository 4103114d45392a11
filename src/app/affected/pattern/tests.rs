//! The inverse of rendering: what is rendered for a key leads to just the keys that give the same path.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::{prop, prop_assert_eq, proptest};

use crate::app::affected::changes::{ChangedPath, Extent};
use crate::app::affected::pattern::{PathPattern, Shape};
use crate::git::ChangeKind;
use crate::hash::Ignore;
use crate::model::{
    Cadence, MultiKeys, NamedKeys, PartitionKeys, PartitionPlaceholder, PartitionRef, PartitionSet,
    PathTemplate, Piece, TimeFormat, TimeKeys, TimePartitions, TimeSettings,
};
use crate::testkit;

fn named(keys: &[&str]) -> PartitionKeys {
    let keys = keys.iter().map(|key| testkit::key(key));
    PartitionKeys::Named(NamedKeys::declared(&keys.collect::<Arc<[_]>>()))
}

fn days(zone: &str) -> PartitionKeys {
    let settings = TimeSettings {
        timezone: zone,
        ..TimeSettings::new(Cadence::Daily, "2023-12-28")
    };
    let definition = Arc::new(TimePartitions::new(settings).expect("a definition"));
    let now: Timestamp = "2024-03-05T00:00:00Z".parse().expect("an instant");
    PartitionKeys::Time(TimeKeys::at(&definition, now))
}

fn both() -> PartitionKeys {
    let name = |text: &str| testkit::name(text);
    let dimensions = vec![
        (name("date"), days("Europe/Berlin")),
        (name("region"), named(&["eu", "us a", "eu_x", "..", "-"])),
    ];
    PartitionKeys::Multi(MultiKeys::new(dimensions).expect("few keys"))
}

fn text(text: &str) -> Piece<PartitionPlaceholder> {
    Piece::Text(text.to_owned())
}

fn start(format: &str) -> PartitionPlaceholder {
    PartitionPlaceholder::WindowStart(TimeFormat::Strftime(format.to_owned()))
}

fn part(place: u32, of: PartitionPlaceholder) -> Piece<PartitionPlaceholder> {
    Piece::Placeholder(PartitionPlaceholder::Dimension {
        place,
        name: testkit::name("dimension"),
        of: Box::new(of),
    })
}

fn key() -> Piece<PartitionPlaceholder> {
    Piece::Placeholder(PartitionPlaceholder::Key)
}

/// Templates with keys to render them for.
fn cases() -> Vec<(Vec<Piece<PartitionPlaceholder>>, PartitionKeys)> {
    let window = |format| Piece::Placeholder(start(format));
    let end = PartitionPlaceholder::WindowEnd(TimeFormat::Rfc3339);
    let whole = PartitionPlaceholder::Key;
    vec![
        (vec![text("a/b.csv")], days("UTC")),
        (vec![key()], named(&["a", "b c", "ä/%", ".", "..", "a.b"])),
        (
            vec![text("x/."), key(), text("/y")],
            named(&[".", "a", "a/y"]),
        ),
        (vec![key(), text("/"), key()], named(&["a", "b"])),
        (
            vec![text("d/"), key(), text(".csv")],
            days("America/New_York"),
        ),
        (vec![window("%Y/%m"), text("/x")], days("UTC")),
        (vec![window("%Y"), text("/"), window("%m-%d")], days("UTC")),
        (vec![Piece::Placeholder(end)], days("Europe/Berlin")),
        (vec![text("m/"), key(), text(".csv")], both()),
        (
            vec![part(1, whole.clone()), text("_"), part(0, whole.clone())],
            both(),
        ),
        (
            vec![part(1, whole.clone()), part(0, start("%Y%m%d")), text("/z")],
            both(),
        ),
        (vec![text("r/"), part(1, whole), text("/x.csv")], both()),
    ]
}

fn change(path: &str) -> ChangedPath {
    ChangedPath {
        path: path.to_owned(),
        extent: Extent::File,
        kind: ChangeKind::Content,
    }
}

#[test]
fn a_rendered_path_leads_back_to_its_keys() {
    for (pieces, keys) in cases() {
        let template = PathTemplate::new(pieces);
        let rendered = |index| {
            template
                .path(PartitionRef { keys: &keys, index })
                .into_owned()
        };
        let paths: Vec<String> = keys.range().map(rendered).collect();
        let pattern = PathPattern::new(Cow::Borrowed(&template), Shape::Tree, &keys);
        for path in &paths {
            let same = keys.range().filter(|index| paths[*index as usize] == *path);
            let expected: PartitionSet = same.collect();
            let ignore = Ignore::default();
            let found = pattern.keys_at(&change(path), &ignore);
            assert_eq!(found.as_ref(), Some(&expected), "{path}");
            let below = pattern.keys_at(&change(&format!("{path}/below")), &ignore);
            assert_eq!(below, Some(expected), "{path}/below");
        }
    }
}

proptest! {
    #[test]
    fn any_path_leads_to_the_keys_that_render_to_it(
        parts in prop::collection::vec("[abde%._/-]|eu|us%20a|2024-01-0|20240101|%2E|\\.csv|x|m|r", 0..8)
    ) {
        let path = parts.concat();
        for (pieces, keys) in cases() {
            let template = PathTemplate::new(pieces);
            let is_at = |index: &u32| {
                let rendered = template.path(PartitionRef { keys: &keys, index: *index });
                let rest = path.strip_prefix(&*rendered);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let expected: PartitionSet = keys.range().filter(is_at).collect();
            let pattern = PathPattern::new(Cow::Borrowed(&template), Shape::Tree, &keys);
            let found = pattern.keys_at(&change(&path), &Ignore::default());
            prop_assert_eq!(found.unwrap_or_default(), expected, "{} for {}", path, template.source());
        }
    }
}
