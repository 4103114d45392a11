//! What is said of a mapping that does not fit its two sides.

use crate::manifest::diagnostic::Problems;
use crate::manifest::error::Problem;
use crate::manifest::partitions::Definitions;
use crate::model::{
    DefinitionId, Dimension, Location, MappingSide, Misfit, PartitionMapping, choices, fits,
    infer_mapping,
};

/// The dep whose mapping is at fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Misfits<'a> {
    /// The asset that reads, and its input.
    pub names: (&'a str, &'a str),
    /// Their definitions.
    pub ends: Ends<'a>,
    /// Where the mapping stands, or the dep.
    pub place: Location,
}

const SAME_ZONE: &str = "give both definitions the same `timezone`";

impl Misfits<'_> {
    /// Reports that no mapping can be inferred.
    pub(super) fn report_no_inference(&self, problems: &mut Problems) {
        let windows = PartitionMapping::TimeWindow {
            start_offset: 0,
            end_offset: 0,
        };
        let ends = self.ends;
        let declared = ends.definitions.declared();
        let of_zones = fits(&windows, declared, ends.downstream, ends.upstream);
        let (message, help) = if let Err(misfit @ Misfit::DifferentZones) = of_zones {
            self.explain("time_window", &misfit)
        } else {
            let describe = |id: Option<DefinitionId>| {
                id.map_or_else(String::new, |id| ends.definitions.describe(id))
            };
            let message = format!(
                "no mapping between {} and {} is obvious",
                describe(ends.upstream),
                describe(ends.downstream)
            );
            (message, self.choices())
        };
        problems.at(
            self.place,
            "needs a mapping that fits",
            Problem::Mapping { message, help },
        );
    }

    /// Reports why the mapping of this name does not fit.
    pub(super) fn report(&self, word: &str, misfit: &Misfit, problems: &mut Problems) {
        let (message, help) = self.explain(word, misfit);
        problems.at(
            self.place,
            "does not fit",
            Problem::Mapping { message, help },
        );
    }

    /// A message, and what to do.
    fn explain(&self, word: &str, misfit: &Misfit) -> (String, String) {
        let both = |reason: String| (format!("{reason}, and {}", self.describe()), self.choices());
        match misfit {
            Misfit::DifferentZones => (
                format!("{}: {}", reason(word, misfit), self.describe()),
                SAME_ZONE.to_owned(),
            ),
            Misfit::OffsetsCross { .. } => (
                reason(word, misfit),
                "`start_offset` is at most `end_offset`; both are 0 where they are left out"
                    .to_owned(),
            ),
            Misfit::Dimension { name, misfit } => {
                let why = reason("its mapping", misfit);
                let help = if **misfit == Misfit::DifferentZones {
                    SAME_ZONE
                } else {
                    "map it by what fits both dimensions: `identity`, `time_window` between windows, `all`, or `keys`"
                };
                let message = format!("the dimension `{name}` does not correspond: {why}");
                (message, help.to_owned())
            }
            _ => both(reason(word, misfit)),
        }
    }

    fn describe(&self) -> String {
        let definitions = self.ends.definitions;
        let side = |name: &str, id: Option<DefinitionId>| match id {
            None => format!("`{name}` has no partitions"),
            Some(id) => match definitions.get(id).windows() {
                Some(windows) => format!(
                    "`{name}` has {} in {}",
                    definitions.describe(id),
                    windows.timezone().iana_name().unwrap_or("UTC")
                ),
                None => format!("`{name}` has {}", definitions.describe(id)),
            },
        };
        format!(
            "{}, {}",
            side(self.names.1, self.ends.upstream),
            side(self.names.0, self.ends.downstream)
        )
    }

    /// The mappings that fit both sides.
    fn choices(&self) -> String {
        let ends = self.ends;
        let words = choices(ends.definitions.declared(), ends.downstream, ends.upstream);
        if words == ["all"] {
            return "choose `all`, which is the default here".to_owned();
        }
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("`{word}` ({})", meaning(word)))
            .collect();
        let (last, before) = words.split_last().expect("`all` fits everything");
        format!("choose one that fits: {} or {last}", before.join(", "))
    }
}

/// Why a mapping of this name does not fit, without its sides.
fn reason(word: &str, misfit: &Misfit) -> String {
    match misfit {
        Misfit::Unpartitioned(MappingSide::Upstream) => {
            format!("`{word}` needs upstream keys")
        }
        Misfit::Unpartitioned(MappingSide::Downstream) => {
            format!("`{word}` needs keys on both sides")
        }
        Misfit::DifferentKinds => format!("`{word}` needs the same keys on both sides"),
        Misfit::NotWindows(_) => "`time_window` needs time windows".to_owned(),
        Misfit::DifferentZones => "the two sides are in different time zones".to_owned(),
        Misfit::OffsetsCross {
            start_offset,
            end_offset,
        } => format!("the offsets leave no window: {start_offset} is after {end_offset}"),
        Misfit::NotNamed(_) => "`static` pairs keys that are names".to_owned(),
        Misfit::NoSuchKey { key, .. } => format!("there is no key `{key}`"),
        Misfit::NotMulti(_) => format!("`{word}` needs several dimensions"),
        Misfit::BothMulti => format!("`{word}` is for several dimensions on one side only"),
        Misfit::NoSuchDimension { .. } => "there is no such dimension".to_owned(),
        Misfit::DimensionTwice(name) => format!("the dimension `{name}` is given twice"),
        Misfit::Dimension { name, misfit } => {
            format!("the dimension `{name}`: {}", reason(word, misfit))
        }
    }
}

/// What a mapping reads.
fn meaning(word: &str) -> &'static str {
    match word {
        "identity" => "the same key",
        "time_window" => "windows that overlap",
        "static" => "keys that are paired",
        "multi_to_single" => "all keys whose part corresponds",
        "multi" => "dimension by dimension",
        "last" => "the newest key",
        "specific" => "the keys that it names",
        _ => "every key",
    }
}

/// The definitions on the two sides of a mapping, or of two dimensions; `None` is an unpartitioned side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends<'a> {
    pub definitions: &'a Definitions<'a>,
    pub downstream: Option<DefinitionId>,
    pub upstream: Option<DefinitionId>,
}

impl<'a> Ends<'a> {
    /// The mapping that is meant where none is declared.
    pub(super) fn infer(self) -> Option<PartitionMapping> {
        infer_mapping(self.definitions.declared(), self.downstream, self.upstream)
    }

    /// The same between two dimensions or a dimension and the other side, which are said to correspond: where nothing
    /// suggests itself, windows that overlap or equal keys.
    pub(super) fn infer_corresponding(self) -> PartitionMapping {
        let windows = |id: Option<DefinitionId>| {
            id.is_some_and(|id| self.definitions.get(id).windows().is_some())
        };
        self.infer().unwrap_or_else(|| {
            if windows(self.downstream) && windows(self.upstream) {
                PartitionMapping::TimeWindow {
                    start_offset: 0,
                    end_offset: 0,
                }
            } else {
                PartitionMapping::Identity
            }
        })
    }

    /// Both sides replaced.
    pub(super) fn between(self, downstream: DefinitionId, upstream: DefinitionId) -> Self {
        Self {
            downstream: Some(downstream),
            upstream: Some(upstream),
            ..self
        }
    }

    /// The dimensions of a definition.
    pub(super) fn dimensions(self, id: Option<DefinitionId>) -> &'a [Dimension] {
        id.map_or(&[], |id| self.definitions.get(id).dimensions())
    }
}
