//! What a command says and probably does not mean: other tools' placeholders, and shell syntax without a shell.

use crate::manifest::command::written;
use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::Value;
use crate::manifest::error::Problem;
use crate::model::{Asset, Command};

/// Names that placeholders begin with, and that people write in the way of other tools.
const NAMES: [&str; 3] = ["input", "output", "partition"];

/// What only a shell understands as more than a word.
const SYNTAX: [&str; 9] = [">", ">>", "<", "|", "&&", "||", ";", "2>&1", "&"];

/// Warns of what the command of an asset probably does not mean.
pub(super) fn warn(asset: &Asset, value: &Value<'_>, warnings: &mut Problems) {
    let Some(recipe) = &asset.recipe else { return };
    let mut warn = |problem: Problem| {
        warnings.add(problem, [Label::new(value.location(), "in this command")]);
    };
    let mistaken = written(&recipe.command).iter().find_map(|text| {
        let in_shell = matches!(recipe.command, Command::Shell { .. });
        let variable = in_shell.then(|| variable(text)).flatten();
        in_single_braces(text).or(variable)
    });
    if let Some((written, meant)) = mistaken {
        warn(Problem::MistakenPlaceholder {
            written,
            asset: asset.key.to_string(),
            meant: format!("{{{{{meant}}}}}"),
        });
    }
    if let Command::Direct { written, .. } = &recipe.command
        && let Some(syntax) = shell_syntax(written)
    {
        warn(Problem::ShellSyntax {
            written: syntax.to_owned(),
            asset: asset.key.to_string(),
        });
    }
}

/// `{input}`, with what was meant.
fn in_single_braces(text: &str) -> Option<(String, String)> {
    text.match_indices('{').find_map(|(at, _)| {
        if text[..at].ends_with(['{', '$']) {
            return None;
        }
        let (inside, after) = text[at + 1..].split_once('}')?;
        if after.starts_with('}') {
            return None;
        }
        is_placeholder(inside).then(|| (format!("{{{inside}}}"), inside.to_owned()))
    })
}

/// Whether a text is a name of a placeholder, perhaps with more behind it.
fn is_placeholder(text: &str) -> bool {
    NAMES.iter().any(|name| {
        let rest = text.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':']))
    })
}

/// `$input` or `${input}` of a text that gives no variable this name.
fn variable(text: &str) -> Option<(String, String)> {
    text.match_indices('$').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let braced = rest.strip_prefix('{');
        let name: String = braced
            .unwrap_or(rest)
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let is_whole = braced.is_none_or(|braced| braced[name.len()..].starts_with('}'));
        if !is_whole || !NAMES.contains(&name.as_str()) || sets(text, &name) {
            return None;
        }
        let written = match braced {
            Some(_) => format!("${{{name}}}"),
            None => format!("${name}"),
        };
        Some((written, name))
    })
}

/// Whether a shell's text gives a variable a value.
fn sets(text: &str, name: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = |word: &&str| word.trim_end_matches(';') == name;
    words.iter().any(|word| word.contains(&format!("{name}=")))
        || (words.iter().any(|word| matches!(*word, "for" | "read")) && words.iter().any(named))
}

/// An argument that only a shell would take for more. One behind an option, as `-d "|"`, is meant.
fn shell_syntax(arguments: &[String]) -> Option<&str> {
    let mut pairs = arguments.windows(2);
    let found = pairs.find(|pair| {
        let is_value = pair[0].starts_with('-') && pair[0] != "-";
        SYNTAX.contains(&pair[1].as_str()) && !is_value
    })?;
    Some(&found[1])
}

#[cfg(test)]
mod tests {
    use super::{in_single_braces, shell_syntax, variable};

    #[test]
    fn what_looks_like_a_placeholder() {
        for (text, found) in [
            ("cat {input} > {{output}}", Some("{input}")),
            ("cat {{input}} > {output.csv}", Some("{output.csv}")),
            ("cat {{input}} > {{ output }}", None),
            ("awk '{print}' ${input} {inputs}", None),
            ("echo {partition:%Y}", Some("{partition:%Y}")),
        ] {
            let written = in_single_braces(text).map(|(written, _)| written);
            assert_eq!(written.as_deref(), found, "{text}");
        }
        for (text, found) in [
            ("cat $input > {{output}}", Some("$input")),
            ("cat \"${output}\"", Some("${output}")),
            ("input=a.csv; cat $input", None),
            ("for input in a b; do cat $input; done", None),
            ("while read -r input; do echo $input; done", None),
            ("cat $inputs $1 ${input:-x}", None),
        ] {
            let written = variable(text).map(|(written, _)| written);
            assert_eq!(written.as_deref(), found, "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_understands() {
        let found = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            shell_syntax(&words).map(str::to_owned)
        };
        assert_eq!(found("cat a > b").as_deref(), Some(">"));
        assert_eq!(found("cat a | sort").as_deref(), Some("|"));
        assert_eq!(found("cut -d | a"), None);
        assert_eq!(found("cat a>b"), None);
    }
}
