//! All verbs agree: `status`, `plan`, `check`, `explain` and `list 'status:…'` of one state of a project say the same.
//!
//! [`agree`] asks them in this process and fails where they contradict each other. It is asked at the end of each scenario and
//! of each sandbox, and between the steps of the property test. Where verbs differ on purpose, as `docs/json.md` lists, nothing
//! is compared: `check` goes by the lock file, `plan` runs volatile assets and observes sources.

mod answers;
mod differences;
mod falsely_fresh;
mod fixtures;
mod set_ups;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use assetctl::answer::{
    CheckBasis, CheckReport, Decision, KeyRange, PlanReport, StatusReport, WhyUnverifiable,
};
use assetctl::app::{
    AppError, OpenProject, Rebuilding, Surroundings, check, explain, list, plan, status,
};
use assetctl::executor::{Cancel, LocalExecutor};
use assetctl::model::{
    Asset, AssetGraph, AssetId, Cause, CheckOptions, ExplainRequest, Grouping, ListRequest,
    PartitionKey, Place, PlanOptions, Selected, SelectionText, Status, StatusOptions,
};
use assetctl::sys::clock::FixedClock;

use crate::scenario::{codes, words};

/// The name of a step: `clean@2024-01-01`.
type Step = String;

/// What `status` says of each step.
type Statuses = BTreeMap<Step, (Status, Vec<String>)>;

/// How many steps of each status are explained.
const EXPLAINED: usize = 1;

/// Asks all verbs about a project, and fails where two of them contradict each other.
#[track_caller]
pub fn agree(surroundings: &Surroundings) {
    let contradictions = contradictions(surroundings);
    assert!(
        contradictions.is_empty(),
        "verbs contradict each other about {}:\n{}",
        surroundings.directory.display(),
        contradictions.join("\n"),
    );
}

fn contradictions(surroundings: &Surroundings) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(project) = OpenProject::open(surroundings) else {
        // Then there is nothing to ask.
        return found;
    };
    let asked = Asked {
        surroundings,
        project: &project,
        found: &mut found,
    };
    asked.compare();
    found
}

/// The verbs, and what is found to be wrong with them.
struct Asked<'a> {
    surroundings: &'a Surroundings,
    project: &'a OpenProject,
    found: &'a mut Vec<String>,
}

impl Asked<'_> {
    fn compare(mut self) {
        let report = match self.status() {
            Ok(report) => report,
            Err(error) => return self.all_refuse(&codes(&error)),
        };
        let statuses = statuses(&report);
        self.counts(&report, &statuses);
        match self.plan() {
            Ok(plan) => self.planned(&statuses, &plan),
            Err(error) => {
                let codes = codes(&error);
                self.say(format!("status answers, and plan refuses: {codes:?}"));
            }
        }
        match self.check() {
            Ok(check) => self.checked(&statuses, &check),
            Err(error) => {
                let codes = codes(&error);
                if !codes
                    .iter()
                    .all(|it| it.starts_with("assetctl::lockfile::"))
                {
                    self.say(format!("status answers, and check refuses: {codes:?}"));
                }
            }
        }
        self.explained(&statuses);
        self.listed(&report);
    }

    fn say(&mut self, contradiction: String) {
        self.found.push(contradiction);
    }

    fn status(&self) -> Result<StatusReport, AppError> {
        let request = StatusOptions {
            grouping: Grouping::Keys,
            ..StatusOptions::default()
        };
        Ok(status(self.project, &request)?.0)
    }

    fn plan(&self) -> Result<PlanReport, AppError> {
        let request = PlanOptions {
            grouping: Grouping::Keys,
            ..PlanOptions::default()
        };
        Ok(plan(self.project, &request, (&LocalExecutor, &Cancel::new()))?.0)
    }

    fn check(&self) -> Result<CheckReport, AppError> {
        let clock = FixedClock(self.surroundings.now);
        let doors = Rebuilding {
            executor: &LocalExecutor,
            cancel: &Cancel::new(),
            clock: &clock,
        };
        Ok(check(self.surroundings, &CheckOptions::default(), doors)?.0)
    }

    /// Where `status` refuses, so do `plan` and `list 'status:…'`.
    fn all_refuse(&mut self, refused: &[String]) {
        if self.plan().is_ok() {
            self.say(format!("plan answers, and status refuses: {refused:?}"));
        }
        if self.list("fresh").is_ok() {
            self.say(format!("list answers, and status refuses: {refused:?}"));
        }
    }

    /// The counts of `status` are those of its partitions.
    fn counts(&mut self, report: &StatusReport, statuses: &Statuses) {
        for status in STATUSES {
            let counted = statuses.values().filter(|(it, _)| *it == status).count();
            let told = report.summary.of(status) as usize;
            if counted != told {
                self.say(format!(
                    "status counts {told} {}, and lists {counted}",
                    status.word()
                ));
            }
        }
    }

    /// What is not fresh runs, may run or is blocked, for the same causes.
    fn planned(&mut self, statuses: &Statuses, plan: &PlanReport) {
        let loose = self.loose();
        let mut steps: BTreeMap<Step, (&Decision, Vec<String>)> = BTreeMap::new();
        for step in &plan.steps {
            let causes = step.causes.iter().map(words).collect();
            steps.insert(name(&step.keys), (&step.decision, causes));
        }
        let counts = plan.counts;
        let listed = (counts.run + counts.may_run + counts.blocked) as usize;
        if listed != steps.len() {
            self.say(format!(
                "plan counts {listed} steps, and lists {}",
                steps.len()
            ));
        }
        for (step, (status, causes)) in statuses {
            if loose.contains(asset_of(step)) {
                continue;
            }
            let fits = match (status, steps.get(step).map(|(decision, _)| *decision)) {
                (Status::Fresh, decision) => decision.is_none(),
                (Status::Blocked, decision) => matches!(decision, Some(Decision::Blocked { .. })),
                (Status::Pending, decision) => {
                    matches!(decision, Some(Decision::MayRun | Decision::Blocked { .. }))
                }
                (_, decision) => matches!(decision, Some(Decision::Run | Decision::Blocked { .. })),
            };
            let planned = steps.get(step);
            if !fits {
                let word = status.word();
                self.say(format!(
                    "{step} is {word} to status, and plan says {planned:?}"
                ));
            } else if let Some((_, planned)) = planned
                && planned != causes
            {
                self.say(format!(
                    "{step} is not fresh because of {causes:?} to status, and of {planned:?} to plan"
                ));
            }
        }
        if counts.run + counts.may_run + counts.blocked == 0 && loose.is_empty() {
            let fresh = statuses.len();
            if counts.fresh as usize != fresh {
                self.say(format!(
                    "plan says {} are fresh, and status {fresh}",
                    counts.fresh
                ));
            }
        }
    }

    /// The assets that plan may see otherwise: volatile ones, what a command observes, and all that reads them.
    fn loose(&self) -> HashSet<String> {
        let graph = self.project.graph();
        let mut loose: Vec<AssetId> = graph.ids().filter(|id| is_loose(graph, *id)).collect();
        let mut known: HashSet<AssetId> = loose.iter().copied().collect();
        while let Some(id) = loose.pop() {
            for down in graph.downstream(id) {
                if known.insert(*down) {
                    loose.push(*down);
                }
            }
        }
        known.iter().map(|id| graph.key(*id).to_string()).collect()
    }

    /// By the instance, `check` says what `status` says; by the lock file, only the same is unverifiable for want of a record.
    fn checked(&mut self, statuses: &Statuses, check: &CheckReport) {
        if check.basis == CheckBasis::Lock {
            return self.unverifiable(statuses, check);
        }
        let mut unfresh: Statuses = BTreeMap::new();
        for range in check.stale.iter().chain(&check.pending) {
            for step in self.steps_of(&range.range) {
                let causes = range.causes.iter().map(words).collect();
                unfresh.insert(step, (range.status, causes));
            }
        }
        for (step, (status, _)) in statuses {
            let checked = unfresh
                .get(step)
                .map_or(Status::Fresh, |(status, _)| *status);
            if checked != *status {
                self.say(format!(
                    "{step} is {} to status, and {} to check",
                    status.word(),
                    checked.word()
                ));
            }
        }
    }

    fn unverifiable(&mut self, statuses: &Statuses, check: &CheckReport) {
        let checked = check.unverifiable.iter();
        let checked = checked.filter(|it| it.why == WhyUnverifiable::NoRecord);
        let checked: BTreeSet<_> = checked.flat_map(|it| self.steps_of(&it.range)).collect();
        for (step, (status, _)) in statuses {
            let fits = match status {
                Status::Unverifiable => checked.contains(step),
                // A failed attempt and a missing source are not in the lock file.
                Status::Failed | Status::Blocked => true,
                _ => !checked.contains(step),
            };
            if !fits {
                let word = status.word();
                self.say(format!(
                    "{step} is {word} to status, and unverifiable to check: {checked:?}"
                ));
            }
        }
    }

    /// Each step of a range.
    fn steps_of(&self, range: &KeyRange) -> Vec<Step> {
        let KeyRange {
            asset, first, last, ..
        } = range;
        let graph = self.project.graph();
        let id = graph.find(asset.as_str()).expect("it is declared");
        let keys = self.project.keys().get(graph.partitions(id));
        let index = |key: &Option<PartitionKey>| {
            let key = key.as_ref().and_then(|key| keys.index_of(key.as_str()));
            key.unwrap_or(0)
        };
        let indexes = index(first)..=index(last);
        let keys = indexes.map(|index| keys.key(index));
        keys.map(|key| step(asset.as_str(), key.as_ref())).collect()
    }

    /// `explain` gives a step the status and the causes that `status` gives it.
    fn explained(&mut self, statuses: &Statuses) {
        for status in STATUSES {
            let of_status = statuses.iter().filter(|(_, (it, _))| *it == status);
            for (step, (_, causes)) in of_status.take(EXPLAINED) {
                let selected: Selected = step.parse().expect("steps are words");
                match explain(self.project, &ExplainRequest { selected }) {
                    Ok((report, _)) => {
                        let explained: Vec<_> = report.causes.iter().map(words).collect();
                        if report.status != status {
                            let word = report.status.word();
                            self.say(format!(
                                "{step} is {} to status, and {word} to explain",
                                status.word()
                            ));
                        } else if explained != *causes {
                            self.say(format!(
                                "{step} has {causes:?} to status, and {explained:?} to explain"
                            ));
                        }
                    }
                    Err(error) => {
                        self.say(format!("explain {step} is refused: {:?}", codes(&error)));
                    }
                }
            }
        }
    }

    /// `list 'status:…'` gives the assets that `status` counts so.
    fn listed(&mut self, report: &StatusReport) {
        for word in ["fresh", "stale", "missing", "failed", "pending", "blocked"] {
            let counted = report.assets.iter().filter(|asset| {
                let counts = asset.counts;
                match word {
                    "fresh" => counts.fresh > 0 && counts.fresh == counts.total(),
                    "stale" => counts.stale > 0,
                    "missing" => counts.missing + counts.locked + counts.unverifiable > 0,
                    "pending" => counts.pending > 0,
                    "blocked" => counts.blocked > 0,
                    _ => counts.failed > 0,
                }
            });
            let counted: BTreeSet<_> = counted.map(|asset| asset.key.to_string()).collect();
            match self.list(word) {
                Ok(listed) if listed == counted => {}
                // It goes by the last attempt, be its asset fresh or not.
                Ok(listed) if word == "failed" && listed.is_superset(&counted) => {}
                Ok(listed) => self.say(format!(
                    "status:{word} lists {listed:?}, and status says so of {counted:?}"
                )),
                Err(error) => self.say(format!(
                    "list 'status:{word}' is refused: {:?}",
                    codes(&error)
                )),
            }
        }
    }

    fn list(&self, word: &str) -> Result<BTreeSet<String>, AppError> {
        let request = ListRequest {
            selection: SelectionText::from(format!("status:{word}").as_str()).into(),
        };
        let (report, _) = list(self.project, &request)?;
        Ok(report.assets.iter().map(|it| it.key.to_string()).collect())
    }
}

/// All of them.
const STATUSES: [Status; 8] = [
    Status::Fresh,
    Status::Stale,
    Status::Missing,
    Status::Locked,
    Status::Unverifiable,
    Status::Pending,
    Status::Failed,
    Status::Blocked,
];

fn statuses(report: &StatusReport) -> Statuses {
    let mut statuses = BTreeMap::new();
    for asset in &report.assets {
        for run in &asset.partitions {
            let causes = run.causes.iter().map(told).collect();
            let step = step(asset.key.as_str(), run.first.as_ref());
            statuses.insert(step, (run.status, causes));
        }
    }
    statuses
}

fn told(cause: &Cause) -> String {
    words(cause)
}

fn is_loose(graph: &AssetGraph, id: AssetId) -> bool {
    let is_volatile = graph.asset(id).is_some_and(Asset::is_volatile);
    let is_observed = graph
        .source(id)
        .is_some_and(|source| matches!(source.place, Place::Observed { .. }));
    is_volatile || is_observed
}

fn name(keys: &KeyRange) -> Step {
    step(keys.asset.as_str(), keys.first.as_ref())
}

fn step(asset: &str, key: Option<&PartitionKey>) -> Step {
    match key {
        Some(key) => format!("{asset}@{key}"),
        None => asset.to_owned(),
    }
}

fn asset_of(step: &str) -> &str {
    step.split_once('@').map_or(step, |(asset, _)| asset)
}
