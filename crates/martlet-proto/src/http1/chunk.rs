//! What stands around the chunks of a body (RFC 9112 section 7.1): their size lines, and the trailers.
//!
//! | size line | |
//! |---|---|
//! | digits | hexadecimal, any number of leading zeros, at most 64 bits |
//! | white space before and behind the digits | let pass: old servers pad with it |
//! | extensions, behind `;` | let pass, unread |
//! | end | CRLF or LF, as urllib3; a CR elsewhere or a NUL is refused |
//!
//! Both are read byte by byte, since a peer may send them so.

use super::fields::parse_fields;
use crate::limit::Limits;
use crate::{Error, Headers, Kind, Phase, Result};

/// The line of a chunk's size as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SizeLine {
    size: u64,
    part: Part,
    bytes: usize,
}

/// The part of the line that the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// White space before the digits.
    Before,
    Digits,
    /// White space behind the digits.
    Behind,
    Extension,
    /// Behind the CR that must end the line.
    Lf,
}

impl SizeLine {
    pub(super) const START: Self = Self { size: 0, part: Part::Before, bytes: 0 };

    /// Takes the next byte; the chunk's size when it ends the line. `received` bytes of the body came before.
    pub(super) fn read(&mut self, byte: u8, received: u64, limits: &Limits) -> Result<Option<u64>> {
        self.bytes += 1;
        if self.bytes > limits.chunk_line_bytes {
            return Err(exceeded(format!("{} bytes in a chunk's size line", limits.chunk_line_bytes)));
        }
        self.part = match (self.part, byte) {
            (Part::Before, b' ' | b'\t') => Part::Before,
            (Part::Before | Part::Digits, _) if byte.is_ascii_hexdigit() => {
                self.size = push_digit(self.size, byte).ok_or_else(|| bad_size(byte, received))?;
                Part::Digits
            }
            (Part::Digits | Part::Behind, b' ' | b'\t') => Part::Behind,
            (Part::Digits | Part::Behind, b';') => Part::Extension,
            (Part::Digits | Part::Behind | Part::Extension, b'\r') => Part::Lf,
            (Part::Digits | Part::Behind | Part::Extension | Part::Lf, b'\n') => return Ok(Some(self.size)),
            (Part::Extension, 1..) => Part::Extension,
            _ => return Err(bad_size(byte, received)),
        };
        Ok(None)
    }
}

/// The trailer section behind the last chunk, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Trailers {
    bytes: Vec<u8>,
    lines: usize,
    line_start: usize,
    headers: Option<Headers>,
}

impl Trailers {
    /// Takes the next byte; tells whether it ends the section.
    pub(super) fn read(&mut self, byte: u8, limits: &Limits) -> Result<bool> {
        self.bytes.push(byte);
        if self.bytes.len() > limits.head_bytes {
            return Err(exceeded(format!("{} bytes of trailers", limits.head_bytes)));
        }
        if byte != b'\n' {
            return Ok(false);
        }
        let line = self.bytes.get(self.line_start..).unwrap_or_default();
        if matches!(line, b"\n" | b"\r\n") {
            if self.lines > 0 {
                self.headers = Some(parse_fields(&self.bytes, Phase::RecvBody)?.headers);
            }
            return Ok(true);
        }
        self.line_start = self.bytes.len();
        self.lines += 1;
        match self.lines > limits.header_count {
            true => Err(exceeded(format!("{} trailers", limits.header_count))),
            false => Ok(false),
        }
    }

    /// The fields, once the section has ended and if it has any.
    pub(super) fn headers(&self) -> Option<&Headers> {
        self.headers.as_ref()
    }
}

fn push_digit(size: u64, digit: u8) -> Option<u64> {
    let digit = char::from(digit).to_digit(16)?;
    size.checked_mul(16)?.checked_add(u64::from(digit))
}

fn bad_size(byte: u8, received: u64) -> Error {
    let shown = byte.escape_ascii();
    let what = format!("InvalidChunkLength(got b'{shown}' in a chunk's size line, {received} bytes read)");
    Error::new(Kind::Protocol, Phase::RecvBody, format!("Connection broken: {what}"))
}

fn exceeded(what: String) -> Error {
    Error::new(Kind::LimitExceeded, Phase::RecvBody, format!("Connection broken: got more than {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The size that the line gives, and how many bytes it took.
    fn size(line: &str, limits: &Limits) -> Result<(u64, usize)> {
        let mut start = SizeLine::START;
        for (at, byte) in line.bytes().enumerate() {
            if let Some(size) = start.read(byte, 7, limits)? {
                return Ok((size, at + 1));
            }
        }
        panic!("{line:?} does not end");
    }

    /// The trailers of a section that ends, if it has any.
    fn trailers(section: &str, limits: &Limits) -> Result<Option<Headers>> {
        let mut trailers = Trailers::default();
        for byte in section.bytes() {
            if trailers.read(byte, limits)? {
                return Ok(trailers.headers().cloned());
            }
        }
        panic!("{section:?} does not end");
    }

    #[test]
    fn a_size_is_taken_with_white_space_extensions_and_a_bare_line_feed() {
        #[rustfmt::skip]
        let table = [
            ("3\r\nabc", 3), ("A\r\n", 10), ("fF\r\n", 255), ("0\r\n", 0), ("000\r\n", 0), (" \t3 \t\r\n", 3),
            ("3;a=\"b c\";d\r\n", 3), ("3 ; \u{e9}\n", 3), ("3;\n", 3), ("000000000000000000000003\r\n", 3),
        ];
        for (line, wanted) in table {
            let end = line.find('\n').unwrap() + 1;
            assert_eq!(size(line, &Limits::default()).unwrap(), (wanted, end), "{line:?}");
        }
    }

    #[test]
    fn a_size_line_that_two_parsers_may_read_differently_is_refused() {
        #[rustfmt::skip]
        let table = [
            "\r\n", "\n", " \n", ";a\n", "x\n", "0x3\n", "+3\n", "-3\n", "3 3\n", "3x\n", "3 x\n", "3\rx\n", "3;a\rb\n",
            "3;\0\n", "3\0\n", "3\r\r\n", "10000000000000000\n",
        ];
        for line in table {
            let error = size(line, &Limits::default()).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody), "{line:?}");
        }
        let error = size("zz\r\n", &Limits::default()).unwrap_err();
        let named = "Connection broken: InvalidChunkLength(got b'z' in a chunk's size line, 7 bytes read)";
        assert_eq!(error.message(), named);
    }

    #[test]
    fn a_size_line_is_limited() {
        let limits = Limits { chunk_line_bytes: 10, ..Limits::default() };
        size("3;456789\r\n", &limits).unwrap();
        for line in ["3;4567890\r\n", "00000000003\r\n"] {
            let error = size(line, &limits).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::LimitExceeded, Phase::RecvBody), "{line:?}");
        }
    }

    #[test]
    fn trailers_are_fields_like_those_of_a_head() {
        let fields = trailers("X-Sum: 1\r\n 2\r\nbroken\r\nY:\n\r\nmore", &Limits::default()).unwrap();
        assert_eq!(fields, Some([("X-Sum", "1 2"), ("Y", "")].into_iter().collect()));
        assert_eq!(trailers("\r\n", &Limits::default()).unwrap(), None);
    }

    #[test]
    fn a_byte_that_may_hide_a_trailer_is_an_error_of_the_body() {
        let error = trailers("A: 1\rB: 2\r\n\r\n", &Limits::default()).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody));
    }

    #[test]
    fn trailers_are_limited_in_number_and_bytes() {
        let limits = Limits { head_bytes: 16, header_count: 2, ..Limits::default() };
        trailers("A: 12345\r\nB: 1\n\n", &limits).unwrap();
        for section in ["A: 1234\r\nB: 1\r\n\r\n", "A:1\nB:2\nC:3\n\n", "A: 45678901234567"] {
            let error = trailers(section, &limits).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::LimitExceeded, Phase::RecvBody), "{section:?}");
        }
    }

    proptest! {
        #[test]
        fn a_size_is_what_its_digits_say(wanted: u64) {
            prop_assert_eq!(size(&format!("{wanted:x}\n"), &Limits::default()).unwrap().0, wanted);
            prop_assert_eq!(size(&format!("{wanted:X}\n"), &Limits::default()).unwrap().0, wanted);
        }
    }
}
