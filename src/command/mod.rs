//! From a declared command, with its partition, variables and secrets, to a command that an executor runs.

mod inputs;
mod length;
mod observe;
mod render;
mod variables;
mod words;

pub use inputs::{Load, StepStdin, mapped};
pub use observe::render_observe;
pub use render::{Previous, Rendered, Rendering, StepPlaces, TOO_LONG, Unrenderable};
