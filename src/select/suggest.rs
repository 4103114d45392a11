//! Names that a person may have meant.

/// A sentence that names up to three similar ones of `known`; `None` if none is.
#[must_use]
pub fn did_you_mean<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = text.chars().count().max(3) / 3 + 1;
    let mut near: Vec<_> = known
        .map(|name| (strsim::damerau_levenshtein(name, text), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    let near: Vec<_> = near
        .iter()
        .take(3)
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(", ")))
}
