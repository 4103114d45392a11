//! The words that say which assets and which of their partitions.

use crate::api::error::Error;
use crate::api::request::count;
use crate::app::{AppError, Quoted, RequestError};
use crate::model::{
    InvalidKeyWord, KeyChoice, KeyWord, PartitionsSelection, RecordedState, SelectionText,
};

/// The words that say which assets and which of their partitions; without any, everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Selecting {
    selection: Vec<String>,
    partitions: Vec<Word>,
    latest: Option<u32>,
    recorded: RecordedState,
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

    pub(super) fn latest(&mut self, count: u32) {
        self.latest = Some(count);
    }

    pub(super) fn missing(&mut self) {
        self.recorded = match self.recorded {
            RecordedState::Any | RecordedState::Missing => RecordedState::Missing,
            RecordedState::Failed | RecordedState::MissingOrFailed => {
                RecordedState::MissingOrFailed
            }
        };
    }

    pub(super) fn failed(&mut self) {
        self.recorded = match self.recorded {
            RecordedState::Any | RecordedState::Failed => RecordedState::Failed,
            RecordedState::Missing | RecordedState::MissingOrFailed => {
                RecordedState::MissingOrFailed
            }
        };
    }

    /// The arguments of the selection; what is wrong in them is found where the graph is known.
    pub(super) fn selection(&self) -> Vec<SelectionText> {
        let arguments = self.selection.iter();
        arguments.map(|text| text.as_str().into()).collect()
    }

    /// The partitions, or all that is wrong with the words for them.
    pub(super) fn partitions(&self) -> Result<PartitionsSelection, Error> {
        let words = self.words()?;
        let keys = match (self.latest, self.partitions.first()) {
            (Some(_), Some(word)) => {
                return Err(Error::LatestAndKeys {
                    option: word.option(),
                });
            }
            (Some(number), None) => KeyChoice::Latest(count("latest", number)?),
            (None, Some(_)) => KeyChoice::Named(words),
            (None, None) => KeyChoice::Every,
        };
        Ok(PartitionsSelection {
            keys,
            recorded: self.recorded,
        })
    }

    fn words(&self) -> Result<Vec<KeyWord>, Error> {
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
        Ok(words)
    }
}

impl Word {
    /// The method of the request that added it.
    fn option(&self) -> &'static str {
        match self {
            Self::Key(_) => "partition",
            Self::Range(_) => "partition_range",
        }
    }

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
    ($request:ident) => {
        /// Adds what a selection stands for: an asset, `+report`, `group:core and not kind:sql`, as on the command line. Several
        /// are united; without any it is everything. What is wrong with one is told by the call, as `assetctl::select::…` or
        /// `assetctl::app::unknown_asset`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new().select(\"+report\").select(\"group:core\");")]
        /// ```
        #[must_use]
        pub fn select(mut self, selection: &str) -> Self {
            self.selecting.select(selection);
            self
        }

        /// Adds a partition: a key, or `DEFINITION=KEY`. It is taken in each partitions definition that has it; without any,
        /// and without a range, it is every partition that exists. A key that none of them has is
        /// `assetctl::app::unknown_key`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new().partition(\"2024-01-01\").partition(\"region=eu\");")]
        /// ```
        #[must_use]
        pub fn partition(mut self, key: &str) -> Self {
            self.selecting.partition(key);
            self
        }

        /// Adds a range of partitions, `FIRST...LAST`, both ends included. What is no range is
        /// `assetctl::app::invalid_key`.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let request = ", stringify!($request), "::new().partition_range(\"2024-01-01...2024-01-31\");")]
        /// ```
        #[must_use]
        pub fn partition_range(mut self, range: &str) -> Self {
            self.selecting.partition_range(range);
            self
        }

        /// Only the newest `count` partitions of each partitions definition, at least 1 ([`Error::Zero`]). The last call
        /// counts. Beside a partition or a range it is [`Error::LatestAndKeys`].
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let last_week = ", stringify!($request), "::new().latest(7);")]
        /// ```
        ///
        /// [`Error::Zero`]: crate::Error::Zero
        /// [`Error::LatestAndKeys`]: crate::Error::LatestAndKeys
        #[must_use]
        pub fn latest(mut self, count: u32) -> Self {
            self.selecting.latest(count);
            self
        }
    };
}

/// The methods of a request that has a field `selecting`, and an instance that has recorded something of what it selects.
macro_rules! recorded_methods {
    ($request:ident) => {
        /// Of what is selected only what was never materialized as far as is recorded, whether it was tried or not; with
        /// [`failed`](Self::failed) both.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let holes = ", stringify!($request), "::new().select(\"clean\").missing();")]
        /// ```
        #[must_use]
        pub fn missing(mut self) -> Self {
            self.selecting.missing();
            self
        }

        /// Of what is selected only what failed in its last attempt, as far as is recorded; with
        /// [`missing`](Self::missing) both.
        ///
        /// ```
        #[doc = concat!("use assetctl::", stringify!($request), ";")]
        ///
        #[doc = concat!("let again = ", stringify!($request), "::new().failed();")]
        /// ```
        #[must_use]
        pub fn failed(mut self) -> Self {
            self.selecting.failed();
            self
        }
    };
}

pub(super) use {recorded_methods, selecting_methods};
