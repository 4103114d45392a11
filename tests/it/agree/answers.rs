//! What all verbs answer about a project, through the binary: exit codes, text and JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::agree;
use crate::sandbox::Sandbox;

/// How each verb answers about a project as it is: the documents of `--json`.
pub struct Answers {
    status: Value,
    plan: Value,
}

/// Asks all verbs through the binary, which end with these codes: `status --exit-code`, `plan`, `materialize --dry-run` and
/// `check`. In JSON they end so, too.
#[track_caller]
pub fn answers(sandbox: &Sandbox, [status, plan, check]: [i32; 3]) -> Answers {
    agree(&sandbox.surroundings());
    let answers = Answers {
        status: ends(sandbox, &["status", "--exit-code"], status),
        plan: ends(sandbox, &["plan"], plan),
    };
    let dry = ends(sandbox, &["materialize", "--dry-run"], plan);
    assert_eq!(dry, answers.plan, "a dry run is the plan");
    let checked = ends(sandbox, &["check"], check);
    if check < 2 {
        assert_eq!(checked["fresh"], check == 0, "{checked}");
    }
    if status < 2 {
        answers.explained(sandbox);
        answers.listed(sandbox);
    }
    answers
}

/// The document of a verb that ends with this code, in text and in JSON.
#[track_caller]
fn ends(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    drop(sandbox.run(words).exits(code));
    document(sandbox, words, code)
}

/// The document of a verb that ends with this code.
#[track_caller]
pub fn document(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    let json = sandbox.run(&[words, &["--json"]].concat()).exits(code);
    serde_json::from_str(json.stdout()).expect("a document")
}

impl Answers {
    /// `NAME STATUS` of each asset without partitions, and of each range of partitions, by name.
    pub fn statuses(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.runs().map(|(_, line)| line).collect();
        lines.sort();
        lines
    }

    /// `NAME DECISION` of each step of the plan.
    pub fn decisions(&self) -> Vec<String> {
        let steps = self.plan["steps"].as_array().expect("a list").iter();
        let steps = steps.map(|step| format!("{} {}", step["asset"], step["decision"]));
        steps.map(|line| line.replace('"', "")).collect()
    }

    /// The code of the error for which the project is refused.
    #[track_caller]
    pub fn refused(&self) -> &str {
        let code = |document: &Value| document["errors"][0]["code"].clone();
        assert_eq!(code(&self.status), code(&self.plan), "one error");
        self.status["errors"][0]["code"].as_str().expect("an error")
    }

    /// Each range of partitions, with its `NAME STATUS`.
    fn runs(&self) -> impl Iterator<Item = (&Value, String)> {
        let assets = self.status["assets"].as_array().expect("a list").iter();
        assets.flat_map(|asset| {
            let runs = asset["partitions"].as_array().expect("a list");
            runs.iter().map(move |run| {
                let line = format!("{} {}", asset["key"], run["status"]);
                (run, line.replace('"', ""))
            })
        })
    }

    /// `explain` gives the first partition of each range its status and its kinds of causes.
    #[track_caller]
    fn explained(&self, sandbox: &Sandbox) {
        for (run, line) in self.runs() {
            let (asset, _) = line.split_once(' ').expect("a name and a status");
            let step = match run["first"].as_str() {
                Some(key) => format!("{asset}@{key}"),
                None => asset.to_owned(),
            };
            let explained = document(sandbox, &["explain", &step], 0);
            assert_eq!(explained["status"], run["status"], "{step}");
            assert_eq!(kinds(&explained), kinds(run), "{step}");
        }
    }

    /// `list` gives the assets of each status that `status` has.
    #[track_caller]
    fn listed(&self, sandbox: &Sandbox) {
        for word in ["stale", "pending", "blocked"] {
            let of_word = |(_, line): (&Value, String)| {
                let asset = line.strip_suffix(word).map(str::trim_end);
                asset.map(ToOwned::to_owned)
            };
            let told: BTreeSet<String> = self.runs().filter_map(of_word).collect();
            if told.is_empty() {
                continue;
            }
            let listed = document(sandbox, &["list", &format!("status:{word}")], 0);
            let listed = listed["assets"].as_array().expect("a list").iter();
            let listed = listed.map(|it| it["key"].as_str().expect("a name").to_owned());
            assert_eq!(listed.collect::<BTreeSet<_>>(), told, "{word}");
        }
    }
}

/// The kinds of causes.
fn kinds(document: &Value) -> BTreeSet<&str> {
    let causes = document["causes"].as_array().into_iter().flatten();
    causes.filter_map(|cause| cause["kind"].as_str()).collect()
}

/// A state of a project: a script that leads to it, in which `$A` is assetctl; the codes of `status --exit-code`, `plan` and
/// `check`; and what they say: `NAME STATUS` of each range of partitions, or the code of the error.
pub type State<'a> = (&'a str, [i32; 3], &'a str);

/// Leads a project through states, and asks all verbs in each.
#[track_caller]
pub fn goes_through(manifest: &str, states: &[State<'_>]) {
    let sandbox = project(manifest);
    for (number, (script, codes, expected)) in states.iter().enumerate() {
        sandbox.run_command(&["bash", "-euc", script]).success();
        println!("state {number}: {script}");
        let answers = answers(&sandbox, *codes);
        if codes[0] < 2 {
            assert_eq!(answers.statuses().join(", "), *expected, "after {script}");
        } else {
            assert_eq!(answers.refused(), *expected, "after {script}");
        }
    }
}

/// A project with this manifest, whose scripts know assetctl and git.
pub fn project(manifest: &str) -> Sandbox {
    let mut sandbox = Sandbox::new()
        .with_file("Assets.toml", manifest)
        .with_env("A", env!("CARGO_BIN_EXE_assetctl"))
        .with_env("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        sandbox = sandbox.with_env(&format!("GIT_{who}_NAME"), "somebody");
        sandbox = sandbox.with_env(&format!("GIT_{who}_EMAIL"), "somebody@localhost");
    }
    sandbox
}
