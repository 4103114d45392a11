//! `batch = { max = 30 }`: one command for several neighbouring partitions.

use std::num::NonZeroU32;

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::{Heading, Table};
use crate::manifest::error::Problem;
use crate::manifest::partitions::Partitions;
use crate::model::{AssetId, Dep, Dimension, Location};

/// A declared batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    /// The greatest number of partitions of one command; more than one.
    pub max: NonZeroU32,
    location: Location,
}

/// Reads `batch`; `None` where a command makes one partition.
pub(super) fn read(
    table: &Table<'_>,
    partitions: Partitions,
    problems: &mut Problems,
) -> Option<Batch> {
    let value = table.get("batch")?;
    let settings = value.table(Heading::Inline("`batch`"), problems)?;
    settings.only(&["max"], problems);
    let Some(max) = settings.get("max") else {
        let problem = Problem::MissingKey {
            table: "`batch`".to_owned(),
            key: "max",
            help: "say how many partitions one command makes at most: `batch = { max = 30 }`",
        };
        problems.add(problem, [Label::new(value.location(), "of how many?")]);
        return None;
    };
    let number = max.integer(problems)?;
    let Some(number) = u32::try_from(number).ok().and_then(NonZeroU32::new) else {
        let help = "a number from 1 on; with 1 each partition has a command of its own";
        max.invalid("a batch has at least one partition", help, problems);
        return None;
    };
    let batch = Batch {
        max: number,
        location: value.key_location,
    };
    if partitions == Partitions::None {
        let message = "`batch` is for an asset with partitions";
        batch.refuse(
            message,
            "give it `partitions`, or remove `batch`",
            None,
            problems,
        );
        return None;
    }
    (number.get() > 1).then_some(batch)
}

impl Batch {
    /// Reports what does not go together with it: a dep on earlier partitions of the asset, standard input and
    /// output, and dimensions whose variables would be those of the batch's ends.
    pub(super) fn check(
        &self,
        asset: AssetId,
        deps: &[Dep],
        dimensions: &[Dimension],
        streams: StreamKeys,
        problems: &mut Problems,
    ) {
        let is_an_end =
            |it: &&Dimension| ["START", "END"].contains(&it.name.as_variable().as_str());
        if let Some(dimension) = dimensions.iter().find(is_an_end) {
            let (name, variable) = (&dimension.name, dimension.name.as_variable());
            let message = format!(
                "the variable `ASSETCTL_PARTITION_{variable}` is an end of the batch and the dimension `{name}`"
            );
            let help = "give the dimension another name, or remove `batch`";
            self.refuse(&message, help, None, problems);
        }
        if let Some(own) = deps.iter().find(|dep| dep.asset == asset) {
            let message =
                "the partitions of a batch are made at once, and this asset reads its earlier ones";
            let other = (own.location, "reads the asset itself");
            self.refuse(message, "remove `batch`, or the dep", Some(other), problems);
        }
        if let Some(location) = streams.stdin {
            let message = "the inputs of a batch are several files, and standard input is one";
            let help = "name them in the command as `{{input}}`, or remove `batch`";
            self.refuse(message, help, Some((location, "and this key")), problems);
        }
        if let Some(location) = streams.stdout {
            let message = "the standard output of a batch is not the output of one partition";
            let help = "write each partition to its path, all of which `{{output}}` lists";
            self.refuse(message, help, Some((location, "and this key")), problems);
        }
    }

    fn refuse(
        &self,
        message: &str,
        help: &str,
        other: Option<(Location, &str)>,
        problems: &mut Problems,
    ) {
        let problem = Problem::ConflictingKeys {
            message: message.to_owned(),
            help: help.to_owned(),
        };
        let other = other.map(|(location, text)| Label::new(location, text));
        let labels = [Label::new(self.location, "this key")];
        problems.add(problem, labels.into_iter().chain(other));
    }
}

/// Where the keys stand that give a command its streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamKeys {
    /// `stdin`, if it is there.
    pub stdin: Option<Location>,
    /// `stdout`, if standard output is the output.
    pub stdout: Option<Location>,
}

impl StreamKeys {
    /// Those of an asset's table.
    pub(super) fn of(table: &Table<'_>, stdout_is_output: bool) -> Self {
        let location = |key| table.get(key).map(|value| value.key_location);
        Self {
            stdin: location("stdin"),
            stdout: location("stdout").filter(|_| stdout_is_output),
        }
    }
}
