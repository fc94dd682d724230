//! The head of a reply.

use crate::Headers;

/// The version of HTTP a reply names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// HTTP/1.0 (also what claims to be HTTP/0.9 with a status line).
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
}

/// Status line and fields of a reply, as the peer sent them.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The version the status line names.
    pub version: Version,
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase as sent; empty when missing. Not always UTF-8.
    pub reason: Vec<u8>,
    /// The fields in the peer's order and case, values without the white space around them on the left.
    pub headers: Headers,
}
