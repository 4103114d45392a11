//! One verb a file: wires the rooms below into what a verb asks for.
//!
//! A verb gets a [`Project`] and a request, and gives a report, or for `materialize` a stream of events. Nothing here
//! prints, reads arguments, or exits.

mod causes;
mod error;
mod instance;
mod materialize;
mod plan;
mod project;
mod ranges;
mod selection;
mod status;

pub use error::{AppError, Blame, RequestError};
pub use materialize::{Progress, Running, materialize};
pub use plan::plan;
pub use project::{Project, Surroundings};
pub use status::status;
