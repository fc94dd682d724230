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
    if value.is_empty() {
        return value;
    }
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
    let kept = name.trim_ascii_end();
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

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    line.split_at(start).1
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
