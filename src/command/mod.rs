//! From a declared command, with its partition, variables and secrets, to a command that an executor runs.

mod beside;
mod hook;
mod inputs;
mod observe;
mod render;
mod rendered;
mod resource;
mod variables;
mod words;

pub use hook::HookCommand;
pub use observe::{SourceEnv, render_observe};
pub use rendered::{Load, Rendered, Rendering, StepPlaces, StepStdin, TOO_LONG, Unrenderable};
pub use resource::ResourceCommand;
