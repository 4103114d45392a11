//! From words to requests: the one place where arguments are parsed. All problems of a command line are told at once.
//! Selections are carried on as they were typed: they are read where the graph is known.

mod in_memory;
mod lock;
mod partition_verbs;
mod partitions;

pub use in_memory::in_memory;
pub use lock::{lock, lock_diff, prune};
pub use partition_verbs::{
    change_keys, grouping, list_partitions, map_partitions, show_partitions,
};

use std::path::Path;

use miette::SourceSpan;

use crate::cli::args::{
    AcceptArgs, AffectedArgs, CheckArgs, CheckOutputs, ExplainArgs, Globals, GraphArgs,
    HistoryArgs, InitArgs, ListArgs, LogsArgs, MaterializeArgs, ObserveArgs, PartitionsArgs,
    PlanArgs, RecordedArgs, RunArgs, SelectionArgs, ShowArgs, StatusArgs, Template, WipeArgs,
};
use crate::cli::error::CliError;
use crate::model::{
    AcceptRequest, AffectedRequest, Altered, AssetKey, Attempts, Changes, CheckRequest,
    CheckedOutputs, CheckedTree, DueWindows, Durability, Evidence, ExplainRequest, FailurePolicy,
    Follow, Force, GraphRequest, Grouping, HistoryRequest, InitRequest, InitTemplate, InvalidName,
    InvalidSelected, ListRequest, LogsRequest, MaterializeRequest, ObserveRequest, Occupied,
    Outputs, PartitionsSelection, PlanRequest, Rebuild, RunId, Scope, Selected, SelectionText,
    ShowRequest, Sources, StatusRequest, StepOutput, Strictness, Wait, WipeRequest,
};

/// What `materialize` is asked for.
pub fn materialize(
    args: &MaterializeArgs,
    globals: &Globals,
) -> Result<MaterializeRequest, CliError> {
    let (selection, partitions) = words_of(&args.run.selection, args.run.states)?;
    Ok(MaterializeRequest {
        selection,
        partitions,
        scope: scope(&args.run),
        steps: args.run.steps.clone(),
        force: force(&args.run),
        failures: match (args.fail_fast, args.max_failures) {
            (true, _) => FailurePolicy::StopAfter(std::num::NonZeroU32::MIN),
            (false, Some(limit)) => FailurePolicy::StopAfter(limit),
            (false, None) => FailurePolicy::KeepGoing,
        },
        altered: if args.keep_altered {
            Altered::Kept
        } else {
            Altered::Replaced
        },
        occupied: occupied(&args.run),
        jobs: globals.jobs,
        wait: if args.no_wait {
            Wait::Refuse
        } else {
            Wait::Wait
        },
        durability: if args.durable {
            Durability::Durable
        } else {
            Durability::Relaxed
        },
        output: if globals.verbose {
            StepOutput::Shown
        } else {
            StepOutput::Logged
        },
    })
}

/// What `materialize --dry-run` is asked for.
pub fn dry_run(args: &MaterializeArgs, globals: &Globals) -> Result<PlanRequest, CliError> {
    planned(&args.run, globals, Grouping::Ranges)
}

/// What `plan` is asked for.
pub fn plan(args: &PlanArgs, globals: &Globals) -> Result<PlanRequest, CliError> {
    planned(
        &args.run,
        globals,
        if args.keys {
            Grouping::Keys
        } else {
            Grouping::Ranges
        },
    )
}

fn planned(run: &RunArgs, globals: &Globals, grouping: Grouping) -> Result<PlanRequest, CliError> {
    let (selection, partitions) = words_of(&run.selection, run.states)?;
    Ok(PlanRequest {
        selection,
        partitions,
        scope: scope(run),
        steps: run.steps.clone(),
        force: force(run),
        occupied: occupied(run),
        jobs: globals.jobs,
        grouping,
    })
}

/// What `status` is asked for.
pub fn status(args: &StatusArgs) -> Result<StatusRequest, CliError> {
    let (selection, partitions) = words_of(&args.selection, args.states)?;
    Ok(StatusRequest {
        selection,
        partitions,
        grouping: if args.keys {
            Grouping::Keys
        } else {
            Grouping::Ranges
        },
        sources: if args.sources {
            Sources::Listed
        } else {
            Sources::Left
        },
        evidence: if args.recorded {
            Evidence::Recorded
        } else {
            Evidence::Files
        },
    })
}

/// What `check` is asked for.
pub fn check(args: &CheckArgs) -> Result<CheckRequest, CliError> {
    let (selection, partitions) = words_of(&args.selection, RecordedArgs::default())?;
    Ok(CheckRequest {
        selection,
        partitions,
        since: args.since.clone(),
        tree: if args.staged {
            CheckedTree::Staged
        } else {
            CheckedTree::Work
        },
        rebuild: args.rebuild.map(|count| Rebuild {
            count,
            seed: args.seed,
        }),
        outputs: match args.outputs {
            CheckOutputs::Matching => CheckedOutputs::Matching,
            CheckOutputs::Required => CheckedOutputs::Required,
            CheckOutputs::Ignore => CheckedOutputs::Ignored,
        },
        due: if args.due {
            DueWindows::Counted
        } else {
            DueWindows::Apart
        },
        strictness: if args.strict {
            Strictness::Strict
        } else {
            Strictness::Lenient
        },
    })
}

/// What `explain` is asked for.
pub fn explain(args: &ExplainArgs) -> Result<ExplainRequest, CliError> {
    Ok(ExplainRequest {
        selected: one(&args.selected, args.partition.as_deref())?,
    })
}

/// What `observe` is asked for.
pub fn observe(args: &ObserveArgs) -> Result<ObserveRequest, CliError> {
    let (selection, partitions) = words_of(&args.selection, RecordedArgs::default())?;
    Ok(ObserveRequest {
        selection,
        partitions,
    })
}

/// What `list` is asked for.
pub fn list(args: &ListArgs) -> ListRequest {
    ListRequest {
        selection: selection(&args.selection),
    }
}

/// What `show` is asked for.
pub fn show(args: &ShowArgs) -> Result<ShowRequest, CliError> {
    Ok(ShowRequest {
        asset: whole(&args.asset)?,
    })
}

/// What `graph` is asked for.
pub fn graph(args: &GraphArgs) -> GraphRequest {
    GraphRequest {
        selection: selection(&args.selection),
    }
}

/// What `affected` is asked for, by somebody who is in the folder `here`.
pub fn affected(args: &AffectedArgs, here: &Path) -> AffectedRequest {
    let files = || args.files.iter().map(|file| here.join(file)).collect();
    AffectedRequest {
        changes: match &args.since {
            Some(revision) => Changes::Since(revision.clone()),
            None => Changes::Files(files()),
        },
        follow: if args.direct {
            Follow::Nothing
        } else {
            Follow::Downstream
        },
    }
}

/// What `history` is asked for.
pub fn history(args: &HistoryArgs) -> Result<HistoryRequest, CliError> {
    Ok(HistoryRequest {
        selected: one(&args.selected, args.partition.as_deref())?,
        limit: Some(args.limit),
        grouping: if args.keys {
            Grouping::Keys
        } else {
            Grouping::Ranges
        },
        attempts: if args.failed {
            Attempts::Failed
        } else {
            Attempts::All
        },
    })
}

/// What `logs` is asked for.
pub fn logs(args: &LogsArgs) -> Result<LogsRequest, CliError> {
    let run = |text: &String| {
        let id = text
            .parse()
            .map_err(|_| CliError::Run { text: text.clone() })?;
        Ok::<_, CliError>(RunId(id))
    };
    Ok(LogsRequest {
        selected: one(&args.selected, args.partition.as_deref())?,
        run: args.run.as_ref().map(run).transpose()?,
    })
}

/// What `accept` is asked for.
pub fn accept(args: &AcceptArgs) -> Result<AcceptRequest, CliError> {
    let (selection, partitions) = words_of(&args.selection, RecordedArgs::default())?;
    Ok(AcceptRequest {
        selection,
        partitions,
        dry_run: args.dry_run,
    })
}

/// What `wipe` is asked for.
pub fn wipe(args: &WipeArgs) -> Result<WipeRequest, CliError> {
    let any = RecordedArgs::default();
    let (selection, partitions) = words(&args.selection, &args.partitions, any)?;
    Ok(WipeRequest {
        selection,
        partitions,
        outputs: if args.outputs {
            Outputs::Removed
        } else {
            Outputs::Kept
        },
        dry_run: args.dry_run,
    })
}

/// What `init` is asked for.
pub fn init(args: &InitArgs) -> InitRequest {
    InitRequest {
        template: match args.template {
            Template::Example => InitTemplate::Example,
            Template::Empty => InitTemplate::Empty,
        },
    }
}

fn scope(args: &RunArgs) -> Scope {
    if args.only {
        Scope::Only
    } else {
        Scope::WithUpstream
    }
}

fn occupied(args: &RunArgs) -> Occupied {
    if args.replace {
        Occupied::SetAside
    } else {
        Occupied::Refused
    }
}

fn force(args: &RunArgs) -> Force {
    match (args.full_refresh, args.force) {
        (true, _) => Force::FullRefresh,
        (false, true) => Force::Selected,
        (false, false) => Force::WhenStale,
    }
}

type Words = (Vec<SelectionText>, PartitionsSelection);

fn words_of(args: &SelectionArgs, recorded: RecordedArgs) -> Result<Words, CliError> {
    words(&args.selection, &args.partitions, recorded)
}

/// A selection and which of its partitions, with all that is wrong with the flags.
fn words(
    arguments: &[String],
    args: &PartitionsArgs,
    recorded: RecordedArgs,
) -> Result<Words, CliError> {
    let mut problems = Vec::new();
    let keys = partitions::key_choice(args, &mut problems);
    if !problems.is_empty() {
        return Err(CliError::of(problems));
    }
    let recorded = partitions::recorded(recorded);
    Ok((selection(arguments), PartitionsSelection { keys, recorded }))
}

fn selection(arguments: &[String]) -> Vec<SelectionText> {
    let text = |argument: &String| SelectionText::from(argument.as_str());
    arguments.iter().map(text).collect()
}

/// One asset partition, given as `ASSET@K` or as `ASSET` and `--partition K`.
fn one(word: &str, key: Option<&str>) -> Result<Selected, CliError> {
    let mut problems = Vec::new();
    let mut take = |problem| problems.push(problem);
    let selected = selected(word).map_err(&mut take).ok();
    let key = key.and_then(|key| partitions::key(key).map_err(&mut take).ok());
    match (selected, key) {
        (Some(selected), Some(_)) if selected.partition.is_some() => {
            Err(partitions::twice(&selected))
        }
        (Some(selected), key) if problems.is_empty() => Ok(Selected {
            partition: selected.partition.or(key),
            ..selected
        }),
        _ => Err(CliError::of(problems)),
    }
}

/// A whole asset or source.
fn whole(word: &str) -> Result<AssetKey, CliError> {
    let selected = selected(word)?;
    if selected.partition.is_some() {
        return Err(CliError::NeedlessPartition {
            selected: word.to_owned(),
            asset: selected.asset.to_string(),
        });
    }
    Ok(selected.asset)
}

fn selected(word: &str) -> Result<Selected, CliError> {
    word.parse().map_err(|error: InvalidSelected| {
        let (start, len) = match error {
            InvalidSelected::Asset(InvalidName::Character { found, at }) => (at, found.len_utf8()),
            InvalidSelected::Asset(InvalidName::Empty) => (0, 0),
            InvalidSelected::Partition(_) => {
                let start = word.find('@').map_or(0, |at| at + 1);
                (start, word.len() - start)
            }
        };
        let span = (start < word.len()).then(|| SourceSpan::from((start, len)));
        CliError::Selection {
            text: word.to_owned(),
            reason: error.to_string(),
            span,
        }
    })
}

#[cfg(test)]
mod tests;
