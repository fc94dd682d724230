//! The body of a reply as it comes over the wire: framed, content codings not undone.
//!
//! The connection goes back to the pool the moment the body's last byte has been taken, if the peer
//! keeps it and sent nothing behind it; dropped earlier, it is closed. A body shorter than
//! announced is an error, and one that ends with a TLS connection has to end with its goodbye.

use bytes::{Buf, BufMut, Bytes};
use martlet_proto::http1::{BodyDecoder, Framing};
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Headers, Kind, Phase, Result};

use crate::clock::Clock;
use crate::conn::{Filled, Http1, LARGE, SMALL};
use crate::pool::Leased;

/// Pieces up to this size are copied out of the connection's buffer; larger ones are split off it.
const COPIED: usize = 8 * 1024;

/// The framed body of one reply and the connection it comes over.
pub(crate) struct RawBody {
    connection: Option<Leased<Box<Http1>>>,
    decoder: BodyDecoder,
    limits: Limits,
    pub(crate) clock: Clock,
    keep: bool,
}

impl RawBody {
    /// The body behind a head that was taken off `connection`. `keep`: may the connection serve again?
    pub(crate) fn new(
        connection: Leased<Box<Http1>>,
        framing: Framing,
        keep: bool,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        let decoder = BodyDecoder::new(framing);
        let mut body = Self { connection: Some(connection), decoder, limits, clock, keep };
        body.finish_if_done();
        body
    }

    /// The next piece, as soon as there is one; `None` at the end.
    ///
    /// # Errors
    /// In [`Phase::RecvBody`]: [`Kind::Incomplete`], [`Kind::Protocol`], [`Kind::Connection`], [`Kind::Timeout`].
    /// The connection is closed then.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(piece) = self.take_buffered()? {
                return Ok(Some(piece));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// What of the body is in the buffer, up to the next boundary of a chunk; `None` if nothing is.
    pub(crate) fn take_buffered(&mut self) -> Result<Option<Bytes>> {
        let Some(connection) = &mut self.connection else { return Ok(None) };
        let buffer = &mut connection.connection.buffer;
        while !buffer.is_empty() {
            let piece = match self.decoder.decode(buffer, &self.limits) {
                Ok(piece) => piece,
                Err(error) => return Err(self.fail(error)),
            };
            let data = if piece.data.len() <= COPIED {
                let data = Bytes::copy_from_slice(buffer.get(piece.data).unwrap_or_default());
                buffer.advance(piece.consumed);
                data
            } else {
                buffer.split_to(piece.consumed).freeze().slice(piece.data)
            };
            if piece.done {
                self.finish_if_done();
                return Ok((!data.is_empty()).then_some(data));
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Reads once into the buffer; false at the end of the body.
    async fn fill(&mut self) -> Result<bool> {
        let Some(connection) = &mut self.connection else { return Ok(false) };
        let room = match self.decoder.remaining() {
            Some(length) => usize::try_from(length).unwrap_or(LARGE).clamp(SMALL, LARGE),
            None => LARGE,
        };
        let filled = connection.connection.fill(room, Phase::RecvBody, &self.clock).await;
        self.note(filled)
    }

    /// How many bytes are still to come, when the head told.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.decoder.remaining()
    }

    /// Has everything come?
    pub(crate) fn is_done(&self) -> bool {
        self.decoder.is_done()
    }

    /// Of the bytes still to come, how many have not even arrived yet.
    pub(crate) fn missing(&self) -> Option<u64> {
        let buffered = self.connection.as_ref().map_or(0, |leased| leased.connection.buffer.len() as u64);
        self.decoder.remaining().map(|remaining| remaining.saturating_sub(buffered))
    }

    /// The fields behind a chunked body, once it has ended.
    pub(crate) fn trailers(&self) -> Option<&Headers> {
        self.decoder.trailers()
    }

    /// Reads once straight into `space`, in which there must be some; false at the end. The buffer must be empty and
    /// the length known.
    pub(crate) async fn read_onto(&mut self, space: &mut (impl BufMut + ?Sized)) -> Result<bool> {
        let (Some(connection), Some(remaining)) = (&mut self.connection, self.decoder.remaining()) else {
            return Ok(false);
        };
        let most = usize::try_from(remaining).unwrap_or(usize::MAX).min(space.remaining_mut());
        let mut limited = (&mut *space).limit(most);
        let filled = connection.connection.fill_into(&mut limited, Phase::RecvBody, &self.clock).await;
        let amount = most - limited.remaining_mut();
        let more = self.note(filled)?;
        self.decoder.count(amount);
        self.finish_if_done();
        Ok(more)
    }

    /// What a read means for the body: more (true), its end (false) or its failure.
    fn note(&mut self, filled: Result<Filled>) -> Result<bool> {
        match filled {
            Ok(Filled::Data) => Ok(true),
            Ok(Filled::Cut) if self.decoder.remaining().is_none() => {
                let message = "Connection broken: the TLS connection was cut without a goodbye, \
                               the body may be incomplete";
                Err(self.fail(Error::new(Kind::Incomplete, Phase::RecvBody, message)))
            }
            Ok(Filled::End | Filled::Cut) => match self.decoder.eof() {
                Ok(()) => {
                    self.connection = None;
                    Ok(false)
                }
                Err(error) => Err(self.fail(error)),
            },
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The connection is of no use any more.
    fn fail(&mut self, error: Error) -> Error {
        self.connection = None;
        error
    }

    /// Gives the connection back once the body has ended, unless the peer sent more than that.
    fn finish_if_done(&mut self) {
        if self.decoder.is_done()
            && let Some(mut leased) = self.connection.take()
            && self.keep
            && leased.connection.buffer.is_empty()
        {
            leased.connection.lend_out();
            leased.give_back();
        }
    }
}
