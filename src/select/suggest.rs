//! Names that a person may have meant, as a sentence.

use crate::model::KnownNames;

/// A sentence that names up to three similar ones of `known`; `None` if none is.
pub fn did_you_mean<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    did_you_mean_of(&KnownNames::new(known), text)
}

/// The same of names that are looked at more than once.
pub(super) fn did_you_mean_of(known: &KnownNames<'_>, text: &str) -> Option<String> {
    let limit = text.chars().count().max(3) / 3 + 1;
    let near = known.like(text, limit);
    let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(", ")))
}
