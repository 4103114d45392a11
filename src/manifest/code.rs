//! What is part of the code version: declared files, tools, and the words of a command that may name scripts.

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Table;
use crate::manifest::error::Problem;
use crate::manifest::paths::Folded;
use crate::manifest::template::{TokenKind, has_placeholder, tokens};
use crate::manifest::{common_keys, paths};
use crate::model::{Code, Command};

/// How the names of scripts end; `docs/manifest.md` lists them.
pub(super) const SCRIPTS: [&str; 23] = [
    "py", "R", "r", "Rmd", "qmd", "sh", "bash", "zsh", "ksh", "sql", "jl", "js", "mjs", "cjs",
    "ts", "ipynb", "pl", "rb", "lua", "awk", "sed", "jq", "php",
];

/// What stands for a placeholder while words are split.
const HOLE: char = '\0';

/// Reads `code`, `auto_code`, `gitignored`, `tools` and `code_version`.
pub(super) fn read(table: &Table<'_>, command: &Command, problems: &mut Problems) -> Code {
    let mut read = read_files(table, problems);
    read.version = common_keys::owned(table, "code_version", problems);
    for tool in table.texts("tools", problems) {
        read.tools.push((tool.value.to_owned(), tool.location()));
    }
    if table.boolean("auto_code", problems) != Some(false) {
        read.candidates = candidates(command, table.file.folder());
        let is_declared =
            |path: &String| read.declared.iter().any(|(declared, _)| declared == path);
        read.candidates.retain(|path| !is_declared(path));
    }
    read
}

/// Reads `code` and `gitignored`.
pub(super) fn read_files(table: &Table<'_>, problems: &mut Problems) -> Code {
    let folder = table.file.folder();
    let mut read = Code {
        leaves_out_gitignored: leaves_out_gitignored(table, problems),
        ..Code::default()
    };
    let mut first_exception = None;
    let mut any_glob = false;
    for text in table.texts("code", problems) {
        if !paths::check_text(text, problems) {
            continue;
        }
        if has_placeholder(text.value) {
            let problem = Problem::InvalidValue {
                message: format!("the code path `{}` holds a placeholder", text.value),
                help: "code is the same for all partitions: use a glob, as `steps/*.py`".to_owned(),
            };
            problems.at(text.location(), "here", problem);
            continue;
        }
        if let Some(except) = text.value.strip_prefix('!') {
            let except = paths::fold_literal(folder, except).path;
            paths::check_glob(&except, text.location(), problems);
            read.except
                .push(except.as_literal().unwrap_or_default().to_owned());
            first_exception.get_or_insert(text.location());
            continue;
        }
        let path = paths::fold_literal(folder, text.value).path;
        any_glob |= paths::is_glob(&path);
        if paths::is_glob(&path) {
            paths::check_glob(&path, text.location(), problems);
        }
        let path = path.as_literal().unwrap_or_default().to_owned();
        read.declared.push((path, text.location()));
    }
    if let Some(location) = first_exception.filter(|_| !any_glob) {
        paths::report_lone_exception(location, problems);
    }
    read
}

/// Reads `gitignored`, of a source or of the code of an asset.
pub(super) fn leaves_out_gitignored(table: &Table<'_>, problems: &mut Problems) -> bool {
    table.boolean("gitignored", problems) == Some(false)
}

/// The words of a command that may name a code file, relative to the project root, each once.
fn candidates(command: &Command, folder: &str) -> Vec<String> {
    let words = match command {
        Command::Shell { written, .. } => shell_words(&without_placeholders(written)),
        Command::Direct { written, .. } => written
            .iter()
            .enumerate()
            .map(|(index, text)| Word {
                text: without_placeholders(text),
                place: if index == 0 {
                    WordPlace::Program
                } else {
                    WordPlace::Argument
                },
            })
            .collect(),
    };
    let mut found: Vec<String> = Vec::new();
    for word in words {
        if word.text.contains(HOLE) || !word.may_name_code() {
            continue;
        }
        let Folded { path, outside, .. } = paths::fold_literal(folder, &word.text);
        let path = path.as_literal().unwrap_or_default();
        if !outside && !path.is_empty() && !found.iter().any(|known| known == path) {
            found.push(path.to_owned());
        }
    }
    found
}

/// A word of a shell's text, its quotes removed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    place: WordPlace,
}

/// Where a word stands in its command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WordPlace {
    Program,
    Argument,
    WrittenTo,
}

impl Word {
    fn may_name_code(&self) -> bool {
        let script = || {
            self.text.rsplit_once('.').is_some_and(|(stem, extension)| {
                !stem.is_empty() && !stem.ends_with('/') && SCRIPTS.contains(&extension)
            })
        };
        match self.place {
            WordPlace::Program => self.text.contains('/') || script(),
            WordPlace::Argument => script(),
            WordPlace::WrittenTo => false,
        }
    }
}

fn without_placeholders(text: &str) -> String {
    let Ok(tokens) = tokens(text) else {
        return text.to_owned();
    };
    let mut plain = String::new();
    for token in tokens {
        match token.kind {
            TokenKind::Literal(literal) => plain.push_str(literal),
            TokenKind::Placeholder(_) => plain.push(HOLE),
        }
    }
    plain
}

/// Splits a text into words as a POSIX shell would, without expanding anything; operators separate words.
fn shell_words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut place = WordPlace::Program;
    let mut after = WordPlace::Argument;
    let mut characters = text.chars().peekable();
    let mut finish = |word: &mut Option<String>, place: &mut WordPlace, after: &mut WordPlace| {
        let Some(text) = word.take() else { return };
        let assignment = *place == WordPlace::Program && is_assignment(&text);
        words.push(Word {
            text,
            place: *place,
        });
        if !assignment {
            *place = *after;
            *after = WordPlace::Argument;
        }
    };
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                while let Some(inner) = characters.next_if(|inner| *inner != character) {
                    match (character, inner) {
                        ('"', '\\') => word.extend(characters.next()),
                        _ => word.push(inner),
                    }
                }
                characters.next();
            }
            '\\' => {
                let next = characters.next();
                if next != Some('\n') {
                    word.get_or_insert_default().extend(next);
                }
            }
            '#' if word.is_none() => while characters.next_if(|inner| *inner != '\n').is_some() {},
            '>' => {
                finish(&mut word, &mut place, &mut after);
                after = place;
                place = WordPlace::WrittenTo;
            }
            '\n' | ';' | '|' | '&' | '(' | ')' | '`' => {
                let redirected = place == WordPlace::WrittenTo && word.is_none();
                finish(&mut word, &mut place, &mut after);
                if !(redirected && matches!(character, '|' | '&')) {
                    place = WordPlace::Program;
                    after = WordPlace::Argument;
                }
            }
            '<' => finish(&mut word, &mut place, &mut after),
            _ if character.is_whitespace() => finish(&mut word, &mut place, &mut after),
            _ => word.get_or_insert_default().push(character),
        }
    }
    finish(&mut word, &mut place, &mut after);
    words
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use crate::model::{Command, CommandTemplate};

    #[test]
    fn scripts_and_programs_of_the_project_are_candidates() {
        for (text, expected) in [
            (
                "python3 steps/clean.py {{input}} {{output}}",
                &["steps/clean.py"][..],
            ),
            ("./bin/tool x && bin/other", &["bin/tool", "bin/other"]),
            ("/usr/bin/python3 '/a/b.py' ../c.py", &[]),
            (
                "A=1 B=x ./run 'my step.R' \"q.sql\"",
                &["run", "my step.R", "q.sql"],
            ),
            ("sqlite3 db < q.sql > out.sql 2>err.py", &["q.sql"]),
            (
                "cat a.py a.py # b.py\nsh c.sh;sh d.sh|e.sh",
                &["a.py", "c.sh", "d.sh", "e.sh"],
            ),
            (
                "python3 {{partition}}.py x/{{asset}}/y.py --f=z.py",
                &["--f=z.py"],
            ),
            ("cd sub && python3 x\\ y.py \\\n z.py", &["x y.py", "z.py"]),
            ("echo .py a/.py data.csv build/x", &[]),
        ] {
            let command = Command::Shell {
                shell: Vec::new(),
                text: CommandTemplate::literal(text),
                written: text.to_owned(),
            };
            assert_eq!(candidates(&command, ""), expected, "{text}");
        }
        let command = Command::Direct {
            arguments: Vec::new(),
            written: ["./tool", "x/y", "{{output}}", "s.py"]
                .map(str::to_owned)
                .into(),
        };
        assert_eq!(candidates(&command, "sub"), ["sub/tool", "sub/s.py"]);
    }
}
