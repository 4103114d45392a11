//! The words that say which assets and which of their partitions.

use std::num::NonZeroU32;

use crate::api::error::Error;
use crate::app::{AppError, Quoted, RequestError};
use crate::model::{InvalidKeyWord, KeyChoice, KeyWord, PartitionsSelection, RecordedState};

/// What could not be read of a request while it was built: it is told when the call is made.
#[derive(Debug, Default)]
pub(super) struct Misread {
    words: Vec<RequestError>,
    option: Option<Error>,
}

impl Misread {
    /// All words that are wrong, or else the first option.
    pub(super) fn result(mut self) -> Result<(), Error> {
        match (self.words.pop(), self.option) {
            (None, None) => Ok(()),
            (None, Some(error)) => Err(error),
            (Some(only), _) if self.words.is_empty() => Err(AppError::Request(only).into()),
            (Some(last), _) => {
                self.words.push(last);
                Err(AppError::Requests(self.words).into())
            }
        }
    }

    /// A number, or nothing where it is wrong.
    pub(super) fn at_least_one<N>(&mut self, option: &'static str, number: Option<N>) -> Option<N> {
        if number.is_none() {
            self.option.get_or_insert(Error::Zero { option });
        }
        number
    }

    /// Adds a key or a range to what is chosen.
    pub(super) fn choose(
        &mut self,
        partitions: &mut PartitionsSelection,
        text: &str,
        read: fn(&str) -> Result<KeyWord, InvalidKeyWord>,
    ) {
        let word = match read(text) {
            Ok(word) => word,
            Err(InvalidKeyWord { why, at }) => {
                self.words.push(RequestError::InvalidKey {
                    key: text.to_owned(),
                    reason: why.to_string(),
                    argument: Quoted::part(text, at),
                });
                return;
            }
        };
        match &mut partitions.keys {
            KeyChoice::Named(words) => words.push(word),
            KeyChoice::Latest(_) => self.refuse_latest(&word),
            keys => *keys = KeyChoice::Named(vec![word]),
        }
    }

    /// Chooses the newest keys.
    pub(super) fn latest(&mut self, partitions: &mut PartitionsSelection, count: u32) {
        let count = self.at_least_one("latest", NonZeroU32::new(count));
        if let KeyChoice::Named(words) = &partitions.keys
            && let Some(word) = words.first()
        {
            self.refuse_latest(word);
        } else if let Some(count) = count {
            partitions.keys = KeyChoice::Latest(count);
        }
    }

    fn refuse_latest(&mut self, word: &KeyWord) {
        let option = match word {
            KeyWord::One(_) => "partition",
            KeyWord::Range { .. } => "partition_range",
        };
        self.option.get_or_insert(Error::LatestAndKeys { option });
    }
}

/// Adds partitions that were never materialized.
pub(super) fn or_missing(recorded: &mut RecordedState) {
    *recorded = match recorded {
        RecordedState::Any | RecordedState::Missing => RecordedState::Missing,
        RecordedState::Failed | RecordedState::MissingOrFailed => RecordedState::MissingOrFailed,
    };
}

/// Adds partitions that failed in their last attempt.
pub(super) fn or_failed(recorded: &mut RecordedState) {
    *recorded = match recorded {
        RecordedState::Any | RecordedState::Failed => RecordedState::Failed,
        RecordedState::Missing | RecordedState::MissingOrFailed => RecordedState::MissingOrFailed,
    };
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
            self.asked.selection.push(selection.into());
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
            self.misread.choose(&mut self.asked.partitions, key, $crate::model::KeyWord::key);
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
            self.misread.choose(&mut self.asked.partitions, range, $crate::model::KeyWord::range);
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
            self.misread.latest(&mut self.asked.partitions, count);
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
            $crate::api::request::selecting::or_missing(&mut self.asked.partitions.recorded);
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
            $crate::api::request::selecting::or_failed(&mut self.asked.partitions.recorded);
            self
        }
    };
}

pub(super) use {recorded_methods, selecting_methods};
