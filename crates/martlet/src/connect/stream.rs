//! What a connection speaks over: TCP, TLS, or TLS inside the TLS of a proxy.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tcp::{Direct, Socket};
use super::tls::Tls;

/// A connected stream. Dropping it closes it at once.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(Socket),
    Tls(Box<Tls<Socket>>),
    TlsInTls(Box<Tls<Tls<Socket>>>),
}

/// The same call on whatever it is.
macro_rules! on_each {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            Stream::Tls($inner) => $call,
            Stream::TlsInTls($inner) => $call,
        }
    };
}

impl Stream {
    /// Has the peer neither closed nor sent anything that was not read? Asks the system, not the runtime.
    pub(crate) fn is_quiet(&mut self) -> bool {
        on_each!(self, inner => inner.is_quiet())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        on_each!(&mut *self, inner => Pin::new(inner).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_each!(&mut *self, inner => Pin::new(inner).poll_write(context, data))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_each!(&mut *self, inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_each!(&mut *self, inner => Pin::new(inner).poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_each!(&mut *self, inner => Pin::new(inner).poll_write_vectored(context, data))
    }

    fn is_write_vectored(&self) -> bool {
        on_each!(self, inner => inner.is_write_vectored())
    }
}
