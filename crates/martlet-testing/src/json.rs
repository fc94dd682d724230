//! Writing JSON: strings, and objects of strings. The server reads none.

use std::fmt::Write;

/// Appends `text` as a JSON string.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => _ = write!(out, "\\u{:04x}", u32::from(control)),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends an object of strings. A name that comes again has its values joined with ", ", as in
/// a dictionary of header fields.
pub(crate) fn object(out: &mut String, pairs: &[(String, String)]) {
    let mut joined: Vec<(&str, String)> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        match joined.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(value);
            }
            None => joined.push((name, value.clone())),
        }
    }
    out.push('{');
    for (at, (name, value)) in joined.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        string(out, name);
        out.push_str(": ");
        string(out, value);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let mut out = String::new();
        string(&mut out, "a\"b\\c\n\u{1}é");
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001é\"");
    }

    #[test]
    fn repeated_names_are_joined() {
        let mut out = String::new();
        let pairs = [("a", "1"), ("b", "2"), ("a", "3")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        object(&mut out, &pairs);
        assert_eq!(out, r#"{"a": "1, 3", "b": "2"}"#);
    }
}
