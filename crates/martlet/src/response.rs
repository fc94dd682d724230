//! A reply, as the caller gets it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use martlet_proto::cookie::Change;
use martlet_proto::exchange::{Attempt, Hop};
use martlet_proto::{Error, Headers, Kind, Phase, ResponseHead, Result, Url};

use crate::body::Body;

/// A reply and how it came about.
#[derive(Debug)]
pub struct Response {
    /// Status line and fields.
    pub head: ResponseHead,
    /// Where it came from, after all redirects.
    pub url: Url,
    /// The request it answers.
    pub request: Arc<Attempt>,
    /// The replies before it, oldest first.
    pub history: Vec<Hop>,
    /// From sending the last request until the reply's head was there.
    pub elapsed: Duration,
    /// What happened to the session's jar.
    pub cookie_changes: Vec<Change>,
    /// The request the reply leads to, when redirects are not followed.
    pub next: Option<Arc<Attempt>>,
    /// The body, read or still to be read.
    pub body: Body,
}

impl Response {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Is the status below 400 (`Response.ok` of requests)?
    pub fn is_ok(&self) -> bool {
        self.head.status < 400
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// The first field of that name, if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// All of the body, decoded.
    ///
    /// # Errors
    /// Those of [`BodyReader::chunk`](crate::body::BodyReader::chunk) when it was still to be read; [`Kind::StreamConsumed`] when it went into
    /// the caller's own memory.
    pub async fn bytes(self) -> Result<Bytes> {
        match self.body {
            Body::Full(bytes) => Ok(bytes),
            Body::Stream(mut reader) => reader.read_to_end(true).await,
            Body::Filled(_) => {
                let message = "The body is in the memory that the call's sink gave.";
                Err(Error::new(Kind::StreamConsumed, Phase::RecvBody, message))
            }
        }
    }

    /// The body as text, bytes that are not UTF-8 replaced.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub async fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// The next piece of a streamed body; `None` at its end. A body that was read already is one piece.
    ///
    /// # Errors
    /// As [`BodyReader::chunk`](crate::body::BodyReader::chunk).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        match &mut self.body {
            Body::Stream(reader) => reader.chunk(true).await,
            Body::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                Ok((!bytes.is_empty()).then_some(bytes))
            }
            Body::Filled(_) => Ok(None),
        }
    }
}
