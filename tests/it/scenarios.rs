//! What runs, and what does not, told as scenarios: a project, an edit, exactly the steps that ran.

mod affected;
mod batches;
mod code;
mod data;
mod deps;
mod events;
mod expressions;
mod factories;
mod failures;
mod fan_in;
mod flags;
mod generated;
mod outputs;
mod partitions;
mod places;
mod selection;
mod shapes;
mod sources;
mod steps;
