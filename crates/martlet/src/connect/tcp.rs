//! A TCP socket: made, recorded for forked children, and looked at without waiting.
//!
//! [`Direct`] goes past tokio's notion of readiness straight to the system. Between two calls nobody
//! may be driving the runtime, so tokio may not know yet that the peer closed; a probe has to ask
//! the kernel, unless the driver has asked it since the last read ([`turns`](crate::turns)).

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use super::descriptors::Recorded;
use crate::config::ConnectConfig;
use crate::turns::Moment;

/// Reading and writing at once or not at all ([`io::ErrorKind::WouldBlock`]), whatever tokio believes.
pub(crate) trait Direct {
    /// Has the peer neither closed nor sent anything that we have not read?
    fn is_quiet(&mut self) -> bool;
    /// Reads what the kernel has.
    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes what the kernel takes.
    fn write_now(&mut self, data: &[u8]) -> io::Result<usize>;
}

/// A connected TCP socket. Dropping it closes it at once.
#[derive(Debug)]
pub(crate) struct Socket {
    // Dropped first: once the descriptor is closed its number may be somebody else's.
    _recorded: Recorded,
    stream: TcpStream,
    last_read: Moment,
}

impl Socket {
    /// Connects to `address`.
    pub(crate) async fn connect(address: SocketAddr, config: &ConnectConfig) -> io::Result<Self> {
        let socket = match address.is_ipv4() {
            true => TcpSocket::new_v4(),
            false => TcpSocket::new_v6(),
        }?;
        let number = descriptor(&socket);
        if let Some(local) = config.local_address {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        let mut connecting = pin!(socket.connect(address));
        // Declared behind the future and so dropped before it, should this be cancelled.
        let recorded = Recorded::new(number);
        let stream = connecting.as_mut().await?;
        if config.nodelay {
            stream.set_nodelay(true)?;
        }
        if let Some(idle) = config.keepalive {
            SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
        }
        Ok(Self { _recorded: recorded, stream, last_read: Moment::now() })
    }

    /// Asks the system by `ask` what it has for us, unless the driver knows that it has nothing.
    fn receive<T>(&mut self, ask: impl FnOnce(&SockRef<'_>) -> io::Result<T>) -> io::Result<T> {
        let ask = || ask(&SockRef::from(&self.stream));
        match self.last_read.is_past() {
            true => self.stream.try_io(Interest::READABLE, ask),
            false => ask(),
        }
    }
}

#[cfg(unix)]
fn descriptor(socket: &TcpSocket) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(socket)
}

#[cfg(not(unix))]
fn descriptor(_: &TcpSocket) -> i32 {
    -1
}

/// Has the process (or the machine) no descriptor left? `EMFILE` and `ENFILE`, the same numbers on every Unix.
pub(crate) fn out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

impl Direct for Socket {
    fn is_quiet(&mut self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = self.receive(|socket| socket.peek(&mut byte));
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.receive(|socket| io::Read::read(&mut &**socket, buffer));
        self.last_read = Moment::now();
        read
    }

    fn write_now(&mut self, data: &[u8]) -> io::Result<usize> {
        SockRef::from(&self.stream).send(data)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.last_read = Moment::now();
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    async fn pair() -> (Socket, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = Socket::connect(address, &ConnectConfig::default()).await.unwrap();
        (socket, listener.accept().unwrap().0)
    }

    // The runtime is never driven in these tests after connecting: tokio's readiness stays stale.

    #[tokio::test]
    async fn a_silent_open_peer_is_quiet() {
        let (mut socket, _peer) = pair().await;
        assert!(socket.is_quiet());
    }

    #[tokio::test]
    async fn a_closed_peer_is_seen_though_the_runtime_was_not_driven() {
        let (mut socket, peer) = pair().await;
        drop(peer);
        assert!(!socket.is_quiet());
    }

    #[tokio::test]
    async fn unread_bytes_are_seen_though_the_runtime_was_not_driven() {
        let (mut socket, mut peer) = pair().await;
        peer.write_all(b"x").unwrap();
        assert!(!socket.is_quiet());
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn an_open_socket_is_recorded_until_it_is_dropped() {
        let (socket, _peer) = pair().await;
        let number = std::os::fd::AsRawFd::as_raw_fd(&socket.stream);
        assert!(super::super::descriptors::inherited().any(|other| other == number));
    }
}
