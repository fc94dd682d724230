//! The bytes of a request: its head, and the chunks of a body of unknown length (RFC 9112 sections 3, 5 and 7.1).
//!
//! In the order of `http.client`: request line, `Host` unless the caller gives one, the fields as given.
//! Nothing goes out that could be read as another line or another request.

use std::io::Write as _;

use crate::request::check_fields;
use crate::{Error, Headers, Kind, Phase, Result};

/// Writes a request's head behind `out`. `host` is the value of `Host`, used unless `headers` has one.
///
/// # Errors
/// All in [`Phase::Prepare`], and `out` is then as it was: [`Kind::InvalidSetting`] when the method is not a token
/// (urllib3's `ValueError`), [`Kind::InvalidUrl`] when target or host holds a space, a control or a non-ASCII byte
/// (`http.client`'s `InvalidURL`), [`Kind::InvalidHeader`] as [`check_field`](crate::request::check_field).
pub fn encode_head(
    out: &mut Vec<u8>,
    method: &str,
    target: &str,
    host: &str,
    headers: &Headers,
) -> Result<()> {
    check_method(method)?;
    check_visible("URL", target)?;
    let own_host = headers.contains("host");
    if !own_host {
        check_visible("host", host)?;
    }
    check_fields(headers)?;
    out.reserve(method.len() + target.len() + host.len() + 32 + headers.bytes().len() + 4 * headers.len());
    for part in [method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n"] {
        out.extend_from_slice(part);
    }
    if !own_host {
        push_field(out, b"Host", host.as_bytes());
    }
    push_fields_and_end(out, headers);
    Ok(())
}

/// Writes one chunk behind `out`; nothing for no data, since an empty chunk would end the body.
pub fn encode_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        out.reserve(data.len() + 20);
        encode_chunk_size(out, data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Writes the line before a chunk's data, for a caller that sends the data, and CRLF behind it, without copying.
/// `length` is not 0: that would end the body.
pub fn encode_chunk_size(out: &mut Vec<u8>, length: usize) {
    // Writing into a Vec cannot fail.
    let _ = write!(out, "{length:x}\r\n");
}

/// Writes the end of a chunked body behind `out`: the last chunk and the trailers, which the caller has checked.
pub fn encode_last_chunk(out: &mut Vec<u8>, trailers: &Headers) {
    out.extend_from_slice(b"0\r\n");
    push_fields_and_end(out, trailers);
}

fn push_fields_and_end(out: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers.iter() {
        push_field(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn push_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

fn check_method(method: &str) -> Result<()> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match !method.is_empty() && method.bytes().all(token) {
        true => Ok(()),
        false => {
            let message = format!("Method cannot contain non-token characters {method:?}");
            Err(Error::new(Kind::InvalidSetting, Phase::Prepare, message))
        }
    }
}

fn check_visible(what: &str, text: &str) -> Result<()> {
    // All bytes, without a branch for each.
    match !text.is_empty() && text.bytes().fold(true, |visible, byte| visible & byte.is_ascii_graphic()) {
        true => Ok(()),
        false => {
            let message =
                format!("{what} can't be empty or contain control characters, spaces or non-ASCII: {text:?}");
            Err(Error::new(Kind::InvalidUrl, Phase::Prepare, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, target: &str, host: &str, fields: &[(&str, &str)]) -> Result<String> {
        let mut out = b"before|".to_vec();
        let result = encode_head(&mut out, method, target, host, &fields.iter().copied().collect());
        let text = String::from_utf8(out).unwrap();
        match result {
            Ok(()) => Ok(text.strip_prefix("before|").unwrap().to_owned()),
            Err(error) => {
                assert_eq!(text, "before|", "an error leaves nothing behind");
                Err(error)
            }
        }
    }

    #[test]
    fn host_comes_first_and_the_fields_keep_order_case_and_duplicates() {
        let fields = [("X-b", "1"), ("a", "2 "), ("x-B", "")];
        assert_eq!(
            head("GET", "/x?y", "a.test:81", &fields).unwrap(),
            "GET /x?y HTTP/1.1\r\nHost: a.test:81\r\nX-b: 1\r\na: 2 \r\nx-B: \r\n\r\n"
        );
    }

    #[test]
    fn a_host_field_of_the_callers_own_stays_where_it_is() {
        let fields = [("A", "1"), ("hOst", "b.test")];
        assert_eq!(
            head("GET", "/", "a.test", &fields).unwrap(),
            "GET / HTTP/1.1\r\nA: 1\r\nhOst: b.test\r\n\r\n"
        );
    }

    #[test]
    fn targets_of_proxies_and_tunnels_are_written_as_they_are() {
        assert!(
            head("GET", "http://a.test/", "a.test", &[])
                .unwrap()
                .starts_with("GET http://a.test/ HTTP/1.1\r\n")
        );
        assert!(
            head("CONNECT", "a.test:443", "a.test", &[])
                .unwrap()
                .starts_with("CONNECT a.test:443 HTTP/1.1\r\n")
        );
    }

    #[test]
    fn nothing_that_could_be_read_as_another_line_goes_out() {
        #[rustfmt::skip]
        let table = [
            ("GET /evil HTTP/1.1\r\nX:", "/", "a.test", ("A", "1"), Kind::InvalidSetting),
            ("G T", "/", "a.test", ("A", "1"), Kind::InvalidSetting),
            ("", "/", "a.test", ("A", "1"), Kind::InvalidSetting),
            ("G\u{c9}T", "/", "a.test", ("A", "1"), Kind::InvalidSetting),
            ("GET", "/ HTTP/1.1\r\nX: ", "a.test", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/a b", "a.test", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/\u{e9}", "a.test", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/\u{7f}", "a.test", ("A", "1"), Kind::InvalidUrl),
            ("GET", "", "a.test", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/", "a.test\r\nX: 1", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/", "", ("A", "1"), Kind::InvalidUrl),
            ("GET", "/", "a.test", ("A", "1\r\nB: 2"), Kind::InvalidHeader),
            ("GET", "/", "a.test", ("A\nB", "1"), Kind::InvalidHeader),
        ];
        for (method, target, host, field, kind) in table {
            let error = head(method, target, host, &[field]).unwrap_err();
            assert_eq!(
                (error.kind(), error.phase()),
                (kind, Phase::Prepare),
                "{method:?} {target:?} {host:?} {field:?}"
            );
        }
    }

    #[test]
    fn a_head_is_written_with_one_allocation() {
        let mut out = Vec::new();
        let headers: Headers =
            [("User-Agent", "martlet"), ("Accept", "*/*"), ("X", "")].into_iter().collect();
        encode_head(&mut out, "GET", "/", "a.test", &headers).unwrap();
        assert!(out.len() > 64 && out.capacity() < out.len() + 16, "{} for {}", out.capacity(), out.len());
    }

    #[test]
    fn chunks_are_written_as_urllib3_writes_them() {
        let mut out = Vec::new();
        encode_chunk(&mut out, b"hello world");
        encode_chunk(&mut out, b"");
        encode_chunk(&mut out, b"!");
        encode_last_chunk(&mut out, &Headers::new());
        assert_eq!(out, b"b\r\nhello world\r\n1\r\n!\r\n0\r\n\r\n");
    }

    #[test]
    fn the_size_line_alone_is_what_stands_before_a_chunks_data() {
        let mut out = Vec::new();
        encode_chunk_size(&mut out, 4096);
        assert_eq!(out, b"1000\r\n");
    }

    #[test]
    fn trailers_stand_behind_the_last_chunk() {
        let mut out = Vec::new();
        encode_last_chunk(&mut out, &[("X-Sum", "1")].into_iter().collect());
        assert_eq!(out, b"0\r\nX-Sum: 1\r\n\r\n");
    }
}
