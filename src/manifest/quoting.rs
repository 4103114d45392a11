//! Where in a shell's text a placeholder stands: only outside of quotes its quoted value is a word.
//!
//! The scanner knows POSIX quoting, comments, here-documents and substitutions, and no grammar beyond. Where it could
//! lose its way (a `case` in a substitution, `$'…\'…'`, which shells read differently), everything after that counts as
//! quoted, so that no value can ever be read as anything but a word.

use crate::manifest::template::{Token, TokenKind};

/// Why a placeholder cannot be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    /// In single or double quotes, or in back quotes.
    Quotes,
    /// In a here-document.
    HereDocument,
    /// In a comment, which a line break in the value would end.
    Comment,
    /// In arithmetic.
    Arithmetic,
    /// Right after a `\` or `$`, which would change how the value is quoted.
    Escaped,
    /// After something that shells do not agree on.
    Unclear,
}

/// Whether text touches a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glue {
    /// It is a word of its own.
    Free,
    /// Something stands right before or behind it.
    Glued,
}

/// How a placeholder stands in a shell's text, or why it cannot stand there.
pub(super) type Standing = Result<Glue, Quoted>;

/// How each placeholder of `tokens` stands, in order.
pub(super) fn placeholders_in_shell(tokens: &[Token<'_>]) -> Vec<Standing> {
    let mut scanner = Scanner::default();
    let mut standings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Literal(text) => scanner.read(text),
            TokenKind::Placeholder(_) => {
                let next = match tokens.get(index + 1).map(|token| token.kind) {
                    Some(TokenKind::Literal(text)) => text.chars().next(),
                    Some(TokenKind::Placeholder(_)) => Some('x'),
                    None => None,
                };
                standings.push(scanner.placeholder(next));
            }
        }
    }
    standings
}

/// What encloses the text that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Inside {
    Single,
    Double,
    Back,
    /// `$(…)`, with the number of plain parentheses that are open in it.
    Substitution(u32),
    /// `$((…))`, with the number of plain parentheses that are open in it.
    Arithmetic(u32),
    /// `${…}`.
    Parameter,
    Comment,
    HereDocument(HereDocument),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct HereDocument {
    end: String,
    tabs_stripped: bool,
    line: String,
}

#[derive(Debug, Default)]
struct Scanner {
    stack: Vec<Inside>,
    /// Here-documents that begin with the next line.
    pending: Vec<HereDocument>,
    /// The characters of the unquoted word that is read, to know words and their beginnings.
    word: String,
    last: Option<char>,
    escaped: bool,
    unclear: bool,
    /// The delimiter of a here-document is being read: what was found of `<<`, `-`, and the word.
    delimiter: Option<Delimiter>,
}

#[derive(Debug, Default)]
struct Delimiter {
    word: String,
    tabs_stripped: bool,
    quote: Option<char>,
    started: bool,
}

impl Scanner {
    fn placeholder(&mut self, next: Option<char>) -> Standing {
        let before = self.last;
        let free = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || ";|&<>()".contains(c));
        let standing = self.standing(before);
        if self.delimiter.take().is_some() {
            self.unclear = true;
        }
        self.escaped = false;
        self.last = Some('x');
        self.word.push('x');
        standing.map(|()| {
            if free(before) && free(next) {
                Glue::Free
            } else {
                Glue::Glued
            }
        })
    }

    fn standing(&self, before: Option<char>) -> Result<(), Quoted> {
        if self.unclear || self.delimiter.is_some() {
            return Err(Quoted::Unclear);
        }
        if self.escaped || (before == Some('$') && !self.quotes_hold()) {
            return Err(Quoted::Escaped);
        }
        for inside in self.stack.iter().rev() {
            match inside {
                Inside::Single | Inside::Double | Inside::Back => return Err(Quoted::Quotes),
                Inside::Arithmetic(_) => return Err(Quoted::Arithmetic),
                Inside::Comment => return Err(Quoted::Comment),
                Inside::HereDocument(_) => return Err(Quoted::HereDocument),
                Inside::Substitution(_) => break,
                Inside::Parameter => {}
            }
        }
        let back = |inside: &Inside| matches!(inside, Inside::Back | Inside::HereDocument(_));
        if self.stack.iter().any(back) {
            return Err(Quoted::Quotes);
        }
        Ok(())
    }

    fn quotes_hold(&self) -> bool {
        let quotes = [Some(&Inside::Single), Some(&Inside::Double)];
        quotes.contains(&self.stack.last())
    }

    fn read(&mut self, text: &str) {
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(character) = characters.get(at) {
            let rest = &characters[at..];
            let used = self.step(*character, rest);
            self.last = rest.get(used - 1).copied();
            at += used;
        }
    }

    /// Reads at the first of `rest`, and returns how many characters were used: at least one.
    fn step(&mut self, character: char, rest: &[char]) -> usize {
        if self.escaped {
            self.escaped = false;
            self.word.push(character);
            return 1;
        }
        if self.delimiter.is_some() && self.read_delimiter(character) {
            return 1;
        }
        match self.stack.last_mut() {
            Some(Inside::HereDocument(document)) => {
                if character != '\n' {
                    document.line.push(character);
                } else if document.ends() {
                    self.stack.pop();
                    self.begin_document();
                } else {
                    document.line.clear();
                }
                1
            }
            Some(Inside::Comment) => {
                if character == '\n' {
                    self.stack.pop();
                    self.line_break();
                }
                1
            }
            Some(Inside::Single) => {
                if character == '\'' {
                    self.stack.pop();
                }
                1
            }
            Some(Inside::Double) => match character {
                '"' => {
                    self.stack.pop();
                    1
                }
                '\\' => {
                    self.escaped = true;
                    1
                }
                _ => self.substitution(character, rest).unwrap_or(1),
            },
            _ => self.unquoted(character, rest),
        }
    }

    fn unquoted(&mut self, character: char, rest: &[char]) -> usize {
        let at_word_start = self.word.is_empty();
        if let Some(used) = self.substitution(character, rest) {
            self.word.push(character);
            return used;
        }
        match character {
            '\\' => self.escaped = true,
            '\'' => {
                if self.last == Some('$') && ansi_quotes_escape(&rest[1..]) {
                    self.unclear = true;
                }
                self.word.push(character);
                self.stack.push(Inside::Single);
            }
            '"' => {
                self.word.push(character);
                self.stack.push(Inside::Double);
            }
            '#' if at_word_start && !self.in_arithmetic() => self.stack.push(Inside::Comment),
            '<' if rest.get(1) == Some(&'<') && !self.in_arithmetic() => {
                self.end_word();
                return self.here_document(rest);
            }
            '(' | ')' | '}' => self.bracket(character),
            '\n' => self.line_break(),
            _ if character.is_whitespace() || ";|&<>".contains(character) => self.end_word(),
            _ => self.word.push(character),
        }
        1
    }

    /// Opens `$(`, `$((`, `${` or a back quote, or closes a back quote.
    fn substitution(&mut self, character: char, rest: &[char]) -> Option<usize> {
        let (inside, used) = match (character, rest.get(1), rest.get(2)) {
            ('$', Some('('), Some('(')) => (Inside::Arithmetic(0), 3),
            ('$', Some('('), _) => (Inside::Substitution(0), 2),
            ('$', Some('{'), _) => (Inside::Parameter, 2),
            ('`', _, _) if self.stack.contains(&Inside::Back) => {
                while self
                    .stack
                    .pop()
                    .is_some_and(|inside| inside != Inside::Back)
                {}
                return Some(1);
            }
            ('`', _, _) => (Inside::Back, 1),
            _ => return None,
        };
        self.word.clear();
        self.stack.push(inside);
        Some(used)
    }

    fn bracket(&mut self, character: char) {
        self.end_word();
        match (self.stack.last_mut(), character) {
            (Some(Inside::Substitution(open) | Inside::Arithmetic(open)), '(') => *open += 1,
            (Some(Inside::Substitution(0)), ')') => {
                self.stack.pop();
                self.word.push(')');
            }
            // The first of the two that close arithmetic: the second closes what this leaves open.
            (Some(Inside::Arithmetic(0)), ')') => {
                self.stack.pop();
                self.stack.push(Inside::Substitution(0));
            }
            (Some(Inside::Substitution(open) | Inside::Arithmetic(open)), ')') => *open -= 1,
            (Some(Inside::Parameter), '}') => {
                self.stack.pop();
                self.word.push('}');
            }
            (_, '}') => self.word.push('}'),
            _ => {}
        }
    }

    fn here_document(&mut self, rest: &[char]) -> usize {
        if rest.get(2) == Some(&'<') {
            return 3;
        }
        let tabs_stripped = rest.get(2) == Some(&'-');
        self.delimiter = Some(Delimiter {
            tabs_stripped,
            ..Delimiter::default()
        });
        if tabs_stripped { 3 } else { 2 }
    }

    /// Reads on in a here-document's delimiter; false where it has ended before `character`.
    fn read_delimiter(&mut self, character: char) -> bool {
        let Some(delimiter) = &mut self.delimiter else {
            return false;
        };
        match (delimiter.quote, character) {
            (Some(quote), _) if quote == character => delimiter.quote = None,
            (Some(_), '\n') => self.unclear = true,
            (Some(_), _) => delimiter.word.push(character),
            (None, ' ' | '\t') if !delimiter.started => {}
            (None, '\'' | '"') => {
                delimiter.started = true;
                delimiter.quote = Some(character);
            }
            (None, '\\') => delimiter.started = true,
            (None, _) if character.is_whitespace() || ";|&<>()".contains(character) => {
                let delimiter = self.delimiter.take().unwrap_or_default();
                self.pending.push(HereDocument {
                    end: delimiter.word,
                    tabs_stripped: delimiter.tabs_stripped,
                    line: String::new(),
                });
                return false;
            }
            (None, _) => {
                delimiter.started = true;
                delimiter.word.push(character);
            }
        }
        true
    }

    fn line_break(&mut self) {
        self.end_word();
        self.pending.reverse();
        self.begin_document();
    }

    fn begin_document(&mut self) {
        if let Some(document) = self.pending.pop() {
            self.stack.push(Inside::HereDocument(document));
        }
    }

    fn end_word(&mut self) {
        let nested = !self.stack.is_empty();
        if nested && self.word == "case" {
            self.unclear = true;
        }
        self.word.clear();
    }

    fn in_arithmetic(&self) -> bool {
        matches!(self.stack.last(), Some(Inside::Arithmetic(_)))
    }
}

impl HereDocument {
    fn ends(&self) -> bool {
        let line = if self.tabs_stripped {
            self.line.trim_start_matches('\t')
        } else {
            &self.line
        };
        line == self.end
    }
}

/// Whether a `$'…'` that begins before `rest` holds a backslash before a quote: shells disagree on where it ends.
fn ansi_quotes_escape(rest: &[char]) -> bool {
    let end = rest.iter().position(|c| *c == '\'');
    end.is_some_and(|end| end > 0 && rest[end - 1] == '\\')
}

#[cfg(test)]
mod tests {
    use super::{Glue, Quoted, Standing, placeholders_in_shell};
    use crate::manifest::template::tokens;

    const FREE: Standing = Ok(Glue::Free);
    const GLUED: Standing = Ok(Glue::Glued);
    const QUOTES: Standing = Err(Quoted::Quotes);

    #[test]
    fn standings() {
        for (text, expected) in [
            ("cat {{x}} > {{y}}", &[FREE, FREE][..]),
            ("cat <{{x}}|sort>{{y}};", &[FREE, FREE]),
            ("a --out={{x}} {{y}}{{z}}", &[GLUED, GLUED, GLUED]),
            ("a '{{x}}' \"{{y}}\" {{z}}", &[QUOTES, QUOTES, FREE]),
            ("a 'it'\\''s' {{x}}", &[FREE]),
            ("a \"\\\"\" {{x}}", &[FREE]),
            ("a \"$(cat {{x}})\" {{y}}", &[FREE, FREE]),
            ("a \"$(cat \"{{x}}\")\"", &[QUOTES]),
            ("a \"${v:-{{x}}}\"", &[QUOTES]),
            ("a ${v:-{{x}}} {{y}}", &[GLUED, FREE]),
            ("`cat {{x}}` {{y}}", &[QUOTES, FREE]),
            (
                "echo it # don't {{x}}\ncat {{y}}",
                &[Err(Quoted::Comment), FREE],
            ),
            ("echo a#'{{x}}'", &[QUOTES]),
            (
                "cat <<EOF {{w}}\n{{x}}'\nEOF\ncat {{y}}",
                &[FREE, Err(Quoted::HereDocument), FREE],
            ),
            (
                "cat <<-'E F'\n{{x}}\n\tE F\ncat {{y}}",
                &[Err(Quoted::HereDocument), FREE],
            ),
            (
                "cat <<A <<B\nA\n{{x}}\nB\n{{y}}",
                &[Err(Quoted::HereDocument), FREE],
            ),
            ("cat <<< {{x}}", &[FREE]),
            ("echo $((1 << 2)) {{x}}", &[FREE]),
            ("echo $(( {{x}} ))", &[Err(Quoted::Arithmetic)]),
            (
                "echo \\{{x}} ${{y}}",
                &[Err(Quoted::Escaped), Err(Quoted::Escaped)],
            ),
            ("echo $'a\\'' {{x}}", &[Err(Quoted::Unclear)]),
            (
                "a \"$(case x in a) echo \"; {{x}}; echo\" ;; esac)\"",
                &[Err(Quoted::Unclear)],
            ),
            ("case {{x}} in a) b {{y}};; esac", &[FREE, FREE]),
            ("(cd a; b {{x}}) && f() { c {{y}}; }", &[FREE, FREE]),
        ] {
            let tokens = tokens(text).expect("every case is closed");
            assert_eq!(placeholders_in_shell(&tokens), expected, "{text}");
        }
    }
}
