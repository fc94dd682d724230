//! Sending a request while listening for an early reply.
//!
//! A request with a small body leaves in one write. While a larger one is being sent, and whenever the
//! system takes nothing more, the connection is read too:
//! - an early final reply that is not a success, or after which the peer closes, ends the sending
//!   (RFC 9112 section 9.3): it is the answer, and the connection is not used again;
//! - any other early reply waits in the buffer, up to a bound, until the request is complete;
//! - when writing fails, what the peer may have said before it closed is still worth reading.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use martlet_proto::http1::{HeadParser, encode_chunk_size, encode_last_chunk, framing, keeps_alive};
use martlet_proto::limit::Limits;
use martlet_proto::{Body, Error, Headers, Kind, Phase, Result};

use crate::body::BodySource;
use crate::clock::Clock;
use crate::conn::{Filled, Http1, broken};

/// A body up to this size is copied behind its head, to leave with it in one write.
const COPIED: usize = 16 * 1024;

/// An early reply is read ahead up to this size; then its peer has to take the request first.
const READ_AHEAD: usize = 256 * 1024;

/// What a request begins with: its head, and its body behind it if that is worth a copy.
#[derive(Debug)]
pub(crate) struct Opening {
    bytes: Vec<u8>,
    head: usize,
}

impl Opening {
    /// The head that `encode` writes, and `body`, if it is bytes and short, behind it.
    pub(crate) fn new(body: &Body, encode: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Self> {
        let mut bytes = Vec::new();
        encode(&mut bytes)?;
        let head = bytes.len();
        if let Body::Bytes(body) = body
            && body.len() <= COPIED
        {
            bytes.extend_from_slice(body);
        }
        Ok(Self { bytes, head })
    }

    /// The length of the head alone.
    pub(crate) fn head_length(&self) -> u64 {
        self.head as u64
    }
}

/// One request on its way out.
pub(crate) struct Upload<'a> {
    pub(crate) connection: &'a mut Http1,
    pub(crate) clock: &'a Clock,
    pub(crate) limits: &'a Limits,
    pub(crate) method: &'a str,
    listening: Listening,
    /// Has a reply begun that lets the request be completed?
    replied: bool,
    /// Was the body's source asked for a piece?
    pub(crate) source_asked: bool,
}

/// How the sending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// All of it was sent.
    Complete,
    /// The peer answered first; the rest was not sent.
    Answered,
}

#[derive(Debug)]
enum Listening {
    /// For a head; this much of it was looked at.
    ForHead(HeadParser),
    /// A reply has begun that lets the request be completed.
    ReadingAhead,
    /// There is nothing more to hear: the peer has closed its side.
    Deaf,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(
        connection: &'a mut Http1,
        clock: &'a Clock,
        limits: &'a Limits,
        method: &'a str,
    ) -> Self {
        let listening = Listening::ForHead(HeadParser::new());
        Self { connection, clock, limits, method, listening, replied: false, source_asked: false }
    }

    /// Sends what a request begins with, and the part of its body that is not in there.
    ///
    /// # Errors
    /// In [`Phase::SendHead`] or [`Phase::SendBody`]: [`Kind::Connection`], [`Kind::Tls`], [`Kind::Timeout`],
    /// [`Kind::BodySource`].
    pub(crate) async fn send(
        &mut self,
        opening: &Opening,
        body: &Body,
        source: Option<&mut (dyn BodySource + 'static)>,
    ) -> Result<Sending> {
        self.connection.begin();
        let mut bytes = opening.bytes.as_slice();
        match (body, source) {
            (Body::Bytes(body), _) if body.len() > COPIED => {
                self.write(&mut bytes.chain(body.as_ref()), Phase::SendBody).await
            }
            (Body::Empty | Body::Bytes(_), _) => self.write(&mut bytes, Phase::SendHead).await,
            (Body::Stream { length, rewindable }, Some(source)) => {
                match self.write(&mut bytes, Phase::SendHead).await {
                    Ok(Sending::Complete) => Box::pin(self.send_stream(*length, *rewindable, source)).await,
                    other => other,
                }
            }
            (Body::Stream { .. }, None) => {
                let message = "The request announces a body but the call has no source for it.";
                Err(Error::new(Kind::InvalidSetting, Phase::Prepare, message))
            }
        }
    }

    async fn send_stream(
        &mut self,
        length: Option<u64>,
        rewindable: bool,
        source: &mut (dyn BodySource + 'static),
    ) -> Result<Sending> {
        self.source_asked = true;
        let mut sent = 0u64;
        let mut frame = Vec::new();
        while let Some(piece) = self.next_piece(source, rewindable).await? {
            let Some(piece) = piece else {
                // Answered while the source was asked for the end it had reached already.
                return Ok(if length == Some(sent) { Sending::Complete } else { Sending::Answered });
            };
            sent += piece.len() as u64;
            if length.is_some_and(|length| sent > length) {
                return Err(wrong_length(length, sent, "more"));
            }
            if piece.is_empty() {
                continue;
            }
            let sending = match length {
                Some(_) => self.write(&mut piece.as_ref(), Phase::SendBody).await?,
                None => {
                    frame.clear();
                    encode_chunk_size(&mut frame, piece.len());
                    let mut chunk = frame.as_slice().chain(piece.as_ref()).chain(&b"\r\n"[..]);
                    self.write(&mut chunk, Phase::SendBody).await?
                }
            };
            if sending == Sending::Answered {
                return Ok(Sending::Answered);
            }
        }
        match length {
            Some(length) if sent == length => Ok(Sending::Complete),
            Some(_) => Err(wrong_length(length, sent, "less")),
            None => {
                frame.clear();
                encode_last_chunk(&mut frame, &Headers::new());
                self.write(&mut frame.as_slice(), Phase::SendBody).await
            }
        }
    }

    /// Asks the source for a piece, listening meanwhile: `Some(None)` when the peer answered first. A source
    /// that may have to rewind for the next request has to be at rest by then: its piece is waited for.
    async fn next_piece(
        &mut self,
        source: &mut (dyn BodySource + 'static),
        rewindable: bool,
    ) -> Result<Option<Option<Bytes>>> {
        let mut next = source.next();
        let clock = self.clock;
        let mut answered = false;
        let asked = poll_fn(|context| {
            if let Poll::Ready(piece) = next.as_mut().poll(context) {
                return Poll::Ready(piece.map(|piece| if answered { Some(None) } else { piece.map(Some) }));
            }
            answered = answered || self.is_answered(context);
            match answered && !rewindable {
                true => Poll::Ready(Ok(Some(None))),
                false => Poll::Pending,
            }
        });
        // Only the total limit holds while the caller's own source makes up its mind.
        clock.limit(Phase::Prepare, asked).await?.map_err(|cause| {
            let message = format!("The source of the request's body failed: {cause}");
            Error::new(Kind::BodySource, Phase::SendBody, message).with_source(cause)
        })
    }

    /// Writes all of `data`, listening whenever the system takes nothing.
    async fn write(&mut self, data: &mut impl Buf, phase: Phase) -> Result<Sending> {
        let clock = self.clock;
        while data.has_remaining() {
            let some = poll_fn(|context| match self.connection.poll_write(data, context) {
                Poll::Ready(written) => Poll::Ready(written.map(|()| Sending::Complete)),
                Poll::Pending if self.is_answered(context) => Poll::Ready(Ok(Sending::Answered)),
                Poll::Pending => Poll::Pending,
            });
            match clock.limit(phase, some).await? {
                Ok(Sending::Complete) => {}
                Ok(Sending::Answered) => return Ok(Sending::Answered),
                Err(error) => return self.last_words(error, phase).await,
            }
        }
        match clock.limit(phase, poll_fn(|context| self.connection.poll_flush(context))).await? {
            Ok(()) => Ok(Sending::Complete),
            Err(error) => self.last_words(error, phase).await,
        }
    }

    /// Writing has failed, which is not the end if the peer had answered before it closed.
    async fn last_words(&mut self, error: io::Error, phase: Phase) -> Result<Sending> {
        let clock = self.clock;
        let heard = poll_fn(|context| match self.is_answered(context) {
            true => Poll::Ready(true),
            false if self.replied => Poll::Ready(true),
            false if matches!(self.listening, Listening::Deaf) => Poll::Ready(false),
            false => Poll::Pending,
        });
        match clock.limit(Phase::RecvHead, Box::pin(heard)).await {
            Ok(true) => Ok(Sending::Answered),
            Ok(false) | Err(_) => Err(broken(phase, error)),
        }
    }

    /// Reads what is there; true when there is an answer after which nothing more is to be sent.
    fn is_answered(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            match self.listening {
                Listening::Deaf => return false,
                Listening::ReadingAhead if self.connection.buffer.len() >= READ_AHEAD => return false,
                _ => {}
            }
            match self.connection.poll_fill(context) {
                Poll::Pending => return false,
                Poll::Ready(Ok(Filled::Data)) => {
                    if self.hear() {
                        return true;
                    }
                }
                Poll::Ready(Ok(Filled::End | Filled::Cut) | Err(_)) => {
                    self.listening = Listening::Deaf;
                    return false;
                }
            }
        }
    }

    /// Looks at what has come; true when sending on makes no sense.
    fn hear(&mut self) -> bool {
        while let Listening::ForHead(parser) = &mut self.listening {
            match parser.parse(&self.connection.buffer, self.limits) {
                Ok(None) => return false,
                // Whoever reads the head next will say what is wrong with it.
                Err(_) => return true,
                Ok(Some(reply)) if matches!(reply.head.status, 100 | 102..=199) => {
                    self.connection.sound &= reply.sound;
                    self.connection.buffer.advance(reply.used);
                    *parser = HeadParser::new();
                }
                Ok(Some(reply)) => {
                    let kept = framing(self.method, &reply.head)
                        .is_ok_and(|framing| keeps_alive(&reply.head, &framing));
                    if reply.head.status >= 300 || !kept {
                        return true;
                    }
                    self.replied = true;
                    self.listening = Listening::ReadingAhead;
                }
            }
        }
        false
    }
}

fn wrong_length(announced: Option<u64>, sent: u64, which: &str) -> Error {
    let announced = announced.unwrap_or_default();
    let message = format!(
        "The source of the request's body gave {which} than its announced {announced} bytes ({sent} so far)."
    );
    Error::new(Kind::BodySource, Phase::SendBody, message)
}
