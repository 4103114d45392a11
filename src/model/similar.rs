//! Names that a person may have meant by another.

/// How many names are compared letter by letter; of more, those that are made of the most similar letters.
const COMPARED: usize = 500;

/// Names among which similar ones are looked for.
#[derive(Clone, Debug)]
pub struct KnownNames<'a> {
    names: Vec<&'a str>,
    letters: Vec<Letters>,
}

impl<'a> KnownNames<'a> {
    /// Makes ready to look, which takes about as long as one look.
    pub fn new(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<_> = names.collect();
        let letters = names.iter().map(|name| Letters::of(name)).collect();
        Self { names, letters }
    }

    /// Up to three names that are at most `limit` edits away from a text, the most similar first; upper and lower case are one.
    pub fn like(&self, text: &str, limit: usize) -> Vec<&'a str> {
        let lower = text.to_lowercase();
        let mut near: Vec<_> = self
            .worth_comparing(text, limit)
            .map(|name| {
                (
                    strsim::damerau_levenshtein(&name.to_lowercase(), &lower),
                    name,
                )
            })
            .filter(|(distance, _)| *distance <= limit)
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().take(3).map(|(_, name)| name).collect()
    }

    /// The names that may be within `limit` edits of `text`: an edit changes the counts of two letters at most.
    fn worth_comparing(&self, text: &str, limit: usize) -> impl Iterator<Item = &'a str> {
        let of_text = Letters::of(text);
        let apart = self.letters.iter().map(|letters| letters.apart(&of_text));
        let mut near: Vec<_> = apart
            .zip(0..)
            .filter(|(apart, _)| *apart as usize <= 2 * limit)
            .collect();
        if near.len() > COMPARED {
            near.select_nth_unstable(COMPARED);
            near.truncate(COMPARED);
        }
        near.into_iter()
            .map(|(_, index): (u32, usize)| self.names[index])
    }
}

/// How often letters occur in a text; some share a count.
#[derive(Clone, Debug)]
struct Letters([u8; 32]);

impl Letters {
    fn of(text: &str) -> Self {
        let mut counts = [0u8; 32];
        for letter in text.chars().flat_map(char::to_lowercase) {
            let count = &mut counts[letter as usize % 32];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// How many letters one of both has and the other has not, or more.
    fn apart(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .map(|(one, other)| u32::from(one.abs_diff(*other)))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::KnownNames;

    #[test]
    fn the_nearest_of_many_names_are_found() {
        let names: Vec<String> = (0..20_000)
            .map(|index| format!("asset{index:05}"))
            .collect();
        let names = KnownNames::new(names.iter().map(String::as_str));
        for (text, expected) in [
            ("aset01234", Some("asset01234")),
            ("asset0123", Some("asset00123")),
            ("nothing", None),
        ] {
            assert_eq!(names.like(text, 4).first().copied(), expected, "{text}");
        }
    }

    #[test]
    fn letters_of_several_bytes_are_letters() {
        let names = KnownNames::new(["größe", "menge"].into_iter());
        assert_eq!(names.like("grosse", 3), ["größe"]);
        assert!(names.like("grosse", 2).is_empty());
    }
}
