//! From a declared command, with its partition, variables and secrets, to a command that an executor runs.

mod inputs;
mod length;
mod observe;
mod render;
mod rendered;
mod rendering;
mod variables;
mod words;

pub use observe::render_observe;
pub use rendered::{Load, Rendered, StepStdin, TOO_LONG, Unrenderable};
pub use rendering::{Rendering, StepPlaces};
