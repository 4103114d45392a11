//! The JSON lines of events.

mod event;
mod text;

pub use event::EventLine;
pub use text::Text;

/// The number of the shapes.
pub const SCHEMA: u32 = 1;
