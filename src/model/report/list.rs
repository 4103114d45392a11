//! What `list` answers.

use crate::model::asset::About;
use crate::model::name::{AssetKey, Name};

/// The declared assets and sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// In order of declaration.
    pub assets: Vec<Listing>,
}

/// Whether something is made or only observed.
///
/// ```
/// assert_eq!(assetctl::DeclarationKind::Source.word(), "source");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclarationKind {
    /// An asset.
    Asset,
    /// A source asset.
    Source,
}

impl DeclarationKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Source => "source",
        }
    }
}

/// One asset or source, as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its name.
    pub key: AssetKey,
    /// What it is.
    pub kind: DeclarationKind,
    /// What people say of it.
    pub about: About,
    /// The name of its partitions definition, or the type of one that is declared inline.
    pub partitions: Option<String>,
    /// What it reads.
    pub deps: Vec<ListedDep>,
    /// What it writes; of a source, where it is.
    pub outputs: Vec<ListedOutput>,
    /// Where it is declared.
    pub location: ListedPlace,
}

/// A dep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedDep {
    /// The input's name.
    pub input: Name,
    /// What it reads.
    pub asset: AssetKey,
    /// The output that it reads; `None` for all.
    pub output: Option<String>,
    /// The name of its partition mapping.
    pub mapping: String,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOutput {
    /// Its name; `None` where it has none.
    pub name: Option<String>,
    /// Its path, as written.
    pub path: String,
}

/// A place in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPlace {
    /// The file, relative to the project root.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}
