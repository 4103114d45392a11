//! Words as a POSIX shell reads them.

use std::borrow::Cow;

/// A word of a shell's command line. Words of letters, digits and `_./:=@%+,-` stay as they are.
pub fn quote(word: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return Cow::Borrowed(word);
    }
    shlex::Quoter::new()
        .allow_nul(true)
        .quote(word)
        .expect("a NUL is the only thing that the quoter refuses, and it is allowed here")
}

/// A whole command line, to be pasted into a shell.
pub fn quote_command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for word in words {
        if line.is_empty() && word.contains('=') {
            // At the front it would be an assignment. All else that needs quotes is not plain and gets its own.
            line.push_str(&quote_assignment(word));
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&quote(word));
    }
    line
}

fn quote_assignment(word: &str) -> String {
    match quote(word) {
        Cow::Borrowed(plain) => format!("'{plain}'"),
        Cow::Owned(quoted) => quoted,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

    use super::{quote, quote_command};

    #[test]
    fn plain_words_stay_and_others_are_quoted() {
        let table = [
            ("data/2013-07-04.csv", "data/2013-07-04.csv"),
            ("AZaz09_./:=@%+,-", "AZaz09_./:=@%+,-"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", "\"it's\""),
            ("$(rm -rf .)", "'$(rm -rf .)'"),
            ("*", "'*'"),
            ("~", "'~'"),
            ("é", "'é'"),
        ];
        for (word, quoted) in table {
            assert_eq!(quote(word), quoted);
        }
    }

    #[test]
    fn a_command_line_can_be_pasted() {
        let table: [(&[&str], &str); 3] = [
            (&["wc", "-l", "a b"], "wc -l 'a b'"),
            (&["A=1", "A=1"], "'A=1' A=1"),
            (&["my tool=1"], "'my tool=1'"),
        ];
        for (words, line) in table {
            assert_eq!(quote_command(words.iter().copied()), line);
        }
    }

    #[test]
    fn a_real_shell_reads_every_byte_back() {
        let every: String = (1..=255).map(char::from).collect();
        for word in [every.as_str(), "^", "a^'\\!`$^", "\n", "\r\n"] {
            let script = format!("printf %s {}", quote(word));
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn splitting_undoes_quoting(words in proptest::collection::vec(any::<String>(), 1..4)) {
            let line = quote_command(words.iter().map(String::as_str));
            prop_assert_eq!(shlex::split(&line), Some(words));
        }
    }
}
