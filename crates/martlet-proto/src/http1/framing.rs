//! Where the body of a reply ends (RFC 9112 section 6.3), and whether the connection lives on.
//!
//! | reply | body |
//! |---|---|
//! | to HEAD; 1xx, 204, 304; 2xx to CONNECT | none |
//! | `Transfer-Encoding` with `chunked` among its members | chunked, whatever `Content-Length` says |
//! | `Content-Length`, all members the same number | that many bytes |
//! | `Content-Length`, numbers that differ | refused |
//! | `Content-Length` with a member that is no number, or none at all | until the connection closes |
//!
//! So urllib3 reads them. The RFC would read a reply whose transfer coding is unknown, or goes on behind
//! `chunked`, until the close; servers that send one mean a content coding. Whoever reads it in whichever
//! way, its connection serves nobody else.

use super::fields::trim;
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
    if has_member(&head.headers, b"transfer-encoding", b"chunked") {
        return Ok(Framing::Chunked);
    }
    Ok(content_length(&head.headers)?.map_or(Framing::UntilClose, Framing::Length))
}

/// May the connection carry another request once this reply's body has been read to its end?
///
/// HTTP/1.1: unless `Connection` says `close`; HTTP/1.0: only if it says `keep-alive` (RFC 9112 section 9.3).
/// Never behind a body that ends with the connection, a switch of protocols, or a reply whose framing two
/// parsers may read differently: `Transfer-Encoding` beside `Content-Length`, in HTTP/1.0, not plainly `chunked`, or
/// where no body may be.
pub fn keeps_alive(head: &ResponseHead, framing: &Framing) -> bool {
    let headers = &head.headers;
    if *framing == Framing::UntilClose || head.status == 101 {
        return false;
    }
    let mut codings = headers.get_all(b"transfer-encoding");
    if let Some(coding) = codings.next() {
        let plain = trim(coding).eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
        let bodiless = matches!(head.status, 204 | 304);
        if !plain || bodiless || head.version == Version::Http10 || headers.contains("content-length") {
            return false;
        }
    }
    let closes = has_member(headers, b"connection", b"close");
    match head.version {
        Version::Http10 => has_member(headers, b"connection", b"keep-alive") && !closes,
        Version::Http11 | Version::Http2 => !closes,
    }
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

/// Is `wanted` a member of the comma-separated list that all fields of that name make up?
fn has_member(headers: &Headers, name: &[u8], wanted: &[u8]) -> bool {
    members(headers, name).any(|member| member.eq_ignore_ascii_case(wanted))
}

fn members<'a>(headers: &'a Headers, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).flat_map(|value| value.split(|byte| *byte == b',')).map(trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Framing::{Chunked, Length, None, UntilClose};

    type Fields = &'static [(&'static str, &'static str)];

    fn head(version: Version, status: u16, fields: &[(&str, &str)]) -> ResponseHead {
        ResponseHead { version, status, reason: Vec::new(), headers: fields.iter().copied().collect() }
    }

    const CL: (&str, &str) = ("Content-Length", "5");
    const TE: (&str, &str) = ("Transfer-Encoding", "chunked");
    const KEEP: (&str, &str) = ("Connection", "keep-alive");

    #[test]
    fn the_end_of_a_body_is_found_as_the_table_says() {
        #[rustfmt::skip]
        let table: &[(&str, u16, Fields, Framing)] = &[
            ("GET", 200, &[CL], Length(5)),
            ("GET", 200, &[TE], Chunked),
            ("GET", 200, &[], UntilClose),
            ("HEAD", 200, &[CL], None),
            ("HEAD", 200, &[TE], None),
            ("GET", 204, &[CL], None),
            ("GET", 304, &[TE], None),
            ("GET", 101, &[CL], None),
            ("GET", 205, &[CL], Length(5)),
            ("CONNECT", 200, &[CL], None),
            ("CONNECT", 299, &[TE], None),
            ("CONNECT", 407, &[CL], Length(5)),
            ("GET", 200, &[CL, TE], Chunked),
            ("GET", 200, &[TE, CL], Chunked),
            ("GET", 200, &[("Transfer-Encoding", "gzip , CHUNKED\t")], Chunked),
            ("GET", 200, &[("Transfer-Encoding", "gzip"), TE], Chunked),
            ("GET", 200, &[("Transfer-Encoding", "identity"), CL], Length(5)),
            ("GET", 200, &[("Transfer-Encoding", "xchunked")], UntilClose),
            ("GET", 200, &[("Content-Length", "5, 05"), CL], Length(5)),
            ("GET", 200, &[("Content-Length", "five")], UntilClose),
            ("GET", 200, &[("Content-Length", "")], UntilClose),
            ("GET", 200, &[CL, ("Content-Length", "+5")], UntilClose),
            ("GET", 200, &[("Content-Length", "99999999999999999999999")], Length(u64::MAX)),
        ];
        for (method, status, fields, wanted) in table {
            let head = head(Version::Http11, *status, fields);
            assert_eq!(framing(method, &head).unwrap(), *wanted, "{method} {status} {fields:?}");
        }
    }

    #[test]
    fn two_lengths_that_differ_are_refused_as_urllib3_refuses_them() {
        for fields in [&[CL, ("content-length", "6")][..], &[("Content-Length", "5, 6")]] {
            let error = framing("GET", &head(Version::Http11, 200, fields)).unwrap_err();
            assert_eq!((error.kind(), error.phase()), (Kind::InvalidHeader, Phase::RecvHead));
            assert_eq!(error.message(), "Content-Length contained multiple unmatching values (5, 6)");
        }
    }

    #[test]
    fn a_connection_lives_on_as_version_and_connection_field_say() {
        use Version::{Http10, Http11};
        #[rustfmt::skip]
        let table: &[(Version, &[&str], bool)] = &[
            (Http11, &[], true),
            (Http11, &["keep-alive"], true),
            (Http11, &["close"], false),
            (Http11, &["x-a, Close"], false),
            (Http11, &["x-a", "close"], false),
            (Http11, &["closed, not-close"], true),
            (Http10, &[], false),
            (Http10, &["Keep-Alive"], true),
            (Http10, &["x-a", "keep-alive"], true),
            (Http10, &["keep-alive, close"], false),
        ];
        for (version, values, lives) in table {
            let fields: Vec<_> = values.iter().map(|value| ("Connection", *value)).chain([CL]).collect();
            assert_eq!(
                keeps_alive(&head(*version, 200, &fields), &Length(5)),
                *lives,
                "{version:?} {values:?}"
            );
        }
    }

    #[test]
    fn a_connection_whose_framing_may_be_read_otherwise_ends() {
        use Version::{Http10, Http11};
        #[rustfmt::skip]
        let table: &[(Version, u16, Fields, Framing, bool)] = &[
            (Http11, 200, &[TE], Chunked, true),
            (Http11, 200, &[("Transfer-Encoding", " Chunked ")], Chunked, true),
            (Http11, 200, &[], UntilClose, false),
            (Http11, 101, &[], None, false),
            (Http11, 204, &[], None, true),
            (Http11, 304, &[CL], None, true),
            (Http11, 304, &[TE], None, false),
            (Http11, 200, &[TE, CL], Chunked, false),
            (Http11, 200, &[TE, TE], Chunked, false),
            (Http11, 200, &[("Transfer-Encoding", "gzip, chunked")], Chunked, false),
            (Http11, 200, &[("Transfer-Encoding", "identity"), CL], Length(5), false),
            (Http10, 200, &[KEEP, TE], Chunked, false),
            (Http10, 200, &[KEEP, CL], Length(5), true),
        ];
        for (version, status, fields, framing, lives) in table {
            assert_eq!(
                keeps_alive(&head(*version, *status, fields), framing),
                *lives,
                "{version:?} {status} {fields:?}"
            );
        }
    }
}
