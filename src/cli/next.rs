//! What a reader may type next: commands that do what was meant, for the project, the selection and the keys of this call.

use std::borrow::Cow;
use std::path::Path;

use crate::cli::args::Globals;
use crate::manifest;
use crate::model::LOCK_FILE;

/// The program as messages name it.
pub const PROGRAM: &str = "assetctl";

/// Commands that go on from a call, as they can be typed where it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The program with the folders that were given: `assetctl -C models`.
    pub program: String,
    /// What brings up to date what the call is about: `assetctl -C models materialize clean --partition 2013-07-04`.
    pub materialize: String,
    /// The lock file.
    pub lock: String,
}

impl Next {
    /// The commands that go on from a call with the options of all verbs; `materialize` takes these arguments.
    pub fn new(globals: &Globals, arguments: Vec<String>) -> Self {
        let mut program = vec![PROGRAM.to_owned()];
        let env = globals.environment();
        // A home of the environment wins over the variable's.
        let home = globals.default_home.as_ref().filter(|_| env.is_none());
        let folders = [
            ("-C", globals.project.as_ref()),
            ("--home", globals.home.as_ref().or(home)),
        ];
        for (flag, folder) in folders {
            if let Some(folder) = folder {
                program.extend([flag.to_owned(), folder.to_string_lossy().into_owned()]);
            }
        }
        if let Some(env) = env {
            program.extend(["--env".to_owned(), env.to_string()]);
        }
        let mut words = program.clone();
        words.push("materialize".to_owned());
        words.extend(arguments);
        Self {
            program: typed(&program),
            materialize: typed(&words),
            lock: LOCK_FILE.to_owned(),
        }
    }

    /// The same, with the lock file of the project that `directory` lies in as its path is typed in the folder `here`.
    pub fn in_project(&self, directory: &Path, lock: &str, here: &Path) -> Self {
        let root = manifest::find(directory);
        let lock = root.map(|root| from_here(&root.0, lock, here));
        Self {
            lock: lock.unwrap_or_else(|_| self.lock.clone()),
            ..self.clone()
        }
    }
}

/// A text with the commands that it names as they are typed here: `assetctl accept a` as `assetctl -C models accept a`.
pub fn as_typed<'a>(text: &'a str, program: &str) -> Cow<'a, str> {
    let named = format!("`{PROGRAM} ");
    if program == PROGRAM || !text.contains(&named) {
        return Cow::Borrowed(text);
    }
    let text = text.replace(&named, &format!("`{program} "));
    // Some texts name the environment themselves.
    let env = program.rfind(" --env ").map_or("", |at| &program[at..]);
    Cow::Owned(text.replace(&format!("`{program}{env} "), &format!("`{program} ")))
}

/// Words as they are typed in a shell.
fn typed(words: &[String]) -> String {
    let quoted = words
        .iter()
        .map(|word| shlex::try_quote(word).unwrap_or(Cow::Borrowed(word)));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A path below `root` as it is typed in the folder `here`.
fn from_here(root: &Path, path: &str, here: &Path) -> String {
    let full = root.join(path);
    if let Ok(below) = full.strip_prefix(here) {
        return below.to_string_lossy().into_owned();
    }
    match here.strip_prefix(root) {
        Ok(deeper) => "../".repeat(deeper.components().count()) + path,
        Err(_) => full.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;

    use super::{Next, as_typed, from_here};
    use crate::cli::verb::Cli;

    #[test]
    fn what_goes_on_is_about_the_same() {
        for (line, materialize) in [
            ("assetctl status", "assetctl materialize"),
            (
                "assetctl -C models status clean --partition 2013-07-04",
                "assetctl -C models materialize clean --partition 2013-07-04",
            ),
            (
                "assetctl check group:a* --latest 7",
                "assetctl materialize 'group:a*' --latest 7",
            ),
            (
                "assetctl --home h plan a --only --steps b+ --missing",
                "assetctl --home h materialize a --missing --only --steps b+",
            ),
            (
                "assetctl materialize -n a --partition-range x...y",
                "assetctl materialize a --partition-range x...y",
            ),
            ("assetctl explain a", "assetctl materialize"),
            (
                "assetctl status a --env prod",
                "assetctl --env prod materialize a",
            ),
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).expect("a right line");
            let next = Next::new(&cli.globals, cli.verb.goes_on());
            assert_eq!(next.materialize, materialize, "{line}");
        }
    }

    #[test]
    fn commands_in_texts() {
        let text = "a is external: `assetctl accept a` or `assetctl observe a`, not assetctl";
        assert_eq!(as_typed(text, "assetctl"), text);
        let expected =
            "a is external: `assetctl -C m accept a` or `assetctl -C m observe a`, not assetctl";
        assert_eq!(as_typed(text, "assetctl -C m"), expected);
        let text = "`assetctl --env prod check --set a.x=1` calls them fresh";
        for (program, expected) in [
            ("assetctl", text),
            ("assetctl --env prod", text),
            (
                "assetctl -C m --env prod",
                "`assetctl -C m --env prod check --set a.x=1` calls them fresh",
            ),
        ] {
            assert_eq!(as_typed(text, program), expected, "{program}");
        }
    }

    #[test]
    fn a_path_as_it_is_typed_here() {
        for (here, expected) in [
            ("/p", "Assets.lock"),
            ("/p/a/b", "../../Assets.lock"),
            ("/", "p/Assets.lock"),
            ("/q", "/p/Assets.lock"),
        ] {
            let found = from_here(Path::new("/p"), "Assets.lock", Path::new(here));
            assert_eq!(found, expected, "{here}");
        }
    }
}
