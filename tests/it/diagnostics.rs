//! What a person is told of a mistake on the command line or on disk: the message as rendered, the exit code, and that
//! nothing is lost. Mistakes in Assets.toml are rendered beside the code that reads it.
//!
//! A snapshot holds the cases of one kind, each under its name; what differs between runs is redacted.

mod command_line;
mod commands;
mod disk;
mod doubts;
mod foreign;
mod git;
mod hostile_keys;
mod instance;

use std::fmt::Write as _;

use crate::sandbox::Sandbox;

/// Two assets and a source, one of them partitioned.
const MANIFEST: &str = r#"
[partitions.day]
type = "daily"
start = "2024-01-01"
end = "2024-02-01"

[source.raw]
path = "raw.csv"

[asset.clean]
deps = "raw"
command = "cp {{input}} {{output}}"
outputs = "build/clean.csv"

[asset.daily]
partitions = "day"
deps = "clean"
command = "cp {{input}} {{output}}"
outputs = "build/daily/{{partition}}.csv"
"#;

/// A project in which everything works.
fn project() -> Sandbox {
    Sandbox::new()
        .with_file("Assets.toml", MANIFEST)
        .with_file("raw.csv", "1\n")
        .at("2024-01-05T12:00:00Z")
}

/// What was said in several cases, for one snapshot.
#[derive(Default)]
struct Said(String);

impl Said {
    /// Runs `assetctl` and takes down what it says.
    #[track_caller]
    fn of(&mut self, case: &str, sandbox: &Sandbox, arguments: &[&str], code: i32) {
        let outcome = sandbox.run(arguments).exits(code);
        self.add(case, sandbox, arguments, &outcome.said());
    }

    /// Takes down what was said.
    fn add(&mut self, case: &str, sandbox: &Sandbox, arguments: &[&str], said: &str) {
        let project = sandbox.project().display().to_string();
        // A long path is broken at its slashes.
        let whole = said.replace("/\n  | ", "/").replace("`\n  | ", "` ");
        let said = whole.replace(&project, "[PROJECT]");
        let command = arguments.join(" ");
        write!(
            self.0,
            "━━━ {case}: assetctl {command}\n{}\n\n",
            said.trim_end()
        )
        .expect("writing to a String cannot fail");
    }

    /// Compares all with the snapshot of this name.
    #[track_caller]
    fn compare(&self, name: &str) {
        let any = Sandbox::new();
        let _redacted = any.redact();
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"in PATH: \S+", "in PATH: [FOLDERS]");
        settings.set_omit_expression(true);
        let _bound = settings.bind_to_scope();
        insta::assert_snapshot!(name, self.0);
    }
}
