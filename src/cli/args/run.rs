//! What `materialize` and `plan` have in common.

use clap::Args;

use crate::cli::args::{RecordedArgs, SelectionArgs};
use crate::model::{Force, Occupied};

/// What `materialize` and `plan` have in common.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags as they are typed; their meaning is an enum each"
)]
pub struct RunArgs {
    /// Which asset partitions.
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Only partitions with these records.
    #[command(flatten)]
    pub states: RecordedArgs,
    /// Run the selection only, and read its inputs as they are
    #[arg(long)]
    pub only: bool,
    /// Run only these steps of the plan: `clean@2013-07-04`, `*report`, `clean+`; repeatable
    #[arg(long, value_name = "CLAUSE")]
    pub steps: Vec<String>,
    /// Run the selection even if it is fresh, but not its upstreams
    #[arg(short = 'B', long)]
    pub force: bool,
    /// As --force; incremental assets start from nothing
    #[arg(long)]
    pub full_refresh: bool,
    /// Set aside folders that no step has made at the paths of outputs, as files always are
    #[arg(long)]
    pub replace: bool,
}

impl RunArgs {
    pub fn occupied(&self) -> Occupied {
        if self.replace {
            Occupied::SetAside
        } else {
            Occupied::Refused
        }
    }

    pub fn force(&self) -> Force {
        match (self.full_refresh, self.force) {
            (true, _) => Force::FullRefresh,
            (false, true) => Force::Selected,
            (false, false) => Force::WhenStale,
        }
    }

    /// The arguments that choose the same, one word each.
    pub fn as_words(&self) -> Vec<String> {
        let mut words = self.selection.as_words(self.states);
        let flags = [
            (self.only, "--only"),
            (self.force, "--force"),
            (self.full_refresh, "--full-refresh"),
        ];
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        words.extend(given.map(|(_, flag)| (*flag).to_owned()));
        for clause in &self.steps {
            words.extend(["--steps".to_owned(), clause.clone()]);
        }
        words
    }
}
