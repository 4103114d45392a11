//! Help, messages and pages are plain English: no phrase of [`PHRASES`] occurs in a string literal that people read, in a
//! help text, in `docs/` or in the README.
//!
//! Sources are read as text. Inline code, placeholders and code blocks are left out of what is compared.

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::architecture::source::texts;

/// A phrase to avoid.
struct Phrase {
    /// Its words; `a|b` is either.
    words: &'static str,
    /// Words before it that make it good English.
    not_after: &'static [&'static str],
    /// Words behind it that make it good English.
    not_before: &'static [&'static str],
    /// Only at the beginning of a sentence or of a part of one.
    begins: bool,
    /// What to write.
    instead: &'static str,
}

/// A phrase that is never good English here.
const fn phrase(words: &'static str, instead: &'static str) -> Phrase {
    Phrase {
        words,
        not_after: &[],
        not_before: &[],
        begins: false,
        instead,
    }
}

/// What this project once wrote, and no one speaks.
const PHRASES: &[Phrase] = &[
    Phrase {
        not_before: &["apart"],
        ..phrase(
            "is|are|was|were|be told",
            "who says it: the answer lists, the error names",
        )
    },
    phrase("goes|go|went by", "uses, is judged by"),
    phrase("of these|those|this|them only", "only …"),
    phrase("of all this|these", "of the plan, of the selection"),
    Phrase {
        not_after: &["wait", "waits"],
        ..phrase("for itself|themselves", "each, alone")
    },
    Phrase {
        not_after: &["there"],
        ..phrase("is|are|was|were none", "has no …, does not exist")
    },
    Phrase {
        not_after: &["as", "not"],
        ..phrase("so many", "the number: up to N")
    },
    Phrase {
        not_after: &["there"],
        not_before: &["longer", "more", "later"],
        ..phrase("is|are|was|were no", "is not a …, are not …")
    },
    Phrase {
        begins: true,
        ..phrase(
            "what is|was|are|were|has|it|they|a|an|the|that|those|this|of|no",
            "the noun: outputs that …, the steps that …",
        )
    },
    phrase("stands|stand|stood", "is, means, lies"),
    phrase("spares|spare|spared", "skip, save"),
    phrase("anew", "again"),
    phrase("taken for", "counted as"),
    phrase("takes|take it|them for", "counts it as"),
    phrase("out otherwise", "out different"),
    phrase("wrong with what", "problems with …"),
    phrase("be it|they", "whether"),
];

#[test]
fn what_people_read_is_plain_english() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut read = 0;
    for path in files(&root.join("docs"), "md")
        .into_iter()
        .chain([root.join("README.md")])
    {
        let page = fs::read_to_string(&path).expect("pages are readable text");
        wrong.extend(complaints(&path.display().to_string(), &prose(&page)));
        read += 1;
    }
    for path in files(&root.join("src"), "rs") {
        let text = fs::read_to_string(&path).expect("source files are readable text");
        let name = path.display().to_string();
        for literal in texts(&text) {
            wrong.extend(complaints(&name, &without_escapes(&literal)));
            read += 1;
        }
        wrong.extend(complaints(&name, &help(&text)));
    }
    for path in files(&root.join("src"), "txt") {
        let text = fs::read_to_string(&path).expect("pages of help are readable text");
        wrong.extend(complaints(&path.display().to_string(), &text));
    }
    assert!(read > 1000, "texts are found at all: {read}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files with this extension below a folder, without those of tests.
fn files(folder: &Path, extension: &str) -> Vec<std::path::PathBuf> {
    let all = WalkDir::new(folder).sort_by_file_name().into_iter();
    let all = all.map(|entry| entry.expect("the project can be read").into_path());
    all.filter(|path| {
        path.extension().is_some_and(|it| it == extension)
            && !path
                .iter()
                .any(|part| part == "tests" || part == "tests.rs")
    })
    .collect()
}

/// A page without code blocks, each line of a table or a list a sentence of its own.
fn prose(page: &str) -> String {
    let mut code = false;
    let mut prose = String::new();
    for line in page.lines() {
        let line = line.trim_start();
        if line.starts_with("```") {
            code = !code;
            continue;
        }
        if code {
            continue;
        }
        let begins = ["|", "- ", "#"];
        if line.is_empty() || begins.iter().any(|it| line.starts_with(it)) {
            prose.push_str(". ");
        }
        prose.push_str(line.trim_start_matches("- ").trim_start_matches('#'));
        prose.push('\n');
    }
    prose.replace('|', " . ")
}

/// What `clap` shows as help: the comments within items that derive its traits.
fn help(text: &str) -> String {
    let traits = ["Args", "Parser", "Subcommand", "ValueEnum"];
    let mut shown = false;
    let mut help = String::new();
    for line in text.lines() {
        let comment = line.trim_start().strip_prefix("///");
        if line.starts_with("#[derive(") {
            shown = traits.iter().any(|it| line.contains(it));
        } else if line == "}" {
            shown = false;
        }
        help.push_str(comment.filter(|_| shown).unwrap_or(". "));
        help.push('\n');
    }
    help
}

/// A literal as it is shown: a line that is continued is one line.
fn without_escapes(literal: &str) -> String {
    literal.replace("\\\n", " ").replace("\\n", ". ")
}

/// What is wrong in a text.
fn complaints(file: &str, text: &str) -> Vec<String> {
    let words = words(text);
    let mut wrong = Vec::new();
    for at in 0..words.len() {
        for phrase in PHRASES {
            if let Some(found) = phrase.at(&words, at) {
                wrong.push(format!(
                    "{file}: `{found}`: write {} instead",
                    phrase.instead
                ));
            }
        }
    }
    wrong
}

impl Phrase {
    /// This phrase with its neighbours, where it begins at a word.
    fn at(&self, words: &[Word], at: usize) -> Option<String> {
        let length = self.words.split(' ').count();
        let here = words.get(at..at + length)?;
        let same = self
            .words
            .split(' ')
            .zip(here)
            .enumerate()
            .all(|(nth, (any, word))| {
                (nth == 0 || !word.begins) && any.split('|').any(|it| it == word.text)
            });
        let before = at.checked_sub(1).map_or("", |at| &words[at].text);
        let behind = words.get(at + length).map_or("", |word| &word.text);
        let question = words[at..]
            .iter()
            .find(|word| word.ends_sentence)
            .is_some_and(|word| word.asks);
        let meant = !same
            || self.not_after.contains(&before)
            || self.not_before.contains(&behind)
            || self.begins && (!here[0].begins || question);
        (!meant).then(|| {
            let around = &words[at.saturating_sub(3)..words.len().min(at + length + 4)];
            let around: Vec<&str> = around.iter().map(|word| word.text.as_str()).collect();
            around.join(" ")
        })
    }
}

/// A word of a text, in lower case, without the signs beside it.
struct Word {
    text: String,
    /// It is the first of a sentence, or of a part after a colon or a semicolon.
    begins: bool,
    ends_sentence: bool,
    asks: bool,
}

/// The words of a text; inline code and placeholders are one word each.
fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut begins = true;
    for token in without_code(text).split_whitespace() {
        let text = token
            .trim_matches(|it: char| !it.is_alphanumeric())
            .to_lowercase();
        if !text.is_empty() {
            words.push(Word {
                text,
                begins,
                ends_sentence: token.ends_with(['.', '?', '!']),
                asks: token.ends_with('?'),
            });
            begins = false;
        }
        begins |= token.ends_with(['.', ':', ';', '?', '!', '|']) || token == "·";
    }
    words
}

/// The text with `code` for what stands in backticks, and for each placeholder of a format.
fn without_code(text: &str) -> String {
    let mut plain = String::new();
    for (nth, part) in text.split('`').enumerate() {
        plain.push_str(if nth % 2 == 0 { part } else { "code" });
    }
    let mut depth = 0_usize;
    plain
        .chars()
        .filter_map(|sign| match sign {
            '{' => {
                depth += 1;
                (depth == 1).then_some('x')
            }
            '}' => {
                depth = depth.saturating_sub(1);
                None
            }
            _ => (depth == 0).then_some(sign),
        })
        .collect()
}

#[test]
fn phrases_are_found_and_good_english_is_left_alone() {
    for wrong in [
        "`{text}` is no asset",
        "Of these only what failed",
        "The answer is\ntold at once",
        "What is stale runs",
        "All right; what it needs is read",
        "up to so many",
    ] {
        assert_eq!(complaints("text", wrong).len(), 1, "{wrong}");
    }
    for right in [
        "there is no asset `{name}`",
        "`status` shows what is fresh",
        "What is a step?",
        "it is no longer there; there is none",
        "`what is told`",
    ] {
        assert_eq!(complaints("text", right), Vec::<String>::new(), "{right}");
    }
}
