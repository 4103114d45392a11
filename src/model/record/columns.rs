//! The current state of many asset partitions, in columns.
//!
//! A cell with one output takes 66 bytes and no allocation of its own; one that was never tried takes memory only where
//! the operating system hands out zeros in advance. The columns are parallel, so judging reads just what it compares.
//!
//! What is replaced by more outputs leaves its old ones behind: cells change once or twice in a run, and never back and
//! forth.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::model::record::{MaterializationId, Provenance, RULE};
use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

/// The current state of asset partitions, by index.
#[derive(Clone, Debug, Default)]
pub struct CurrentColumns {
    states: Vec<State>,
    ids: Vec<i64>,
    fingerprints: Vec<[u8; 16]>,
    /// Microseconds since 1970 (UTC).
    times: Vec<i64>,
    durations_ms: Vec<u64>,
    /// Which of `makings` each has.
    made: Vec<u32>,
    /// Where each one's outputs begin in `outputs`.
    starts: Vec<u32>,
    outputs: Vec<DataVersion>,
    makings: Makings,
}

/// Which columns of a cell hold something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    NeverTried,
    NeverMaterialized(LastAttempt),
    Materialized(LastAttempt),
}

/// What many materializations have in common: all of an asset, as long as nobody changes its declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Making {
    rule: u32,
    code_version: CodeVersion,
    outputs: u32,
}

#[derive(Clone, Debug, Default)]
struct Makings {
    all: Vec<Making>,
    numbers: HashMap<Making, u32>,
    /// The number that was asked for last; neighbours mostly share it.
    last: u32,
}

impl CurrentColumns {
    /// The state of this number of cells, none of which was ever tried.
    pub fn never_tried(cells: usize) -> Self {
        Self {
            states: vec![State::NeverTried; cells],
            ids: vec![0; cells],
            fingerprints: vec![[0; 16]; cells],
            times: vec![0; cells],
            durations_ms: vec![0; cells],
            made: vec![0; cells],
            starts: vec![0; cells],
            outputs: Vec::new(),
            makings: Makings::default(),
        }
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The state of a cell; `None` if it was never tried.
    ///
    /// # Panics
    ///
    /// If the cell is out of bounds.
    pub fn get(&self, at: usize) -> Option<CurrentRef<'_>> {
        let attempt = self.attempt(at)?;
        let materialized = self.materialized(at);
        Some(CurrentRef {
            materialized,
            attempt,
        })
    }

    /// How the last attempt at a cell ended; `None` if it was never tried.
    ///
    /// # Panics
    ///
    /// If the cell is out of bounds.
    pub fn attempt(&self, at: usize) -> Option<LastAttempt> {
        match self.states[at] {
            State::NeverTried => None,
            State::NeverMaterialized(attempt) | State::Materialized(attempt) => Some(attempt),
        }
    }

    /// The last materialization of a cell, if it has one; its time is to the microsecond.
    ///
    /// # Panics
    ///
    /// If the cell is out of bounds.
    pub fn materialized(&self, at: usize) -> Option<MaterializedRef<'_>> {
        if !matches!(self.states[at], State::Materialized(_)) {
            return None;
        }
        let making = self.makings.all[self.made[at] as usize];
        let start = self.starts[at] as usize;
        Some(MaterializedRef {
            provenance: provenance_of(self.ids[at]),
            rule: making.rule,
            fingerprint: Fingerprint(Digest::from_bytes(self.fingerprints[at])),
            code_version: making.code_version,
            time: Timestamp::from_microsecond(self.times[at])
                .expect("these are the microseconds of a timestamp"),
            outputs: &self.outputs[start..start + making.outputs as usize],
            duration_ms: self.durations_ms[at],
        })
    }

    /// All states, by index.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<CurrentRef<'_>>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Replaces the state of a cell.
    ///
    /// # Panics
    ///
    /// If the cell is out of bounds, or there are 2^32 outputs.
    pub fn set<'a>(&mut self, at: usize, current: impl Into<CurrentRef<'a>>) {
        let CurrentRef {
            materialized,
            attempt,
        } = current.into();
        let Some(last) = materialized else {
            self.states[at] = State::NeverMaterialized(attempt);
            return;
        };
        self.starts[at] = self.put_outputs(at, last.outputs);
        self.made[at] = self.makings.number(Making {
            rule: last.rule,
            code_version: last.code_version,
            outputs: last.outputs.len() as u32,
        });
        self.ids[at] = id_column(last.provenance);
        self.fingerprints[at] = *last.fingerprint.0.as_bytes();
        self.times[at] = last.time.as_microsecond();
        self.durations_ms[at] = last.duration_ms;
        self.states[at] = State::Materialized(attempt);
    }

    /// Forgets the state of a cell, so that it was never tried.
    ///
    /// # Panics
    ///
    /// If the cell is out of bounds.
    pub fn clear(&mut self, at: usize) {
        self.states[at] = State::NeverTried;
    }

    /// Puts the outputs of a cell where it has had as many, else behind all others, and says where.
    fn put_outputs(&mut self, at: usize, outputs: &[DataVersion]) -> u32 {
        let place = matches!(self.states[at], State::Materialized(_)).then(|| {
            let start = self.starts[at] as usize;
            start..start + self.makings.all[self.made[at] as usize].outputs as usize
        });
        if let Some(place) = place.filter(|place| place.len() == outputs.len()) {
            self.outputs[place].copy_from_slice(outputs);
            return self.starts[at];
        }
        let start = u32::try_from(self.outputs.len()).expect("there are fewer than 2^32 outputs");
        self.outputs.extend_from_slice(outputs);
        start
    }
}

/// What stands for a provenance in a column: numbers of materializations are greater than 0.
const fn id_column(provenance: Provenance) -> i64 {
    match provenance {
        Provenance::Recorded(id) => id.0,
        Provenance::ThisRun => 0,
        Provenance::Locked => -1,
    }
}

const fn provenance_of(id: i64) -> Provenance {
    match id {
        0 => Provenance::ThisRun,
        -1 => Provenance::Locked,
        id => Provenance::Recorded(MaterializationId(id)),
    }
}

impl Makings {
    fn number(&mut self, making: Making) -> u32 {
        if self.all.get(self.last as usize) == Some(&making) {
            return self.last;
        }
        let next = self.all.len() as u32;
        self.last = *self.numbers.entry(making).or_insert(next);
        if self.last == next {
            self.all.push(making);
        }
        self.last
    }
}

/// The current state of an asset partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current<O = Vec<DataVersion>> {
    /// The last materialization; `None` if there was none.
    pub materialized: Option<CurrentMaterialization<O>>,
    /// Whether the last attempt failed, after the last materialization.
    pub attempt: LastAttempt,
}

impl Current {
    /// The state of an asset partition by what the lock file says of it.
    pub const fn of_lock(
        fingerprint: Fingerprint,
        code_version: CodeVersion,
        outputs: Vec<DataVersion>,
    ) -> Self {
        Self {
            materialized: Some(CurrentMaterialization {
                provenance: Provenance::Locked,
                rule: RULE,
                fingerprint,
                code_version,
                time: Timestamp::UNIX_EPOCH,
                outputs,
                duration_ms: 0,
            }),
            attempt: LastAttempt::Succeeded,
        }
    }
}

/// How the last attempt at an asset partition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastAttempt {
    /// It gave the last materialization, or there was none.
    Succeeded,
    /// It failed, or was interrupted.
    Failed,
}

/// The last materialization, as far as judging needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentMaterialization<O = Vec<DataVersion>> {
    /// Where it is known from.
    pub provenance: Provenance,
    /// The rule that the fingerprint was made by.
    pub rule: u32,
    /// All that it depended on.
    pub fingerprint: Fingerprint,
    /// The version of what made it.
    pub code_version: CodeVersion,
    /// When it was recorded.
    pub time: Timestamp,
    /// The data version of each output, in declared order.
    pub outputs: O,
    /// How long its command took, in milliseconds.
    pub duration_ms: u64,
}

/// A [`Current`] whose outputs stand elsewhere.
pub type CurrentRef<'a> = Current<&'a [DataVersion]>;

/// A [`CurrentMaterialization`] whose outputs stand elsewhere.
pub type MaterializedRef<'a> = CurrentMaterialization<&'a [DataVersion]>;

impl<O> CurrentMaterialization<O> {
    /// The same with its outputs held otherwise.
    fn holding<P>(&self, outputs: P) -> CurrentMaterialization<P> {
        CurrentMaterialization {
            provenance: self.provenance,
            rule: self.rule,
            fingerprint: self.fingerprint,
            code_version: self.code_version,
            time: self.time,
            outputs,
            duration_ms: self.duration_ms,
        }
    }
}

impl<'a> From<&'a Current> for CurrentRef<'a> {
    fn from(current: &'a Current) -> Self {
        let materialized = current.materialized.as_ref();
        Self {
            materialized: materialized.map(|last| last.holding(&*last.outputs)),
            attempt: current.attempt,
        }
    }
}

impl CurrentRef<'_> {
    /// A state of its own.
    pub fn to_owned(self) -> Current {
        let materialized = self.materialized;
        Current {
            materialized: materialized.map(|last| last.holding(last.outputs.to_vec())),
            attempt: self.attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::CurrentColumns;
    use crate::digest::Digest;
    use crate::model::record::{
        Current, CurrentMaterialization, CurrentRef, LastAttempt, MaterializationId, Provenance,
    };
    use crate::model::version::{CodeVersion, DataVersion, Fingerprint};

    fn digest(seed: u8) -> Digest {
        Digest::from_bytes([seed; 16])
    }

    fn current(seed: u8, outputs: u8, attempt: LastAttempt) -> Current {
        Current {
            materialized: Some(CurrentMaterialization {
                provenance: match seed % 3 {
                    0 => Provenance::Recorded(MaterializationId(i64::from(seed) + 1)),
                    1 => Provenance::Locked,
                    _ => Provenance::ThisRun,
                },
                rule: 1 + u32::from(seed % 2),
                fingerprint: Fingerprint(digest(seed)),
                code_version: CodeVersion(digest(seed % 3)),
                time: Timestamp::from_microsecond(i64::from(seed) - 100).expect("near 1970"),
                outputs: (0..outputs)
                    .map(|at| DataVersion(digest(seed ^ at)))
                    .collect(),
                duration_ms: u64::MAX - u64::from(seed),
            }),
            attempt,
        }
    }

    fn any_attempt() -> impl Strategy<Value = LastAttempt> {
        prop_oneof![Just(LastAttempt::Succeeded), Just(LastAttempt::Failed)]
    }

    /// `None` clears.
    fn any_change() -> impl Strategy<Value = (usize, Option<Current>)> {
        let materialized = (any::<u8>(), 0..4_u8, any_attempt())
            .prop_map(|(seed, outputs, attempt)| current(seed, outputs, attempt));
        let tried = any_attempt().prop_map(|attempt| Current {
            materialized: None,
            attempt,
        });
        (
            0..6_usize,
            proptest::option::of(prop_oneof![3 => materialized, 1 => tried]),
        )
    }

    proptest! {
        #[test]
        fn agrees_with_rows(changes in proptest::collection::vec(any_change(), 0..40)) {
            let mut rows = vec![None; 6];
            let mut columns = CurrentColumns::never_tried(rows.len());
            for (at, change) in changes {
                match &change {
                    Some(current) => columns.set(at, current),
                    None => columns.clear(at),
                }
                rows[at] = change;
                let found: Vec<_> = columns.iter().map(|it| it.map(CurrentRef::to_owned)).collect();
                prop_assert_eq!(&found, &rows);
                for (at, row) in rows.iter().enumerate() {
                    prop_assert_eq!(columns.attempt(at), row.as_ref().map(|it| it.attempt));
                }
            }
        }
    }

    #[test]
    fn as_many_outputs_take_the_place_of_the_last_ones() {
        let mut columns = CurrentColumns::never_tried(2);
        for seed in 0..100 {
            columns.set(1, &current(seed, 2, LastAttempt::Succeeded));
        }
        assert_eq!(columns.outputs.len(), 2);
        assert_eq!(
            columns.makings.all.len(),
            6,
            "two rules, three code versions"
        );
    }
}
