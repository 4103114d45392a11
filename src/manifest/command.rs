//! Commands: a text for a shell, or a program with its arguments; and where placeholders can stand in them.

use crate::manifest::diagnostic::Problems;
use crate::manifest::document::Value;
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::placeholders::{self, Amount, CommandContext};
use crate::manifest::quoting::{Glue, Quoted, placeholders_in_shell};
use crate::manifest::template::{Token, TokenKind, read_tokens};
use crate::model::{Asset, Command, CommandPlaceholder, CommandTemplate, Piece, ValueForm};

/// Reads a command.
pub(super) fn read(
    value: &Value<'_>,
    context: &CommandContext<'_>,
    problems: &mut Problems,
) -> Option<Command> {
    if let Some(text) = value.as_text() {
        if text.value.trim().is_empty() {
            value.invalid("the command is empty", "write the command to run", problems);
            return None;
        }
        return shell_command(text, context, problems);
    }
    let Some(elements) = value.as_elements() else {
        value.wrong_type(
            "a string for the shell, or an array of a program and its arguments",
            problems,
        );
        return None;
    };
    let texts: Vec<Option<Text<'_>>> = elements.map(|element| element.text(problems)).collect();
    let texts: Vec<Text<'_>> = texts.into_iter().collect::<Option<_>>()?;
    if texts.first().is_none_or(|program| program.value.is_empty()) {
        value.invalid(
            "the command has no program",
            "write the command to run",
            problems,
        );
        return None;
    }
    let arguments: Vec<Option<CommandTemplate>> = texts
        .iter()
        .map(|text| argument(*text, context, problems))
        .collect();
    Some(Command::Direct {
        arguments: arguments.into_iter().collect::<Option<_>>()?,
        written: texts.iter().map(|text| text.value.to_owned()).collect(),
    })
}

/// The texts of a command as they are written: one for the shell, or each argument.
pub(super) fn written(command: &Command) -> &[String] {
    match command {
        Command::Shell { written, .. } => std::slice::from_ref(written),
        Command::Direct { written, .. } => written,
    }
}

/// All placeholders of a command.
pub(super) fn placeholders_of(command: &Command) -> Vec<&CommandPlaceholder> {
    match command {
        Command::Shell { text, .. } => text.placeholders().collect(),
        Command::Direct { arguments, .. } => arguments
            .iter()
            .flat_map(CommandTemplate::placeholders)
            .collect(),
    }
}

fn shell_command(
    text: Text<'_>,
    context: &CommandContext<'_>,
    problems: &mut Problems,
) -> Option<Command> {
    let before = problems.len();
    let tokens = read_tokens(text, problems)?;
    let standings = placeholders_in_shell(&tokens);
    let posix = is_posix(context.shell);
    let template = read_pieces(text, &tokens, context, problems, |found, problems| {
        let standing = standings[found.ordinal];
        let variable = placeholders::variable(&found.placeholder, context);
        let problem = match standing {
            _ if !posix => Problem::ForeignShell {
                name: found.name.to_owned(),
                shell: context.shell.join(" "),
                help: format!(
                    "{}; or give the command as an array, which needs no shell",
                    match &variable {
                        Some(variable) => format!("let the command read the variable {variable}"),
                        None => "use sh, bash, dash, zsh, ksh or busybox as `project.shell`".into(),
                    }
                ),
            },
            Err(quoted) => Problem::QuotedPlaceholder {
                name: found.name.to_owned(),
                place: place(quoted),
                help: quoted_help(quoted, variable.as_deref()),
            },
            Ok(Glue::Glued) if found.amount == Amount::Several => Problem::GluedPlaceholder {
                name: found.name.to_owned(),
                help: "put spaces around it; each path then becomes a word of its own".to_owned(),
            },
            Ok(Glue::Glued) => return found.join(),
            Ok(Glue::Free) => return,
        };
        let label = match &problem {
            Problem::QuotedPlaceholder { .. } => "its value would not be one word here",
            Problem::GluedPlaceholder { .. } => "text is joined to it",
            _ => "cannot be filled in",
        };
        problems.at(text.part(found.token.range.clone()), label, problem);
    });
    (problems.len() == before).then(|| Command::Shell {
        shell: context.shell.to_vec(),
        text: template,
        written: text.value.to_owned(),
    })
}

/// Reads a text with placeholders, each of which is one value.
pub(super) fn text(
    text: Text<'_>,
    context: &CommandContext<'_>,
    problems: &mut Problems,
) -> Option<CommandTemplate> {
    let before = problems.len();
    let tokens = read_tokens(text, problems)?;
    let template = read_pieces(text, &tokens, context, problems, |found, problems| {
        if found.amount == Amount::Several {
            let problem = Problem::InvalidValue {
                message: format!("`{{{{{}}}}}` is a list, and this is one value", found.name),
                help: format!("write `{{{{{}:json}}}}` for all of it as JSON", found.name),
            };
            problems.at(text.part(found.token.range.clone()), "here", problem);
        }
        found.join();
    });
    (problems.len() == before).then_some(template)
}

fn argument(
    text: Text<'_>,
    context: &CommandContext<'_>,
    problems: &mut Problems,
) -> Option<CommandTemplate> {
    let before = problems.len();
    let tokens = read_tokens(text, problems)?;
    let alone = tokens.len() == 1;
    let template = read_pieces(text, &tokens, context, problems, |found, problems| {
        if found.amount == Amount::Several && !alone {
            let problem = Problem::GluedPlaceholder {
                name: found.name.to_owned(),
                help: "make it an element of its own; each path then becomes an argument"
                    .to_owned(),
            };
            let location = text.part(found.token.range.clone());
            problems.at(location, "text is joined to it", problem);
        }
        if !alone {
            found.join();
        }
    });
    (problems.len() == before).then_some(template)
}

/// A placeholder that has been understood.
struct Found<'a> {
    name: &'a str,
    /// Its number among the placeholders of its text.
    ordinal: usize,
    token: &'a Token<'a>,
    placeholder: CommandPlaceholder,
    amount: Amount,
}

impl Found<'_> {
    /// Notes that text is joined to it.
    fn join(&mut self) {
        if let CommandPlaceholder::Value(_, form @ ValueForm::Words)
        | CommandPlaceholder::Config(_, form @ ValueForm::Words) = &mut self.placeholder
        {
            *form = ValueForm::Joined;
        }
    }
}

/// Reads the pieces of a template; `check` sees each placeholder, in order, that is known.
fn read_pieces(
    text: Text<'_>,
    tokens: &[Token<'_>],
    context: &CommandContext<'_>,
    problems: &mut Problems,
    mut check: impl FnMut(&mut Found<'_>, &mut Problems),
) -> CommandTemplate {
    let mut pieces = Vec::new();
    let mut ordinals = 0..;
    for token in tokens {
        match token.kind {
            TokenKind::Literal(literal) => pieces.push(Piece::Text(literal.to_owned())),
            TokenKind::Placeholder(name) => {
                let ordinal = ordinals.next().unwrap_or_default();
                let location = || text.part(token.range.clone());
                let known = placeholders::read(name, context, location, problems);
                let Some((placeholder, amount)) = known else {
                    continue;
                };
                let mut found = Found {
                    name,
                    ordinal,
                    token,
                    placeholder,
                    amount,
                };
                check(&mut found, problems);
                pieces.push(Piece::Placeholder(found.placeholder));
            }
        }
    }
    CommandTemplate::new(pieces)
}

/// Whether a shell quotes as POSIX says.
pub(super) fn is_posix(shell: &[String]) -> bool {
    const POSIX: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox"];
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut words = shell.iter().map(name).skip_while(|word| word == "env");
    words
        .next()
        .is_some_and(|word| POSIX.contains(&word.as_str()))
}

/// Where a placeholder stands, in words.
pub(super) fn place(quoted: Quoted) -> &'static str {
    match quoted {
        Quoted::Quotes => "inside quotes",
        Quoted::HereDocument => "inside a here-document",
        Quoted::Comment => "inside a comment",
        Quoted::Arithmetic => "inside arithmetic",
        Quoted::Escaped => "right behind a `\\` or `$`",
        Quoted::Unclear => "where it is not clear whether quotes are open",
    }
}

fn quoted_help(quoted: Quoted, variable: Option<&str>) -> String {
    match (quoted, variable) {
        (Quoted::Comment, _) => "remove it from the comment, or write `{{{{` for `{{`".to_owned(),
        (Quoted::Escaped, _) => {
            "values are quoted as they are inserted: remove the character before it".to_owned()
        }
        (_, Some(variable)) => {
            format!("values are quoted as they are inserted: take it out, or write {variable} here")
        }
        (_, None) => "values are quoted as they are inserted: take it out of there".to_owned(),
    }
}

/// Names that placeholders begin with, and that people write in the way of other tools.
const NAMES: [&str; 3] = ["input", "output", "partition"];

/// What only a shell understands as more than a word.
const SYNTAX: [&str; 9] = [">", ">>", "<", "|", "&&", "||", ";", "2>&1", "&"];

/// Warns of what the command of an asset probably does not mean.
pub(super) fn warn(asset: &Asset, value: &Value<'_>, warnings: &mut Problems) {
    let Some(recipe) = &asset.recipe else { return };
    let mut warn = |problem: Problem| {
        warnings.at(value.location(), "in this command", problem);
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
