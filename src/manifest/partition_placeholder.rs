//! The placeholders about the partition: how they are written, and what they stand for in a definition.

use jiff::tz::TimeZone;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::error::Problem;
use crate::manifest::suggest::{any_of, did_you_mean};
use crate::model::{
    DeclaredPartitions, Location, Name, PartitionPlaceholder, PartitionsDefinition, Piece,
    TimeFormat,
};

/// The partitions of that whose template is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    /// It has none.
    Unpartitioned,
    /// It has these.
    Partitioned(Partitioning<'a>),
    /// Its definition is wrong, which is reported elsewhere.
    Unknown,
}

/// A definition, and those that its dimensions name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Partitioning<'a> {
    /// The definition.
    pub definition: &'a PartitionsDefinition,
    /// All definitions, by id.
    pub declared: &'a [DeclaredPartitions],
}

/// A placeholder about the partition, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    what: What<'a>,
    format: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What<'a> {
    /// `partition`.
    Partition,
    /// `partition.DIM`.
    Dimension(&'a str),
    /// `window.start`.
    Start,
    /// `window.end`.
    End,
}

/// Why a placeholder has no value.
struct NoValue {
    reason: String,
    help: String,
}

impl<'a> Partitioning<'a> {
    /// The dimensions with their places, names and definitions; none where there is but one.
    pub(super) fn dimensions(
        self,
    ) -> impl Iterator<Item = (u32, &'a Name, &'a PartitionsDefinition)> {
        let dimensions = (0..).zip(self.definition.dimensions());
        dimensions.map(move |(place, dimension)| {
            let declared = &self.declared[dimension.definition.0 as usize];
            (place, &dimension.name, &declared.definition)
        })
    }
}

impl<'a> Written<'a> {
    /// What stands between the braces, if it is about the partition.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let (word, format) = match name.split_once(':') {
            Some((word, format)) => (word.trim_end(), Some(format.trim_start())),
            None => (name, None),
        };
        let (word, rest) = match word.split_once('.') {
            Some((word, rest)) => (word.trim_end(), Some(rest.trim_start())),
            None => (word, None),
        };
        let what = match (word, rest) {
            ("partition", None) => What::Partition,
            ("partition", Some(dimension)) => What::Dimension(dimension),
            ("window", Some("start")) => What::Start,
            ("window", Some("end")) => What::End,
            _ => return None,
        };
        Some(Self { what, format })
    }

    /// What it stands for in `scope`; reports it where it has no value.
    pub(super) fn resolve(
        self,
        name: &str,
        scope: Scope<'_>,
        location: impl FnOnce() -> Location,
        problems: &mut Problems,
    ) -> Option<PartitionPlaceholder> {
        if let Some((format, reason)) = self.unprintable() {
            let problem = Problem::TimeFormat {
                format: format.to_owned(),
                reason,
            };
            problems.add(problem, [Label::new(location(), "in this placeholder")]);
            return None;
        }
        let found = match scope {
            Scope::Unknown => return Some(PartitionPlaceholder::Key),
            Scope::Unpartitioned => Err(NoValue {
                reason: "there are no partitions".to_owned(),
                help: "give it `partitions`, or leave the placeholder out".to_owned(),
            }),
            Scope::Partitioned(partitioning) => {
                if let What::Dimension(dimension) = self.what
                    && partitioning.dimensions().next().is_some()
                    && partitioning
                        .dimensions()
                        .all(|(_, known, _)| known.as_str() != dimension)
                {
                    let known = partitioning.dimensions().map(|(_, name, _)| name.as_str());
                    let problem = Problem::UnknownDimension {
                        dimension: dimension.to_owned(),
                        help: did_you_mean(dimension, known, ""),
                    };
                    problems.add(problem, [Label::new(location(), "no such dimension")]);
                    return None;
                }
                self.stands_for(partitioning)
            }
        };
        match found {
            Ok(placeholder) => Some(placeholder),
            Err(NoValue { reason, help }) => {
                let label = Label::new(location(), reason.clone());
                let problem = Problem::MisplacedPlaceholder {
                    name: name.to_owned(),
                    reason,
                    help,
                };
                problems.add(problem, [label]);
                None
            }
        }
    }

    fn stands_for(self, partitioning: Partitioning<'_>) -> Result<PartitionPlaceholder, NoValue> {
        let several = partitioning.dimensions().next().is_some();
        match self.what {
            What::Partition if self.format.is_none() => Ok(PartitionPlaceholder::Key),
            What::Dimension(_) if !several => Err(NoValue {
                reason: "the partitions have no dimensions".to_owned(),
                help: "`{{partition}}` is the key".to_owned(),
            }),
            What::Dimension(dimension) => {
                let found = partitioning
                    .dimensions()
                    .find(|(_, name, _)| name.as_str() == dimension);
                let (place, name, definition) =
                    found.expect("an unknown dimension has been reported");
                let of = match self.format {
                    None => PartitionPlaceholder::Key,
                    Some(_) if definition.windows().is_some() => self.of_window(),
                    Some(_) => {
                        return Err(NoValue {
                            reason: format!("the keys of `{dimension}` are not time windows"),
                            help: format!("write `{{{{partition.{dimension}}}}}` without a format"),
                        });
                    }
                };
                Ok(of_dimension(place, name, of))
            }
            What::Partition | What::Start | What::End if several => {
                let of_time = |(_, _, definition): &(_, _, &PartitionsDefinition)| {
                    definition.windows().is_some()
                };
                let times: Vec<_> = partitioning.dimensions().filter(of_time).collect();
                match times.as_slice() {
                    [(place, name, _)] => Ok(of_dimension(*place, name, self.of_window())),
                    [] => Err(NoValue {
                        reason: "no dimension has time windows".to_owned(),
                        help: "name a dimension, as `{{partition.NAME}}`".to_owned(),
                    }),
                    several => {
                        let written: Vec<String> = several
                            .iter()
                            .map(|(_, name, _)| format!("{{{{partition.{name}:%Y}}}}"))
                            .collect();
                        let written: Vec<&str> = written.iter().map(String::as_str).collect();
                        Err(NoValue {
                            reason: "several dimensions have time windows".to_owned(),
                            help: format!("name one of them, as {}", any_of(&written)),
                        })
                    }
                }
            }
            What::Partition | What::Start | What::End
                if partitioning.definition.windows().is_some() =>
            {
                Ok(self.of_window())
            }
            What::Partition | What::Start | What::End => Err(NoValue {
                reason: "the partitions are not time windows".to_owned(),
                help: "only `{{partition}}` is possible here".to_owned(),
            }),
        }
    }

    /// The start or the end of a window.
    fn of_window(self) -> PartitionPlaceholder {
        let format = self.format.map_or(TimeFormat::Rfc3339, |format| {
            TimeFormat::Strftime(format.to_owned())
        });
        if self.what == What::End {
            PartitionPlaceholder::WindowEnd(format)
        } else {
            PartitionPlaceholder::WindowStart(format)
        }
    }

    /// Its format and why it cannot be printed, if it cannot.
    fn unprintable(self) -> Option<(&'a str, String)> {
        let format = self.format?;
        if format.is_empty() {
            return Some((format, "it is empty".to_owned()));
        }
        let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let printed = jiff::fmt::strtime::format(format, &sample);
        printed.err().map(|error| (format, error.to_string()))
    }
}

fn of_dimension(place: u32, name: &Name, of: PartitionPlaceholder) -> PartitionPlaceholder {
    PartitionPlaceholder::Dimension {
        place,
        name: name.clone(),
        of: Box::new(of),
    }
}

/// A placeholder as pieces of a path: a `/` in its format separates folders, as it is the manifest's and no key's.
pub(super) fn by_component(placeholder: PartitionPlaceholder) -> Vec<Piece<PartitionPlaceholder>> {
    match placeholder {
        PartitionPlaceholder::WindowStart(TimeFormat::Strftime(format)) => {
            split(&format, PartitionPlaceholder::WindowStart)
        }
        PartitionPlaceholder::WindowEnd(TimeFormat::Strftime(format)) => {
            split(&format, PartitionPlaceholder::WindowEnd)
        }
        PartitionPlaceholder::Dimension { place, name, of } => {
            let of_this = |piece| match piece {
                Piece::Text(text) => Piece::Text(text),
                Piece::Placeholder(of) => Piece::Placeholder(of_dimension(place, &name, of)),
            };
            by_component(*of).into_iter().map(of_this).collect()
        }
        whole => vec![Piece::Placeholder(whole)],
    }
}

fn split(
    format: &str,
    with: fn(TimeFormat) -> PartitionPlaceholder,
) -> Vec<Piece<PartitionPlaceholder>> {
    let mut pieces = Vec::new();
    for (index, part) in format.split('/').enumerate() {
        if index > 0 {
            pieces.push(Piece::Text("/".to_owned()));
        }
        if !part.is_empty() {
            let part = TimeFormat::Strftime(part.to_owned());
            pieces.push(Piece::Placeholder(with(part)));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{What, Written};

    #[test]
    fn what_is_about_the_partition() {
        for (name, what, format) in [
            ("partition", What::Partition, None),
            ("partition : %Y/%m", What::Partition, Some("%Y/%m")),
            ("partition.region", What::Dimension("region"), None),
            (
                "partition . date:%H:%M",
                What::Dimension("date"),
                Some("%H:%M"),
            ),
            ("window.start", What::Start, None),
            ("window.end:%d", What::End, Some("%d")),
        ] {
            assert_eq!(
                Written::parse(name),
                Some(Written { what, format }),
                "{name}"
            );
        }
        for name in [
            "partitions",
            "window",
            "window.middle",
            "input.partition",
            "",
        ] {
            assert_eq!(Written::parse(name), None, "{name}");
        }
    }
}
