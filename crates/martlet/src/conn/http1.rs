//! One HTTP/1.1 connection: a stream, and what was read from it and not yet used.
//!
//! The socket is read straight into the connection's buffer, and what is in there is never lost when
//! a future is dropped. A request with a small body leaves in one write, a small reply arrives in
//! one read. A connection that only waits has no memory to read into: what one has done with is the next
//! one's, still in the processor's cache. Waiting is limited per wait: the clock starts only when the socket
//! was not ready.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use martlet_proto::{Detail, Error, Kind, Phase, Result};
use tokio::io::{AsyncReadExt, AsyncWrite};

use crate::clock::Clock;
use crate::connect::Stream;

/// Room for the head and body of a small reply: what most API replies fit in.
pub(crate) const SMALL: usize = 8192;

/// Room made while a large body arrives: one TLS record four times over, and what a loopback socket hands out at once.
pub(crate) const LARGE: usize = 64 * 1024;

/// A buffer of more is not kept for the next reply.
const MOST_KEPT: usize = 4 * SMALL;

thread_local! {
    /// An empty buffer that no connection has.
    static SPARE: Cell<BytesMut> = Cell::default();
}

/// A connection with its buffers.
#[derive(Debug)]
pub(crate) struct Http1 {
    stream: Stream,
    /// Read and not yet used.
    pub(crate) buffer: BytesMut,
    /// Bytes of the current request that the system has taken.
    pub(crate) written: u64,
    /// Bytes read since the current request began.
    pub(crate) read: u64,
    /// Were all heads since the current request began, informational ones too, read without doubt?
    pub(crate) sound: bool,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// There is something new.
    Data,
    /// The peer has closed, in good order.
    End,
    /// The stream ended without TLS's goodbye: somebody may have cut it.
    Cut,
}

impl Http1 {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, buffer: BytesMut::new(), written: 0, read: 0, sound: true }
    }

    /// May a kept connection be used: has the peer neither closed nor said anything unasked?
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.buffer.is_empty() && self.stream.is_quiet()
    }

    /// Begins to count anew, for the next request.
    pub(crate) fn begin(&mut self) {
        (self.written, self.read, self.sound) = (0, 0, true);
    }

    /// Writes what the system takes of `data`, which is advanced. Ready with an error when it takes nothing.
    pub(crate) fn poll_write(
        &mut self,
        data: &mut impl Buf,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        // A chunk is three parts: its size, its data and the line end behind it.
        let mut parts = [IoSlice::new(&[]), IoSlice::new(&[]), IoSlice::new(&[])];
        let taken = match data.chunks_vectored(&mut parts) {
            0 | 1 => ready!(Pin::new(&mut self.stream).poll_write(context, data.chunk())),
            filled => {
                let parts = parts.get(..filled).unwrap_or_default();
                ready!(Pin::new(&mut self.stream).poll_write_vectored(context, parts))
            }
        }?;
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        data.advance(taken);
        self.written += taken as u64;
        Poll::Ready(Ok(()))
    }

    /// Passes on what a TLS layer still holds back.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(_) => Poll::Ready(Ok(())),
            stream => Pin::new(stream).poll_flush(context),
        }
    }

    /// Reads into the buffer what is there.
    pub(crate) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Filled>> {
        let outcome = ready!(self.poll_more(context, SMALL));
        Poll::Ready(self.filled(outcome))
    }

    fn poll_more(&mut self, context: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        if self.buffer.capacity() == 0 {
            self.buffer = SPARE.take();
        }
        self.make_room(room);
        let outcome = pin!(self.stream.read_buf(&mut self.buffer)).poll(context);
        if outcome.is_pending() && room <= SMALL {
            self.lend_out();
        }
        outcome
    }

    /// Reads more into the buffer, which has room for about `room` bytes.
    ///
    /// # Errors
    /// [`Kind::Connection`] or [`Kind::Tls`] in `phase` when the connection broke, [`Kind::Timeout`].
    pub(crate) async fn fill(&mut self, room: usize, phase: Phase, clock: &Clock) -> Result<Filled> {
        let outcome = clock.limit(phase, poll_fn(|context| self.poll_more(context, room))).await?;
        self.filled(outcome).map_err(|error| broken(phase, error))
    }

    /// Reads straight into `space`, past the buffer, which must be empty.
    ///
    /// # Errors
    /// As [`Http1::fill`].
    pub(crate) async fn fill_into(
        &mut self,
        space: &mut impl BufMut,
        phase: Phase,
        clock: &Clock,
    ) -> Result<Filled> {
        let outcome = clock.limit(phase, self.stream.read_buf(space)).await?;
        self.filled(outcome).map_err(|error| broken(phase, error))
    }

    /// Leaves an empty buffer to whoever reads next.
    pub(crate) fn lend_out(&mut self) {
        if self.buffer.is_empty() {
            let buffer = mem::take(&mut self.buffer);
            if buffer.capacity() <= MOST_KEPT {
                SPARE.set(buffer);
            }
        }
    }

    fn filled(&mut self, outcome: io::Result<usize>) -> io::Result<Filled> {
        match outcome {
            Ok(0) => Ok(Filled::End),
            Ok(amount) => {
                self.read += amount as u64;
                Ok(Filled::Data)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Filled::Cut),
            Err(error) => Err(error),
        }
    }

    fn make_room(&mut self, room: usize) {
        if self.buffer.is_empty() || self.buffer.capacity() - self.buffer.len() < room.min(SMALL / 2) {
            self.buffer.reserve(room);
        }
    }
}

/// The connection broke while it was read or written.
pub(crate) fn broken(phase: Phase, error: io::Error) -> Error {
    let tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    let kind = if tls { Kind::Tls } else { Kind::Connection };
    let message = match phase {
        Phase::RecvBody => format!("Connection broken: {error}"),
        _ => format!("Connection aborted: {error}"),
    };
    let number = error.raw_os_error().map(Detail::Os);
    Error::new(kind, phase, message).with_detail(number).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use martlet_proto::Timeouts;

    use super::*;
    use crate::config::ConnectConfig;
    use crate::connect::tcp::Socket;

    #[tokio::test]
    async fn a_connection_that_waits_has_no_memory_to_read_into() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = Socket::connect(address, &ConnectConfig::default()).await.unwrap();
        let mut peer = listener.accept().unwrap().0;
        let mut connection = Http1::new(Stream::Tcp(socket));
        let clock = Clock::start(Timeouts::default());
        {
            let mut wait = pin!(connection.fill(SMALL, Phase::RecvHead, &clock));
            poll_fn(|context| {
                assert!(wait.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(connection.buffer.capacity(), 0);
        for text in ["HTTP/1.1 ", "200 OK"] {
            peer.write_all(text.as_bytes()).unwrap();
            let filled = connection.fill(SMALL, Phase::RecvHead, &clock).await.unwrap();
            assert_eq!(filled, Filled::Data);
        }
        assert_eq!(&connection.buffer[..], b"HTTP/1.1 200 OK");
        connection.lend_out();
        assert!(!connection.buffer.is_empty(), "what was not used is kept");
        let place = connection.buffer.as_ptr();
        connection.buffer.clear();
        connection.lend_out();
        assert_eq!(connection.buffer.capacity(), 0);
        peer.write_all(b"HTTP").unwrap();
        assert_eq!(connection.fill(SMALL, Phase::RecvHead, &clock).await.unwrap(), Filled::Data);
        assert_eq!(connection.buffer.as_ptr(), place, "the same memory serves again");
        connection.buffer.clear();
        drop(peer);
        assert_eq!(connection.fill(SMALL, Phase::RecvHead, &clock).await.unwrap(), Filled::End);
    }
}
