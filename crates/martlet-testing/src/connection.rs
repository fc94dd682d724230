//! One connection: read a request, answer it, again.
//!
//! Replies are collected and written when the next read would wait, so that each request costs
//! one read and one write, and a burst of pipelined requests as few of both. While a reply is
//! being delayed the connection goes on reading, to notice at once that the client went away.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::gate::Gate;
use crate::reply::{Bodies, Message, Reply, reason};
use crate::request::{Framing, Head, Malformed, Request};
use crate::routes;
use crate::stats::{Board, Event};

/// The longest head, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;
/// The longest body, in bytes: a gibibyte.
const LARGEST_BODY: usize = 1 << 30;
/// Room made before each read: as much as a loopback peer hands over at once.
const READ: usize = 64 * 1024;
/// How long a refused client may take to notice.
const LINGER: Duration = Duration::from_secs(1);
/// Collected replies are written when they exceed this, and a shared reply larger than this is
/// written from where it lies instead of being copied.
const COLLECT: usize = 64 * 1024;
/// How much of what a client sends ahead is taken while a reply is delayed.
const AHEAD: usize = 1024 * 1024;

/// Why a connection is over.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The client closed it, or it broke.
    ByClient,
    /// The client had asked for `close` and has its reply.
    ByServer,
    /// The client sent what is no request.
    Refused,
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self::ByClient
    }
}

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) board: Board,
    pub(crate) bodies: Bodies,
    pub(crate) gate: Gate,
    /// Such as `http://127.0.0.1:8080`.
    pub(crate) origin: String,
}

/// A connection in use.
pub(crate) struct Connection<'h, S> {
    house: &'h House,
    stream: S,
    client: String,
    /// Bytes received; those before `start` are answered.
    input: Vec<u8>,
    start: usize,
    /// Replies not written yet.
    output: Vec<u8>,
    /// The body of the request being read, when it came in chunks.
    body: Vec<u8>,
}

impl<'h, S: AsyncRead + AsyncWrite + Unpin> Connection<'h, S> {
    pub(crate) fn new(house: &'h House, stream: S, client: String) -> Self {
        Self { house, stream, client, input: Vec::new(), start: 0, output: Vec::new(), body: Vec::new() }
    }

    /// Serves until one side ends the connection.
    pub(crate) async fn serve(mut self) -> Ended {
        let mut head = Head::default();
        loop {
            if let Err(ended) = self.exchange(&mut head).await {
                if !matches!(ended, Ended::ByClient) {
                    _ = self.flush().await;
                    _ = self.stream.shutdown().await;
                }
                if matches!(ended, Ended::Refused) {
                    self.linger().await;
                }
                return ended;
            }
        }
    }

    /// One request and its reply.
    async fn exchange(&mut self, head: &mut Head) -> Result<(), Ended> {
        self.receive_head(head).await?;
        if head.path(self.input.get(self.start..).unwrap_or_default()) == routes::SWALLOWED {
            let reply = self.swallow(head).await?;
            self.house.board.count(Event::Request);
            self.send(reply).await?;
            return if head.keep_alive { Ok(()) } else { Err(Ended::ByServer) };
        }
        let used = self.receive_body(head).await?;
        self.house.board.count(Event::Request);
        let reply = self.answer(head);
        self.start += used;
        self.send(reply).await?;
        if head.keep_alive { Ok(()) } else { Err(Ended::ByServer) }
    }

    async fn receive_head(&mut self, head: &mut Head) -> Result<(), Ended> {
        loop {
            let buffered = self.input.get(self.start..).unwrap_or_default();
            if !buffered.is_empty() {
                match head.parse(buffered) {
                    Ok(true) => return Ok(()),
                    Ok(false) if buffered.len() > LONGEST_HEAD => return Err(self.refuse(431, reason(431))),
                    Ok(false) => {}
                    Err(Malformed(why)) => return Err(self.refuse(400, &why)),
                }
            }
            self.fill().await?;
        }
    }

    /// Waits until the body is there; how many bytes head and body take in the buffer.
    async fn receive_body(&mut self, head: &Head) -> Result<usize, Ended> {
        if head.framing != Framing::None && head.expects_continue {
            self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        match head.framing {
            Framing::None => Ok(head.length),
            Framing::Length(length) if length > LARGEST_BODY => Err(self.refuse(413, reason(413))),
            Framing::Length(length) => {
                let whole = head.length.saturating_add(length);
                while self.input.len() - self.start < whole {
                    self.fill().await?;
                }
                Ok(whole)
            }
            Framing::Chunked => {
                let mut used = head.length;
                self.body.clear();
                while !self.receive_chunk(&mut used).await? {}
                self.receive_trailers(used).await
            }
        }
    }

    /// Reads the body away, counting its bytes.
    async fn swallow(&mut self, head: &Head) -> Result<Reply, Ended> {
        if head.framing != Framing::None && head.expects_continue {
            self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.start += head.length;
        let mut length = 0;
        match head.framing {
            Framing::None => {}
            Framing::Length(whole) => {
                while length < whole as u64 {
                    if self.start == self.input.len() {
                        self.fill().await?;
                    }
                    let left = usize::try_from(whole as u64 - length).unwrap_or(usize::MAX);
                    let taken = left.min(self.input.len() - self.start);
                    self.start += taken;
                    length += taken as u64;
                }
            }
            Framing::Chunked => {
                let mut last = false;
                while !last {
                    let mut used = 0;
                    self.body.clear();
                    last = self.receive_chunk(&mut used).await?;
                    length += self.body.len() as u64;
                    self.start += used;
                }
                let used = self.receive_trailers(0).await?;
                self.start += used;
            }
        }
        Ok(routes::swallowed(head.keep_alive, length))
    }

    /// Takes one chunk into `body`; true after the last one.
    async fn receive_chunk(&mut self, used: &mut usize) -> Result<bool, Ended> {
        let (line, length) = loop {
            let buffered = self.input.get(self.start + *used..).unwrap_or_default();
            match httparse::parse_chunk_size(buffered) {
                Ok(httparse::Status::Complete((line, length))) => {
                    break (line, usize::try_from(length).unwrap_or(usize::MAX));
                }
                Ok(httparse::Status::Partial) => self.fill().await?,
                Err(_) => return Err(self.refuse(400, "bad chunk size")),
            }
        };
        *used += line;
        if length == 0 {
            return Ok(true);
        }
        if length > LARGEST_BODY - self.body.len() {
            return Err(self.refuse(413, reason(413)));
        }
        let end = used.saturating_add(length).saturating_add(2);
        while self.input.len() - self.start < end {
            self.fill().await?;
        }
        match self.input.get(self.start + *used..self.start + end).unwrap_or_default() {
            [data @ .., b'\r', b'\n'] => self.body.extend_from_slice(data),
            _ => return Err(self.refuse(400, "a chunk does not end where it should")),
        }
        *used = end;
        Ok(false)
    }

    /// Reads up to the empty line after the last chunk. Trailers are not looked at.
    async fn receive_trailers(&mut self, mut used: usize) -> Result<usize, Ended> {
        loop {
            let buffered = self.input.get(self.start + used..).unwrap_or_default();
            match memchr::memchr(b'\n', buffered) {
                Some(end) => {
                    used += end + 1;
                    if end < 2 {
                        return Ok(used);
                    }
                }
                None if buffered.len() > LONGEST_HEAD => return Err(self.refuse(431, reason(431))),
                None => self.fill().await?,
            }
        }
    }

    fn answer(&self, head: &Head) -> Reply {
        let buffer = self.input.get(self.start..).unwrap_or_default();
        let body = match head.framing {
            Framing::None => &[],
            Framing::Length(length) => buffer.get(head.length..head.length + length).unwrap_or_default(),
            Framing::Chunked => self.body.as_slice(),
        };
        let request = Request { head, buffer, body, origin: &self.house.origin, client: &self.client };
        routes::answer(&request, &self.house.bodies)
    }

    async fn send(&mut self, reply: Reply) -> Result<(), Ended> {
        match reply {
            Reply::Now(bytes) => self.output.extend_from_slice(&bytes),
            Reply::Shared(bytes) if bytes.len() > COLLECT => {
                self.flush().await?;
                self.stream.write_all(&bytes).await?;
                self.stream.flush().await?;
            }
            Reply::Shared(bytes) => self.output.extend_from_slice(&bytes),
            Reply::Later(pause, bytes) => {
                self.pause(Some(pause)).await?;
                self.output.extend_from_slice(&bytes);
            }
            Reply::Pieces { head, pieces, pause } => {
                self.output.extend_from_slice(&head);
                for piece in pieces {
                    if !pause.is_zero() {
                        self.pause(Some(pause)).await?;
                    }
                    self.output.extend_from_slice(&piece);
                    if self.output.len() > COLLECT {
                        self.flush().await?;
                    }
                }
            }
            Reply::Gathered { count, pause, bytes } => {
                self.gather(count, pause).await?;
                self.output.extend_from_slice(&bytes);
            }
            Reply::Never => self.pause(None).await?,
        }
        if self.output.len() > COLLECT {
            self.flush().await?;
        }
        Ok(())
    }

    /// Answers what cannot be understood, and ends the connection.
    fn refuse(&mut self, status: u16, why: &str) -> Ended {
        let message = Message::new(status).field("Content-Type", "text/plain").field("Connection", "close");
        self.output.extend_from_slice(&message.body("", status, why.as_bytes()));
        Ended::Refused
    }

    /// Reads what the client is still sending. Closing with bytes unread resets the connection, and
    /// the reset can overtake the reply (RFC 9112 section 9.6).
    async fn linger(&mut self) {
        let end = Instant::now() + LINGER;
        self.body.resize(READ, 0);
        while let Ok(Ok(1..)) = timeout_at(end, self.stream.read(&mut self.body)).await {}
    }

    /// Waits so long, or for ever, and fails at once when the client goes.
    async fn pause(&mut self, pause: Option<Duration>) -> Result<(), Ended> {
        let end = pause.map(|pause| Instant::now() + pause);
        self.flush().await?;
        loop {
            let patient = self.input.len() - self.start < AHEAD;
            match end {
                Some(end) if patient => match timeout_at(end, self.fill()).await {
                    Ok(filled) => filled?,
                    Err(_) => return Ok(()),
                },
                Some(end) => {
                    tokio::time::sleep_until(end).await;
                    return Ok(());
                }
                None if patient => self.fill().await?,
                None => std::future::pending().await,
            }
        }
    }

    /// Waits at the gate, and fails at once when the client goes.
    async fn gather(&mut self, count: usize, pause: Duration) -> Result<(), Ended> {
        let mut place = self.house.gate.enter(count, pause);
        let (mut opened, mut left) = (pin!(place.opened()), pin!(self.pause(None)));
        poll_fn(|context| match opened.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            Poll::Pending => left.as_mut().poll(context),
        })
        .await
    }

    /// Writes what is due, then waits for more bytes.
    async fn fill(&mut self) -> Result<(), Ended> {
        self.flush().await?;
        if self.start == self.input.len() {
            self.input.clear();
        } else if self.start > 0 {
            self.input.drain(..self.start);
        }
        self.start = 0;
        if self.input.capacity() - self.input.len() < READ / 4 {
            self.input.reserve(READ);
        }
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(Ended::ByClient),
            _ => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), Ended> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await?;
            self.output.clear();
        }
        Ok(())
    }
}
