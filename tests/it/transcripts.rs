//! Transcripts of the README and of `docs/`: a shell runs their commands, and its output must be the one on the page.
//!
//! A transcript is a code block whose first line begins with `$ `. The transcripts of a [`STORIES`] entry run one after
//! the other in one shell. Durations, ages and counters differ from run to run and are masked; a line `…` matches any
//! lines.

use std::fs;
use std::path::Path;

use crate::flights;
use crate::sandbox::Sandbox;
use crate::shop;

/// A page, the headings or bold leads of its transcripts in order, and the project that they run in.
type Story = (&'static str, &'static [&'static str], fn() -> Sandbox);

const STORIES: &[Story] = &[
    (
        "README.md",
        &[
            "Make one day.",
            "Touch everything.",
            "Edit a script without a change of its results.",
            "Change a number, and ask first.",
        ],
        || flights::example(Sandbox::new()),
    ),
    (
        "README.md",
        &["Make the rest.", "Check a clone."],
        committed,
    ),
    ("README.md", &["Other partitions."], shop::shop),
    ("docs/selection.md", &["Mistakes"], || {
        Sandbox::new().with_file("Assets.toml", "[project]\n")
    }),
];

/// The whole example, with what git tracks committed.
fn committed() -> Sandbox {
    let sandbox = flights::built();
    // The instance of a copy came from elsewhere: this records what the lock file knows.
    sandbox.materialize(&[]).success().ran_nothing();
    sandbox.write(".gitignore", "/.assetctl\n/build\n");
    for words in [
        "git init --quiet",
        "git add .",
        "git -c user.name=A -c user.email=a@example.com commit --quiet --message all",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        sandbox.run_command(&words).success();
    }
    sandbox
}

/// A command of a transcript and the output that the page shows.
struct Shown {
    lead: String,
    command: String,
    output: Vec<String>,
}

#[test]
fn each_transcript_has_a_story() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).expect("the folder is there");
    let mut pages: Vec<String> = pages
        .map(|page| page.expect("it can be listed").file_name())
        .map(|name| format!("docs/{}", name.to_string_lossy()))
        .collect();
    pages.push("README.md".to_owned());
    for page in pages {
        for shown in transcripts(&page) {
            let known = STORIES
                .iter()
                .any(|(of, leads, _)| *of == page && leads.contains(&shown.lead.as_str()));
            assert!(known, "{page}, {}: `{}`", shown.lead, shown.command);
        }
    }
}

#[test]
fn transcripts_are_true() {
    for (page, leads, project) in STORIES {
        let all = transcripts(page);
        for lead in *leads {
            assert!(all.iter().any(|it| it.lead == *lead), "{page}: {lead}");
        }
        let story: Vec<&Shown> = all
            .iter()
            .filter(|it| leads.contains(&it.lead.as_str()))
            .collect();
        let outputs = typed(&project(), &story);
        assert_eq!(outputs.len(), story.len(), "{page}: the shell ended early");
        for (shown, output) in story.iter().zip(outputs) {
            let expected: Vec<String> = shown.output.iter().map(|it| masked(it)).collect();
            let output: Vec<String> = output.iter().map(|it| masked(it)).collect();
            assert!(
                matches(&expected, &output),
                "{page}: `{}`\n--- shown\n{}\n--- printed\n{}",
                shown.command,
                expected.join("\n"),
                output.join("\n")
            );
        }
    }
}

/// The commands of a page's transcripts, in order.
fn transcripts(page: &str) -> Vec<Shown> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).expect("the page is there");
    let mut shown: Vec<Shown> = Vec::new();
    let mut lead = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|it| *it != "```").collect();
            if !block.first().is_some_and(|first| first.starts_with("$ ")) {
                continue;
            }
            for line in block {
                if let Some(command) = line.strip_prefix("$ ") {
                    shown.push(Shown {
                        lead: lead.clone(),
                        command: command.to_owned(),
                        output: Vec::new(),
                    });
                } else if let Some(last) = shown.last_mut() {
                    last.output.push(line.to_owned());
                }
            }
        } else if let Some(bold) = line.strip_prefix("**") {
            bold.split("**")
                .next()
                .unwrap_or_default()
                .clone_into(&mut lead);
        } else if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut lead);
        }
    }
    shown
}

/// What a shell in the project prints for each command.
fn typed(sandbox: &Sandbox, story: &[&Shown]) -> Vec<Vec<String>> {
    const MARK: &str = "--- end of a command";
    let program = Path::new(env!("CARGO_BIN_EXE_assetctl"));
    let folder = program.parent().expect("a binary lies in a folder");
    let mut script = format!(
        "exec 2>&1\nPATH='{}':$PATH\nexport ASSETCTL_JOBS=1 LANG=C.UTF-8\n",
        folder.display()
    );
    let end = format!("\necho '{MARK}'\n");
    for shown in story {
        script.push_str(&shown.command);
        script.push_str(&end);
    }
    let outcome = sandbox.run_command(&["bash", "-c", &script]).success();
    let mut outputs = vec![Vec::new()];
    for line in outcome.stdout().lines() {
        if line == MARK {
            outputs.push(Vec::new());
        } else if let Some(last) = outputs.last_mut() {
            last.push(line.to_owned());
        }
    }
    outputs.pop();
    outputs
}

/// Whether the lines are the expected ones; `…` matches any lines, empty lines at the end do not count.
fn matches(expected: &[String], lines: &[String]) -> bool {
    match expected.split_first() {
        None => lines.iter().all(String::is_empty),
        Some((first, rest)) if first == "…" => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, others)| line == first && matches(rest, others)),
    }
}

/// A line with single spaces, without durations, ages and counters.
fn masked(line: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let line = line.replace("just now", "0 s ago");
    let mut counter = false;
    for word in line.split_whitespace() {
        let plain = word.trim_matches(|it: char| !it.is_alphanumeric());
        let starts = word.starts_with('[')
            && (word == "["
                || plain.contains('/')
                || word[1..].starts_with(|it: char| it.is_ascii_digit()));
        if starts || counter {
            counter = !word.ends_with(']');
            if !counter {
                words.push("[n/m]");
            }
        } else if word == "ago" {
            words.truncate(words.len().saturating_sub(2));
        } else if is_duration(plain) {
            if words.last() != Some(&"[time]") {
                words.push("[time]");
            }
        } else {
            words.push(word);
        }
    }
    words.join(" ")
}

fn is_duration(word: &str) -> bool {
    let number = word.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = &word[number.len()..];
    ["ms", "s", "m", "h"].contains(&unit) && number.parse::<f64>().is_ok()
}

#[test]
fn what_differs_from_run_to_run_is_masked() {
    assert_eq!(
        masked("   Done [ 1/17] weather@2013-06   168ms  2.4 kB"),
        "Done [n/m] weather@2013-06 [time] 2.4 kB"
    );
    assert_eq!(
        masked("Finished 7 unchanged in 2m 34s"),
        "Finished 7 unchanged in [time]"
    );
    assert_eq!(
        masked("✓ fresh day 365 fresh 1 min ago"),
        masked("✓ fresh day 365 fresh just now")
    );
}
