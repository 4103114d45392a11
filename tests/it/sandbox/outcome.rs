//! The end of a run: an exit code that must be asserted, then what was said and which steps ran.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;

/// Outcomes of a step whose command was started.
const RAN: &[&str] = &["materialized", "unchanged", "failed", "canceled"];

/// A run that has ended and whose exit code nobody has asserted yet.
#[must_use = "a run whose exit code is not asserted proves nothing"]
pub struct Unjudged(Option<Outcome>);

impl Unjudged {
    /// What a command that has ended left.
    pub fn new(command: String, output: &Output) -> Self {
        Self(Some(Outcome {
            command,
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr.clone()).expect("stderr is UTF-8"),
        }))
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn success(self) -> Outcome {
        self.exits(0)
    }

    /// Asserts this exit code.
    #[track_caller]
    pub fn exits(mut self, code: i32) -> Outcome {
        let outcome = self
            .0
            .take()
            .expect("only this and drop take it, and both end it");
        assert_eq!(
            outcome.code,
            Some(code),
            "`{}`\n{}",
            outcome.command,
            outcome.said()
        );
        outcome
    }

    /// Asserts one of these exit codes.
    #[track_caller]
    pub fn exits_with_one_of(self, codes: &[i32]) -> Outcome {
        let code = self.0.as_ref().and_then(|outcome| outcome.code);
        let expected = codes.iter().find(|it| Some(**it) == code);
        self.exits(expected.copied().unwrap_or(codes[0]))
    }

    /// Itself, unless it answered with this text: then it is to be tried again.
    pub fn unless_told(mut self, text: &str) -> Option<Self> {
        if self.0.as_ref().is_some_and(|it| it.stdout.contains(text)) {
            self.0 = None;
            return None;
        }
        Some(self)
    }

    /// The document of a run that ends with 0, nothing of one that ends with 2: its input was refused.
    #[track_caller]
    pub fn answer(mut self) -> Option<Value> {
        if self.0.as_ref().is_some_and(|it| it.code == Some(2)) {
            self.0 = None;
            return None;
        }
        let outcome = self.success();
        let answer = serde_json::from_str(&outcome.stdout);
        Some(answer.unwrap_or_else(|error| panic!("`{}`: {error}", outcome.command)))
    }
}

impl Drop for Unjudged {
    fn drop(&mut self) {
        let forgotten = self.0.take().filter(|_| !std::thread::panicking());
        if let Some(outcome) = forgotten {
            panic!(
                "nobody asserted the exit code of `{}`\n{}",
                outcome.command,
                outcome.said()
            );
        }
    }
}

/// What a run said and how it ended.
pub struct Outcome {
    command: String,
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Outcome {
    /// Asserts that the commands of exactly these steps were started, in whatever order.
    #[track_caller]
    pub fn ran(&self, steps: &[&str]) {
        let expected: BTreeSet<String> = steps.iter().map(|&step| step.to_owned()).collect();
        let ran = self.steps();
        let too_much: Vec<&String> = ran.difference(&expected).collect();
        let missing: Vec<&String> = expected.difference(&ran).collect();
        assert!(
            too_much.is_empty() && missing.is_empty(),
            "`{}`\nran, and should not have: {too_much:?}\nshould have run, and did not: {missing:?}",
            self.command,
        );
    }

    /// Asserts that no command was started.
    #[track_caller]
    pub fn ran_nothing(&self) {
        self.ran(&[]);
    }

    /// The steps whose commands were started, by the events on stdout.
    #[track_caller]
    pub fn steps(&self) -> BTreeSet<String> {
        let mut ran = BTreeSet::new();
        for line in self.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| {
                panic!("`{}` prints no events: {error}\n{line}", self.command)
            });
            if event["type"] != "step_finished" {
                continue;
            }
            let outcome = event["outcome"].as_str().unwrap_or_default();
            assert!(
                RAN.contains(&outcome),
                "an unknown outcome of a step: {line}"
            );
            let step = event["step"]
                .as_str()
                .unwrap_or_else(|| panic!("an event without its step: {line}"));
            assert!(ran.insert(step.to_owned()), "{step} ran twice");
        }
        ran
    }

    /// What was printed as the answer.
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What was printed beside the answer.
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Everything for a snapshot: the exit code, then each stream that is not empty.
    pub fn said(&self) -> String {
        let code = self.code.map_or_else(
            || "killed by a signal".to_owned(),
            |code| format!("exit {code}"),
        );
        let streams = [("stdout", self.stdout()), ("stderr", self.stderr())];
        let shown = streams
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| format!("\n── {name}\n{text}"));
        format!("{code}{}", shown.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::process::{ExitStatus, Output};

    use super::Unjudged;

    const EVENTS: &str = concat!(
        r#"{"schema":1,"type":"run_started","run":"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","time":"2024-01-05T12:00:00Z"}"#,
        "\n",
        r#"{"schema":1,"type":"step_started","step":"clean@2013-07-04"}"#,
        "\n",
        r#"{"schema":1,"type":"step_finished","step":"clean@2013-07-04","outcome":"materialized","duration_ms":12}"#,
        "\n",
        r#"{"schema":1,"type":"step_finished","step":"month@2013-07","outcome":"unchanged","duration_ms":7}"#,
        "\n",
        r#"{"schema":1,"type":"step_fresh","step":"year"}"#,
        "\n",
    );

    fn ended(code: i32, stdout: &str) -> Unjudged {
        let output = Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: stdout.into(),
            stderr: Vec::new(),
        };
        Unjudged::new("assetctl materialize --json".to_owned(), &output)
    }

    fn panics(judge: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(judge)).is_err()
    }

    #[test]
    fn a_run_that_nobody_judged_fails_its_test() {
        assert!(panics(|| drop(ended(0, ""))));
        assert!(panics(|| drop(ended(1, "").success())));
        assert!(!panics(|| drop(ended(0, "").success())));
        assert!(!panics(|| drop(ended(1, "").exits(1))));
    }

    #[test]
    fn what_ran_is_compared_both_ways() {
        let all = ["month@2013-07", "clean@2013-07-04"];
        let success = |stdout: &str| ended(0, stdout).success();
        success(EVENTS).ran(&all);
        success("").ran_nothing();
        assert!(panics(|| success(EVENTS).ran(&all[..1])), "one too much");
        assert!(
            panics(|| success(EVENTS).ran(&[all[0], all[1], "year"])),
            "one missing"
        );
        assert!(panics(|| success("Finished\n").ran_nothing()), "no events");
        assert!(
            panics(|| success(&EVENTS.repeat(2)).ran(&all)),
            "a step ran twice"
        );
        assert!(
            panics(|| success(&EVENTS.replace("unchanged", "new")).ran(&all)),
            "a new outcome"
        );
    }
}
