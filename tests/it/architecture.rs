//! The floors of `docs/architecture.md`, held by reading the source: a room imports from lower floors only.
//!
//! Read are all paths that start at the crate's root, whether in a `use`, nested in its braces, or written inline, and
//! all that climb there by `super`. Code under `#[cfg(test)]` is exempt, and so are `lib.rs` and `main.rs`, which stand
//! outside the rooms. Comments and the contents of strings are not code.

pub mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of each floor, lowest first.
const FLOORS: &[&[&str]] = &[
    &["digest", "model", "sys"],
    &["answer", "plan", "select", "hash"],
    &["lock"],
    &[
        "manifest",
        "lockfile",
        "store",
        "io_manager",
        "executor",
        "git",
    ],
    &["look", "command"],
    &["engine"],
    &["app"],
    &["web"],
    &["cli"],
];

/// Arrows on one floor that are allowed.
const SIDEWAYS: &[(&str, &str)] = &[("model", "digest"), ("command", "look")];

/// Rooms that decide and never act: no I/O, no clock, no threads, no environment.
const PURE: &[&str] = &["answer", "digest", "lock", "model", "plan", "select"];

/// What a pure room must not reach for; a path is refused when it starts with one of these.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// What belongs to the process: only the command line reaches for it, so that the library does nothing behind its caller's
/// back.
const OF_THE_PROCESS: &[&str] = &[
    "std::env::args",
    "std::env::args_os",
    "std::env::current_dir",
    "std::env::current_exe",
    "std::env::home_dir",
    "std::env::set_current_dir",
    "std::env::temp_dir",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::env::vars_os",
    "std::process::exit",
    "tempfile::NamedTempFile::new",
    "tempfile::tempdir",
    "tempfile::tempfile",
    "uuid::Uuid::now_v7",
];

#[test]
fn no_arrow_points_up_or_sideways() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut read = 0;
    for file in rust_files(&source) {
        let inside = file
            .strip_prefix(&source)
            .expect("the walk starts at src")
            .to_owned();
        let Some(module) = Module::of(&inside) else {
            continue;
        };
        let text = fs::read_to_string(&file).expect("source files are readable text");
        wrong.extend(
            module
                .complaints(&text)
                .into_iter()
                .map(|why| format!("src/{}: {why}", inside.display())),
        );
        read += 1;
    }
    assert!(read > 0, "no room was found in src");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_means_one_type_in_a_room_and_a_public_one_in_the_crate() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut declared: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut public: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).expect("the walk starts at src");
        let Some(module) = Module::of(inside) else {
            continue;
        };
        let text = fs::read_to_string(&file).expect("source files are readable text");
        for (name, is_public) in source::types(&text) {
            let file = inside.display().to_string();
            if is_public {
                public.entry(name.clone()).or_default().push(file.clone());
            }
            let declared = declared.entry((module.room.clone(), name)).or_default();
            declared.push(file);
        }
    }
    assert!(declared.len() > 500, "{} types were found", declared.len());
    declared.retain(|_, files| files.len() > 1);
    assert_eq!(declared, BTreeMap::new(), "two types have one name");
    assert!(
        public.len() > 300,
        "{} public types were found",
        public.len()
    );
    public.retain(|_, files| files.len() > 1);
    assert_eq!(public, BTreeMap::new(), "two public types have one name");
}

/// Where a source file stands: its room, and how many modules deep it is (`src/plan/mod.rs` is one deep; modules
/// written inside a file are not counted).
struct Module {
    room: String,
    depth: usize,
}

impl Module {
    /// The module at a path below `src`; `None` for the crate's roots and for files of tests.
    fn of(inside: &Path) -> Option<Self> {
        let mut parts: Vec<String> = inside
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        let root = parts.len() == 1 && ["lib", "main", "testkit"].contains(&parts[0].as_str());
        let tests = parts
            .iter()
            .any(|part| ["tests", "fixtures"].contains(&part.as_str()));
        (!root && !tests).then(|| Self {
            room: parts[0].clone(),
            depth: parts.len(),
        })
    }

    /// What is wrong with the imports of this module, whose source is `text`.
    fn complaints(&self, text: &str) -> Vec<String> {
        let Some(floor) = floor_of(&self.room) else {
            return vec![format!("the room `{}` stands on no floor", self.room)];
        };
        let mut complaints = Vec::new();
        for path in source::paths(text) {
            if PURE.contains(&self.room.as_str()) {
                let reached = IMPURE
                    .iter()
                    .any(|start| path == *start || path.starts_with(&format!("{start}::")));
                if reached {
                    complaints.push(format!("`{}` is pure and uses `{path}`", self.room));
                }
            }
            if self.room != "cli" && OF_THE_PROCESS.contains(&path.as_str()) {
                complaints.push(format!(
                    "`{path}` is of the process, which `{}` knows nothing of",
                    self.room
                ));
            }
            let Some(to) = self.reached_from_root(&path) else {
                continue;
            };
            if to == self.room || SIDEWAYS.contains(&(self.room.as_str(), to)) {
                continue;
            }
            match floor_of(to) {
                None => complaints.push(format!(
                    "`{path}` names no room: import from the room that owns it"
                )),
                Some(above) if above > floor => {
                    complaints.push(format!("`{path}` points up, out of `{}`", self.room));
                }
                Some(beside) if beside == floor => {
                    complaints.push(format!("`{path}` points sideways, out of `{}`", self.room));
                }
                Some(_below) => {}
            }
        }
        complaints
    }

    /// The first name below the crate's root in a path, if the path gets there.
    fn reached_from_root<'path>(&self, path: &'path str) -> Option<&'path str> {
        let mut names = path.split("::").peekable();
        let first = names.next()?;
        if first == "crate" {
            return names.next();
        }
        let mut climbed = usize::from(first == "super");
        while climbed > 0 && names.next_if_eq(&"super").is_some() {
            climbed += 1;
        }
        (climbed >= self.depth && climbed > 0)
            .then(|| names.next())
            .flatten()
    }
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// All `.rs` files below a folder, in the order of their names.
fn rust_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("src is a readable folder") {
        let path = entry.expect("src is a readable folder").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.insert(path);
        }
    }
    files
}

/// The complaints about `text` in the file `inside` (a path below `src`).
fn complaints(inside: &str, text: &str) -> Vec<String> {
    Module::of(Path::new(inside))
        .map(|module| module.complaints(text))
        .unwrap_or_default()
}

#[test]
fn an_arrow_up_or_sideways_is_found_however_it_is_written() {
    let table = [
        (
            "plan/mod.rs",
            "use crate::engine::Run;",
            "`crate::engine::Run` points up, out of `plan`",
        ),
        (
            "plan/mod.rs",
            "use crate::hash::Tree;",
            "`crate::hash::Tree` points sideways, out of `plan`",
        ),
        (
            "digest/mod.rs",
            "use crate::model::Key;",
            "`crate::model::Key` points sideways, out of `digest`",
        ),
        (
            "model/key.rs",
            "use crate::sys::clock;",
            "`crate::sys::clock` points sideways, out of `model`",
        ),
        (
            "plan/a.rs",
            "use crate::{model::Key, store::{Row, Log}};",
            "`crate::store::Row` points up, out of `plan`",
        ),
        (
            "plan/a.rs",
            "fn f() -> crate::app::Verb { todo() }",
            "`crate::app::Verb` points up, out of `plan`",
        ),
        (
            "plan/a.rs",
            "use super::super::cli::Words;",
            "`super::super::cli::Words` points up, out of `plan`",
        ),
        (
            "plan/mod.rs",
            "use super::cli::Words;",
            "`super::cli::Words` points up, out of `plan`",
        ),
        (
            "store/a.rs",
            "use crate::manifest as m;",
            "`crate::manifest` points sideways, out of `store`",
        ),
        (
            "plan/a.rs",
            "pub use crate::Project;",
            "`crate::Project` names no room: import from the room that owns it",
        ),
        ("cellar/mod.rs", "", "the room `cellar` stands on no floor"),
        (
            "plan/a.rs",
            "use std::{fmt, fs::File};",
            "`plan` is pure and uses `std::fs::File`",
        ),
        (
            "model/a.rs",
            "let now = std::time::SystemTime::now();",
            "`model` is pure and uses `std::time::SystemTime::now`",
        ),
        (
            "app/a.rs",
            "use std::{env::{split_paths, vars_os}, fs};",
            "`std::env::vars_os` is of the process, which `app` knows nothing of",
        ),
        (
            "git/a.rs",
            "let folder = tempfile::tempdir()?;",
            "`tempfile::tempdir` is of the process, which `git` knows nothing of",
        ),
        (
            "plan/a.rs",
            "#[cfg(test)]\nmod tests;\nuse crate::cli::X;",
            "`crate::cli::X` points up, out of `plan`",
        ),
        (
            "plan/a.rs",
            "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::cli::X;",
            "`crate::cli::X` points up, out of `plan`",
        ),
        (
            "plan/a.rs",
            "const C: char = '\"'; use crate::cli::X; const D: char = '\"';",
            "`crate::cli::X` points up, out of `plan`",
        ),
    ];
    for (file, text, complaint) in table {
        assert!(
            complaints(file, text)
                .iter()
                .any(|found| found == complaint),
            "{file}: {text}: {:?}",
            complaints(file, text)
        );
    }
}

#[test]
fn an_arrow_down_and_what_is_not_code_are_left_alone() {
    let table = [
        ("lib.rs", "use crate::cli::run;"),
        ("main.rs", "use crate::cli::run;"),
        ("plan/tests.rs", "use crate::engine::Run;"),
        (
            "plan/mod.rs",
            "use crate::{model::{Key, Version}, digest::Digest, plan::cause::Cause};",
        ),
        ("model/key.rs", "use crate::digest::Digest;"),
        (
            "cli/args.rs",
            "use crate::app::Materialize; use crate::web; pub(crate) fn f() {}",
        ),
        (
            "plan/deep/er.rs",
            "use super::super::engine; use super::cli;",
        ),
        (
            "plan/a.rs",
            "// use crate::cli::X;\n/* crate::cli /* crate::app */ crate::web */",
        ),
        (
            "plan/a.rs",
            "//! [`crate::cli`]\nconst A: &str = \"crate::cli::X \\\" crate::app\"; const B: &str = r#\"crate::\"cli\"#;",
        ),
        (
            "plan/a.rs",
            "#[cfg(test)]\nmod tests { use crate::engine::Run; fn f() { { } } }",
        ),
        (
            "plan/a.rs",
            "#[cfg(test)]\nuse crate::engine::{Run, Step};\nfn f<'a>(x: &'a str) -> char { 'x' }",
        ),
        ("hash/file.rs", "use std::fs::File;"),
        ("cli/a.rs", "let all = std::env::vars_os();"),
        ("git/a.rs", "let folder = tempfile::tempdir_in(place)?;"),
        (
            "plan/a.rs",
            "use std::time::Duration; let environment = my_std::env; std::fmt::Debug",
        ),
    ];
    for (file, text) in table {
        assert_eq!(
            complaints(file, text),
            Vec::<String>::new(),
            "{file}: {text}"
        );
    }
}
