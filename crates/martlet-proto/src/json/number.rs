//! Numbers: integers of any size, and floats to the last bit.

use super::tape::{Constant, Span, Tape};

/// Digits that always fit into an `i64`.
const SAFE: usize = 18;

/// Puts the number that begins at `*at` on the tape; `*at` is moved behind its end. `None` if there is none.
#[inline]
pub(super) fn number(source: &str, at: &mut usize, tape: &mut Tape) -> Option<()> {
    let bytes = source.as_bytes();
    let start = *at;
    let negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let mut end = first;
    let mut value: i64 = 0;
    while let Some(digit) = bytes.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        end += 1;
    }
    let digits = end - first;
    if digits == 0 {
        *at = first + "Infinity".len();
        let infinite = negative && bytes.get(first..)?.starts_with(b"Infinity");
        return infinite.then(|| tape.constant(Constant::NegativeInfinity));
    }
    if digits > 1 && bytes.get(first) == Some(&b'0') {
        return None;
    }
    if let Some(b'.' | b'e' | b'E') = bytes.get(end) {
        *at = float_end(bytes, end)?;
        tape.float(source.get(start..*at)?.parse().ok()?);
        return Some(());
    }
    *at = end;
    if digits <= SAFE {
        tape.int(if negative { -value } else { value });
        return Some(());
    }
    match source.get(start..end)?.parse() {
        Ok(value) => tape.int(value),
        Err(_) => tape.big_int(Span {
            at: start,
            length: end - start,
            unescaped: false,
            ascii: true,
            surrogates: false,
        }),
    }
    Some(())
}

/// The end of the fraction and the exponent, of which there is at least one.
#[inline]
fn float_end(bytes: &[u8], mut end: usize) -> Option<usize> {
    if bytes.get(end) == Some(&b'.') {
        end = digits_end(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        end += 1;
        end += usize::from(matches!(bytes.get(end), Some(b'+' | b'-')));
        end = digits_end(bytes, end)?;
    }
    Some(end)
}

/// The end of one or more digits.
#[inline]
fn digits_end(bytes: &[u8], start: usize) -> Option<usize> {
    let count = bytes.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(start + count)
}
