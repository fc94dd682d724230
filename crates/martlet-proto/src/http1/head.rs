//! The head of a reply: where it ends, and what it says.
//!
//! The parser is called with everything buffered so far and remembers how far it looked, so that a
//! head that trickles in costs no more than one that comes at once. Limits hold while the head is
//! still arriving, and a peer that does not speak HTTP is refused at its first bytes.

use memchr::memchr;

use super::fields::{parse_fields, without_line_end};
use super::status::{bad_status_line, check_beginning, parse_status};
use crate::limit::Limits;
use crate::{Error, Kind, Phase, ResponseHead, Result};

/// A whole head.
#[derive(Debug)]
pub struct Parsed {
    /// What it says.
    pub head: ResponseHead,
    /// The bytes it took; what follows is the body's.
    pub used: usize,
    /// Was nothing in it dropped or guessed? If false the connection must not be used again: the
    /// server, or a proxy before it, may have read the same bytes otherwise.
    pub sound: bool,
}

/// Reads one head from a buffer that grows. One parser per head.
#[derive(Clone, Debug, Default)]
pub struct HeadParser {
    /// No line end lies between the start of the last line and here.
    scanned: usize,
    line_start: usize,
    lines: usize,
}

impl HeadParser {
    /// A parser that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the head at the start of `buffer`, which holds at least what it held at the last call;
    /// `None` when it has not all arrived.
    ///
    /// # Errors
    /// All in [`Phase::RecvHead`]: [`Kind::Protocol`] when it is not HTTP/1 or may smuggle a line,
    /// [`Kind::LimitExceeded`] when it is too long, in all, in a line or in lines.
    pub fn parse(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<Parsed>> {
        let Some(used) = self.find_end(buffer, limits)? else { return Ok(None) };
        let head = buffer.get(..used).unwrap_or(buffer);
        let (line, section) = head.split_at(memchr(b'\n', head).map_or(used, |end| end + 1));
        let status = parse_status(without_line_end(line))?;
        let fields = parse_fields(section, Phase::RecvHead)?;
        let head = ResponseHead {
            version: status.version,
            status: status.status,
            reason: status.reason.to_vec(),
            headers: fields.headers,
        };
        Ok(Some(Parsed { head, used, sound: fields.sound }))
    }

    /// The length of the head, if its empty line has come.
    fn find_end(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>> {
        loop {
            let found = memchr(b'\n', buffer.get(self.scanned..).unwrap_or_default());
            let end = found.map_or(buffer.len(), |offset| self.scanned + offset + 1);
            let line = buffer.get(self.line_start..end).unwrap_or_default();
            self.check_limits(line.len(), end, limits)?;
            self.scanned = end;
            if found.is_none() {
                return if self.lines == 0 { check_beginning(line).map(|()| None) } else { Ok(None) };
            }
            if self.lines == 0 {
                parse_status(without_line_end(line))?;
            } else if matches!(line, b"\n" | b"\r\n") {
                return Ok(Some(end));
            } else if self.lines > limits.header_count {
                return Err(exceeded(format!("got more than {} headers", limits.header_count)));
            }
            self.line_start = end;
            self.lines += 1;
        }
    }

    fn check_limits(&self, line: usize, head: usize, limits: &Limits) -> Result<()> {
        if line > limits.line_bytes {
            let what = if self.lines == 0 { "status" } else { "header" };
            return Err(exceeded(format!(
                "got more than {} bytes when reading {what} line",
                limits.line_bytes
            )));
        }
        if head > limits.head_bytes {
            return Err(exceeded(format!("got more than {} bytes of headers", limits.head_bytes)));
        }
        Ok(())
    }
}

/// Reads the head at the start of `buffer` at once: [`HeadParser::parse`] of a new parser.
///
/// # Errors
/// As [`HeadParser::parse`].
pub fn parse_head(buffer: &[u8], limits: &Limits) -> Result<Option<Parsed>> {
    HeadParser::new().parse(buffer, limits)
}

/// The error of a connection that ended when this much of a head, not all of it, had come.
///
/// [`Kind::Disconnected`] in [`Phase::RecvHead`]; [`Kind::Protocol`] when what came was not HTTP.
pub fn head_cut_short(buffer: &[u8]) -> Error {
    if buffer.is_empty() {
        let message = "Connection aborted: Remote end closed connection without response";
        return Error::new(Kind::Disconnected, Phase::RecvHead, message);
    }
    if check_beginning(buffer).is_err() {
        return bad_status_line(buffer);
    }
    let message =
        format!("Connection aborted: the peer closed within the reply's head, after {} bytes", buffer.len());
    Error::new(Kind::Disconnected, Phase::RecvHead, message)
}

fn exceeded(what: String) -> Error {
    Error::new(Kind::LimitExceeded, Phase::RecvHead, format!("Connection aborted: {what}"))
}
