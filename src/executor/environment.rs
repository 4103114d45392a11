//! Puts together the environment of a command.
//!
//! The caller's variables are a parameter: nothing is read from the process. Later parts win: the caller's, those that
//! were declared, ours.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Passed on whatever else is not.
const ALWAYS: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];
/// The caller's variables of these prefixes tell of another step and never reach a command.
const DROPPED: [&[u8]; 2] = [b"ASSETCTL_", b"DAGSTER_PIPES_"];

/// Which of the caller's variables a command sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inherit {
    /// All of them.
    All,
    /// `PATH`, `HOME`, `TMPDIR`, `LANG` and those named here.
    Only(Vec<String>),
}

/// The parts of a command's environment.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The variables of the process that runs assetctl.
    pub caller: &'a [(OsString, OsString)],
    /// Which of them pass.
    pub inherit: &'a Inherit,
    /// What the asset declares. Without a value the variable is not set, whoever else sets it.
    pub declared: &'a [(OsString, Option<OsString>)],
    /// What assetctl tells the command.
    pub ours: &'a [(OsString, OsString)],
}

impl Environment<'_> {
    /// The complete environment, sorted by name, each name once.
    pub fn build(&self) -> Vec<(OsString, OsString)> {
        let mut variables: BTreeMap<&OsStr, &OsStr> = BTreeMap::new();
        for (name, value) in self.caller {
            if !is_dropped(name) && self.inherit.passes(name) {
                variables.insert(name, value);
            }
        }
        for (name, value) in self.declared {
            match value {
                Some(value) => variables.insert(name, value),
                None => variables.remove(name.as_os_str()),
            };
        }
        for (name, value) in self.ours {
            variables.insert(name, value);
        }
        let owned = |(name, value): (&OsStr, &OsStr)| (name.to_owned(), value.to_owned());
        variables.into_iter().map(owned).collect()
    }
}

impl Inherit {
    fn passes(&self, name: &OsStr) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => {
                ALWAYS.iter().any(|always| name == *always)
                    || names.iter().any(|passed| name == passed.as_str())
            }
        }
    }
}

fn is_dropped(name: &OsStr) -> bool {
    let starts_name = |prefix: &&[u8]| name.as_bytes().starts_with(prefix);
    DROPPED.iter().any(starts_name)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{Environment, Inherit};

    fn variables(text: &str) -> Vec<(OsString, OsString)> {
        let pairs = text.split_whitespace().map(|pair| pair.split_once('='));
        let pairs = pairs.map(|pair| pair.expect("each word of a test's variables has a `=`"));
        pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn text(variables: &[(OsString, OsString)]) -> String {
        let pairs = variables
            .iter()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
        pairs.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn later_parts_win_and_only_what_may_pass_passes() {
        let caller = "PATH=/bin HOME=/h TMPDIR=/t LANG=C LC_ALL=C CI=1 \
                      ASSETCTL_RUN_ID=x ASSETCTL_=x ASSETCTLX=y DAGSTER_PIPES_CONTEXT=x";
        let only = |names: &[&str]| Inherit::Only(names.iter().map(ToString::to_string).collect());
        // inherit, declared (`NAME=-` is one without a value), ours, all together
        let table = [
            (
                Inherit::All,
                "",
                "",
                "ASSETCTLX=y CI=1 HOME=/h LANG=C LC_ALL=C PATH=/bin TMPDIR=/t",
            ),
            (only(&[]), "", "", "HOME=/h LANG=C PATH=/bin TMPDIR=/t"),
            (
                only(&["CI", "ASSETCTL_RUN_ID", "ABSENT"]),
                "",
                "",
                "CI=1 HOME=/h LANG=C PATH=/bin TMPDIR=/t",
            ),
            (
                only(&[]),
                "PATH=/mine A=1 HOME=- ABSENT=-",
                "",
                "A=1 LANG=C PATH=/mine TMPDIR=/t",
            ),
            (
                only(&[]),
                "ASSETCTL_ASSET=mine ASSETCTL_MINE=1",
                "ASSETCTL_ASSET=a",
                "ASSETCTL_ASSET=a ASSETCTL_MINE=1 HOME=/h LANG=C PATH=/bin TMPDIR=/t",
            ),
        ];
        for (inherit, declared, ours, expected) in table {
            let declared: Vec<_> = variables(declared)
                .into_iter()
                .map(|(name, value)| (name, (value != "-").then_some(value)))
                .collect();
            let environment = Environment {
                caller: &variables(caller),
                inherit: &inherit,
                declared: &declared,
                ours: &variables(ours),
            };
            assert_eq!(text(&environment.build()), expected);
        }
    }
}
