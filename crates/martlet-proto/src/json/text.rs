//! Strings: found eight bytes at a time, unescaped where they have to be.

use super::tape::Span;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where the string that begins at `start`, after its quote, ends or has its first escape, and whether all before
/// is ASCII. `None` at a control character and at the end of the source.
#[inline]
fn plain(source: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut high = 0;
    while let Some(chunk) = source.get(at..at + 8).and_then(|chunk| chunk.try_into().ok()) {
        let chunk = u64::from_le_bytes(chunk);
        let (quote, escape) = (chunk ^ (ONES * u64::from(b'"')), chunk ^ (ONES * u64::from(b'\\')));
        // The lowest bit that is set is right; those above it may be set by a borrow.
        let stops = (quote.wrapping_sub(ONES) & !quote
            | escape.wrapping_sub(ONES) & !escape
            | chunk.wrapping_sub(ONES * 0x20) & !chunk)
            & HIGHS;
        if stops != 0 {
            high |= chunk & HIGHS & ((stops & stops.wrapping_neg()) - 1);
            at += (stops.trailing_zeros() / 8) as usize;
            let stop = *source.get(at)?;
            return (stop >= 0x20).then_some((at, high == 0));
        }
        high |= chunk & HIGHS;
        at += 8;
    }
    loop {
        match *source.get(at)? {
            b'"' | b'\\' => return Some((at, high == 0)),
            byte if byte < 0x20 => return None,
            byte => high |= u64::from(byte & 0x80),
        }
        at += 1;
    }
}

/// The string that begins at `*at`, after its quote; `*at` is moved behind its end.
#[inline]
pub(super) fn text(source: &[u8], at: &mut usize, unescaped: &mut Vec<u8>) -> Option<Span> {
    let start = *at;
    let (stop, ascii) = plain(source, start)?;
    if source.get(stop) == Some(&b'"') {
        *at = stop + 1;
        return Some(Span { at: start, length: stop - start, unescaped: false, ascii, surrogates: false });
    }
    escaped(source, at, stop, ascii, unescaped)
}

fn escaped(
    source: &[u8],
    at: &mut usize,
    mut stop: usize,
    mut ascii: bool,
    unescaped: &mut Vec<u8>,
) -> Option<Span> {
    let begin = unescaped.len();
    let mut surrogates = false;
    let mut start = *at;
    loop {
        unescaped.extend_from_slice(source.get(start..stop)?);
        if source.get(stop) == Some(&b'"') {
            *at = stop + 1;
            let length = unescaped.len() - begin;
            return Some(Span { at: begin, length, unescaped: true, ascii, surrogates });
        }
        start = stop + 2;
        let byte = match source.get(stop + 1)? {
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            byte @ (b'"' | b'\\' | b'/') => *byte,
            b'u' => {
                let code = code_point(source, &mut start)?;
                ascii &= code < 0x80;
                surrogates |= push(code, unescaped);
                0
            }
            _ => return None,
        };
        if byte != 0 {
            unescaped.push(byte);
        }
        let (next, is_ascii) = plain(source, start)?;
        ascii &= is_ascii;
        stop = next;
    }
}

/// The number behind `\u`, of a pair of surrogates the character they stand for.
fn code_point(source: &[u8], at: &mut usize) -> Option<u32> {
    let first = hex(source, *at)?;
    *at += 4;
    if (0xd800..0xdc00).contains(&first)
        && source.get(*at..*at + 2) == Some(b"\\u")
        && let Some(second @ 0xdc00..=0xdfff) = hex(source, *at + 2)
    {
        *at += 6;
        return Some(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
    }
    Some(first)
}

fn hex(source: &[u8], at: usize) -> Option<u32> {
    let digits = source.get(at..at + 4)?;
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

/// Appends the character; true for a surrogate, which is none and is encoded as if it were.
fn push(code: u32, out: &mut Vec<u8>) -> bool {
    match char::from_u32(code) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            out.extend([0xe0 | (code >> 12) as u8, 0x80 | (code >> 6) as u8 & 0x3f, 0x80 | code as u8 & 0x3f])
        }
    }
    char::from_u32(code).is_none()
}
