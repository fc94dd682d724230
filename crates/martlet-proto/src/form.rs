//! Forms: `application/x-www-form-urlencoded`, for bodies and for the query of a URL.

use crate::{characters::Characters, url::push_quoted_plus};

/// The pairs as a form (`urllib.parse.urlencode` with its defaults): unreserved bytes as they are, a space as
/// `+`, all others percent-encoded in upper case. Order and repeated names are kept.
///
/// ```
/// # use martlet_proto::form::urlencode;
/// assert_eq!(urlencode([("a b", "é"), ("c", "1&2")]), "a+b=%C3%A9&c=1%262");
/// ```
pub fn urlencode<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let mut form = Vec::new();
    for (name, value) in pairs {
        if !form.is_empty() {
            form.push(b'&');
        }
        push_bytes(&mut form, name.as_ref());
        form.push(b'=');
        push_bytes(&mut form, value.as_ref());
    }
    // All of it is ASCII.
    String::from_utf8(form).unwrap_or_default()
}

/// Writes a name or a value as [`urlencode`] does.
pub fn push_bytes(form: &mut Vec<u8>, bytes: &[u8]) {
    push_quoted_plus(form, bytes);
}

/// Writes the UTF-8 of a name or a value as [`urlencode`] does. False for a lone surrogate; then part of it may have
/// been written.
pub fn push_text(form: &mut Vec<u8>, text: Characters<'_>) -> bool {
    text.utf8(|piece| push_quoted_plus(form, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_bytes_stand_for_themselves() {
        let all: Vec<u8> = (0..=255).collect();
        let form = urlencode([(&all[..], "")]);
        assert!(form.starts_with("%00%01") && form.ends_with("%FE%FF="));
        let kept: String = form.split('%').filter_map(|part| part.get(2..)).collect();
        assert_eq!(kept, "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~=");
    }

    #[test]
    fn a_text_is_quoted_as_its_utf8() {
        let mut form = Vec::new();
        assert!(push_text(&mut form, Characters::Two(&[0x20ac, 0x20])));
        assert!(push_text(&mut form, Characters::One(&[0xe9])));
        assert_eq!(form, b"%E2%82%AC+%C3%A9");
        assert!(!push_text(&mut form, Characters::Two(&[0xd800])));
    }

    #[test]
    fn empty_names_and_values_keep_their_signs() {
        assert_eq!(urlencode([("", ""), ("a", ""), ("a", "2")]), "=&a=&a=2");
        assert_eq!(urlencode([("", ""); 0]), "");
    }
}
