//! Small doors to the operating system: the only place that touches processes, locks and clocks directly.

pub mod process;
