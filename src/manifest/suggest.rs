//! What a person may have meant by a name that does not exist.

use crate::model::KnownNames;

/// The candidates that are similar to `text`, the most similar first, at most three.
pub(super) fn similar<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let limit = (text.chars().count() / 3).clamp(1, 4);
    KnownNames::new(candidates.into_iter()).like(text, limit)
}

/// Did-you-mean, or all candidates where they are few, or `otherwise`.
pub(super) fn did_you_mean<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let similar = similar(text, candidates.iter().copied());
    if !similar.is_empty() {
        return format!("did you mean {}?", any_of(&similar));
    }
    match candidates.len() {
        1 => format!("there is only {}", any_of(&candidates)),
        2..=12 => format!("there are {}", all_of(&candidates)),
        _ => otherwise.to_owned(),
    }
}

/// `a`, `b` or `c`.
pub(super) fn any_of(names: &[&str]) -> String {
    joined(names, "or")
}

/// `a`, `b` and `c`.
pub(super) fn all_of(names: &[&str]) -> String {
    joined(names, "and")
}

fn joined(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn similar_names_come_first() {
        for (text, candidates, help) in [
            (
                "ouputs",
                &["outputs", "owners"][..],
                "did you mean `outputs`?",
            ),
            ("Deps", &["deps"], "did you mean `deps`?"),
            ("zzz", &["a", "b"], "there are `a` and `b`"),
            ("zzz", &["a"], "there is only `a`"),
            ("zzz", &[], "nothing"),
        ] {
            assert_eq!(
                did_you_mean(text, candidates.iter().copied(), "nothing"),
                help
            );
        }
    }
}
