//! Replies: what a route answers, as bytes ready to be written.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::request::Request;

/// What the connection does for one request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Write this.
    Now(Vec<u8>),
    /// Write this, which other requests are answered with too.
    Shared(Arc<[u8]>),
    /// Wait, then write this.
    Later(Duration, Vec<u8>),
    /// Write the head, then each piece after a pause.
    Pieces { head: Vec<u8>, pieces: Vec<Vec<u8>>, pause: Duration },
    /// Write nothing and wait for the client to go.
    Never,
    /// Wait until so many wait at the gate, and for the pause; then write this.
    Gathered { count: usize, pause: Duration, bytes: Vec<u8> },
}

/// A reply under construction.
#[derive(Debug)]
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    pub(crate) fn new(status: u16) -> Self {
        let mut bytes = Vec::with_capacity(256);
        // Writing to a Vec cannot fail.
        _ = write!(bytes, "HTTP/1.1 {status} {}\r\n", reason(status));
        Self { bytes }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        // A value taken from a request must not end the line.
        let value: String = value.chars().filter(|character| !character.is_control()).collect();
        _ = write!(self.bytes, "{name}: {value}\r\n");
        self
    }

    /// Ends the head, without a word about the body.
    pub(crate) fn head(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes
    }

    /// The whole reply with its `Content-Length`; the body is left out where the method or the
    /// status forbids one (RFC 9110 section 6.4.1).
    pub(crate) fn body(mut self, method: &str, status: u16, body: &[u8]) -> Vec<u8> {
        let forbidden = (100..200).contains(&status) || status == 204 || status == 304;
        if !forbidden {
            _ = write!(self.bytes, "Content-Length: {}\r\n", body.len());
        }
        let mut bytes = self.head();
        if !forbidden && method != "HEAD" {
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

/// A reply with a body and its type, ready to be written.
pub(crate) fn plain(request: &Request<'_>, status: u16, content_type: &str, body: &[u8]) -> Reply {
    let message = Message::new(status).field("Content-Type", content_type);
    let message = if request.head.keep_alive { message } else { message.field("Connection", "close") };
    Reply::Now(message.body(request.method(), status, body))
}

/// A reply of JSON.
pub(crate) fn json(request: &Request<'_>, text: &str) -> Reply {
    plain(request, 200, "application/json", text.as_bytes())
}

/// One chunk of a chunked body; an empty one ends it.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Sizes of `/bytes/N` that are kept ready. Measured runs use two or three of them.
const KEPT: usize = 16;

/// The replies of `/bytes/N`, made once each, and those that the server was given.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    ready: Mutex<HashMap<usize, Arc<[u8]>>>,
    given: HashMap<String, Arc<[u8]>>,
}

impl Bodies {
    pub(crate) fn new(given: Vec<(String, Arc<[u8]>)>) -> Self {
        Self { ready: Mutex::default(), given: given.into_iter().collect() }
    }

    /// The reply that the server was given for this path.
    pub(crate) fn given(&self, path: &str) -> Option<Arc<[u8]>> {
        if self.given.is_empty() { None } else { self.given.get(path).map(Arc::clone) }
    }

    /// Head and body of `length` bytes: the alphabet again and again, so that any piece of it is
    /// text and tells where it belongs.
    pub(crate) fn of(&self, length: usize) -> Arc<[u8]> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = ready.get(&length) {
            return Arc::clone(reply);
        }
        let body: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
        let message = Message::new(200).field("Content-Type", "application/octet-stream");
        let reply: Arc<[u8]> = message.body("GET", 200, &body).into();
        if ready.len() < KEPT {
            ready.insert(length, Arc::clone(&reply));
        }
        reply
    }
}

/// The usual phrase of a status; a status without one has an empty phrase.
pub(crate) fn reason(status: u16) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == status).map_or("", |(_, phrase)| phrase)
}

const REASONS: &[(u16, &str)] = &[
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (204, "No Content"),
    (206, "Partial Content"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (413, "Content Too Large"),
    (418, "I'm a teapot"),
    (422, "Unprocessable Content"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
];
