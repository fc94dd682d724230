//! A document's bytes as text, in the encodings JSON comes in.

use std::borrow::Cow;

use crate::charset::guess_json_utf;

/// The text of a JSON document as `requests` reads it: in `encoding` if that is told, else in the UTF that its
/// first bytes are in. `None` where it does not decode or somebody else has to say how.
pub fn text_of<'a>(content: &'a [u8], encoding: Option<&str>) -> Option<Cow<'a, str>> {
    match encoding.filter(|encoding| !encoding.is_empty()) {
        Some("utf-8" | "UTF-8" | "utf8" | "UTF8") => std::str::from_utf8(content).ok().map(Cow::Borrowed),
        Some("ISO-8859-1" | "iso-8859-1" | "latin-1" | "latin1") => Some(latin1(content)),
        Some(_) => None,
        None if content.len() <= 3 => None,
        None => in_utf(content, guess_json_utf(content)?),
    }
}

fn latin1(content: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(content) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(content.iter().copied().map(char::from).collect()),
    }
}

fn in_utf<'a>(content: &'a [u8], encoding: &str) -> Option<Cow<'a, str>> {
    let wide: fn([u8; 4]) -> u32;
    let narrow: fn([u8; 2]) -> u16;
    match encoding {
        "utf-8" => return std::str::from_utf8(content).ok().map(Cow::Borrowed),
        "utf-8-sig" => return std::str::from_utf8(content.get(3..)?).ok().map(Cow::Borrowed),
        "utf-16" | "utf-32" => {
            let order = if matches!(content, [0xff, 0xfe, ..]) { "le" } else { "be" };
            let mark = if encoding == "utf-16" { 2 } else { 4 };
            return in_utf(content.get(mark..)?, &format!("{encoding}-{order}"));
        }
        "utf-16-le" => (narrow, wide) = (u16::from_le_bytes, u32::from_le_bytes),
        "utf-16-be" => (narrow, wide) = (u16::from_be_bytes, u32::from_be_bytes),
        "utf-32-le" => (narrow, wide) = (u16::from_le_bytes, u32::from_le_bytes),
        "utf-32-be" => (narrow, wide) = (u16::from_be_bytes, u32::from_be_bytes),
        _ => return None,
    }
    if encoding.starts_with("utf-16") {
        let (units, rest) = content.as_chunks::<2>();
        let text = char::decode_utf16(units.iter().copied().map(narrow)).collect::<Result<_, _>>().ok()?;
        return rest.is_empty().then_some(Cow::Owned(text));
    }
    let (units, rest) = content.as_chunks::<4>();
    let text = units.iter().copied().map(wide).map(char::from_u32).collect::<Option<_>>()?;
    rest.is_empty().then_some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_utf_is_read_and_the_mark_is_no_part_of_it() {
        for content in [
            &b"\"\xc3\xa9\""[..],
            b"\xef\xbb\xbf\"\xc3\xa9\"",
            b"\"\0\xe9\0\"\0",
            b"\0\"\0\xe9\0\"",
            b"\xff\xfe\"\0\xe9\0\"\0",
            b"\xfe\xff\0\"\0\xe9\0\"",
            b"\"\0\0\0\xe9\0\0\0\"\0\0\0",
            b"\0\0\xfe\xff\0\0\0\"\0\0\0\xe9\0\0\0\"",
        ] {
            assert_eq!(text_of(content, None).as_deref(), Some("\"é\""), "{content:?}");
        }
    }

    #[test]
    fn what_does_not_decode_or_was_not_told_is_left_to_others() {
        for (content, encoding) in [
            (&b"\"\xe9\xe9\""[..], None),
            (b"\"\xe9\xe9\"", Some("utf-8")),
            (b"{}", None),
            (b"\"\0\xe9", None),
            (b"\"\0\x00\xd8\"\0", None),
            (b"[1]", Some("shift_jis")),
        ] {
            assert_eq!(text_of(content, encoding), None, "{content:?}");
        }
        assert_eq!(text_of(b"\"\xe9\"", Some("ISO-8859-1")).as_deref(), Some("\"é\""));
    }
}
