//! From a declared command, with its partition, variables and secrets, to a command that an executor runs.

mod inputs;
mod observe;
mod render;
mod rendered;
mod variables;
mod words;

pub use observe::render_observe;
pub use rendered::{Load, Rendered, Rendering, StepPlaces, StepStdin, TOO_LONG, Unrenderable};
