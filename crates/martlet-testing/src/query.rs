//! Reading `a=1&b=two+words`: query strings and form bodies.

/// The pairs in their order, unquoted.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (unquote(name), unquote(value))
        })
        .collect()
}

/// The first value of `name`.
pub(crate) fn value(text: &str, name: &str) -> Option<String> {
    pairs(text).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// `%41` and `+` undone; an escape that is none stays as it is, bytes that are no UTF-8 are replaced.
pub(crate) fn unquote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => match escape(after) {
                Some(value) => {
                    out.push(value);
                    rest = after.get(2..).unwrap_or_default();
                }
                None => out.push(b'%'),
            },
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The byte that the two hexadecimal digits at the start of `digits` stand for.
fn escape(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_plus_signs_are_undone() {
        assert_eq!(unquote("a%20b+c%C3%A9%zz%"), "a b cé%zz%");
    }

    #[test]
    fn a_name_without_a_value_is_kept() {
        assert_eq!(pairs("a&b=1&&a=2").len(), 3);
        assert_eq!(value("a&b=1&a=2", "a").as_deref(), Some(""));
        assert_eq!(value("a=1", "c"), None);
    }
}
