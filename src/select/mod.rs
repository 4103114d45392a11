//! The selection language: text → [`Selection`] with spans → a set of assets.
//!
//! ```text
//! expr  := trav | not expr | expr and expr | expr or expr | (expr) | *
//! trav  := [N]+ term +[N]      N levels, or all levels without N; both sides: the union of both
//! term  := NAME | NAME@PARTITION | ATTRIBUTE:VALUE | sinks(expr) | roots(expr) | (expr)
//! ```
//!
//! Traversal binds closest, then `not`, `and`, `or`. The grammar is that of Dagster's asset selections, without its
//! fallback to a second one; a bare name is ours. Parsing knows no graph; evaluating knows no text but for what an error
//! points at. [`steps`] is the second, smaller language, over the steps of a plan.
//!
//! Pure: states of assets, jobs and what git knows come in as sets.

mod ast;
mod attributes;
mod complete;
mod error;
mod evaluate;
mod lexer;
mod parser;
pub mod steps;

pub use ast::{
    Attribute, Depth, Expression, GivenWord, IsValue, PartitionsValue, Selection, StatusValue,
};
pub use attributes::Lookups;
pub use complete::{continuations, fitting, fitting_names, last_word, written, written_key};
pub use error::{SelectionError, SelectionErrorKind, Span, did_you_mean};
pub use evaluate::{AssetSet, Mention, SelectedAssets, evaluate, job_help, with_jobs};
pub use parser::parse;

#[cfg(test)]
mod tests;
