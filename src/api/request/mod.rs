//! What the library's verbs are asked for: builders over the requests of `model`, of words that are read when the call is made.

mod check;
mod io_manager_kind;
mod materialize;
mod plan;
mod raise_on_error;
mod selecting;
mod status;

pub use check::CheckRequest;
pub use io_manager_kind::IoManagerKind;
pub use materialize::MaterializeRequest;
pub use plan::PlanRequest;
pub use raise_on_error::RaiseOnError;
pub use status::StatusRequest;

pub(super) use materialize::Kept;

use std::num::{NonZeroU32, NonZeroUsize};

use crate::api::error::Error;

/// A number of jobs, which cannot be 0.
fn jobs(number: Option<usize>) -> Result<Option<NonZeroUsize>, Error> {
    let option = "jobs";
    let counted = |number| NonZeroUsize::new(number).ok_or(Error::Zero { option });
    number.map(counted).transpose()
}

/// A number that cannot be 0.
fn count(option: &'static str, number: u32) -> Result<NonZeroU32, Error> {
    NonZeroU32::new(number).ok_or(Error::Zero { option })
}
