//! TLS over any stream: the handshake, and a stream that says goodbye when it is dropped.
//!
//! SNI is sent for names, not for addresses (RFC 6066 section 3); the certificate is checked against
//! what the URL says either way. A stream that ends without close_notify is reported as
//! [`io::ErrorKind::UnexpectedEof`], so that a body that ends where the connection does cannot be cut
//! short by whoever sits on the wire.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use martlet_proto::{Detail, Error, Kind, Phase, Result};
use rustls::ClientConfig;
use rustls_pki_types::{DnsName, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tcp::Direct;

/// A stream inside TLS. Dropping it sends close_notify, as far as that goes without waiting, and closes it.
#[derive(Debug)]
pub(crate) struct Tls<S: Direct>(TlsStream<S>);

impl<S: Direct + AsyncRead + AsyncWrite + Unpin> Tls<S> {
    /// Shakes hands as a client that wants to speak to `host`.
    ///
    /// # Errors
    /// [`Kind::Tls`] when the peer is not to be believed or does not speak TLS.
    pub(crate) async fn connect(stream: S, host: &str, config: Arc<ClientConfig>) -> Result<Self> {
        let name = server_name(host)?;
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Self(stream)),
            Err(error) => Err(refused(host, error)),
        }
    }
}

/// The name to check the certificate against. A dot at the end of a name is the root's, not a part of it.
fn server_name(host: &str) -> Result<ServerName<'static>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(ServerName::from(address));
    }
    let name = DnsName::try_from(host.strip_suffix('.').unwrap_or(host).to_owned()).map_err(|error| {
        let message = format!("'{host}' is not a name that a certificate can be checked against: {error}");
        Error::new(Kind::Tls, Phase::Tls, message)
    })?;
    Ok(ServerName::DnsName(name))
}

fn refused(host: &str, error: io::Error) -> Error {
    let certificate = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let detail =
        matches!(certificate, Some(rustls::Error::InvalidCertificate(_))).then_some(Detail::Certificate);
    let message = match certificate {
        Some(rustls::Error::InvalidCertificate(reason)) => format!(
            "The certificate of '{host}' is not trusted: {reason:?}. Give its CA's certificate as `verify`, \
             or ask its owner to repair it."
        ),
        Some(error) => format!("The TLS handshake with '{host}' failed: {error}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!(
                "'{host}' closed the connection during the TLS handshake; does it speak TLS on this port?"
            )
        }
        None => {
            let message = format!("Connection aborted during the TLS handshake with '{host}': {error}");
            let number = error.raw_os_error().map(Detail::Os);
            return Error::new(Kind::Connection, Phase::Tls, message).with_detail(number).with_source(error);
        }
    };
    Error::new(Kind::Tls, Phase::Tls, message).with_detail(detail).with_source(error)
}

impl<S: Direct> Direct for Tls<S> {
    /// What lies unread may be no more than session tickets, so it is read and looked into.
    fn is_quiet(&mut self) -> bool {
        let (stream, session) = self.0.get_mut();
        loop {
            match session.process_new_packets() {
                Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
                _ => return false,
            }
            match session.read_tls(&mut Now(stream)) {
                Ok(1..) => {}
                Ok(0) => return false,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (stream, session) = self.0.get_mut();
        session.read_tls(&mut Now(stream))?;
        session.process_new_packets().map_err(io::Error::other)?;
        session.reader().read(buffer)
    }

    fn write_now(&mut self, data: &[u8]) -> io::Result<usize> {
        let (stream, session) = self.0.get_mut();
        let taken = session.writer().write(data)?;
        while session.wants_write() {
            session.write_tls(&mut Now(stream))?;
        }
        Ok(taken)
    }
}

impl<S: Direct> Drop for Tls<S> {
    fn drop(&mut self) {
        let (stream, session) = self.0.get_mut();
        session.send_close_notify();
        while session.wants_write() {
            if !matches!(session.write_tls(&mut Now(stream)), Ok(1..)) {
                return;
            }
        }
    }
}

/// [`Direct`] as rustls wants to see a stream.
struct Now<'a, S>(&'a mut S);

impl<S: Direct> Read for Now<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

impl<S: Direct> Write for Now<'_, S> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write_now(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Direct + AsyncRead + AsyncWrite + Unpin> AsyncRead for Tls<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: Direct + AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tls<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert!(
            matches!(server_name("a.test.").unwrap(), ServerName::DnsName(name) if name.as_ref() == "a.test")
        );
        assert!(matches!(server_name("127.0.0.1").unwrap(), ServerName::IpAddress(_)));
        assert!(matches!(server_name("::1").unwrap(), ServerName::IpAddress(_)));
        assert!(matches!(server_name("with_underscore.test").unwrap(), ServerName::DnsName(_)));
        assert_eq!(server_name("a..b").unwrap_err().kind(), Kind::Tls);
    }
}
