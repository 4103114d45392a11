//! Tables of inferred mappings, of mappings that do not fit, and of the words offered instead.

use crate::model::name::{FileId, Location};
use crate::model::partition::definition::{
    DeclaredPartitions, DefinitionId, Dimension, PartitionsDefinition,
};
use crate::model::partition::fitting::{Misfit, choices, fits};
use crate::model::partition::inference::{infer_mapping, same_definition};
use crate::model::partition::mapping::{MappingSide, PartitionMapping};
use crate::model::partition::time::{Cadence, TimePartitions, TimeSettings};
use crate::testkit::{self, key};

/// Definitions by a name; inline equals of some of them.
struct Declared {
    names: Vec<&'static str>,
    definitions: Vec<DeclaredPartitions>,
}

impl Declared {
    fn new() -> Self {
        let mut declared = Self {
            names: Vec::new(),
            definitions: Vec::new(),
        };
        let day = || windows(Cadence::Daily, "UTC");
        declared.add("day", day());
        declared.add("same day", day());
        declared.add("month", windows(Cadence::Monthly, "UTC"));
        declared.add("local day", windows(Cadence::Daily, "Asia/Kathmandu"));
        declared.add("colors", names(&["red", "blue"]));
        declared.add("same colors", names(&["red", "blue"]));
        declared.add("colors turned", names(&["blue", "red"]));
        declared.add("more colors", names(&["blue", "red", "green"]));
        declared.add("set", PartitionsDefinition::Dynamic);
        declared.add("other set", PartitionsDefinition::Dynamic);
        for (name, dimensions) in [
            ("day color", [("color", "colors"), ("date", "day")]),
            (
                "same day color",
                [("color", "same colors"), ("date", "same day")],
            ),
            ("month color", [("color", "more colors"), ("date", "month")]),
            ("day set", [("date", "day"), ("set", "set")]),
            ("odd color", [("color", "day"), ("date", "day")]),
            ("local color", [("color", "colors"), ("date", "local day")]),
            ("two colors", [("p", "colors"), ("q", "same colors")]),
            ("day month", [("day", "day"), ("month", "month")]),
        ] {
            let dimension = |(name, of): (&str, &str)| Dimension {
                name: testkit::name(name),
                definition: declared.id(of).expect("declared"),
            };
            let dimensions: Vec<_> = dimensions.into_iter().map(dimension).collect();
            declared.add(name, PartitionsDefinition::Multi(dimensions.into()));
        }
        declared
    }

    fn add(&mut self, name: &'static str, definition: PartitionsDefinition) {
        self.names.push(name);
        self.definitions.push(DeclaredPartitions {
            name: None,
            definition,
            location: Location {
                file: FileId(0),
                start: 0,
                len: 0,
                line: 0,
            },
        });
    }

    /// The id of a name; `None` for `-`, which is an unpartitioned side.
    fn id(&self, name: &str) -> Option<DefinitionId> {
        let place = self.names.iter().position(|known| *known == name);
        assert!(place.is_some() || name == "-", "{name}");
        place.map(|place| DefinitionId(place as u32))
    }
}

fn windows(cadence: Cadence, timezone: &str) -> PartitionsDefinition {
    let windows = TimePartitions::new(TimeSettings {
        timezone,
        ..TimeSettings::new(cadence, "2024-01-01")
    });
    PartitionsDefinition::time(windows.expect("a valid definition"))
}

fn names(keys: &[&str]) -> PartitionsDefinition {
    PartitionsDefinition::Static(keys.iter().map(|key| self::key(key)).collect())
}

#[test]
fn the_first_rule_that_fits() {
    let declared = Declared::new();
    let window = "time_window(0, 0)";
    for (downstream, upstream, expected) in [
        ("-", "day", Some("all")),
        ("day", "-", Some("all")),
        ("-", "-", Some("all")),
        ("day", "day", Some(window)),
        ("day", "month", Some(window)),
        ("day", "local day", None),
        ("colors", "same colors", Some("identity")),
        ("colors", "colors turned", Some("identity")),
        ("colors", "more colors", None),
        ("day", "colors", None),
        ("set", "set", Some("identity")),
        ("set", "other set", None),
        ("day color", "same day color", Some("identity")),
        (
            "day color",
            "month color",
            Some("multi(0 = 0 identity, 1 = 1 time_window(0, 0))"),
        ),
        ("day color", "day set", Some("multi(0 = 1 identity)")),
        ("day color", "odd color", None),
        ("day color", "local color", None),
        ("day color", "two colors", None),
        ("day", "day color", Some("multi_to_single(1, identity)")),
        (
            "month",
            "day color",
            Some("multi_to_single(1, time_window(0, 0))"),
        ),
        (
            "day color",
            "same colors",
            Some("multi_to_single(0, identity)"),
        ),
        ("local day", "day color", None),
        ("colors", "two colors", None),
        ("month", "day month", Some("multi_to_single(1, identity)")),
        ("more colors", "day color", None),
    ] {
        let mapping = infer_mapping(
            &declared.definitions,
            declared.id(downstream),
            declared.id(upstream),
        );
        let words = mapping.as_ref().map(ToString::to_string);
        assert_eq!(words.as_deref(), expected, "{downstream} reads {upstream}");
        if let Some(mapping) = mapping {
            let fit = fits(
                &mapping,
                &declared.definitions,
                declared.id(downstream),
                declared.id(upstream),
            );
            assert_eq!(fit, Ok(()), "{downstream} reads {upstream}");
        }
    }
}

#[test]
fn definitions_are_equal_in_order_too() {
    let declared = Declared::new();
    for (one, other, same) in [
        ("day", "same day", true),
        ("day", "month", false),
        ("day", "local day", false),
        ("colors", "same colors", true),
        ("colors", "colors turned", false),
        ("set", "set", true),
        ("set", "other set", false),
        ("day color", "same day color", true),
        ("day color", "month color", false),
    ] {
        let id = |name| declared.id(name).expect("declared");
        assert_eq!(
            same_definition(&declared.definitions, id(one), id(other)),
            same,
            "{one}, {other}"
        );
    }
}

fn window(start_offset: i32, end_offset: i32) -> PartitionMapping {
    PartitionMapping::TimeWindow {
        start_offset,
        end_offset,
    }
}

fn specific(text: &str) -> PartitionMapping {
    PartitionMapping::Specific([key(text)].into())
}

fn pair(up: &str, down: &str) -> PartitionMapping {
    PartitionMapping::Static([(key(up), key(down))].into())
}

fn check_misfits(rows: &[(PartitionMapping, &str, &str, Misfit)]) {
    let declared = Declared::new();
    for (mapping, downstream, upstream, misfit) in rows {
        let (down, up) = (declared.id(downstream), declared.id(upstream));
        let fit = fits(mapping, &declared.definitions, down, up);
        let expected = Err(misfit.clone());
        assert_eq!(
            fit, expected,
            "{mapping} where {downstream} reads {upstream}"
        );
    }
}

#[test]
fn what_does_not_fit_says_why() {
    let identity = || PartitionMapping::Identity;
    let last = PartitionMapping::Last;
    let (up, down) = (MappingSide::Upstream, MappingSide::Downstream);
    let cross = Misfit::OffsetsCross {
        start_offset: 0,
        end_offset: -1,
    };
    check_misfits(&[
        (identity(), "day", "-", Misfit::Unpartitioned(up)),
        (identity(), "day", "colors", Misfit::DifferentKinds),
        (last, "day", "-", Misfit::Unpartitioned(up)),
        (window(0, 0), "day", "colors", Misfit::NotWindows(up)),
        (window(0, 0), "-", "day", Misfit::Unpartitioned(down)),
        (window(0, 0), "day", "local day", Misfit::DifferentZones),
        (window(0, -1), "day", "day", cross),
        (
            pair("2024-01-01", "red"),
            "colors",
            "day",
            Misfit::NotNamed(up),
        ),
    ]);
}

#[test]
fn keys_that_a_mapping_names_exist_where_they_are_declared() {
    let no_key = |side, text| Misfit::NoSuchKey {
        side,
        key: key(text),
    };
    let (up, down) = (MappingSide::Upstream, MappingSide::Downstream);
    let both = "pink|2024-01-01";
    check_misfits(&[
        (specific("pink"), "-", "colors", no_key(up, "pink")),
        (specific(both), "-", "day color", no_key(up, both)),
        (pair("pink", "red"), "colors", "colors", no_key(up, "pink")),
        (pair("red", "pink"), "colors", "set", no_key(down, "pink")),
    ]);
    let declared = Declared::new();
    let later = specific("nobody knows yet");
    let fit = fits(&later, &declared.definitions, None, declared.id("set"));
    assert_eq!(fit, Ok(()));
}

#[test]
fn dimensions_fit_one_by_one() {
    let up = MappingSide::Upstream;
    let through = |through, dimension| PartitionMapping::MultiToSingle {
        multi: up,
        dimension,
        through: Box::new(through),
    };
    let same = |dimension| through(PartitionMapping::Identity, dimension);
    let multi = PartitionMapping::Multi([].into());
    let no_dimension = Misfit::NoSuchDimension { side: up, place: 2 };
    let color = Misfit::Dimension {
        name: testkit::name("color"),
        misfit: Box::new(Misfit::NotWindows(up)),
    };
    let several = "day color";
    check_misfits(&[
        (same(0), "day", "day", Misfit::NotMulti(up)),
        (same(0), several, several, Misfit::BothMulti),
        (same(2), "day", several, no_dimension),
        (through(window(0, 0), 0), "day", several, color),
        (
            multi,
            "day",
            several,
            Misfit::NotMulti(MappingSide::Downstream),
        ),
    ]);
}

#[test]
fn the_words_that_fit_are_offered() {
    let declared = Declared::new();
    for (downstream, upstream, words) in [
        ("day", "month", "time_window identity all last specific"),
        ("day", "local day", "identity all last specific"),
        ("colors", "set", "identity static all last specific"),
        (
            "day color",
            "two colors",
            "multi identity all last specific",
        ),
        ("colors", "day color", "multi_to_single all last specific"),
        ("day", "colors", "all last specific"),
        ("-", "colors", "all last specific"),
        ("colors", "-", "all"),
    ] {
        let offered = choices(
            &declared.definitions,
            declared.id(downstream),
            declared.id(upstream),
        );
        assert_eq!(offered.join(" "), words, "{downstream} reads {upstream}");
    }
}
