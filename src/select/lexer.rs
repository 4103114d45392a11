//! From text to tokens.

use crate::select::error::{SelectionErrorKind, Span};

/// A token, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Letters, digits and `_ - . / *`.
    Word(String),
    /// A text in double quotes.
    Quoted(String),
    /// The key after `@`.
    Partition(String),
    /// `<null>`.
    Null,
    Open,
    Close,
    Plus,
    Colon,
    Equals,
    End,
}

/// A text that cannot be read.
pub(super) type LexError = (Span, SelectionErrorKind);

/// All tokens of `text`; the last is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        if next.is_whitespace() {
            at += next.len_utf8();
            continue;
        }
        let (kind, end) = match next {
            '(' => (TokenKind::Open, at + 1),
            ')' => (TokenKind::Close, at + 1),
            '+' => (TokenKind::Plus, at + 1),
            ':' => (TokenKind::Colon, at + 1),
            '=' => (TokenKind::Equals, at + 1),
            '"' => {
                let (quoted, end) = quoted(text, at)?;
                (TokenKind::Quoted(quoted), end)
            }
            '@' if follows_name(&found, at) => partition(text, at)?,
            '<' if text[at..].starts_with("<null>") => (TokenKind::Null, at + "<null>".len()),
            _ if is_word(next) => {
                let len = text[at..].find(|c| !is_word(c));
                let end = len.map_or(text.len(), |len| at + len);
                (TokenKind::Word(text[at..end].to_owned()), end)
            }
            _ => {
                let span = at..at + next.len_utf8();
                return Err((span, SelectionErrorKind::Character(next)));
            }
        };
        found.push(Token {
            kind,
            span: at..end,
        });
        at = end;
    }
    found.push(Token {
        kind: TokenKind::End,
        span: text.len()..text.len(),
    });
    Ok(found)
}

/// Whether a text can stand without quotes, as far as its characters are concerned.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_word)
}

/// Whether a key can stand behind `@` without quotes.
pub(super) fn is_plain_partition(text: &str) -> bool {
    !text.is_empty() && !text.contains(ends_partition) && !text.starts_with('"')
}

/// Words that must be quoted to be names or values.
const RESERVED: [&str; 5] = ["and", "or", "not", "sinks", "roots"];

/// Whether a word must be quoted to be a name or a value.
pub(super) fn is_reserved(word: &str) -> bool {
    let operator = ["AND", "OR", "NOT"].contains(&word);
    operator || RESERVED.contains(&word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*')
}

fn ends_partition(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')')
}

fn follows_name(found: &[Token], at: usize) -> bool {
    found.last().is_some_and(|last| {
        last.span.end == at && matches!(last.kind, TokenKind::Word(_) | TokenKind::Quoted(_))
    })
}

/// The key after the `@` at `at`: quoted, or all up to white space or a parenthesis.
fn partition(text: &str, at: usize) -> Result<(TokenKind, usize), LexError> {
    let start = at + 1;
    if text[start..].starts_with('"') {
        let (quoted, end) = quoted(text, start)?;
        return Ok((TokenKind::Partition(quoted), end));
    }
    let len = text[start..].find(ends_partition);
    let end = len.map_or(text.len(), |len| start + len);
    if start == end {
        let found = text[start..].chars().next();
        let found = found.map_or_else(|| "the end".to_owned(), |next| format!("{next:?}"));
        let expected = "a partition key";
        return Err((
            at..start,
            SelectionErrorKind::Unexpected { expected, found },
        ));
    }
    Ok((TokenKind::Partition(text[start..end].to_owned()), end))
}

/// The text in the quotes that open at `at`, and where it ends; `\"` and `\\` stand for what they escape.
fn quoted(text: &str, at: usize) -> Result<(String, usize), LexError> {
    let mut inside = String::new();
    let mut escaped = false;
    for (offset, c) in text[at + 1..].char_indices() {
        match c {
            _ if escaped => {
                if !matches!(c, '"' | '\\') {
                    inside.push('\\');
                }
                inside.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Ok((inside, at + 1 + offset + 1)),
            _ => inside.push(c),
        }
    }
    Err((at..text.len(), SelectionErrorKind::Unterminated))
}
