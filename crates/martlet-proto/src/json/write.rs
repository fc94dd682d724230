//! Strings as `json.dumps` writes them: ASCII alone, everything else escaped.

use crate::characters::Characters;

/// Writes the text, quoted. A character beyond U+FFFF becomes a pair of escapes, a lone surrogate one of its own.
///
/// ```
/// # use martlet_proto::{characters::Characters, json::push_string};
/// let mut out = Vec::new();
/// push_string(&mut out, Characters::Utf8("a\"b\n€😀"));
/// assert_eq!(out, br#""a\"b\n\u20ac\ud83d\ude00""#);
/// ```
pub fn push_string(out: &mut Vec<u8>, text: Characters<'_>) {
    out.push(b'"');
    match text {
        Characters::Utf8(text) => push_runs(out, text.as_bytes(), |out, rest| {
            let (character, length) = first_character(rest);
            push_escaped(out, character);
            length
        }),
        Characters::One(characters) => push_runs(out, characters, |out, rest| {
            push_escaped(out, rest.first().copied().map_or(0, u32::from));
            1
        }),
        Characters::Two(characters) => push_each(out, characters),
        Characters::Four(characters) => push_each(out, characters),
    }
    out.push(b'"');
}

/// Does it stand for itself: is it printable ASCII, and neither a quote nor a backslash?
#[inline]
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

/// Copies runs of plain bytes; `escape` writes what is between them, and says how many bytes of the source it took.
#[inline]
fn push_runs(out: &mut Vec<u8>, mut rest: &[u8], escape: impl Fn(&mut Vec<u8>, &[u8]) -> usize) {
    out.reserve(rest.len() + 2);
    loop {
        let run = plain_run(rest);
        let (plain, after) = rest.split_at(run);
        out.extend_from_slice(plain);
        if after.is_empty() {
            return;
        }
        let taken = escape(out, after);
        rest = after.get(taken..).unwrap_or_default();
    }
}

/// How many plain bytes it begins with. Most are found many at a time.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<32>();
    let clean = |chunk: &&[u8; 32]| chunk.iter().fold(true, |clean, &byte| clean & is_plain(byte));
    let whole = 32 * chunks.iter().take_while(clean).count();
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().take_while(|&&byte| is_plain(byte)).count()
}

/// The character that UTF-8 begins with, and its length in bytes.
fn first_character(bytes: &[u8]) -> (u32, usize) {
    let length = match bytes.first() {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        _ => 1,
    };
    let first = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()?.chars().next());
    (first.map_or(0, u32::from), length)
}

fn push_each<C: Copy + Into<u32>>(out: &mut Vec<u8>, characters: &[C]) {
    out.reserve(characters.len() + 2);
    for &character in characters {
        match u8::try_from(character.into()) {
            Ok(byte) if is_plain(byte) => out.push(byte),
            _ => push_escaped(out, character.into()),
        }
    }
}

fn push_escaped(out: &mut Vec<u8>, character: u32) {
    let short = match character {
        0x22 => b'"',
        0x5c => b'\\',
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x1_0000.. => {
            let above = character - 0x1_0000;
            push_unit(out, 0xd800 + (above >> 10));
            push_unit(out, 0xdc00 + (above & 0x3ff));
            return;
        }
        _ => {
            push_unit(out, character);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// `\u` and four digits.
fn push_unit(out: &mut Vec<u8>, unit: u32) {
    let digit = |shift: u32| match ((unit >> shift) & 0xf) as u8 {
        value @ ..10 => b'0' + value,
        value => b'a' + value - 10,
    };
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: Characters<'_>) -> String {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for text in ["", "a", "\u{7f}\u{80}é\0", "\"\\\u{8}\t\n\u{c}\r/", "漢\u{ffff}", "a😀b"] {
            let text = format!("{text}{}", "plain text ".repeat(10)).repeat(5);
            let four: Vec<u32> = text.chars().map(u32::from).collect();
            let expected = written(Characters::Utf8(&text));
            assert!(expected.is_ascii());
            assert_eq!(written(Characters::Four(&four)), expected);
            let one: Result<Vec<u8>, _> = four.iter().map(|&each| u8::try_from(each)).collect();
            if let Ok(one) = one {
                assert_eq!(written(Characters::One(&one)), expected);
            }
            let two: Result<Vec<u16>, _> = four.iter().map(|&each| u16::try_from(each)).collect();
            if let Ok(two) = two {
                assert_eq!(written(Characters::Two(&two)), expected);
            }
        }
    }

    #[test]
    fn only_printable_ascii_stands_for_itself() {
        let all: Vec<u8> = (0..=255).collect();
        let text = written(Characters::One(&all));
        assert!(text.starts_with(r#""\u0000\u0001"#) && text.ends_with(r#"\u00fe\u00ff""#));
        assert!(text.contains(r##" !\"#$%"##) && text.contains(r"[\\]") && text.contains(r"~\u007f"));
    }

    #[test]
    fn a_lone_surrogate_is_an_escape_of_its_own() {
        assert_eq!(written(Characters::Two(&[0xd83d, 0x61])), r#""\ud83da""#);
    }
}
