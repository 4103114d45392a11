//! The library as a program uses it that has it as a dependency: built and run without the feature `cli`, too.

mod errors;
mod events;
mod instances;
mod jobs;
mod memory;
mod outputs;
mod project;
mod purity;
mod requests;
mod resources;
mod verbs;
