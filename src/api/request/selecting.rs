//! The words that say which assets and which of their partitions.

use crate::api::error::Error;
use crate::app::{AppError, Quoted, RequestError};
use crate::model::{InvalidKeyWord, KeyChoice, KeyWord, PartitionsSelection, SelectionText};

/// The words that say which assets and which of their partitions; without any, everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Selecting {
    selection: Vec<String>,
    partitions: Vec<Word>,
}

#[derive(Clone, Debug)]
enum Word {
    Key(String),
    Range(String),
}

impl Selecting {
    pub(super) fn select(&mut self, selection: &str) {
        self.selection.push(selection.to_owned());
    }

    pub(super) fn partition(&mut self, key: &str) {
        self.partitions.push(Word::Key(key.to_owned()));
    }

    pub(super) fn partition_range(&mut self, range: &str) {
        self.partitions.push(Word::Range(range.to_owned()));
    }

    /// The arguments of the selection; what is wrong in them is found where the graph is known.
    pub(super) fn selection(&self) -> Vec<SelectionText> {
        let arguments = self.selection.iter();
        arguments.map(|text| text.as_str().into()).collect()
    }

    /// The partitions, or all that is wrong with the words for them.
    pub(super) fn partitions(&self) -> Result<PartitionsSelection, Error> {
        let mut wrong = Vec::new();
        let mut words = Vec::new();
        for word in &self.partitions {
            match word.read() {
                Ok(read) => words.push(read),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.len() == 1
            && let Some(only) = wrong.pop()
        {
            return Err(AppError::Request(only).into());
        }
        if !wrong.is_empty() {
            return Err(AppError::Requests(wrong).into());
        }
        let keys = if words.is_empty() {
            KeyChoice::Every
        } else {
            KeyChoice::Named(words)
        };
        Ok(PartitionsSelection {
            keys,
            ..PartitionsSelection::default()
        })
    }
}

impl Word {
    fn read(&self) -> Result<KeyWord, RequestError> {
        let (text, read) = match self {
            Self::Key(text) => (text, KeyWord::key(text)),
            Self::Range(text) => (text, KeyWord::range(text)),
        };
        read.map_err(|InvalidKeyWord { why, at }| RequestError::InvalidKey {
            key: text.clone(),
            reason: why.to_string(),
            argument: Quoted::part(text, at),
        })
    }
}

/// The methods of a request that has a field `selecting`.
macro_rules! selecting_methods {
    () => {
        /// Adds what a selection stands for: an asset, `+report`, `group:core and not kind:sql`, as on the command line. Several
        /// are united; without any it is everything.
        #[must_use]
        pub fn select(mut self, selection: &str) -> Self {
            self.selecting.select(selection);
            self
        }

        /// Adds a partition: a key, or `DEFINITION=KEY`. It is taken in each partitions definition that has it; without any,
        /// and without a range, it is every partition that exists.
        #[must_use]
        pub fn partition(mut self, key: &str) -> Self {
            self.selecting.partition(key);
            self
        }

        /// Adds a range of partitions, `FIRST...LAST`, both ends included.
        #[must_use]
        pub fn partition_range(mut self, range: &str) -> Self {
            self.selecting.partition_range(range);
            self
        }
    };
}

pub(super) use selecting_methods;
