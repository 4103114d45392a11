//! Pages of help that are about no single verb.

/// A page of help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it says.
    pub(super) text: &'static str,
}

/// All pages.
pub(super) const TOPICS: [Topic; 1] = [Topic {
    name: "selection",
    text: include_str!("selection.txt"),
}];

impl Topic {
    /// The page of this name; one or several, as people write it.
    pub(super) fn find(name: &str) -> Option<Self> {
        let one = name.strip_suffix('s').unwrap_or(name);
        TOPICS.into_iter().find(|topic| topic.name == one)
    }
}

#[cfg(test)]
mod tests {
    use super::TOPICS;
    use crate::select;

    #[test]
    fn a_page_fits_on_a_screen() {
        for topic in TOPICS {
            assert!(topic.text.lines().count() <= 50, "{}", topic.name);
            for line in topic.text.lines() {
                assert!(line.chars().count() <= 120, "{line}");
            }
        }
    }

    #[test]
    fn what_the_page_of_selections_shows_can_be_read() {
        let page = TOPICS[0].text;
        let examples = page.lines().filter(|line| line.starts_with("  assetctl "));
        let mut read = 0;
        for line in examples.filter(|line| !line.contains("--steps")) {
            let words = shlex::split(line).expect("the quotes are closed");
            for text in &words[2..] {
                assert!(select::parse(text).is_ok(), "{text}");
                read += 1;
            }
        }
        assert!(read >= 7, "{read}");
        for attribute in select::continuations("", &select::Vocabulary::default()) {
            assert!(page.contains(&attribute), "{attribute}");
        }
    }
}
