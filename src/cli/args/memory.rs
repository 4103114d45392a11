//! `materialize --in-memory`.

use clap::{Args, ValueEnum};

/// Words about a run in memory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "In memory")]
pub struct MemoryArgs {
    /// Keep outputs in memory: all that is selected runs, and nothing of the project is changed
    ///
    /// For tests. Sources are read from disk, and with --only what is read besides. The instance is asked for dynamic keys and for what
    /// `status:` selects, and for nothing else.
    #[arg(
        long,
        conflicts_with_all = ["dry_run", "replace", "keep_altered", "until_done", "no_wait", "durable"]
    )]
    pub in_memory: bool,
    /// The most bytes of outputs, and of what commands read of them, that are held: `500MB`, `2GiB` [default: 2GB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
    /// Write this one value to standard output; without a SELECTION it is also what is materialized
    #[arg(long, value_name = "ASSET[.OUTPUT][@KEY]", conflicts_with = "json")]
    pub print: Option<String>,
    /// Read sources where `[project.test]` says
    #[arg(long)]
    pub test_sources: bool,
    /// Read a source or an external asset at another path; repeatable
    #[arg(long, value_name = "NAME=PATH", value_parser = input)]
    pub input: Vec<(String, String)>,
    /// Where outputs are kept: `filesystem`, the default, or `memory`, which is --in-memory
    #[arg(long, value_name = "NAME")]
    pub io_manager: Option<IoManagerName>,
}

/// An IO manager by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IoManagerName {
    /// Files at their paths in the project
    Filesystem,
    /// The memory of this process
    Memory,
}

impl MemoryArgs {
    /// Whether a run in memory is asked for.
    pub fn is_asked_for(&self) -> bool {
        self.in_memory || self.io_manager == Some(IoManagerName::Memory)
    }
}

fn size(text: &str) -> Result<u64, String> {
    parse_size::parse_size(text)
        .map_err(|_| "a size is a number of bytes, or one with a unit: `500MB`, `2GiB`".to_owned())
}

fn input(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.to_owned()))
        }
        _ => Err("write NAME=PATH, as in `flights=tests/flights.csv`".to_owned()),
    }
}
