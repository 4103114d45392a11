//! Hooks: commands that follow the end of a step or of the run, and change nothing of either.
//!
//! An event that was stored and shown calls the hooks of its step, the outermost first. Workers run them like steps, one
//! step's hooks one after the other, and nothing waits for them but the end of the run. Those of the run follow its last event.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use std::{fmt, fs, io};

use crate::answer::{Event, EventKind, HookName, RunOutcome, StepFailure, StepOutcome};
use crate::command::{HookCommand, Unrenderable};
use crate::engine::failure::{failure_of_exit, last_lines};
use crate::engine::resources::{Given, NotReady, ResourcePool};
use crate::engine::step_locks::{GroupNote, GroupNotes};
use crate::executor::{Exit, Moment, SecondInterrupt, Watcher};
use crate::look::{OwnLife, Workspace, log_path, resolved_resource, unset_variable};
use crate::model::{
    AssetGraph, Batch, Hook, HookMoment, HookOwner, Job, Name, ResolvedResource, RunId, RunTags,
    StepName,
};
use crate::sys::file::{create_parent, write_privately};
use crate::sys::shell::quote_command;

/// The hooks that an event calls, the outermost first.
#[derive(Debug)]
pub struct HookCall {
    /// The event, which was stored.
    event: Event,
    step: Option<StepName>,
    /// All that the step makes, where that is more.
    batch: Option<Arc<Batch>>,
    hooks: Vec<(HookOwner, HookBody)>,
}

/// A hook that a program gives to a run.
#[derive(Clone)]
pub struct HookFunction {
    moment: HookMoment,
    function: Arc<dyn Fn(&Event) + Send + Sync>,
}

/// What a hook does.
#[derive(Clone, Debug)]
enum HookBody {
    Command(Hook),
    Function(HookFunction),
}

impl HookFunction {
    /// A function that is called with the event that it follows.
    pub fn new(moment: HookMoment, function: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let function = Arc::new(function);
        Self { moment, function }
    }

    fn call(&self, event: &Event) -> Result<(), StepFailure> {
        let called = catch_unwind(AssertUnwindSafe(|| (self.function)(event)));
        called.map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let message = text.map_or_else(
                || "it panicked".to_owned(),
                |it| format!("it panicked: {it}"),
            );
            failure("assetctl::engine::hook_panicked", message)
        })
    }
}

impl fmt::Debug for HookFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookFunction")
            .field("moment", &self.moment)
            .finish_non_exhaustive()
    }
}

/// What hooks of one run share.
pub struct HookDoors<'a> {
    /// The project.
    pub workspace: &'a Workspace<'a>,
    /// The run.
    pub run: RunId,
    /// The job that is run.
    pub job: Option<&'a Name>,
    /// The tags of the run.
    pub tags: &'a RunTags,
    /// The resources.
    pub resources: &'a ResourcePool<'a>,
    /// Where process groups are noted.
    pub groups: Arc<GroupNotes>,
    /// Ends them.
    pub second: SecondInterrupt,
}

/// The hooks that a run may call.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredHooks<'a> {
    graph: &'a AssetGraph,
    /// The job that is run.
    job: Option<&'a Name>,
    /// Whether those are to run.
    run: bool,
    /// Those of the program, which run in any case.
    functions: &'a [HookFunction],
}

impl<'a> DeclaredHooks<'a> {
    /// Those of a run, which may be that of a job; the declared ones only where they are to run.
    pub fn new(
        graph: &'a AssetGraph,
        job: Option<&'a Name>,
        run: bool,
        functions: &'a [HookFunction],
    ) -> Self {
        Self {
            graph,
            job,
            run,
            functions,
        }
    }

    /// Whether there may be any.
    pub fn are_there(self) -> bool {
        !self.functions.is_empty() || self.run && self.graph.may_have_hooks(self.job())
    }

    /// The call of an event, if it has hooks. Of a batch the event of its first partition calls them.
    pub fn called(self, event: &Event) -> Option<HookCall> {
        let (moment, step, batch) = match &event.kind {
            EventKind::StepFinished {
                step,
                batch,
                outcome,
                ..
            } => {
                let is_later = |batch: &Batch| step.partition.as_ref() != Some(&batch.first);
                if batch.as_deref().is_some_and(is_later) {
                    return None;
                }
                let moment = match outcome {
                    StepOutcome::Materialized { .. } | StepOutcome::Unchanged { .. } => {
                        HookMoment::StepSuccess
                    }
                    StepOutcome::Failed(_) => HookMoment::StepFailure,
                    StepOutcome::Canceled => return None,
                };
                (moment, Some(step), batch.clone())
            }
            EventKind::RunFinished { outcome, .. } => {
                let moment = match outcome {
                    RunOutcome::Success => HookMoment::RunSuccess,
                    RunOutcome::Failed => HookMoment::RunFailure,
                    RunOutcome::Canceled => HookMoment::RunCanceled,
                };
                (moment, None, None)
            }
            _ => return None,
        };
        let functions = self.functions.iter().filter(|it| it.moment == moment);
        let functions = functions.map(|it| (HookOwner::Program, HookBody::Function(it.clone())));
        let mut hooks: Vec<_> = functions.collect();
        if self.run {
            let id = step.and_then(|step| self.graph.find(step.asset.as_str()));
            let asset = id.and_then(|id| self.graph.asset(id));
            let declared = self.graph.hooks(moment, asset, self.job());
            hooks.extend(declared.map(|(owner, hook)| (owner, HookBody::Command(hook.clone()))));
        }
        (!hooks.is_empty()).then(|| HookCall {
            event: event.clone(),
            step: step.cloned(),
            batch,
            hooks,
        })
    }

    /// Whether a hook of a run needs resources, so that they have to be there longer.
    pub fn hold_resources(self) -> bool {
        let moments = HookMoment::ALL.into_iter().filter(|it| !it.is_of_step());
        let mut hooks = moments.flat_map(|moment| self.graph.hooks(moment, None, self.job()));
        self.run && hooks.any(|(_, hook)| !hook.resources.is_empty())
    }

    fn job(self) -> Option<&'a Job> {
        self.job.and_then(|name| self.graph.job(name.as_str()))
    }
}

impl HookDoors<'_> {
    /// Runs the hooks of a call one after the other, and tells how each has ended. What fails does not keep the next from running.
    ///
    /// `wake` is called where something has happened to a resource.
    pub fn run(&self, call: &HookCall, wake: &dyn Fn(), tell: &mut dyn FnMut(EventKind)) {
        let file = event_file(self.workspace.own, self.run, call.event.seq);
        let file = self.workspace.resolve(&file);
        let is_command = |(_, body): &(_, HookBody)| matches!(body, HookBody::Command(_));
        let has_commands = call.hooks.iter().any(is_command);
        let written = if has_commands {
            write_event(&call.event, &file)
        } else {
            Ok(())
        };
        for (owner, body) in &call.hooks {
            let moment = match body {
                HookBody::Command(hook) => hook.moment,
                HookBody::Function(function) => function.moment,
            };
            let name = HookName {
                hook: moment,
                declared: *owner,
                step: call.step.clone(),
                batch: call.batch.clone(),
            };
            let started = Instant::now();
            let ended = match (body, &written) {
                (HookBody::Function(function), _) => {
                    let called = function.call(&call.event);
                    called.map(|()| None).map_err(|it| (it, None))
                }
                (HookBody::Command(hook), Ok(())) => self.run_one(call, (&name, hook), &file, wake),
                (HookBody::Command(_), Err(error)) => {
                    let message = format!("cannot write {}: {error}", file.display());
                    Err((failure("assetctl::engine::unwritable", message), None))
                }
            };
            tell(match ended {
                Ok(log) => EventKind::HookCompleted {
                    hook: name,
                    duration: started.elapsed(),
                    log,
                },
                Err((mut failure, log)) => {
                    failure.message = format!("the {name} failed: {}", failure.message);
                    EventKind::HookErrored {
                        hook: name,
                        failure: Box::new(failure),
                        log,
                    }
                }
            });
        }
        if has_commands {
            // The folder stays, for others may be about to write there; the run removes it.
            let _ = fs::remove_file(&file);
        }
    }

    fn run_one(
        &self,
        call: &HookCall,
        (name, hook): (&HookName, &Hook),
        file: &Path,
        wake: &dyn Fn(),
    ) -> Result<Option<String>, (StepFailure, Option<String>)> {
        let workspace = self.workspace;
        if let Some(variable) = unset_variable(workspace, &hook.env, &hook.resources) {
            let message = format!("the environment variable `{variable}` is not set");
            return Err((failure("assetctl::engine::unset_variable", message), None));
        }
        let (given, resources) = self.resources_of(hook, wake).map_err(|it| (it, None))?;
        let command = HookCommand {
            workspace,
            hook,
            run: self.run,
            job: self.job,
            tags: self.tags,
            step: call.step.as_ref(),
            batch: call.batch.as_deref(),
            event: call.event.kind.word(),
            file,
            resources: &resources,
            given: &given,
        };
        let rendered = command.render().map_err(|it| (unrenderable(it), None))?;
        let log = self.log(name);
        let folder = workspace.resolve(&hook.folder);
        let mut line = rendered.command_line(folder, workspace.resolve(&log));
        line.timeout = Some(hook.timeout);
        let group = GroupNote::new(&self.groups);
        line.watcher = Watcher::new(move |moment| {
            if let Moment::Started { process } = moment {
                group.write(process);
            }
        });
        let execution = workspace.executor.execute(&line, &self.second.cancel);
        let kept = execution
            .log
            .is_some()
            .then_some(log)
            .filter(|_| workspace.own_life == OwnLife::Kept);
        if execution.exit.is_success() {
            return Ok(kept);
        }
        let mut failure = match &execution.exit {
            Exit::Canceled => failure("assetctl::engine::hook_interrupted", "interrupted".into()),
            exit => failure_of_exit(exit),
        };
        failure.command = quote_command(rendered.argv.iter().map(String::as_str));
        failure.tail = execution.log.as_deref().map_or_else(Vec::new, last_lines);
        Err((failure, kept))
    }

    /// The resources of a hook, with what their setups have given.
    fn resources_of(
        &self,
        hook: &Hook,
        wake: &dyn Fn(),
    ) -> Result<(Given, Vec<ResolvedResource>), StepFailure> {
        const CODE: &str = "assetctl::engine::hook_resource";
        let given = self
            .resources
            .require(&hook.resources, (&self.second.cancel, wake));
        let given = given.map_err(|why| match why {
            NotReady::Blocked(why) => failure(CODE, why),
            NotReady::Canceled => {
                failure("assetctl::engine::hook_interrupted", "interrupted".into())
            }
        })?;
        let graph = self.workspace.graph;
        let named = hook.resources.iter();
        let named = named.filter_map(|name| graph.resource(name.as_str()));
        let resolved = named
            .map(|it| resolved_resource(self.workspace, it))
            .collect();
        let resolved: Result<Vec<_>, _> = resolved;
        let resolved = resolved.map_err(|problems| failure(CODE, problems.first_in_words()))?;
        Ok((given, resolved))
    }

    /// Where the log of a hook goes: named as no log of a step is.
    fn log(&self, name: &HookName) -> String {
        let (own, run) = (self.workspace.own, self.run);
        let hook = format!("~{}~{}", name.hook.word(), name.declared.word());
        let step = name.step.as_ref();
        let step = step.map(|step| log_path(own, run, (step, name.batch.as_deref()), 0));
        match step.as_deref().and_then(|log| log.rsplit('/').next()) {
            Some(log) => format!("{own}/logs/{run}/{hook}~{log}"),
            None => format!("{own}/logs/{run}/{hook}.log"),
        }
    }
}

fn write_event(event: &Event, file: &Path) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    create_parent(file)?;
    write_privately(file, &line)
}

/// The folder for the events that hooks are given, relative to the project root. `own` is the folder that the run works in.
pub(super) fn event_folder(own: &str, run: RunId) -> String {
    format!("{own}/hooks/{run}")
}

fn event_file(own: &str, run: RunId, seq: u64) -> String {
    format!("{}/{seq}.json", event_folder(own, run))
}

fn failure(code: &'static str, message: String) -> StepFailure {
    StepFailure::new(code, message, None)
}

fn unrenderable(why: Unrenderable) -> StepFailure {
    StepFailure::new(why.code, why.message, why.help.as_deref())
}
