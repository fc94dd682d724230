//! The bytes of a request: its head, and the chunks of a body of unknown length (RFC 9112 sections 3, 5 and 7.1).
//!
//! In the order of `http.client`: request line, `Host` unless the caller gives one, the fields as given.
//! Nothing goes out that could be read as another line or another request.

use std::io::Write as _;

use crate::request::check_field;
use crate::{Error, Headers, Kind, Phase, Result};

/// Writes a request's head behind `out`. `host` is the value of `Host`, used unless `headers` has one.
///
/// # Errors
/// All in [`Phase::Prepare`], and `out` is then as it was: [`Kind::InvalidSetting`] when the method is not a token
/// (urllib3's `ValueError`), [`Kind::InvalidUrl`] when target or host holds a space, a control or a non-ASCII byte
/// (`http.client`'s `InvalidURL`), [`Kind::InvalidHeader`] as [`check_field`].
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
    let mut length = method.len() + target.len() + host.len() + 32;
    for (name, value) in headers.iter() {
        check_field(name, value)?;
        length += name.len() + value.len() + 4;
    }
    out.reserve(length);
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
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => {
            let message =
                format!("{what} can't be empty or contain control characters, spaces or non-ASCII: {text:?}");
            Err(Error::new(Kind::InvalidUrl, Phase::Prepare, message))
        }
    }
}
