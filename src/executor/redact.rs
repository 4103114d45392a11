//! Replaces literal secrets in a stream of bytes, also where one is cut in two by the reads.
//!
//! Every byte of every occurrence is covered: occurrences that overlap become one `***` together, so that no part of the
//! second shows. What could still become a secret is held back until the next bytes or the end decide.

/// What stands in the log instead of a secret.
const COVER: &[u8] = b"***";

/// A filter for one stream.
pub(super) struct Redactor {
    secrets: Vec<Vec<u8>>,
    /// Which bytes a secret begins with.
    begins: [bool; 256],
    /// What is not decided yet.
    held: Vec<u8>,
    /// How many bytes from the start of `held` on belong to a secret whose cover is written.
    covered: usize,
}

impl Redactor {
    /// A filter for these values, none of which is empty.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let secrets: Vec<Vec<u8>> = secrets.into_iter().map(<[u8]>::to_vec).collect();
        let mut begins = [false; 256];
        for secret in &secrets {
            begins[usize::from(secret[0])] = true;
        }
        Self {
            secrets,
            begins,
            held: Vec::new(),
            covered: 0,
        }
    }

    /// Takes the next bytes and gives what can be shown by now.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.decide(Reach::SoFar)
    }

    /// Gives what was held back: no more bytes come.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.decide(Reach::Whole)
    }

    fn decide(&mut self, reach: Reach) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let mut position = 0;
        let mut covered_to = self.covered;
        while let Some(&byte) = self.held.get(position) {
            if self.begins[usize::from(byte)] {
                match self.longest_at(&self.held[position..], reach) {
                    Match::Undecided => break,
                    Match::Length(length) => {
                        if position >= covered_to {
                            shown.extend_from_slice(COVER);
                        }
                        covered_to = covered_to.max(position + length);
                    }
                    Match::Nothing => {}
                }
            }
            if position >= covered_to {
                shown.push(byte);
            }
            position += 1;
        }
        self.held.drain(..position);
        self.covered = covered_to.saturating_sub(position);
        shown
    }

    fn longest_at(&self, rest: &[u8], reach: Reach) -> Match {
        let mut longest = Match::Nothing;
        for secret in &self.secrets {
            if rest.starts_with(secret) {
                let known = match longest {
                    Match::Length(known) => known,
                    Match::Nothing | Match::Undecided => 0,
                };
                longest = Match::Length(secret.len().max(known));
            } else if matches!(reach, Reach::SoFar) && secret.starts_with(rest) {
                return Match::Undecided;
            }
        }
        longest
    }
}

/// Whether the bytes at hand are all there are.
#[derive(Clone, Copy)]
enum Reach {
    SoFar,
    Whole,
}

enum Match {
    Nothing,
    /// A secret of this many bytes.
    Length(usize),
    /// Perhaps the beginning of one.
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::Redactor;

    fn redact(secrets: &[&str], text: &str, piece: usize) -> String {
        let mut redactor = Redactor::new(secrets.iter().map(|secret| secret.as_bytes()));
        let mut shown = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            shown.extend(redactor.feed(bytes));
        }
        shown.extend(redactor.finish());
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn every_byte_of_every_occurrence_is_covered_however_the_text_is_cut() {
        let table: [(&[&str], &str, &str); 9] = [
            (&["hunter2"], "pw=hunter2;", "pw=***;"),
            (&["hunter2"], "hunter2hunter2", "******"),
            (&["hunter2"], "hunter hunte", "hunter hunte"),
            (&["hunter2"], "huhunter2", "hu***"),
            (&["abcd", "abcdefgh"], "abcdefgh abcdef", "*** ***ef"),
            (&["abcd", "cdef"], "abcdef!", "***!"),
            (&["aaaa"], "aaaaaa b aaa", "*** b aaa"),
            (&["line\nbreak"], "a line\nbreak", "a ***"),
            (&["schlüssel"], "schlüssel schlüsse", "*** schlüsse"),
        ];
        for (secrets, text, shown) in table {
            for piece in 1..=text.len() {
                assert_eq!(redact(secrets, text, piece), shown, "{text} by {piece}");
            }
        }
    }
}
