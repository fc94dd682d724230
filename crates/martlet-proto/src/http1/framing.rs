//! Where the body of a reply ends (RFC 9112 section 6.3), and whether the connection lives on.
//!
//! | reply | body |
//! |---|---|
//! | to HEAD; 1xx, 204, 304; 2xx to CONNECT | none |
//! | `Transfer-Encoding` ending in `chunked` | chunked, whatever `Content-Length` says |
//! | any other `Transfer-Encoding` but `identity` | until the connection closes |
//! | `Content-Length`, all values the same number | that many bytes |
//! | `Content-Length`, two different numbers | refused |
//! | `Content-Length` that is no number, or none | until the connection closes |

use crate::{Error, Headers, Kind, Phase, ResponseHead, Result, Version};

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// The body has this many bytes.
    Length(u64),
    /// The body comes in chunks and says itself where it ends.
    Chunked,
    /// The body ends where the connection does.
    UntilClose,
}

/// How the body of the reply to a request of this method ends.
///
/// # Errors
/// [`Kind::InvalidHeader`] in [`Phase::RecvHead`] when `Content-Length` gives two different numbers, as urllib3.
pub fn framing(request_method: &str, head: &ResponseHead) -> Result<Framing> {
    let bodiless = matches!(head.status, 100..=199 | 204 | 304)
        || request_method == "HEAD"
        || (request_method == "CONNECT" && matches!(head.status, 200..=299));
    if bodiless {
        return Ok(Framing::None);
    }
    match transfer_coding(&head.headers) {
        Coding::Chunked => Ok(Framing::Chunked),
        Coding::Other => Ok(Framing::UntilClose),
        Coding::None => Ok(content_length(&head.headers)?.map_or(Framing::UntilClose, Framing::Length)),
    }
}

/// May the connection carry another request once this reply's body has been read to its end?
///
/// HTTP/1.1: unless `Connection` says `close`; HTTP/1.0: only if it says `keep-alive` (RFC 9112 section 9.3).
/// Never behind a body that ends with the connection, a switch of protocols, or a reply whose framing two
/// parsers may read differently: `Transfer-Encoding` beside `Content-Length`, in HTTP/1.0, or not plainly `chunked`.
pub fn keeps_alive(head: &ResponseHead, framing: &Framing) -> bool {
    let headers = &head.headers;
    if *framing == Framing::UntilClose || head.status == 101 {
        return false;
    }
    let mut codings = headers.get_all(b"transfer-encoding");
    if let Some(coding) = codings.next() {
        let plain = coding.trim_ascii().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
        if !plain || head.version == Version::Http10 || headers.contains("content-length") {
            return false;
        }
    }
    match head.version {
        Version::Http10 => has_token(headers, b"keep-alive") && !has_token(headers, b"close"),
        Version::Http11 | Version::Http2 => !has_token(headers, b"close"),
    }
}

enum Coding {
    None,
    Chunked,
    Other,
}

/// What the members of all `Transfer-Encoding` fields, taken as one list, come to.
fn transfer_coding(headers: &Headers) -> Coding {
    let mut last = Coding::None;
    for member in members(headers, b"transfer-encoding") {
        if member.eq_ignore_ascii_case(b"chunked") {
            last = Coding::Chunked;
        } else if !member.is_empty() && !member.eq_ignore_ascii_case(b"identity") {
            last = Coding::Other;
        }
    }
    last
}

/// The number that all `Content-Length` members agree on; `None` when one of them is no number.
fn content_length(headers: &Headers) -> Result<Option<u64>> {
    let mut agreed = None;
    let mut differ = false;
    for member in members(headers, b"content-length") {
        let Some(length) = parse_length(member) else { return Ok(None) };
        differ |= *agreed.get_or_insert(length) != length;
    }
    match differ {
        false => Ok(agreed),
        true => {
            let shown = headers.get_all(b"content-length").collect::<Vec<_>>().join(&b", "[..]);
            let shown = shown.escape_ascii();
            let message = format!("Content-Length contained multiple unmatching values ({shown})");
            Err(Error::new(Kind::InvalidHeader, Phase::RecvHead, message))
        }
    }
}

/// Digits only. A number too large for any body stays too large: it ends as an incomplete body.
fn parse_length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |length: u64, digit| length.saturating_mul(10).saturating_add(u64::from(digit - b'0'))),
    )
}

fn has_token(headers: &Headers, token: &[u8]) -> bool {
    members(headers, b"connection").any(|member| member.eq_ignore_ascii_case(token))
}

/// The comma-separated members of all fields of that name, in order, white space cut.
fn members<'a>(headers: &'a Headers, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}
