//! How Python shows and trims text, where that is part of what requests does.
//!
//! Messages of requests quote the caller's URL with `repr()`, and white space is what
//! `str.isspace()` says: neither is what Rust's standard library does by itself.

use std::fmt::Write as _;

/// Is it white space for `str.strip()`? Rust's own notion lacks the four information separators.
pub fn is_space(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\x1c'..='\x1f')
}

/// The text as `repr()` shows it: single quotes unless only those occur inside, what cannot be printed escaped.
///
/// ```
/// # use martlet_proto::pystr::repr;
/// assert_eq!(repr("it's\n"), r#""it's\n""#);
/// assert_eq!(repr("caf\u{e9}\u{a0}"), r"'café\xa0'");
/// ```
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if char == quote => out.extend(['\\', quote]),
            _ if is_printable(char) => out.push(char),
            _ => escape(&mut out, char),
        }
    }
    out.push(quote);
    out
}

/// Writing to a `String` cannot fail.
fn escape(out: &mut String, char: char) {
    let _ = match u32::from(char) {
        code @ 0..=0xff => write!(out, "\\x{code:02x}"),
        code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
        code => write!(out, "\\U{code:08x}"),
    };
}

/// `str.isprintable()`: the standard library holds the same table, behind `escape_debug`. A letter goes
/// before the character, for that one escapes a combining mark at the start of a text and Python does not.
fn is_printable(char: char) -> bool {
    if char.is_ascii() {
        return !char.is_ascii_control();
    }
    let mut shown = String::from("a");
    shown.push(char);
    shown.escape_debug().nth(1) == Some(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repr_is_that_of_python() {
        for (text, shown) in [
            ("a", "'a'"),
            ("a'b", "\"a'b\""),
            ("a'b\"c", r#"'a\'b"c'"#),
            ("\\ \0\x7f\u{85}", r"'\\ \x00\x7f\x85'"),
            ("\u{200b}\u{10ffff}", r"'\u200b\U0010ffff'"),
            ("\u{301}é日", "'\u{301}é日'"),
            ("\u{3000}\u{2028}", r"'\u3000\u2028'"),
        ] {
            assert_eq!(repr(text), shown, "{text:?}");
        }
    }

    #[test]
    fn the_information_separators_are_space() {
        assert!("\x1c\x1d\x1e\x1f \u{85}\u{a0}\u{3000}".chars().all(is_space));
        assert!(!is_space('\u{200b}') && !is_space('\0'));
    }
}
