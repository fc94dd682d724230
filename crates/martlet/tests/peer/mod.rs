//! A peer that plays a script: what it expects to read, what it answers, when it closes.
//!
//! Each connection plays the next script. `finish` says what was read and panics if a script did not
//! come to its end, so that a test that passes has had exactly the dialogue it says.
#![allow(dead_code, unreachable_pub, unused_imports)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::Duration;

use martlet::proto::{Body as RequestBody, Headers, Request, Url};
use martlet::{Body, Call, Client, Response};

/// What a peer does next on its connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads until the end of a request's head.
    Head,
    /// Reads until these bytes have come.
    Until(&'static str),
    /// Writes these bytes at once.
    Say(Vec<u8>),
    /// Waits until the test has come to the same point.
    Meet(Arc<Barrier>),
    /// Waits until the client has closed.
    ClientCloses,
    /// The same, and the client must have said goodbye in TLS.
    ClientSaysBye,
    /// TLS says goodbye.
    Bye,
    /// Closes, with an RST if something is unread; TLS without a goodbye.
    Close,
}

pub use Act::{Bye, ClientCloses, ClientSaysBye, Close, Head, Meet, Until};

/// Writes these bytes.
pub fn say(bytes: impl AsRef<[u8]>) -> Act {
    Act::Say(bytes.as_ref().to_vec())
}

/// A reply of this body with its length.
pub fn reply(body: &str) -> Act {
    say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

pub struct Peer {
    pub address: SocketAddr,
    scheme: &'static str,
    thread: JoinHandle<Vec<String>>,
}

impl Peer {
    /// A peer that plays one script on each connection, one after the other.
    pub fn play(scripts: impl IntoIterator<Item = Vec<Act>>) -> Self {
        Self::start(scripts, None)
    }

    /// The same inside TLS.
    pub fn play_tls(scripts: impl IntoIterator<Item = Vec<Act>>, config: rustls::ServerConfig) -> Self {
        Self::start(scripts, Some(Arc::new(config)))
    }

    fn start(scripts: impl IntoIterator<Item = Vec<Act>>, config: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scripts: Vec<_> = scripts.into_iter().collect();
        let scheme = if config.is_some() { "https" } else { "http" };
        let thread = std::thread::spawn(move || {
            let play = |script| {
                let stream = listener.accept().unwrap().0;
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                match &config {
                    None => perform(stream, script),
                    Some(config) => {
                        let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        perform(rustls::StreamOwned::new(session, stream), script)
                    }
                }
            };
            scripts.into_iter().map(play).collect()
        });
        Self { address, scheme, thread }
    }

    /// A URL of this peer.
    pub fn url(&self, path: &str) -> Url {
        Url::prepare(&format!("{}://{}{path}", self.scheme, self.address), "").unwrap()
    }

    /// A call of GET to this peer.
    pub fn get(&self, path: &str) -> Call {
        Call::new(Request::new("GET", self.url(path)))
    }

    /// A call of POST with this body and these fields.
    pub fn post(&self, body: RequestBody, fields: &[(&str, &str)]) -> Call {
        let mut request = Request::new("POST", self.url("/"));
        request.headers = fields.iter().copied().collect();
        request.body = body;
        Call::new(request)
    }

    /// What was read on each connection, once all scripts have been played.
    pub fn finish(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

/// What a script needs of a connection.
trait Wire: Read + Write {
    fn goodbye(&mut self);

    /// Did TLS resume an earlier session?
    fn is_resumed(&self) -> bool {
        false
    }
}

impl Wire for TcpStream {
    fn goodbye(&mut self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl Wire for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn goodbye(&mut self) {
        self.conn.send_close_notify();
        self.flush().unwrap();
    }

    fn is_resumed(&self) -> bool {
        self.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
    }
}

fn perform(mut stream: impl Wire, script: Vec<Act>) -> String {
    let mut heard = Vec::new();
    for act in script {
        match act {
            Act::Head => read_until(&mut stream, &mut heard, b"\r\n\r\n"),
            Act::Until(end) => read_until(&mut stream, &mut heard, end.as_bytes()),
            Act::Say(bytes) => {
                stream.write_all(&bytes).unwrap();
                stream.flush().unwrap();
            }
            Act::Meet(barrier) => drop(barrier.wait()),
            Act::ClientCloses => {
                let mut rest = Vec::new();
                // A reset is a close as well.
                let closed = stream.read_to_end(&mut rest);
                let timed_out = std::io::ErrorKind::WouldBlock;
                assert!(closed.is_ok() || closed.is_err_and(|error| error.kind() != timed_out), "not closed");
                heard.extend(rest);
            }
            Act::ClientSaysBye => drop(stream.read_to_end(&mut heard).unwrap()),
            Act::Bye => stream.goodbye(),
            Act::Close => break,
        }
    }
    if stream.is_resumed() {
        heard.extend(b"[resumed]");
    }
    String::from_utf8_lossy(&heard).into_owned()
}

fn read_until(stream: &mut impl Read, heard: &mut Vec<u8>, end: &[u8]) {
    let from = heard.len();
    let mut byte = [0];
    while !heard[from..].ends_with(end) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "closed within {:?}", String::from_utf8_lossy(heard));
        heard.push(byte[0]);
    }
}

/// (open, idle) of the client's pool.
pub fn counts(client: &Client) -> (usize, usize) {
    (client.stats().open, client.stats().idle)
}

/// The body of a reply that was read whole.
pub fn full(response: Response) -> String {
    match response.body {
        Body::Full(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}
