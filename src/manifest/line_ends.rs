//! Line ends within strings: a file that an editor or git has written with CRLF says the same as one with LF.
//!
//! A carriage return that is written as an escape stays.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Makes the line ends of all strings LF; `text` is what the table was read from.
pub(super) fn unify_line_ends(table: &mut DeTable<'_>, text: &str) {
    if text.contains("\r\n") {
        for (_, value) in table.iter_mut() {
            unify(value, text);
        }
    }
}

fn unify(value: &mut Spanned<DeValue<'_>>, text: &str) {
    let span = value.span();
    match value.get_mut() {
        DeValue::String(string) if string.contains('\r') => {
            let Some(written) = text.get(span).filter(|it| it.contains("\r\n")) else {
                return;
            };
            if let Some(unified) = read(&written.replace("\r\n", "\n")) {
                *string = unified;
            }
        }
        DeValue::Array(values) => values.iter_mut().for_each(|value| unify(value, text)),
        DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| unify(value, text)),
        _ => {}
    }
}

/// A string by itself, as it is written.
fn read(written: &str) -> Option<DeString<'static>> {
    let value = DeValue::parse(written).ok()?;
    let text = value.get_ref().as_str()?;
    Some(text.to_owned().into())
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::unify_line_ends;

    #[test]
    fn line_ends_are_lf_and_escapes_stay() {
        let text = concat!(
            "a = '''\r\none\r\ntwo'''\r\n",
            "b = [\"\"\"x\r\n\\r\\ny \\\r\n  z\"\"\"]\r\n",
            "[c]\r\nd = { e = '''1\r\n2''' }\r\nf = \"\\r\\n\"\r\n"
        );
        let mut table = DeTable::parse(text).expect("TOML");
        unify_line_ends(table.get_mut(), text);
        let table = table.get_ref();
        assert_eq!(table["a"].get_ref().as_str(), Some("one\ntwo"));
        let b = table["b"].get_ref().as_array().expect("an array");
        assert_eq!(b[0].get_ref().as_str(), Some("x\n\r\ny z"));
        let c = table["c"].get_ref().as_table().expect("a table");
        let d = c["d"].get_ref().as_table().expect("a table");
        assert_eq!(d["e"].get_ref().as_str(), Some("1\n2"));
        assert_eq!(c["f"].get_ref().as_str(), Some("\r\n"));
    }
}
