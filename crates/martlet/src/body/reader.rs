//! A reply's body while it arrives, for who asked for `stream`.
//!
//! The first read chooses: as it came or decoded. After decoding has begun there is no way back to
//! the raw bytes. A failed body stays failed; dropped before its end, it closes its connection.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use martlet_proto::coding::Coding;
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Headers, Kind, Phase, Result};

use super::{Decoding, RawBody};

/// The body of a reply, read piece by piece. Dropping it before its end closes the connection and
/// frees its place in the pool.
pub struct BodyReader {
    raw: RawBody,
    codings: Vec<Coding>,
    limits: Limits,
    decoding: Option<Decoding>,
    /// Taken from the connection's buffer by a look at what has arrived, codings not undone.
    ahead: VecDeque<Result<Bytes>>,
    /// Taken from the body and not handed out yet.
    ready: BytesMut,
    ended: bool,
    failed: bool,
    url: String,
}

impl BodyReader {
    pub(crate) fn new(raw: RawBody, codings: Vec<Coding>, limits: Limits, url: String) -> Self {
        Self {
            raw,
            codings,
            limits,
            decoding: None,
            ahead: VecDeque::new(),
            ready: BytesMut::new(),
            ended: false,
            failed: false,
            url,
        }
    }

    /// The next piece as soon as there is one, at most about 64 KiB; `None` at the end. `decoded`: with the
    /// content codings undone.
    ///
    /// # Errors
    /// In [`Phase::RecvBody`]: [`Kind::Incomplete`], [`Kind::Protocol`], [`Kind::Connection`], [`Kind::Timeout`];
    /// in [`Phase::Decode`]: [`Kind::Decode`], [`Kind::Incomplete`]. [`Kind::StreamConsumed`] when raw bytes are asked for after decoded
    /// ones, or anything after an error.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn chunk(&mut self, decoded: bool) -> Result<Option<Bytes>> {
        if !self.ready.is_empty() {
            self.choose(decoded)?;
            return Ok(Some(self.ready.split().freeze()));
        }
        self.next(decoded).await
    }

    /// The rest of the body, a piece for each chunk of the wire, if all of it has arrived and no content coding
    /// is to be undone; `None` otherwise, and nothing is lost. Never waits.
    pub fn arrived(&mut self, decoded: bool) -> Option<Vec<Bytes>> {
        let coded = decoded && !self.codings.is_empty();
        let begun = self.failed || self.decoding.is_some() || !self.ready.is_empty();
        if coded || begun || self.raw.missing().is_some_and(|missing| missing > 0) {
            return None;
        }
        while let Some(piece) = self.raw.take_buffered().transpose() {
            self.ahead.push_back(piece);
        }
        if !self.raw.is_done() || self.ahead.iter().any(Result::is_err) {
            return None;
        }
        self.ended = true;
        Some(self.ahead.drain(..).flatten().collect())
    }

    /// Exactly `amount` bytes, fewer only at the end.
    ///
    /// # Errors
    /// As [`BodyReader::chunk`].
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn read(&mut self, amount: usize, decoded: bool) -> Result<Bytes> {
        self.choose(decoded)?;
        while self.ready.len() < amount {
            let Some(piece) = self.next(decoded).await? else { break };
            if self.ready.is_empty() && piece.len() == amount {
                return Ok(piece);
            }
            self.ready.extend_from_slice(&piece);
        }
        let amount = amount.min(self.ready.len());
        Ok(self.ready.split_to(amount).freeze())
    }

    /// All that is left.
    ///
    /// # Errors
    /// As [`BodyReader::chunk`].
    pub async fn read_to_end(&mut self, decoded: bool) -> Result<Bytes> {
        self.read(usize::MAX, decoded).await
    }

    /// Has the body been handed out to its end? Known for a body that is read as it came as soon as its last byte
    /// is out.
    pub fn is_ended(&self) -> bool {
        self.ready.is_empty() && (self.ended || (self.decoding.is_none() && self.raw.is_done()))
    }

    /// The trailer fields of a chunked body that has ended (RFC 9110 section 6.5).
    pub fn trailers(&self) -> Option<&Headers> {
        self.raw.trailers()
    }

    /// Closes the connection if the body has not ended. The same as dropping the reader.
    pub fn close(self) {}

    fn choose(&mut self, decoded: bool) -> Result<()> {
        if self.failed || (!decoded && self.decoding.is_some()) {
            let message = match self.failed {
                true => "The body has failed before; nothing more can be read from it.",
                false => "The body is being read decoded; its raw bytes are gone.",
            };
            return Err(self.located(Error::new(Kind::StreamConsumed, Phase::RecvBody, message)));
        }
        if decoded && self.decoding.is_none() && !self.codings.is_empty() {
            self.decoding = Some(Decoding::new(&self.codings, &self.limits)?);
        }
        Ok(())
    }

    async fn next(&mut self, decoded: bool) -> Result<Option<Bytes>> {
        self.choose(decoded)?;
        if self.ended {
            return Ok(None);
        }
        match self.advance().await {
            Ok(piece) => {
                self.ended = piece.is_none();
                Ok(piece)
            }
            Err(error) => {
                self.failed = true;
                Err(self.located(error))
            }
        }
    }

    async fn advance(&mut self) -> Result<Option<Bytes>> {
        let Some(decoding) = &mut self.decoding else {
            return next_raw(&mut self.ahead, &mut self.raw).await;
        };
        loop {
            let mut piece = Vec::new();
            if decoding.pull(&mut piece)? {
                return Ok(Some(Bytes::from(piece)));
            }
            if decoding.is_ended() {
                return Ok(None);
            }
            match next_raw(&mut self.ahead, &mut self.raw).await? {
                Some(piece) => decoding.push(&piece),
                None => decoding.end(),
            }
        }
    }

    fn located(&self, error: Error) -> Error {
        error.with_url(self.url.as_str())
    }
}

/// The next piece as it came over the wire.
async fn next_raw(ahead: &mut VecDeque<Result<Bytes>>, raw: &mut RawBody) -> Result<Option<Bytes>> {
    match ahead.pop_front() {
        Some(piece) => piece.map(Some),
        None => raw.next().await,
    }
}

impl std::fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyReader")
            .field("url", &self.url)
            .field("ended", &self.ended)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
