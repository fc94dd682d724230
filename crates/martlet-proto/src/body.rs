//! How a request says where its body ends: the fields `Content-Length` and `Transfer-Encoding`.
//!
//! | body                          | fields                                                      |
//! |-------------------------------|-------------------------------------------------------------|
//! | none, or no bytes             | `Content-Length: 0`; none for GET, HEAD or if one is there  |
//! | bytes                         | `Content-Length`, over whatever the caller gave             |
//! | stream of known length        | the same                                                    |
//! | stream of unknown length or 0 | the caller's `Content-Length`, else chunked                 |
//!
//! Those are the rules of requests but for one thing: where it sends both fields (the caller gave
//! one, the body asks for the other), which lets a request be read in two ways (RFC 9112 section
//! 6.1), only one of them stays.

use crate::{Body, Error, Headers, Kind, Phase, Result};

/// Sets the fields that say where `body` ends, and the length of a stream that only the caller's
/// `Content-Length` tells.
///
/// # Errors
/// [`Kind::InvalidHeader`] when that `Content-Length` is not a number.
pub fn frame(method: &str, headers: &mut Headers, body: &mut Body) -> Result<()> {
    let length = match body {
        Body::Empty => 0,
        Body::Bytes(bytes) => bytes.len() as u64,
        Body::Stream { length, .. } => match length.filter(|length| *length > 0).or(announced(headers)?) {
            Some(known) => *length.insert(known),
            None => {
                *length = None;
                headers.insert("Transfer-Encoding", "chunked");
                return Ok(());
            }
        },
    };
    let is_silent = matches!(method, "GET" | "HEAD") || headers.contains("Content-Length");
    if length == 0 && !matches!(body, Body::Stream { .. }) && is_silent {
        return Ok(());
    }
    headers.remove("Transfer-Encoding");
    headers.insert("Content-Length", length.to_string());
    Ok(())
}

/// The length that a `Content-Length` among the fields announces.
fn announced(headers: &Headers) -> Result<Option<u64>> {
    let Some(value) = headers.get("Content-Length") else { return Ok(None) };
    let digits =
        std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(length) => Ok(Some(length)),
        None => {
            let message = format!("Content-Length is not a number: {:?}", String::from_utf8_lossy(value));
            Err(Error::new(Kind::InvalidHeader, Phase::Prepare, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn framed(method: &str, given: &[(&str, &str)], mut body: Body) -> String {
        let mut headers: Headers = given.iter().copied().collect();
        frame(method, &mut headers, &mut body).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = headers.iter().map(|(name, value)| format!("{}: {}", text(name), text(value)));
        fields.collect::<Vec<_>>().join(", ")
    }

    fn bytes(text: &'static str) -> Body {
        Body::Bytes(Bytes::from_static(text.as_bytes()))
    }

    fn stream(length: Option<u64>) -> Body {
        Body::Stream { length, rewindable: false }
    }

    const LENGTH: (&str, &str) = ("content-length", "5");
    const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");

    #[test]
    fn a_request_without_body_says_so_unless_it_is_get_or_head() {
        for method in ["POST", "DELETE", "OPTIONS", "CUSTOM"] {
            assert_eq!(framed(method, &[], Body::Empty), "Content-Length: 0");
            assert_eq!(framed(method, &[], bytes("")), "Content-Length: 0");
        }
        assert_eq!(framed("GET", &[], Body::Empty), "");
        assert_eq!(framed("HEAD", &[], bytes("")), "");
        assert_eq!(framed("POST", &[LENGTH], Body::Empty), "content-length: 5");
    }

    #[test]
    fn bytes_tell_their_length_whatever_the_caller_said() {
        assert_eq!(framed("GET", &[], bytes("abc")), "Content-Length: 3");
        assert_eq!(framed("POST", &[LENGTH, ("A", "1")], bytes("abc")), "Content-Length: 3, A: 1");
    }

    #[test]
    fn a_stream_is_chunked_unless_its_length_is_known() {
        assert_eq!(framed("POST", &[], stream(Some(7))), "Content-Length: 7");
        assert_eq!(framed("POST", &[], stream(None)), "Transfer-Encoding: chunked");
        assert_eq!(framed("POST", &[], stream(Some(0))), "Transfer-Encoding: chunked");
    }

    #[test]
    fn a_request_never_has_both_fields() {
        assert_eq!(framed("POST", &[CHUNKED], bytes("abc")), "Content-Length: 3");
        assert_eq!(framed("POST", &[LENGTH], stream(None)), "Content-Length: 5");
        let (mut headers, mut body) = ([LENGTH].into_iter().collect::<Headers>(), stream(None));
        frame("POST", &mut headers, &mut body).unwrap();
        assert!(matches!(body, Body::Stream { length: Some(5), .. }));
    }

    #[test]
    fn an_announced_length_must_be_a_number() {
        let mut headers: Headers = [("Content-Length", "+5")].into_iter().collect();
        let error = frame("POST", &mut headers, &mut stream(None)).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidHeader);
    }
}
