//! Just enough of Rust's grammar to list the paths, types and texts of a source file.
//!
//! Comments and items under `#[cfg(test)]` are left out. Macros are read as if they were plain code.

/// Where a path begins that is listed.
const STARTS: [&str; 5] = ["crate", "super", "std", "tempfile", "uuid"];

/// Every path in production code that begins at one of [`STARTS`], with its braces multiplied out.
pub fn paths(text: &str) -> Vec<String> {
    let tokens = production_code(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = STARTS.contains(&tokens[at].as_str());
        let continues = at > 0 && tokens[at - 1] == "::";
        if starts && !continues && tokens.get(at + 1).is_some_and(|next| next == "::") {
            at = use_tree(&tokens, at, "", &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// The types that production code declares outside of functions and modules of its own, and whether each is `pub`.
pub fn types(text: &str) -> Vec<(String, bool)> {
    let tokens = production_code(text);
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            "struct" | "enum" | "union" | "trait" | "type" if depth == 0 => {
                let is_public = at > 0 && tokens[at - 1] == "pub";
                found.extend(tokens.get(at + 1).map(|name| (name.clone(), is_public)));
            }
            _ => {}
        }
    }
    found
}

/// The string literals of production code that people read: not the proofs of `expect`, and not the reasons of lints.
pub fn texts(text: &str) -> Vec<String> {
    let tokens = production_code(text);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(literal) = token.strip_prefix('"') else {
            continue;
        };
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].as_str());
        let for_developers = match before(1) {
            Some("=") => before(2) == Some("reason"),
            Some("(") => matches!(before(2), Some("expect")) || before(3) == Some("panic"),
            _ => false,
        };
        if !for_developers {
            found.push(literal.to_owned());
        }
    }
    found
}

/// Reads one path or brace group from `at`, adds what it names under `prefix`, and returns the index after it.
fn use_tree(tokens: &[String], mut at: usize, prefix: &str, found: &mut Vec<String>) -> usize {
    let mut path = prefix.to_owned();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = if tokens[at] == "," {
                        at + 1
                    } else {
                        use_tree(tokens, at, &path, found)
                    };
                }
                return at + 1;
            }
            Some(name) => {
                path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}::{name}")
                };
                at += 1;
            }
            None => return at,
        }
        if tokens.get(at).is_none_or(|token| token != "::") {
            found.push(path);
            let renamed = tokens.get(at).is_some_and(|token| token == "as");
            return if renamed { at + 2 } else { at };
        }
        at += 1;
    }
}

/// The tokens of a source text without comments and without items under `#[cfg(test)]`.
fn production_code(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let gate = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().take(gate.len()).eq(gate.iter()) {
            at = end_of_item(&tokens, at + gate.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The index after the item that starts at `start`: after its `;`, or after its outermost braces.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                let goes_on = tokens.get(at + 1).is_some_and(|next| next == ";");
                if token == "}" && depth == 0 && !goes_on {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Words and punctuation; `::` is one token, a string literal is a quote and its text, a character literal a quote.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            _ if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            _ if rest.starts_with("/*") => (None, block_comment(rest)),
            _ if rest.starts_with("::") => (Some("::"), 2),
            '"' => {
                let length = string(rest);
                (Some(rest[..length].trim_end_matches('"')), length)
            }
            '\'' => character(rest),
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ if first.is_alphanumeric() || first == '_' => {
                let word = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                match raw_string(rest, word) {
                    Some(length) => {
                        let literal = rest[word..length].trim_matches('#');
                        (Some(literal.trim_end_matches('"')), length)
                    }
                    None => (Some(&rest[..word]), word),
                }
            }
            _ => (Some(&rest[..first.len_utf8()]), first.len_utf8()),
        };
        tokens.extend(token.map(str::to_owned));
        rest = &rest[length..];
    }
    tokens
}

/// The length of a block comment, with those inside it.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a string literal, with both quotes.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a raw string literal whose prefix (`r`, `br`, `cr`) is `word` bytes long, if one starts here.
fn raw_string(rest: &str, word: usize) -> Option<usize> {
    if !["r", "br", "cr"].contains(&&rest[..word]) {
        return None;
    }
    let hashes = rest[word..]
        .bytes()
        .take_while(|&byte| byte == b'#')
        .count();
    let content = word + hashes + 1;
    if rest[word + hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(
            rest[content..]
                .find(&end)
                .map_or(rest.len(), |at| content + at + end.len()),
        );
    }
    None
}

/// A character literal, or the tick of a lifetime.
fn character(rest: &str) -> (Option<&'static str>, usize) {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, escape))) => {
            let from = at + escape.len_utf8();
            (
                Some("\""),
                rest[from..]
                    .find('\'')
                    .map_or(rest.len(), |end| from + end + 1),
            )
        }
        (Some(_), Some((at, '\''))) => (Some("\""), at + 1),
        _ => (None, 1),
    }
}
