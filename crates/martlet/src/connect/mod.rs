//! From a host to a connected stream: name, address, TCP, proxy, TLS, all within one connect limit.

mod descriptors;
mod dns;
mod happy;
mod proxy;
mod stream;
pub(crate) mod tcp;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use martlet_proto::{Detail, Error, Kind, Phase, Url};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};

pub use descriptors::{forget_all, inherited};
use dns::Dns;
pub(crate) use stream::Stream;
use tcp::Socket;
use tls::Tls;

use crate::blocking::Helpers;
use crate::clock::Clock;
use crate::config::{ConnectConfig, DnsConfig};
use crate::tls::{TlsConfigs, TlsSettings};

/// Makes connections for one client.
pub(crate) struct Connector {
    config: ConnectConfig,
    dns: Dns,
    tls: TlsConfigs,
}

/// Where a connection is to lead.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    /// For https.
    pub(crate) tls: Option<&'a Arc<TlsSettings>>,
    pub(crate) proxy: Option<&'a Url>,
    /// How the peer of an https proxy is checked.
    pub(crate) proxy_tls: &'a Arc<TlsSettings>,
}

/// Why there is no connection.
pub(crate) enum Failure {
    /// The process has no descriptor left; another attempt makes sense once some connection has closed.
    OutOfDescriptors(Error),
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::OutOfDescriptors(error) | Failure::Other(error) => error,
        }
    }
}

impl Connector {
    pub(crate) fn new(config: ConnectConfig, dns: DnsConfig) -> Self {
        // Look-ups that hang must not keep certificates from being read.
        let (names, files) = (Helpers::new(dns.threads), Helpers::new(dns.threads));
        Self { config, dns: Dns::new(dns, names), tls: TlsConfigs::new(files) }
    }

    /// Connects to `target`, through its proxy if it has one.
    ///
    /// # Cancel safety
    /// Dropping the future closes whatever was opened.
    pub(crate) async fn connect(&self, target: Target<'_>, clock: &Clock) -> Result<Stream, Failure> {
        let begun = Instant::now();
        // First, so that a file that is not there is an error whatever becomes of the network.
        let tls = match target.tls {
            Some(settings) => Some(self.tls_config(settings, clock, begun).await?),
            None => None,
        };
        // Boxed is what a plain connection does without: thousands of them may be opening at once.
        let stream = match target.proxy {
            Some(proxy) => Box::pin(self.connect_through(proxy, target, clock, begun)).await?,
            None => Stream::Tcp(self.tcp(target.host, target.port, None, clock, begun).await?),
        };
        let Some(config) = tls else { return Ok(stream) };
        let name = target.tls.and_then(|settings| settings.server_name.as_deref()).unwrap_or(target.host);
        match stream {
            Stream::Tcp(socket) => {
                let tls = Box::pin(shake_hands(socket, name, config, clock, begun)).await?;
                Ok(Stream::Tls(Box::new(tls)))
            }
            Stream::Tls(outer) => {
                let tls = Box::pin(shake_hands(*outer, name, config, clock, begun)).await?;
                Ok(Stream::TlsInTls(Box::new(tls)))
            }
            Stream::TlsInTls(stream) => Ok(Stream::TlsInTls(stream)),
        }
    }

    /// Resolves and connects. `proxy` is the phase to report instead, when the host is a proxy.
    async fn tcp(
        &self,
        host: &str,
        port: u16,
        proxy: Option<Phase>,
        clock: &Clock,
        begun: Instant,
    ) -> Result<Socket, Failure> {
        let begun = Some(begun);
        let resolving = clock.limit_since(begun, proxy.unwrap_or(Phase::Resolve), self.dns.resolve(host));
        let addresses = resolving.await??;
        let addresses: Vec<SocketAddr> = addresses.iter().map(|address| with_port(*address, port)).collect();
        let attempts = happy::race(happy::interleave(&addresses), self.config.attempt_delay, |address| {
            Socket::connect(address, &self.config)
        });
        let phase = proxy.unwrap_or(Phase::Connect);
        let connected = clock.limit_since(begun, phase, attempts).await?;
        let_others_run();
        connected.map_err(|error| refused(host, port, error))
    }

    async fn tls_config(
        &self,
        settings: &Arc<TlsSettings>,
        clock: &Clock,
        begun: Instant,
    ) -> Result<Arc<ClientConfig>, Error> {
        clock.limit_since(Some(begun), Phase::Tls, self.tls.config(settings)).await?
    }
}

/// To be called after a connection's dear steps, which thousands may take at once: whoever else wants this core, such
/// as the thread of an event loop, has it now, where the system would let it wait for a time slice.
fn let_others_run() {
    thread::yield_now();
}

async fn shake_hands<S>(
    stream: S,
    host: &str,
    config: Arc<ClientConfig>,
    clock: &Clock,
    begun: Instant,
) -> Result<Tls<S>, Error>
where
    S: tcp::Direct + AsyncRead + AsyncWrite + Unpin,
{
    let shaken = clock.limit_since(Some(begun), Phase::Tls, Tls::connect(stream, host, config)).await?;
    let_others_run();
    shaken
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

fn refused(host: &str, port: u16, error: io::Error) -> Failure {
    if tcp::out_of_descriptors(&error) {
        let message = format!(
            "There is no file descriptor left for a connection to {host}:{port} ({error}). Raise `ulimit -n`, \
             or limit the pool's open connections."
        );
        let error = Error::new(Kind::Connection, Phase::Connect, message).with_source(error);
        return Failure::OutOfDescriptors(error);
    }
    let message = format!("Failed to establish a new connection to {host}:{port}: {error}");
    let number = error.raw_os_error().map(Detail::Os);
    Failure::Other(
        Error::new(Kind::Connection, Phase::Connect, message).with_detail(number).with_source(error),
    )
}
