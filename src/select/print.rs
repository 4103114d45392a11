//! Selections as text again: what is printed reads as what was printed.

use std::fmt::{self, Display};

use crate::select::ast::{
    Attribute, Depth, Expression, IsValue, PartitionsValue, Selection, StatusValue, Value,
};
use crate::select::lexer::{is_plain, is_plain_partition};
use crate::select::parser::is_reserved;

impl Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) => f.write_str("*"),
            Self::Name { name, partition } => {
                Word(&name.text, WordPlace::Name).fmt(f)?;
                match partition {
                    None => Ok(()),
                    Some(key) if is_plain_partition(&key.text) => write!(f, "@{}", key.text),
                    Some(key) => write!(f, "@{}", Quoted(&key.text)),
                }
            }
            Self::Attribute { attribute, .. } => attribute.fmt(f),
            Self::Not(of) => write!(f, "not {}", Within(of, Binding::Not)),
            Self::And(parts) => join(f, parts, " and ", Binding::And),
            Self::Or(parts) => join(f, parts, " or ", Binding::Or),
            Self::Traversal { up, of, down } => {
                match up {
                    None => {}
                    Some(Depth::Unlimited) => f.write_str("+")?,
                    Some(Depth::Levels(levels)) => write!(f, "{levels}+")?,
                }
                Within(of, Binding::Term).fmt(f)?;
                match down {
                    None => Ok(()),
                    Some(Depth::Unlimited) => f.write_str("+"),
                    Some(Depth::Levels(levels)) => write!(f, "+{levels}"),
                }
            }
            Self::Sinks(of) => write!(f, "sinks({of})"),
            Self::Roots(of) => write!(f, "roots({of})"),
        }
    }
}

/// How closely an expression binds, and how closely one must bind where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    /// Within `or`.
    Or,
    /// Within `and`.
    And,
    /// Behind `not`.
    Not,
    /// Between the signs of a traversal.
    Term,
}

impl Binding {
    /// What the parts of an expression of this kind must at least be.
    fn admits(self, of: &Expression) -> bool {
        match of {
            Expression::Or(_) => false,
            Expression::And(_) => self == Self::Or,
            Expression::Not(_) | Expression::All(_) | Expression::Traversal { .. } => {
                self < Self::Term
            }
            Expression::Name { partition, .. } => partition.is_none() || self < Self::Term,
            Expression::Attribute { .. } | Expression::Sinks(_) | Expression::Roots(_) => true,
        }
    }
}

struct Within<'a>(&'a Expression, Binding);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.admits(self.0) {
            self.0.fmt(f)
        } else {
            write!(f, "({})", self.0)
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    word: &str,
    binding: Binding,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        Within(part, binding).fmt(f)?;
    }
    Ok(())
}

impl Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nullable = |f: &mut fmt::Formatter<'_>, name: &str, value: &Option<Value>| match value {
            None => write!(f, "{name}:<null>"),
            Some(value) => write!(f, "{name}:{}", Word(&value.text, WordPlace::Value)),
        };
        match self {
            Self::Key(value) => write!(f, "key:{}", Word(&value.text, WordPlace::Value)),
            Self::Tag(None) => f.write_str("tag:<null>"),
            Self::Tag(Some((name, None))) => {
                write!(f, "tag:{}", Word(&name.text, WordPlace::Value))
            }
            Self::Tag(Some((name, Some(value)))) => {
                let (name, value) = (
                    Word(&name.text, WordPlace::Value),
                    Word(&value.text, WordPlace::Value),
                );
                write!(f, "tag:{name}={value}")
            }
            Self::Group(value) => nullable(f, "group", value),
            Self::Kind(value) => nullable(f, "kind", value),
            Self::Owner(value) => nullable(f, "owner", value),
            Self::Changed(value) => write!(f, "changed:{}", Word(&value.text, WordPlace::Value)),
            Self::Is(value) => write!(f, "is:{}", word_of(*value, &IsValue::ALL)),
            Self::Partitions(value) => {
                write!(f, "partitions:{}", word_of(*value, &PartitionsValue::ALL))
            }
            Self::Status(value) => write!(f, "status:{}", word_of(*value, &StatusValue::ALL)),
        }
    }
}

fn word_of<T: Copy + PartialEq>(value: T, all: &[(&'static str, T)]) -> &'static str {
    all.iter()
        .find(|(_, known)| *known == value)
        .map_or("", |(word, _)| word)
}

/// Where a word stands: a name with a star would be read as something else.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WordPlace {
    Name,
    Value,
}

/// A word, quoted where it must be.
struct Word<'a>(&'a str, WordPlace);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, place) = self;
        let number = text.bytes().all(|byte| byte.is_ascii_digit());
        let ambiguous = *place == WordPlace::Name && (text.contains('*') || number);
        if is_plain(text) && !is_reserved(text) && !ambiguous {
            f.write_str(text)
        } else {
            Quoted(text).fmt(f)
        }
    }
}

pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}
