//! Each verb on small projects on disk, with real commands: request in, report out.

mod accepting;
mod declared;
mod diagnosing;
mod explaining;
mod founding;
mod observing;
mod printing;
mod rebuilding;
mod sandbox;
mod sequences;
mod snapshots;
mod splicing;
mod told;
mod wiping;
