//! What versions are: digests, each with a type of its own so that one cannot stand for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Kind};

macro_rules! digest_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Digest);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

digest_newtype! {
    /// The version of data: of a source, or of one output of an asset partition. Equal versions mean equal contents.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("Assets.toml"), r#"
    /// # [project]
    /// # [asset.greeting]
    /// # command = "echo hello > {{output}}"
    /// # outputs = "greeting.txt"
    /// # [asset.again]
    /// # command = "printf 'hello\\n' > {{output}}"
    /// # outputs = "again.txt"
    /// # "#)?;
    /// use assetctl::{MaterializeRequest, Project, materialize_to_memory};
    ///
    /// let project = Project::load(folder.path())?;
    /// let result = materialize_to_memory(&project, MaterializeRequest::new())?;
    /// let version = |asset| Ok::<_, assetctl::OutputError>(result.output(asset, None, None)?.version());
    /// assert_eq!(version("greeting")?, version("again")?);
    /// # Ok(())
    /// # }
    /// ```
    DataVersion
}
digest_newtype! {
    /// The version of what makes an asset: its command, code files, environment and the rest of its declaration.
    CodeVersion
}
digest_newtype! {
    /// All that a materialization depends on, in one digest.
    Fingerprint
}

impl DataVersion {
    /// The version of an optional source that is absent.
    #[must_use]
    pub fn absent() -> Self {
        Self(Kind::Absent.digest(b""))
    }

    /// What stands for the version of a source whose last observation failed.
    #[must_use]
    pub fn unobserved() -> Self {
        Self(Kind::Absent.digest(b"observation failed"))
    }
}

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

impl Counted {
    /// What counts of a source or of code.
    #[must_use]
    pub fn read(leaves_out_gitignored: bool) -> Self {
        if leaves_out_gitignored {
            Self::NotIgnored
        } else {
            Self::Files
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
