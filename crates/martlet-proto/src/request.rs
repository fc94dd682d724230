//! A request as the rules see it: prepared, not yet sent.

use bytes::Bytes;

use crate::{Error, Headers, Kind, Phase, Result, Url};

/// One prepared request. Its header fields are what goes on the wire, but for `Host`, `Cookie`,
/// `Authorization`, `Content-Length` and `Transfer-Encoding` where the exchange computes them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, upper case as requests sends it; a token (RFC 9110 section 5.6.2).
    pub method: String,
    /// Where to.
    pub url: Url,
    /// The fields in the caller's order and case.
    pub headers: Headers,
    /// What is sent behind the head.
    pub body: Body,
    /// How many of the last `headers` were computed from the body (`Content-Length`, `Transfer-Encoding`,
    /// `Content-Type`). requests computes them after the cookies, so `Cookie` goes before them.
    pub computed: usize,
}

/// What is sent behind the head. The bytes of a stream live with the I/O; the rules know its nature.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing, and no word about its length (GET and HEAD as requests sends them).
    #[default]
    Empty,
    /// These bytes; may be sent any number of times.
    Bytes(Bytes),
    /// Bytes that the caller's source yields.
    Stream {
        /// The length in bytes, if known; else the body goes out chunked.
        length: Option<u64>,
        /// Can the source be put back to its start for a second sending?
        rewindable: bool,
    },
}

impl Body {
    /// Can it be sent a second time?
    pub fn is_replayable(&self) -> bool {
        match self {
            Self::Empty | Self::Bytes(_) => true,
            Self::Stream { rewindable, .. } => *rewindable,
        }
    }
}

impl Request {
    /// A request without header fields and body.
    pub fn new(method: impl Into<String>, url: Url) -> Self {
        Self { method: method.into(), url, headers: Headers::new(), body: Body::Empty, computed: 0 }
    }

    /// Takes a body that was not there when the headers were, and sets the length that they have of it.
    pub fn set_body(&mut self, body: Bytes) {
        self.headers.insert("Content-Length", body.len().to_string());
        self.body = Body::Bytes(body);
    }

    /// Is the method idempotent (RFC 9110 section 9.2.2), so that sending twice does what sending once does?
    pub fn is_idempotent(&self) -> bool {
        is_idempotent(&self.method)
    }
}

/// Does sending a request of this method twice do what sending it once does (RFC 9110 section 9.2.2)?
pub fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

/// Checks a header field as requests does (`check_header_validity`), and that it cannot end its line.
///
/// # Errors
/// [`Kind::InvalidHeader`] when the name is not a token or starts with white space or a colon, or when
/// the value starts with white space or holds CR, LF or NUL.
pub fn check_field(name: &[u8], value: &[u8]) -> Result<()> {
    let bad_name = name.is_empty()
        || name.first().is_some_and(|first| first.is_ascii_whitespace() || *first == b':')
        || holds(name, |byte| matches!(byte, b'\r' | b'\n' | b':' | 0));
    if bad_name {
        let shown = String::from_utf8_lossy(name);
        return Err(invalid(format!(
            "Invalid leading whitespace, reserved character(s), or return character(s) in header name: {shown:?}"
        )));
    }
    let bad_value = value.first().is_some_and(u8::is_ascii_whitespace)
        || holds(value, |byte| matches!(byte, b'\r' | b'\n' | 0));
    if bad_value {
        let shown = String::from_utf8_lossy(name);
        return Err(invalid(format!(
            "Invalid leading whitespace, reserved character(s), or return character(s) in the value of header {shown:?}"
        )));
    }
    Ok(())
}

/// Checks each field as [`check_field`] does, and stops at the first that is refused.
pub(crate) fn check_fields(headers: &Headers) -> Result<()> {
    // All names and values at once: nearly always there is none.
    let line_ends = holds(headers.bytes(), |byte| matches!(byte, b'\r' | b'\n' | 0));
    for (name, value) in headers.iter() {
        let name_is_fine = name.first().is_some_and(|first| !first.is_ascii_whitespace())
            && !holds(name, |byte| byte == b':');
        if line_ends || !name_is_fine || value.first().is_some_and(u8::is_ascii_whitespace) {
            check_field(name, value)?;
        }
    }
    Ok(())
}

/// Is there such a byte? Looks at all of them, without a branch for each: nearly always there is none.
fn holds(bytes: &[u8], sought: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |found, byte| found | sought(*byte))
}

fn invalid(message: String) -> Error {
    Error::new(Kind::InvalidHeader, Phase::Prepare, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_cannot_smuggle_another_line() {
        for (name, value) in [
            ("A\r\nB", "1"),
            ("A", "1\r\nB: 2"),
            ("A", "1\nB: 2"),
            (" A", "1"),
            (":A", "1"),
            ("A:B", "1"),
            ("A", " 1"),
            ("", "1"),
            ("A", "\0"),
        ] {
            let error = check_field(name.as_bytes(), value.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidHeader, "{name:?}: {value:?}");
            let fields = [("X-Fine", "1"), (name, value)].into_iter().collect();
            assert_eq!(check_fields(&fields).unwrap_err().message(), error.message());
        }
        let fine = [(&b"X-Fine"[..], &b"v \xe9 : v"[..]), (b"X-Empty", b"")];
        fine.iter().for_each(|(name, value)| check_field(name, value).unwrap());
        check_fields(&fine.into_iter().collect()).unwrap();
    }
}
