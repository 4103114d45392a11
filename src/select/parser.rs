//! From tokens to what they say.
//!
//! One argument has at most one error of syntax; words that are wrong by themselves (attributes, values of closed sets)
//! are all told.

use crate::select::ast::{
    ATTRIBUTES, Attribute, Depth, Expression, GivenWord, IsValue, PartitionsValue, Selection,
    StatusValue,
};
use crate::select::error::{SelectionError, SelectionErrorKind, Span, did_you_mean};
use crate::select::lexer::{Token, TokenKind, is_reserved, tokens};

/// Parentheses and `not` within each other, at most.
const DEEPEST: u32 = 128;

/// Reads one argument.
///
/// # Errors
///
/// All that is wrong with it.
pub fn parse(text: &str) -> Result<Selection, Vec<SelectionError>> {
    let error = |span: Span, kind, help: Option<String>| SelectionError {
        text: text.to_owned(),
        span,
        kind,
        help,
    };
    let tokens = tokens(text).map_err(|(span, kind)| {
        let help = lexical_help(&kind);
        vec![error(span, kind, help)]
    })?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        wrong: Vec::new(),
    };
    let parsed = if matches!(parser.peek(), TokenKind::End) {
        let help = "`*` selects everything that can be made";
        Err(Broken::new(
            parser.span(),
            SelectionErrorKind::Empty,
            Some(help.to_owned()),
        ))
    } else {
        parser.whole()
    };
    let mut wrong = parser.wrong;
    let expression = parsed.map_err(|broken| wrong.push(broken)).ok();
    match expression {
        Some(expression) if wrong.is_empty() => Ok(Selection {
            text: text.to_owned(),
            expression,
        }),
        _ => Err(wrong
            .into_iter()
            .map(|broken| error(broken.span, broken.kind, broken.help))
            .collect()),
    }
}

/// An error without the text that it is in.
struct Broken {
    span: Span,
    kind: SelectionErrorKind,
    help: Option<String>,
}

impl Broken {
    fn new(span: Span, kind: SelectionErrorKind, help: Option<String>) -> Self {
        Self { span, kind, help }
    }
}

type Parsed<T> = Result<T, Broken>;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: u32,
    /// What is wrong without being in the way.
    wrong: Vec<Broken>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Parsed<Expression> {
        let expression = self.any()?;
        match self.peek() {
            TokenKind::End => Ok(expression),
            TokenKind::Plus => Err(self.unexpected("`and`, `or` or the end")),
            _ => Err(self.unexpected("`and`, `or`, `+` or the end")),
        }
    }

    fn any(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let kind = SelectionErrorKind::TooDeep;
            return Err(Broken::new(self.span(), kind, None));
        }
        let expression = self.joined("or", Self::all_of, Expression::Or)?;
        self.depth -= 1;
        Ok(expression)
    }

    fn all_of(&mut self) -> Parsed<Expression> {
        self.joined("and", Self::negated, Expression::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed<Expression>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Parsed<Expression> {
        let first = part(self)?;
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                parts.extend(last);
                Ok(join(parts))
            }
        }
    }

    fn negated(&mut self) -> Parsed<Expression> {
        let mut negations: u32 = 0;
        while self.take_word("not") {
            negations += 1;
            if self.depth + negations > DEEPEST {
                let kind = SelectionErrorKind::TooDeep;
                return Err(Broken::new(self.span(), kind, None));
            }
        }
        let mut expression = if matches!(self.peek(), TokenKind::Word(word) if word == "*") {
            self.everything()?
        } else {
            self.traversal()?
        };
        for _ in 0..negations {
            expression = Expression::Not(Box::new(expression));
        }
        Ok(expression)
    }

    fn everything(&mut self) -> Parsed<Expression> {
        let span = self.span();
        self.at += 1;
        if matches!(self.peek(), TokenKind::Plus) {
            let mut broken = self.unexpected("`and`, `or` or the end");
            broken.help = Some("`*` is everything already; `(*)+` is a traversal of it".to_owned());
            return Err(broken);
        }
        Ok(Expression::All(span))
    }

    fn traversal(&mut self) -> Parsed<Expression> {
        let start = self.span();
        let up = self.up();
        if up == Some(Depth::Unlimited) && matches!(self.peek(), TokenKind::Plus) {
            return Err(self.repeated_plus(start));
        }
        let of = self.term()?;
        let down = self.down();
        if down == Some(Depth::Unlimited) && matches!(self.peek(), TokenKind::Plus) {
            return Err(self.repeated_plus(start));
        }
        if up.is_none() && down.is_none() {
            return Ok(of);
        }
        Ok(Expression::Traversal {
            up,
            of: Box::new(of),
            down,
        })
    }

    /// `+` or `N+`.
    fn up(&mut self) -> Option<Depth> {
        if self.take(&TokenKind::Plus) {
            return Some(Depth::Unlimited);
        }
        let levels = match self.peek() {
            TokenKind::Word(word) if is_number(word) => levels(word),
            _ => return None,
        };
        if !matches!(self.peek_after(), TokenKind::Plus) {
            return None;
        }
        self.at += 2;
        Some(levels)
    }

    /// `+` or `+N`.
    fn down(&mut self) -> Option<Depth> {
        if !self.take(&TokenKind::Plus) {
            return None;
        }
        let levels = match self.peek() {
            TokenKind::Word(word) if is_number(word) => levels(word),
            _ => return Some(Depth::Unlimited),
        };
        self.at += 1;
        Some(levels)
    }

    fn term(&mut self) -> Parsed<Expression> {
        match self.peek().clone() {
            TokenKind::Open => self.enclosed(),
            TokenKind::Word(word) if matches!(word.as_str(), "sinks" | "roots") => {
                self.at += 1;
                if !matches!(self.peek(), TokenKind::Open) {
                    return Err(self.unexpected("`(`"));
                }
                let of = Box::new(self.enclosed()?);
                Ok(match word.as_str() {
                    "sinks" => Expression::Sinks(of),
                    _ => Expression::Roots(of),
                })
            }
            TokenKind::Word(word) if matches!(self.peek_after(), TokenKind::Colon) => {
                self.attribute(&word)
            }
            TokenKind::Word(word) if is_reserved(&word) => Err(self.unexpected("a term")),
            TokenKind::Word(word) if word.contains('*') => Err(self.starred(&word)),
            TokenKind::Word(_) | TokenKind::Quoted(_) => self.name(),
            _ => Err(self.unexpected("a name, an attribute or `(`")),
        }
    }

    fn enclosed(&mut self) -> Parsed<Expression> {
        let open = self.span();
        self.at += 1;
        let inside = self.any()?;
        if self.take(&TokenKind::Close) {
            return Ok(inside);
        }
        if matches!(self.peek(), TokenKind::End) {
            let kind = SelectionErrorKind::Unclosed;
            let help = "close it with `)`";
            return Err(Broken::new(open, kind, Some(help.to_owned())));
        }
        Err(self.unexpected(match self.peek() {
            TokenKind::Plus => "`and`, `or` or `)`",
            _ => "`and`, `or`, `+` or `)`",
        }))
    }

    fn name(&mut self) -> Parsed<Expression> {
        let name = self.value("a name")?;
        let partition = match self.peek().clone() {
            TokenKind::Partition(text) => {
                let Span { start, end } = self.span();
                self.at += 1;
                Some(GivenWord {
                    text,
                    span: start + 1..end,
                })
            }
            _ => None,
        };
        Ok(Expression::Name { name, partition })
    }

    fn attribute(&mut self, name: &str) -> Parsed<Expression> {
        let name_span = self.span();
        self.at += 2;
        let known = ATTRIBUTES.iter().find(|known| **known == name);
        let Some(known) = known else {
            let help = did_you_mean(name, ATTRIBUTES.into_iter())
                .unwrap_or_else(|| format!("attributes are {}", ATTRIBUTES.join(", ")));
            let kind = SelectionErrorKind::UnknownAttribute(name.to_owned());
            self.wrong
                .push(Broken::new(name_span.clone(), kind, Some(help)));
            let _ = self.tag_value()?;
            return Ok(Expression::All(name_span));
        };
        let attribute = self.attribute_value(known)?;
        let end = self.tokens[self.at - 1].span.end;
        Ok(Expression::Attribute {
            attribute: attribute.unwrap_or(Attribute::Group(None)),
            span: name_span.start..end,
        })
    }

    /// The value of a known attribute; `None` for one that is wrong, which is noted.
    fn attribute_value(&mut self, name: &'static str) -> Parsed<Option<Attribute>> {
        Ok(Some(match name {
            "key" => Attribute::Key(self.value("a key")?),
            "tag" => Attribute::Tag(self.tag_value()?),
            "group" => Attribute::Group(self.nullable("a group")?),
            "kind" => Attribute::Kind(self.nullable("a kind")?),
            "owner" => Attribute::Owner(self.nullable("an owner")?),
            "job" => Attribute::Job(self.value("the name of a job")?),
            "changed" => Attribute::Changed(self.value("a git revision")?),
            "is" => {
                let value = self.one_of(name, &IsValue::ALL)?;
                return Ok(value.map(Attribute::Is));
            }
            "partitions" if self.take(&TokenKind::Null) => {
                Attribute::Partitions(PartitionsValue::None)
            }
            "partitions" => {
                let value = self.one_of(name, &PartitionsValue::ALL)?;
                return Ok(value.map(Attribute::Partitions));
            }
            _ => {
                let value = self.one_of(name, &StatusValue::ALL)?;
                return Ok(value.map(Attribute::Status));
            }
        }))
    }

    fn tag_value(&mut self) -> Parsed<Option<(GivenWord, Option<GivenWord>)>> {
        let Some(name) = self.nullable("a tag")? else {
            return Ok(None);
        };
        let value = if self.take(&TokenKind::Equals) {
            self.nullable("the tag's value")?
        } else {
            None
        };
        Ok(Some((name, value)))
    }

    fn nullable(&mut self, expected: &'static str) -> Parsed<Option<GivenWord>> {
        if self.take(&TokenKind::Null) {
            return Ok(None);
        }
        self.value(expected).map(Some)
    }

    fn value(&mut self, expected: &'static str) -> Parsed<GivenWord> {
        let text = match self.peek() {
            TokenKind::Quoted(text) => text.clone(),
            TokenKind::Word(word) if !is_reserved(word) => word.clone(),
            _ => return Err(self.unexpected(expected)),
        };
        let span = self.span();
        self.at += 1;
        Ok(GivenWord { text, span })
    }

    fn one_of<T: Copy>(
        &mut self,
        attribute: &'static str,
        all: &[(&'static str, T)],
    ) -> Parsed<Option<T>> {
        let value = self.value("a value")?;
        if let Some((_, found)) = all.iter().find(|(word, _)| *word == value.text) {
            return Ok(Some(*found));
        }
        let words: Vec<_> = all.iter().map(|(word, _)| format!("`{word}`")).collect();
        let help = format!("its values are {}", words.join(", "));
        let kind = SelectionErrorKind::UnknownValue {
            attribute,
            value: value.text,
        };
        self.wrong.push(Broken::new(value.span, kind, Some(help)));
        Ok(None)
    }

    /// A word with a star that is no value: a form of the step language, or a glob.
    fn starred(&self, word: &str) -> Broken {
        let name = word.trim_matches('*');
        if name.is_empty() || name.contains('*') {
            let kind = SelectionErrorKind::Unexpected {
                expected: "a name",
                found: format!("`{word}`"),
            };
            let help = format!("a glob over keys is written `key:\"{word}\"`");
            return Broken::new(self.span(), kind, Some(help));
        }
        let up = if word.starts_with('*') { "+" } else { "" };
        let down = if word.ends_with('*') { "+" } else { "" };
        let kind = SelectionErrorKind::ClauseForm(word.to_owned());
        let help =
            format!("`{up}{name}{down}` goes all the way; a glob is written `key:\"{word}\"`");
        Broken::new(self.span(), kind, Some(help))
    }

    /// `++name` and `name++`.
    fn repeated_plus(&mut self, start: Span) -> Broken {
        let (mut pluses, mut end) = (1, self.span().end);
        while matches!(self.peek(), TokenKind::Plus) {
            (pluses, end) = (pluses + 1, self.span().end);
            self.at += 1;
        }
        let help = format!("`{pluses}+name` goes {pluses} levels up, `name+{pluses}` down");
        let kind = SelectionErrorKind::ClauseForm("+".repeat(pluses));
        Broken::new(start.start..end, kind, Some(help))
    }

    fn unexpected(&self, expected: &'static str) -> Broken {
        let found = match self.peek() {
            TokenKind::Word(word) => format!("`{word}`"),
            TokenKind::Quoted(text) => format!("{text:?}"),
            TokenKind::Partition(text) => format!("`@{text}`"),
            TokenKind::Null => "`<null>`".to_owned(),
            TokenKind::Open => "`(`".to_owned(),
            TokenKind::Close => "`)`".to_owned(),
            TokenKind::Plus => "`+`".to_owned(),
            TokenKind::Colon => "`:`".to_owned(),
            TokenKind::Equals => "`=`".to_owned(),
            TokenKind::End => "the end".to_owned(),
        };
        let help = match self.peek() {
            TokenKind::Word(word) if is_reserved(word) => {
                Some(format!("quote a name or value that is `{word}`"))
            }
            TokenKind::Word(word) if is_reserved(&word.to_lowercase()) => {
                Some(format!("write `{}`", word.to_lowercase()))
            }
            TokenKind::Partition(_) => Some("quote a value with `@`".to_owned()),
            _ => None,
        };
        Broken::new(
            self.span(),
            SelectionErrorKind::Unexpected { expected, found },
            help,
        )
    }

    fn peek(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn peek_after(&self) -> &TokenKind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + 1).min(last)].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span.clone()
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let taken = self.peek() == kind;
        self.at += usize::from(taken);
        taken
    }

    /// Takes `and`, `or` or `not`, in lower or upper case; one before a colon is an attribute's name.
    fn take_word(&mut self, word: &str) -> bool {
        let taken = match self.peek() {
            TokenKind::Word(found) => found == word || *found == word.to_uppercase(),
            _ => false,
        };
        self.at += usize::from(taken);
        taken
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of levels; no graph has more than can be counted.
fn levels(number: &str) -> Depth {
    Depth::Levels(number.parse().unwrap_or(u32::MAX))
}

fn lexical_help(kind: &SelectionErrorKind) -> Option<String> {
    let help = match kind {
        SelectionErrorKind::Character('!') => "write `not`",
        SelectionErrorKind::Character('&') => "write `and`",
        SelectionErrorKind::Character('|') => "write `or`",
        SelectionErrorKind::Character(',') => "several selections are several arguments",
        SelectionErrorKind::Character('\'') => "use double quotes",
        SelectionErrorKind::Character('@') => {
            "a partition follows its asset directly, as `clean@2013-07-04`; quote other values with `@`"
        }
        SelectionErrorKind::Unterminated => "end it with `\"`",
        SelectionErrorKind::Character(_) => {
            "quote values with characters other than letters, digits and `_ - . / *`"
        }
        _ => return None,
    };
    Some(help.to_owned())
}
