//! A failure, whole: what failed, how, what it wrote, and how to go on.

use std::fmt::Write as _;

use crate::cli::progress::board::Failed;
use crate::cli::text::{BAD, BOLD, DIM, count, styled};
use crate::model::StepName;

/// How many blocked steps are named.
const BLOCKED: usize = 10;

/// A failure as a block of lines.
pub fn block(failed: &Failed) -> String {
    let Failed { step, failure, log } = failed;
    let mut text = format!(
        "\n{} {}: {}\n",
        styled(BAD, format!("{:>12}", "Failed")),
        styled(BOLD, step),
        failure.message
    );
    let mut line = |label: &str, value: &str| {
        for (index, part) in value.lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            writeln!(text, "{} {part}", styled(DIM, format!("{label:>12}")))
                .expect("writing to a String cannot fail");
        }
    };
    line("command", &failure.command);
    for (index, tail) in failure.tail.iter().enumerate() {
        line(if index == 0 { "output" } else { "" }, tail);
    }
    if let Some(log) = log {
        line("whole log", log);
    }
    if let Some(help) = &failure.help {
        line("help", help);
    }
    line("go on", &format!("assetctl materialize {}", argument(step)));
    text.push('\n');
    text
}

/// All failures of a run once more.
pub fn again(failures: &[Failed]) -> String {
    failures.iter().map(block).collect()
}

/// What failures and missing sources blocked.
pub fn blocked(blocked: &[(StepName, String)]) -> String {
    let mut text = String::new();
    for (step, reason) in blocked.iter().take(BLOCKED) {
        writeln!(
            text,
            "{} {step}: {reason}",
            styled(BAD, format!("{:>12}", "Blocked"))
        )
        .expect("writing to a String cannot fail");
    }
    if blocked.len() > BLOCKED {
        let more = (blocked.len() - BLOCKED) as u64;
        writeln!(text, "{:>12} and {}", "", count(more, "more step"))
            .expect("writing to a String cannot fail");
    }
    text
}

/// A step as an argument of a command line.
fn argument(step: &StepName) -> String {
    let name = step.to_string();
    shlex::try_quote(&name).map_or(name.clone(), std::borrow::Cow::into_owned)
}
