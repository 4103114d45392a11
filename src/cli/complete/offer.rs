//! Which words of the project an argument takes.

use crate::app::{AppError, CompletionWords, complete_input, complete_revision, complete_run};
use crate::cli::complete::asked::Asked;
use crate::cli::help;

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// A selection.
    Selection,
    /// A selection of what can be made.
    Makeable,
    /// An asset or source.
    Name,
    /// An asset, with or without a key.
    NameAndKey,
    /// A clause of `--steps`.
    Step,
    /// A key of what the line names.
    Partition,
    /// Two of them.
    Range,
    /// A partitions definition, or what has one.
    Partitioned,
    /// A dynamic partitions definition.
    Dynamic,
    /// An input of an asset.
    Input,
    /// A run that has logs.
    Run,
    /// A git revision.
    Revision,
    /// What `help` tells of.
    Topic,
}

/// What each argument takes, by its id; ids mean the same with every verb.
const OFFERS: &[(&str, Offer)] = &[
    ("selection", Offer::Selection),
    ("asset", Offer::Name),
    ("selected", Offer::NameAndKey),
    ("print", Offer::NameAndKey),
    ("steps", Offer::Step),
    ("partition", Offer::Partition),
    ("keys", Offer::Partition),
    ("partition_range", Offer::Range),
    ("range", Offer::Range),
    ("name", Offer::Partitioned),
    ("definition", Offer::Dynamic),
    ("dep", Offer::Input),
    ("run", Offer::Run),
    ("since", Offer::Revision),
    ("old", Offer::Revision),
    ("new", Offer::Revision),
    ("topic", Offer::Topic),
];

/// Verbs that select assets, and no sources.
const MAKING: [&str; 5] = ["materialize", "plan", "check", "accept", "lock"];

/// Arguments by which a line names what has partitions.
const NAMING: [&str; 5] = ["selection", "selected", "asset", "name", "definition"];

impl Offer {
    /// What the argument with this id takes, if it is anything that can be looked up.
    pub(super) fn of(id: &str) -> Option<Self> {
        let found = OFFERS.iter().find(|(known, _)| *known == id);
        found.map(|(_, offer)| *offer)
    }

    /// [`Self::of`] an argument of a verb.
    pub(super) fn of_verb(verb: &str, id: &str) -> Option<Self> {
        match Self::of(id) {
            Some(Self::Selection) if MAKING.contains(&verb) => Some(Self::Makeable),
            offer => offer,
        }
    }

    /// The ids of all such arguments.
    #[cfg(test)]
    pub(super) fn ids() -> impl Iterator<Item = &'static str> {
        OFFERS.iter().map(|(id, _)| *id)
    }

    /// What may stand where `typed` is.
    pub(super) fn candidates(self, typed: &str, asked: &Asked) -> Result<Vec<String>, AppError> {
        let Some(surroundings) = asked.surroundings() else {
            return Ok(Vec::new());
        };
        let words = || CompletionWords::of(&surroundings);
        match self {
            Self::Selection => words()?.selections(typed),
            Self::Makeable => words()?.selections_of_assets(typed),
            Self::Name => Ok(words()?.names(typed)),
            Self::NameAndKey => words()?.names_and_keys(typed),
            Self::Step => words()?.steps(typed),
            Self::Partition => words()?.partitions(&naming(asked), typed),
            Self::Range => words()?.ranges(&naming(asked), typed),
            Self::Partitioned => Ok(words()?.partitioned(typed)),
            Self::Dynamic => Ok(words()?.dynamic(typed)),
            Self::Input => complete_input(&surroundings, &asked.given("asset"), typed),
            Self::Run => complete_run(&surroundings, typed),
            Self::Revision => complete_revision(&surroundings, typed),
            Self::Topic => Ok(help::topics(typed)),
        }
    }
}

/// What the line names whose keys are typed. Of an input that is looked at downstream, it is the input that has them.
fn naming(asked: &Asked) -> Vec<String> {
    if asked.has("downstream") {
        return asked.given("dep");
    }
    NAMING.iter().flat_map(|id| asked.given(id)).collect()
}
