//! The server: a listening socket, and a thread with a runtime of its own that serves it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::Stats;
use crate::certificate::Identity;
use crate::connection::{Connection, Ended, House};
use crate::gate::Gate;
use crate::reply::Bodies;
use crate::stats::{Board, Event};

/// Connections that may wait to be accepted: a benchmark opens a thousand at once.
const BACKLOG: u32 = 4096;

/// How a server is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Serve HTTPS, with a certificate of a new authority: see [`Server::ca_pem`].
    pub tls: bool,
    /// The address to listen at; 127.0.0.1 unless told otherwise.
    pub host: IpAddr,
    /// The port to listen at; 0, the default, lets the system choose.
    pub port: u16,
    /// Paths and the whole replies to them, heads and bodies as they go over the wire. They come before
    /// the server's own paths; the method is not looked at.
    pub replies: Vec<(String, Arc<[u8]>)>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { tls: false, host: Ipv4Addr::LOCALHOST.into(), port: 0, replies: Vec::new() }
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    house: Arc<House>,
    address: SocketAddr,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

impl Server {
    /// Starts a server; it accepts connections when this returns.
    ///
    /// # Errors
    /// When the address cannot be listened at, the thread cannot be started or no certificate
    /// can be made.
    pub fn start(options: ServerOptions) -> io::Result<Self> {
        let identity = options.tls.then(Identity::generate).transpose()?;
        let acceptor = identity.as_ref().map(|identity| TlsAcceptor::from(Arc::clone(&identity.config)));
        let (stop, stopped) = oneshot::channel();
        let (tell, started) = mpsc::channel();
        let thread = std::thread::Builder::new().name("martlet-testing".into()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    _ = tell.send(Err(error));
                    return;
                }
            };
            runtime.block_on(async {
                match listen(options) {
                    Ok((listener, house)) => {
                        let address = listener.local_addr();
                        tokio::spawn(accept(listener, acceptor, Arc::clone(&house)));
                        _ = tell.send(address.map(|address| (address, house)));
                        // Told to stop, or the handle is gone: both end the runtime and its connections.
                        _ = stopped.await;
                    }
                    Err(error) => _ = tell.send(Err(error)),
                }
            });
        })?;
        let (address, house) = started.recv().map_err(io::Error::other)??;
        Ok(Self {
            house,
            address,
            ca_pem: identity.map(|identity| identity.ca_pem),
            stop: Some(stop),
            thread: Some(thread),
            process: std::process::id(),
        })
    }

    /// Where it listens, such as `http://127.0.0.1:8080`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.house.origin
    }

    /// The socket address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that signed the server's own, in PEM; `None` without TLS.
    /// The server's is good for `localhost`, `127.0.0.1` and `::1`.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// What has been counted so far.
    pub fn stats(&self) -> Stats {
        self.house.board.stats()
    }

    /// Waits until `reached` says yes of the counts; false if that takes longer than `timeout`.
    pub fn wait_until(&self, timeout: Duration, reached: impl Fn(&Stats) -> bool) -> bool {
        self.house.board.wait_until(timeout, reached)
    }

    /// Closes the listening socket and every connection, and waits for the thread to end. Stopping
    /// again does nothing. In a forked child, where the thread does not exist, nothing is waited for.
    pub fn stop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            if self.process == std::process::id() {
                // A panic of the server's thread has been printed by then.
                _ = thread.join();
            } else {
                // Joining, or detaching, a thread of another process is not defined.
                std::mem::forget(thread);
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listen(options: ServerOptions) -> io::Result<(TcpListener, Arc<House>)> {
    let socket = if options.host.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(options.host, options.port))?;
    let listener = socket.listen(BACKLOG)?;
    let scheme = if options.tls { "https" } else { "http" };
    let origin = format!("{scheme}://{}", listener.local_addr()?);
    let bodies = Bodies::new(options.replies);
    let house = House { board: Board::default(), bodies, gate: Gate::default(), origin };
    Ok((listener, Arc::new(house)))
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, house: Arc<House>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                let presence = Presence::new(Arc::clone(&house));
                tokio::spawn(welcome(stream, client, acceptor.clone(), presence));
            }
            // Out of descriptors, most likely: let some connections end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn welcome(
    stream: TcpStream,
    client: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    mut presence: Presence,
) {
    _ = stream.set_nodelay(true);
    let client = client.ip().to_string();
    let house = Arc::clone(&presence.house);
    let ended = match acceptor {
        None => Connection::new(&house, stream, client).serve().await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => {
                let resumed = stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
                house.board.count(Event::Handshake { resumed });
                Connection::new(&house, stream, client).serve().await
            }
            Err(_) => Ended::ByClient,
        },
    };
    presence.left = matches!(ended, Ended::ByClient);
}

/// Counts a connection as open while it lives, also when the runtime drops its task.
struct Presence {
    house: Arc<House>,
    /// The client ended it.
    left: bool,
}

impl Presence {
    fn new(house: Arc<House>) -> Self {
        house.board.count(Event::Opened);
        Self { house, left: false }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.house.board.count(Event::Closed { by_client: self.left });
    }
}
