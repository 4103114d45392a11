//! Arguments that several verbs share.

mod globals;
mod run;
mod selection;

pub use globals::{ColorChoice, Globals, instant};
pub use run::RunArgs;
pub use selection::{
    PartitionsArgs, RecordedArgs, SelectionArgs, key_range, key_word, one, selection, single_key,
    whole, words,
};

use std::str::FromStr;

/// Reads a number that is not 0.
pub fn at_least_one<N: FromStr>(text: &str) -> Result<N, &'static str> {
    text.parse()
        .map_err(|_| "expected a whole number of at least 1")
}
