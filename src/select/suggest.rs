//! Names that a person may have meant.

use std::collections::BinaryHeap;

/// How many names are compared letter by letter; of more, those that are made of the most similar letters.
const COMPARED: usize = 500;

/// A sentence that names up to three similar ones of `known`; `None` if none is.
#[must_use]
pub fn did_you_mean<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let limit = text.chars().count().max(3) / 3 + 1;
    let mut near: Vec<_> = worth_comparing(text, known, limit)
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

/// The names that may be within `limit` edits of `text`: an edit changes the count of two letters at most.
fn worth_comparing<'a>(
    text: &str,
    known: impl Iterator<Item = &'a str>,
    limit: usize,
) -> impl Iterator<Item = &'a str> {
    let of_text = Letters::of(text);
    let mut nearest = BinaryHeap::with_capacity(COMPARED + 1);
    for name in known {
        // A character has up to four bytes.
        let apart = of_text.apart(name);
        if apart > 8 * limit {
            continue;
        }
        nearest.push((apart, name));
        if nearest.len() > COMPARED {
            nearest.pop();
        }
    }
    nearest.into_iter().map(|(_, name)| name)
}

/// How often each byte occurs in a text.
struct Letters([u32; 256]);

impl Letters {
    fn of(text: &str) -> Self {
        let mut counts = [0; 256];
        for byte in text.bytes() {
            counts[usize::from(byte)] += 1;
        }
        Self(counts)
    }

    /// How many bytes one of both has and the other has not.
    fn apart(&self, name: &str) -> usize {
        let mut left = self.0;
        let mut more = 0;
        for byte in name.bytes() {
            let count = &mut left[usize::from(byte)];
            if *count > 0 {
                *count -= 1;
            } else {
                more += 1;
            }
        }
        let less: u32 = left.iter().sum();
        more + less as usize
    }
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn the_nearest_of_many_names_are_found() {
        let names: Vec<String> = (0..20_000)
            .map(|index| format!("asset{index:05}"))
            .collect();
        let meant = |text| did_you_mean(text, names.iter().map(String::as_str));
        for (text, expected) in [
            ("aset01234", Some("did you mean `asset01234`")),
            ("asset0123", Some("did you mean `asset00123`")),
            ("nothing", None),
        ] {
            let found = meant(text);
            let fits = match (expected, &found) {
                (Some(expected), Some(found)) => found.starts_with(expected),
                (expected, found) => expected.is_none() && found.is_none(),
            };
            assert!(fits, "{text}: {found:?}");
        }
        let umlauts = ["größe", "menge"];
        let meant = did_you_mean("grosse", umlauts.into_iter());
        assert_eq!(meant.as_deref(), Some("did you mean `größe`?"));
    }
}
