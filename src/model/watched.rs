//! What is declared and can be looked at: paths and globs, and what of them counts.

use crate::model::Gitignored;

/// What of a directory or a glob counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Everything, folders that hold nothing included: of outputs.
    #[default]
    All,
    /// Files: of sources and code. A folder that holds none is not in a clone.
    Files,
    /// Files that git does not ignore.
    NotIgnored,
}

impl From<Gitignored> for Counted {
    /// What counts of what is read.
    fn from(gitignored: Gitignored) -> Self {
        match gitignored {
            Gitignored::Counted => Self::Files,
            Gitignored::LeftOut => Self::NotIgnored,
        }
    }
}

/// Something that is declared, and can be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Watched {
    /// A path. Where nothing is, the folder above tells whether something was.
    Path(String, Counted),
    /// A word of a command that may name a file: where nothing is, that is all.
    Word(String, Counted),
    /// All that a glob matches.
    Glob {
        /// The pattern.
        pattern: String,
        /// What is taken out.
        except: Vec<String>,
        /// What of it counts.
        counted: Counted,
    },
}

impl Watched {
    /// The path or the pattern.
    pub fn text(&self) -> &str {
        match self {
            Self::Path(text, _) | Self::Word(text, _) => text,
            Self::Glob { pattern, .. } => pattern,
        }
    }
}
