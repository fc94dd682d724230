//! The status line (RFC 9112 section 4), with the leniency of `http.client`.
//!
//! Words are separated by any white space; the reason may be missing; any HTTP/1.x is 1.1, and 0.9
//! is 1.0. Refused are other protocols, a status outside 100 to 999, and a bare CR or NUL.

use memchr::memchr2;

use crate::{Error, Kind, Phase, Result, Version};

/// One status line, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StatusLine<'a> {
    pub(super) version: Version,
    pub(super) status: u16,
    /// Without white space around it; may be empty.
    pub(super) reason: &'a [u8],
}

const PROTOCOL: &[u8] = b"HTTP/";

/// Reads one line, given without its line end.
///
/// # Errors
/// [`Kind::Protocol`] when it is no status line; the message names `http.client`'s exception.
pub(super) fn parse_status(line: &[u8]) -> Result<StatusLine<'_>> {
    if memchr2(b'\r', 0, line).is_some() {
        return Err(bad_status_line(line));
    }
    let (version, rest) = split_word(line);
    let (status, reason) = split_word(rest);
    if !version.starts_with(PROTOCOL) {
        return Err(bad_status_line(line));
    }
    let status = parse_code(status).ok_or_else(|| bad_status_line(line))?;
    let version = match version {
        b"HTTP/1.0" | b"HTTP/0.9" => Version::Http10,
        _ if version.starts_with(b"HTTP/1.") => Version::Http11,
        _ => return Err(protocol(format!("Connection aborted: UnknownProtocol({})", shown(version)))),
    };
    Ok(StatusLine { version, status, reason: trim(reason) })
}

/// Can a line that begins like this still become a status line? So that a peer that speaks another
/// protocol is refused at its first bytes, whether or not it ever ends a line.
///
/// # Errors
/// [`Kind::Protocol`] when it cannot.
pub(super) fn check_beginning(line: &[u8]) -> Result<()> {
    let word = trim_start(line);
    match word.starts_with(PROTOCOL) || PROTOCOL.starts_with(word) {
        true => Ok(()),
        false => Err(bad_status_line(line)),
    }
}

/// What is shown of a line that is none of HTTP's: its first 64 bytes, as Python writes them.
pub(super) fn bad_status_line(line: &[u8]) -> Error {
    protocol(format!("Connection aborted: BadStatusLine({}): the peer does not speak HTTP/1", shown(line)))
}

fn protocol(message: String) -> Error {
    Error::new(Kind::Protocol, Phase::RecvHead, message)
}

fn shown(line: &[u8]) -> String {
    const MOST: usize = 64;
    let dots = if line.len() > MOST { "..." } else { "" };
    format!("'{}'{dots}", line.get(..MOST).unwrap_or(line).escape_ascii())
}

/// Exactly the number between 100 and 999 that the digits spell; leading zeros are let pass, as `int()` does.
fn parse_code(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    let code = digits.iter().try_fold(0_u16, |code, digit| match digit {
        b'0'..=b'9' => code.checked_mul(10)?.checked_add(u16::from(digit - b'0')),
        _ => None,
    })?;
    (100..=999).contains(&code).then_some(code)
}

/// The first word, and what follows it.
fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = trim_start(line);
    let end = line.iter().position(|byte| is_space(*byte)).unwrap_or(line.len());
    line.split_at(end)
}

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    line.split_at(start).1
}

fn trim(line: &[u8]) -> &[u8] {
    let line = trim_start(line);
    let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    line.split_at(end).0
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_split_at_any_white_space() {
        use Version::{Http10, Http11};
        #[rustfmt::skip]
        let table: &[(&[u8], Version, u16, &[u8])] = &[
            (b"HTTP/1.1 200 OK", Http11, 200, b"OK"),
            (b"HTTP/1.1 404 Not Found", Http11, 404, b"Not Found"),
            (b"HTTP/1.1 200", Http11, 200, b""),
            (b"HTTP/1.1 200 ", Http11, 200, b""),
            (b"  HTTP/1.1 \t200\x0b\x0cOK ", Http11, 200, b"OK"),
            (b"HTTP/1.1 200 \xe9t\xe9", Http11, 200, b"\xe9t\xe9"),
            (b"HTTP/1.0 0200 OK", Http10, 200, b"OK"),
            (b"HTTP/0.9 200 OK", Http10, 200, b"OK"),
            (b"HTTP/1.2 999 OK", Http11, 999, b"OK"),
        ];
        for (line, version, status, reason) in table {
            let wanted = StatusLine { version: *version, status: *status, reason };
            assert_eq!(parse_status(line).unwrap(), wanted, "{:?}", line.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_is_no_status_line_is_named_as_http_client_names_it() {
        #[rustfmt::skip]
        let table: &[(&[u8], &str)] = &[
            (b"", "BadStatusLine('')"),
            (b"SSH-2.0-x", "BadStatusLine('SSH-2.0-x')"),
            (b"http/1.1 200 OK", "BadStatusLine('http/1.1 200 OK')"),
            (b"HTTP/1.1", "BadStatusLine('HTTP/1.1')"),
            (b"HTTP/1.1 OK", "BadStatusLine('HTTP/1.1 OK')"),
            (b"HTTP/1.1 99 OK", "BadStatusLine('HTTP/1.1 99 OK')"),
            (b"HTTP/1.1 1000 OK", "BadStatusLine('HTTP/1.1 1000 OK')"),
            (b"HTTP/1.1 65736 OK", "BadStatusLine('HTTP/1.1 65736 OK')"),
            (b"HTTP/1.1 +200 OK", "BadStatusLine('HTTP/1.1 +200 OK')"),
            (b"HTTP/1.1 200 a\rb", "BadStatusLine('HTTP/1.1 200 a\\rb')"),
            (b"HTTP/1.1 200 a\0b", "BadStatusLine('HTTP/1.1 200 a\\x00b')"),
            (b"HTTP/2 200 OK", "UnknownProtocol('HTTP/2')"),
            (&[b'x'; 100], "'...): the peer does not speak HTTP/1"),
        ];
        for (line, named) in table {
            let error = parse_status(line).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::Protocol, Phase::RecvHead));
            assert!(error.message().contains(named), "{error} names {named}");
            assert!(error.message().len() < 150);
        }
    }

    #[test]
    fn a_peer_of_another_protocol_is_known_by_its_first_bytes() {
        for line in ["", "H", "HTTP", "HTTP/", "HTTP/1.1 2", " \tHT"] {
            check_beginning(line.as_bytes()).unwrap();
        }
        for line in ["S", "HTTQ", "h", "\x15\x03\x01", "\r", "<"] {
            check_beginning(line.as_bytes()).unwrap_err();
        }
    }
}
