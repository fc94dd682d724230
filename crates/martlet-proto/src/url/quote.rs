//! Which bytes may stand where in a URL, and what happens to the others.
//!
//! Three rules meet in one prepared URL. urllib3 percent-encodes what a component may not
//! hold and writes escapes in upper case ([`encode_invalid`]); requests then un-escapes what
//! never needed it and quotes the rest once more ([`requote_uri`]); forms have a rule of their
//! own ([`push_quoted_plus`]). One table says for every byte which of them let it pass.

use std::borrow::Cow;

use crate::{Error, Kind, Phase, Result};

/// Letters, digits and `-._~` (RFC 3986 section 2.3).
pub(crate) const UNRESERVED: u8 = 1;
/// May stand in the userinfo: unreserved, sub-delims and `:`.
pub(crate) const USERINFO: u8 = 1 << 1;
/// May stand in a path: also `@` and `/`.
pub(crate) const PATH: u8 = 1 << 2;
/// May stand in a query or fragment: also `?`.
pub(crate) const QUERY: u8 = 1 << 3;
/// A host name of these needs no normalisation: lower case letters, digits and `-._`.
pub(crate) const PLAIN_HOST: u8 = 1 << 4;
/// Left alone by `requote_uri` (which leaves `%` alone, too).
pub(crate) const KEPT: u8 = 1 << 5;

const fn class_of(byte: u8) -> u8 {
    let mut class = match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            UNRESERVED | USERINFO | PATH | QUERY | PLAIN_HOST | KEPT
        }
        b'A'..=b'Z' | b'~' => UNRESERVED | USERINFO | PATH | QUERY | KEPT,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' => {
            USERINFO | PATH | QUERY | KEPT
        }
        b'@' | b'/' => PATH | QUERY | KEPT,
        b'?' => QUERY | KEPT,
        _ => 0,
    };
    if matches!(byte, b'#' | b'[' | b']') {
        class |= KEPT;
    }
    class
}

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        // A const block cannot call `get_mut`; the loop's bound is the array's length.
        #[allow(clippy::indexing_slicing, reason = "bounded by the loop")]
        {
            classes[byte] = class_of(byte as u8);
        }
        byte += 1;
    }
    classes
};

/// Is the byte of that class?
#[inline]
pub(crate) fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// The end of the run that starts at `start` and that no rule here would change: bytes of `class`, and
/// escapes in upper case of something that is not unreserved.
pub(crate) fn clean_run(bytes: &[u8], start: usize, class: u8) -> usize {
    let mut place = start;
    while let Some(&byte) = bytes.get(place) {
        if is(byte, class) {
            place += 1;
        } else if byte == b'%' && is_settled_escape(bytes.get(place + 1..place + 3)) {
            place += 3;
        } else {
            break;
        }
    }
    place
}

fn is_settled_escape(digits: Option<&[u8]>) -> bool {
    let Some(digits) = digits else { return false };
    !digits.iter().any(u8::is_ascii_lowercase) && escaped(digits).is_some_and(|byte| !is(byte, UNRESERVED))
}

/// The byte that the two hexadecimal digits behind a `%` stand for.
pub(crate) fn escaped(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    Some((hex(high)? << 4) | hex(low)?)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn push_escaped(out: &mut String, byte: u8) {
    out.extend(escape(byte).map(char::from));
}

/// `%` and two digits.
fn escape(byte: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    [b'%', digit(byte >> 4), digit(byte & 15)]
}

/// Percent-encodes what `class` does not allow, as urllib3 does: escapes become upper case; a `%` is
/// itself encoded unless every `%` of the component starts an escape.
pub(crate) fn encode_invalid(component: &str, class: u8) -> Cow<'_, str> {
    let bytes = component.as_bytes();
    if bytes.iter().all(|&byte| is(byte, class)) {
        return Cow::Borrowed(component);
    }
    let (mut percents, mut escapes) = (0, 0);
    for (place, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        percents += 1;
        escapes += usize::from(bytes.get(place + 1..place + 3).and_then(escaped).is_some());
    }
    let mut out = String::with_capacity(component.len() + 32);
    let mut rest = bytes.iter().copied().enumerate();
    while let Some((place, byte)) = rest.next() {
        let digits = bytes.get(place + 1..place + 3).filter(|digits| escaped(digits).is_some());
        match digits {
            Some(digits) if byte == b'%' => {
                match percents == escapes {
                    true => out.push('%'),
                    false => out.push_str("%25"),
                }
                out.extend(digits.iter().map(|digit| char::from(digit.to_ascii_uppercase())));
                rest.nth(1);
            }
            _ if is(byte, class) => out.push(char::from(byte)),
            _ => push_escaped(&mut out, byte),
        }
    }
    Cow::Owned(out)
}

/// Un-escapes the escapes of unreserved characters and leaves all others (`requests.utils.unquote_unreserved`).
///
/// # Errors
/// [`Kind::InvalidUrl`] when two letters or digits that are not hexadecimal follow a `%`.
pub fn unquote_unreserved(uri: &str) -> Result<Cow<'_, str>> {
    let mut parts = uri.split('%');
    let first = parts.next().unwrap_or_default();
    if first.len() == uri.len() {
        return Ok(Cow::Borrowed(uri));
    }
    let mut out = String::with_capacity(uri.len());
    out.push_str(first);
    for part in parts {
        let end = part.char_indices().nth(2).map_or(part.len(), |(end, _)| end);
        let (digits, rest) = part.split_at(end);
        if digits.chars().count() == 2 && digits.chars().all(char::is_alphanumeric) {
            let byte = escaped(digits.as_bytes()).ok_or_else(|| {
                let message = format!("Invalid percent-escape sequence: '{digits}'");
                Error::new(Kind::InvalidUrl, Phase::Prepare, message)
            })?;
            if is(byte, UNRESERVED) {
                out.push(char::from(byte));
                out.push_str(rest);
                continue;
            }
        }
        out.push('%');
        out.push_str(part);
    }
    Ok(Cow::Owned(out))
}

/// Quotes a URI so that it is quoted fully and once (`requests.utils.requote_uri`): unreserved characters
/// are un-escaped, illegal ones escaped as UTF-8. Where that fails on a `%` that starts no escape, every
/// `%` is taken for itself.
pub fn requote_uri(uri: &str) -> Cow<'_, str> {
    if clean_run(uri.as_bytes(), 0, KEPT) == uri.len() {
        return Cow::Borrowed(uri);
    }
    match unquote_unreserved(uri) {
        Ok(unquoted) => Cow::Owned(quote(&unquoted, true)),
        Err(_) => Cow::Owned(quote(uri, false)),
    }
}

fn quote(uri: &str, keep_percent: bool) -> String {
    let mut out = String::with_capacity(uri.len() + 16);
    for byte in uri.bytes() {
        match is(byte, KEPT) || (byte == b'%' && keep_percent) {
            true => out.push(char::from(byte)),
            false => push_escaped(&mut out, byte),
        }
    }
    out
}

/// Appends `bytes` as forms write them (`urllib.parse.quote_plus`): unreserved bytes as they are, a space
/// as `+`, all others escaped.
pub(crate) fn push_quoted_plus(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len());
    let mut rest = bytes;
    loop {
        let clean = rest.iter().take_while(|&&byte| is(byte, UNRESERVED)).count();
        let (run, after) = rest.split_at(clean);
        out.extend_from_slice(run);
        match after.split_first() {
            None => return,
            Some((&byte, after)) => {
                match byte {
                    b' ' => out.push(b'+'),
                    _ => out.extend_from_slice(&escape(byte)),
                }
                rest = after;
            }
        }
    }
}

/// Undoes percent-encoding (`urllib.parse.unquote`): what starts no escape stays, what is not UTF-8 becomes U+FFFD.
pub fn unquote(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes().enumerate();
    while let Some((place, byte)) = rest.next() {
        let unescaped = text.as_bytes().get(place + 1..place + 3).and_then(escaped);
        match unescaped {
            Some(unescaped) if byte == b'%' => {
                out.push(unescaped);
                rest.nth(1);
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_are_unescaped() {
        for (uri, wanted) in [
            ("%7Ea%41%2f%2F", "~aA%2f%2F"),
            ("100%", "100%"),
            ("%4%31", "%41"),
            ("%%41", "%A"),
            ("plain", "plain"),
        ] {
            assert_eq!(unquote_unreserved(uri).unwrap(), wanted);
        }
        let error = unquote_unreserved("a%zz").unwrap_err();
        assert_eq!(error.message(), "Invalid percent-escape sequence: 'zz'");
        assert_eq!(error.kind(), Kind::InvalidUrl);
    }

    #[test]
    fn a_percent_that_starts_no_escape_makes_every_percent_stand_for_itself() {
        assert_eq!(requote_uri("/a%20b c%zz"), "/a%2520b%20c%25zz");
        assert_eq!(requote_uri("/a%20b c%c3"), "/a%20b%20c%c3");
    }

    #[test]
    fn one_stray_percent_makes_encode_invalid_escape_all_of_them() {
        assert_eq!(encode_invalid("/%e9 é", PATH), "/%E9%20%C3%A9");
        assert_eq!(encode_invalid("/%e9%", PATH), "/%25E9%25");
    }

    #[test]
    fn a_clean_run_ends_before_what_a_rule_would_change() {
        for (text, end) in [("/a%2F%20b", 9), ("/a%2f", 2), ("/a%41", 2), ("/a%4", 2), ("/a b", 2), ("/é", 1)]
        {
            assert_eq!(clean_run(text.as_bytes(), 0, PATH), end, "{text}");
        }
    }

    #[test]
    fn unquote_replaces_what_is_not_utf8() {
        assert_eq!(unquote("a%C3%A9%zz%ff%"), "aé%zz\u{fffd}%");
    }
}
