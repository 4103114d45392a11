//! What a run needs of the world around it.

use crate::answer::EventSink;
use crate::executor::Cancel;
use crate::hash::Ignore;
use crate::look::Workspace;
use crate::store::Store;
use crate::sys::clock::Clock;

/// The doors that a run goes through.
pub struct RunDoors<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// What is never part of outputs.
    pub ignore: &'a Ignore,
    /// The instance.
    pub store: &'a mut Store,
    /// Interrupts.
    pub cancel: &'a Cancel,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Where events go.
    pub sink: &'a mut dyn EventSink,
}
