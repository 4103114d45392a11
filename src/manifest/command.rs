//! Commands: a text for a shell, or a program with its arguments; and where placeholders can stand in them.

use crate::manifest::diagnostic::{Label, Problems};
use crate::manifest::document::Value;
use crate::manifest::error::Problem;
use crate::manifest::file::Text;
use crate::manifest::placeholders::{self, Amount, CommandContext};
use crate::manifest::quoting::{Glue, Quoted, placeholders_in_shell};
use crate::manifest::template::{Token, TokenKind, read_tokens};
use crate::model::{Command, CommandPlaceholder, CommandTemplate, Piece, ValueForm};

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
        problems.add(
            problem,
            [Label::new(text.part(found.token.range.clone()), label)],
        );
    });
    (problems.len() == before).then(|| Command::Shell {
        shell: context.shell.to_vec(),
        text: template,
        written: text.value.to_owned(),
    })
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
            problems.add(problem, [Label::new(location, "text is joined to it")]);
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
        if let CommandPlaceholder::Value(_, form @ ValueForm::Words) = &mut self.placeholder {
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

fn is_posix(shell: &[String]) -> bool {
    const POSIX: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox"];
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut words = shell.iter().map(name).skip_while(|word| word == "env");
    words
        .next()
        .is_some_and(|word| POSIX.contains(&word.as_str()))
}

fn place(quoted: Quoted) -> &'static str {
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
