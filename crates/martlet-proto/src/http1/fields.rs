//! Field lines (RFC 9112 section 5), of a head or of a trailer section.
//!
//! | line | taken as |
//! |---|---|
//! | `Name: value` | itself: case kept, white space cut on the left of the value, kept on its right |
//! | beginning with white space | the value above goes on, joined by one space (obs-fold); dropped if there is none |
//! | `Name : value` | `Name`, not sound |
//! | no colon, no name, a name with white space, control or non-ASCII bytes | dropped, not sound |
//! | with NUL, or with CR that does not end it | refused |
//!
//! Lines end with CRLF or LF. Well-formed sections, that is nearly all, are read by httparse; the
//! rest line by line here, with the same result where both can read them.

use memchr::{memchr, memchr2};

use crate::{Error, Headers, Kind, Phase, Result};

/// What a section says.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) headers: Headers,
    /// Was nothing dropped or guessed?
    pub(super) sound: bool,
}

/// Above this, line by line: more fields than a usual head has are not worth the larger array.
const QUICK: usize = 64;

/// Reads a whole section, from its first field line to its empty line included.
///
/// # Errors
/// [`Kind::Protocol`] for a byte that may smuggle a line; in `phase`.
pub(super) fn parse_fields(section: &[u8], phase: Phase) -> Result<Fields> {
    match quick(section) {
        Some(headers) => Ok(Fields { headers, sound: true }),
        None => line_by_line(section, phase),
    }
}

/// All fields if all are well-formed, by httparse.
fn quick(section: &[u8]) -> Option<Headers> {
    let mut found = [httparse::EMPTY_HEADER; QUICK];
    let Ok(httparse::Status::Complete((used, found))) = httparse::parse_headers(section, &mut found) else {
        return None;
    };
    if used != section.len() {
        return None;
    }
    let mut headers = Headers::with_capacity(found.len(), section.len());
    for field in found {
        headers.append(field.name, with_trailing_space(section, field.value));
    }
    Some(headers)
}

/// httparse cuts white space on the right of a value; `http.client` keeps it.
fn with_trailing_space<'a>(section: &'a [u8], value: &'a [u8]) -> &'a [u8] {
    let start = (value.as_ptr() as usize).wrapping_sub(section.as_ptr() as usize);
    let line = section.get(start..).unwrap_or(value);
    let spaces = line.iter().skip(value.len()).take_while(|byte| is_space(**byte)).count();
    line.get(..value.len() + spaces).unwrap_or(value)
}

fn line_by_line(section: &[u8], phase: Phase) -> Result<Fields> {
    let mut fields = Fields { headers: Headers::with_capacity(16, section.len()), sound: true };
    let mut open: Option<Field<'_>> = None;
    for line in section.split_inclusive(|byte| *byte == b'\n').map(without_line_end) {
        if memchr2(b'\r', 0, line).is_some() {
            return Err(smuggling(line, phase));
        }
        if line.first().is_some_and(|byte| is_space(*byte)) {
            match &mut open {
                Some(field) => field.goes_on(line),
                None => fields.sound = false,
            }
            continue;
        }
        if let Some(field) = open.take() {
            fields.headers.append(field.name, field.value);
        }
        if line.is_empty() {
            break;
        }
        let (field, sound) = split_field(line);
        fields.sound &= sound;
        open = field;
    }
    if let Some(field) = open {
        fields.headers.append(field.name, field.value);
    }
    Ok(fields)
}

/// A field whose value may go on in the next line.
struct Field<'a> {
    name: &'a [u8],
    value: Vec<u8>,
    /// Up to here the value is made of lines already joined.
    joined: usize,
}

impl Field<'_> {
    /// Joins a continuation line: one space for the line end and the white space around it.
    fn goes_on(&mut self, line: &[u8]) {
        while self.value.len() > self.joined && self.value.last().is_some_and(|byte| is_space(*byte)) {
            self.value.pop();
        }
        if !self.value.is_empty() {
            self.value.push(b' ');
        }
        self.joined = self.value.len();
        self.value.extend_from_slice(trim_start(line));
    }
}

/// The field of one line, unless it is to be dropped, and whether it is sound.
fn split_field(line: &[u8]) -> (Option<Field<'_>>, bool) {
    let Some(colon) = memchr(b':', line) else { return (None, false) };
    let (name, value) = line.split_at(colon);
    let kept = trim_end(name);
    if kept.is_empty() || !kept.iter().all(u8::is_ascii_graphic) {
        return (None, false);
    }
    let value = trim_start(value.get(1..).unwrap_or_default()).to_vec();
    (Some(Field { name: kept, value, joined: 0 }), kept.len() == name.len())
}

fn smuggling(line: &[u8], phase: Phase) -> Error {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let name = name.get(..64).unwrap_or(name).escape_ascii();
    let message =
        format!("Connection aborted: a field line of the reply holds a bare CR or a NUL (\"{name}\")");
    Error::new(Kind::Protocol, phase, message)
}

/// The line without its LF or CRLF.
pub(super) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Without the white space around it (RFC 9110 section 5.6.3: space and tab, nothing else).
pub(super) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    text.split_at(start).1
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    text.split_at(end).0
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(fields: &Fields) -> (String, bool) {
        let pair =
            |(name, value): (&[u8], &[u8])| format!("{}={}", name.escape_ascii(), value.escape_ascii());
        (fields.headers.iter().map(pair).collect::<Vec<_>>().join("|"), fields.sound)
    }

    #[test]
    fn each_kind_of_line_is_taken_as_the_table_says() {
        #[rustfmt::skip]
        let table = [
            ("A: 1\r\nb:2\nA:\t 3 \t\r\nC:\r\nD:  \r\n\r\n", "A=1|b=2|A=3 \\t|C=|D=", true),
            ("A: 1\r\n 2\r\n\r\n", "A=1 2", true),
            ("A: 1 \t\r\n\t 2 \r\n  3 \n\n", "A=1 2 3 ", true),
            ("A: 1\r\n \r\n 2\r\n\r\n", "A=1  2", true),
            ("A:\r\n 2\r\n\r\n", "A=2", true),
            (" x: 1\r\nA: 1\r\n\r\n", "A=1", false),
            ("A : 1\r\nB: 2\r\n\r\n", "A=1|B=2", false),
            ("A: 1\r\nno colon\r\n goes on\r\nB: 2\r\n\r\n", "A=1|B=2", false),
            ("A: 1\r\n: x\r\nB: 2\r\n\r\n", "A=1|B=2", false),
            ("A B: 1\r\nB: 2\r\n\r\n", "B=2", false),
            ("A\u{1}: 1\r\n\u{e9}: 1\r\nB: 2\r\n\r\n", "B=2", false),
            ("A(: 1\r\nB@: \u{1}\u{7f}\r\n\r\n", "A(=1|B@=\\x01\\x7f", true),
            ("\r\n", "", true),
        ];
        for (section, wanted, sound) in table {
            let fields = parse_fields(section.as_bytes(), Phase::RecvHead).unwrap();
            assert_eq!(shown(&fields), (wanted.to_owned(), sound), "{section:?}");
        }
    }

    #[test]
    fn a_byte_that_may_end_a_line_for_somebody_else_is_refused() {
        for section in
            ["A: 1\rB: 2\r\n\r\n", "A: 1\r\r\n\r\n", "A: \0\r\n\r\n", "A\0: 1\r\n\r\n", "x\ry\r\n\r\n"]
        {
            let error = parse_fields(section.as_bytes(), Phase::RecvBody).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvBody), "{section:?}");
        }
    }

    #[test]
    fn more_fields_than_the_quick_road_takes_are_read_all_the_same() {
        let section = "A: 1 \r\n".repeat(QUICK + 1) + "\r\n";
        assert!(quick(section.as_bytes()).is_none());
        let fields = parse_fields(section.as_bytes(), Phase::RecvHead).unwrap();
        assert_eq!(
            (fields.headers.len(), fields.headers.get("a"), fields.sound),
            (QUICK + 1, Some(&b"1 "[..]), true)
        );
    }

    proptest! {
        #[test]
        fn both_roads_read_the_same(
            lines in proptest::collection::vec("[a-zA-Z!-]{0,3}:?[ \t]{0,2}[a-z:\t \u{1}\u{7f}\u{80}-\u{ff}]{0,5}\r?\n", 0..6)
        ) {
            let text = lines.concat() + "\r\n";
            let section: Vec<u8> = text.chars().map(|character| u32::from(character) as u8).collect();
            if let Some(headers) = quick(&section) {
                let quick = Fields { headers, sound: true };
                prop_assert_eq!(shown(&quick), shown(&line_by_line(&section, Phase::RecvHead).unwrap()));
            }
        }
    }
}
