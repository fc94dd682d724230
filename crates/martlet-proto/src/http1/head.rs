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
            if self.lines == 0 {
                check_beginning(line)?;
            }
            if found.is_none() {
                return Ok(None);
            }
            if matches!(line, b"\n" | b"\r\n") {
                return Ok(Some(end));
            }
            if self.lines > limits.header_count {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { head_bytes: 100, header_count: 3, line_bytes: 40, ..Limits::default() }
    }

    fn refused(head: &str) -> String {
        let error = parse_head(head.as_bytes(), &limits()).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::LimitExceeded, Phase::RecvHead));
        error.message().to_owned()
    }

    #[test]
    fn a_head_ends_at_its_empty_line_and_what_follows_is_left() {
        let parsed =
            parse_head(b"HTTP/1.1 404 Not Found\r\nA: 1\r\n\r\nbody\r\n\r\n", &limits()).unwrap().unwrap();
        assert_eq!((parsed.used, parsed.head.status, parsed.sound), (32, 404, true));
        assert_eq!(parsed.head.reason, b"Not Found");
        assert_eq!(parsed.head.headers.get("a"), Some(&b"1"[..]));
    }

    #[test]
    fn a_head_that_has_not_all_come_waits() {
        let head = b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
        let mut parser = HeadParser::new();
        for there in 0..head.len() {
            assert!(parser.parse(&head[..there], &limits()).unwrap().is_none(), "after {there} bytes");
        }
        assert_eq!(parser.parse(head, &limits()).unwrap().unwrap().used, head.len());
    }

    #[test]
    fn a_guess_is_told() {
        let parsed =
            parse_head(b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", &limits()).unwrap().unwrap();
        assert!(!parsed.sound);
    }

    #[test]
    fn limits_are_passed_by_one_and_told_in_the_words_of_http_client() {
        let fine = |head: &str| parse_head(head.as_bytes(), &limits()).unwrap().is_some();
        assert!(fine("HTTP/1.1 200 OK\r\nA:1\r\nB:2\r\nC:3\r\n\r\n"));
        assert!(
            refused("HTTP/1.1 200 OK\r\nA:1\r\nB:2\r\nC:3\r\nD:4\r\n").ends_with("got more than 3 headers")
        );
        assert!(refused("HTTP/1.1 200 OK\r\nA:1\r\n 2\r\n 3\r\n 4\r\n").ends_with("got more than 3 headers"));

        let line = |length: usize| format!("A: {}\r\n", "x".repeat(length - 5));
        assert!(fine(&format!("HTTP/1.1 200 OK\r\n{}\r\n", line(40))));
        let message = refused(&format!("HTTP/1.1 200 OK\r\n{}\r\n", line(41)));
        assert!(message.ends_with("got more than 40 bytes when reading header line"));
        let message = refused(&format!("HTTP/1.1 200 {}", "x".repeat(28)));
        assert!(message.ends_with("got more than 40 bytes when reading status line"));

        assert!(fine(&format!("HTTP/1.1 200 OK!\r\n{}{}\r\n", line(40), line(40))));
        let message = refused(&format!("HTTP/1.1 200 OK!!\r\n{}{}\r\n", line(40), line(40)));
        assert!(message.ends_with("got more than 100 bytes of headers"));
    }

    #[test]
    fn limits_hold_before_the_line_or_the_head_has_ended() {
        assert!(refused(&format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(38))).contains("40 bytes"));
        let lines = format!("A: {}\r\n", "x".repeat(35)).repeat(2);
        assert!(refused(&format!("HTTP/1.1 200 OK\r\n{lines}xxxx")).contains("100 bytes of headers"));
    }

    #[test]
    fn another_protocol_is_refused_before_its_line_ends() {
        let error = parse_head(b"\x15\x03\x01\x00\x02\x02\x46", &limits()).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvHead));
        let babble = "babble\n".repeat(10);
        assert_eq!(parse_head(babble.as_bytes(), &limits()).unwrap_err().kind(), Kind::Protocol);
    }

    #[test]
    fn a_head_cut_short_tells_a_silent_peer_from_one_that_broke_off_and_one_that_babbles() {
        let kind = |buffer: &[u8]| head_cut_short(buffer).kind();
        assert_eq!(kind(b""), Kind::Disconnected);
        assert_eq!(kind(b"HTTP/1.1 200 OK\r\nA: 1"), Kind::Disconnected);
        assert_eq!(kind(b"babble"), Kind::Protocol);
        assert!(head_cut_short(b"").message().contains("Remote end closed connection without response"));
    }
}
