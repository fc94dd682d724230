//! A peer that plays a script: what it expects to read, what it answers, when it closes.
//!
//! Each connection plays the next script. `finish` says what was read and panics if a script did not
//! come to its end, so that a test that passes has had exactly the dialogue it says.
#![allow(dead_code, unreachable_pub, unused_imports)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use martlet::proto::{Request, Url};
use martlet::{Call, Client};

/// What a peer does next on its connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads until the end of a request's head.
    Head,
    /// Reads until these bytes have come.
    Until(&'static str),
    /// Reads exactly that many bytes.
    Read(usize),
    /// Writes these bytes at once.
    Say(Vec<u8>),
    /// Waits until the client has closed.
    ClientCloses,
    /// Closes, with an RST if something is unread.
    Close,
    /// Closes its sending side only.
    Hush,
}

pub use Act::{ClientCloses, Close, Head, Hush, Read as ReadBytes, Until};

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
    thread: JoinHandle<Vec<String>>,
}

impl Peer {
    /// A peer that plays one script on each connection, one after the other.
    pub fn play(scripts: impl IntoIterator<Item = Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scripts: Vec<_> = scripts.into_iter().collect();
        let thread = std::thread::spawn(move || {
            let mut read = Vec::new();
            for script in scripts {
                let stream = listener.accept().unwrap().0;
                read.push(perform(stream, script));
            }
            read
        });
        Self { address, thread }
    }

    /// A URL of this peer.
    pub fn url(&self, path: &str) -> Url {
        Url::prepare(&format!("http://{}{path}", self.address), "").unwrap()
    }

    /// A call of GET to this peer.
    pub fn get(&self, path: &str) -> Call {
        Call::new(Request::new("GET", self.url(path)))
    }

    /// What was read on each connection, once all scripts have been played.
    pub fn finish(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn perform(mut stream: TcpStream, script: Vec<Act>) -> String {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut heard = Vec::new();
    for act in script {
        match act {
            Act::Head => read_until(&mut stream, &mut heard, b"\r\n\r\n"),
            Act::Until(end) => read_until(&mut stream, &mut heard, end.as_bytes()),
            Act::Read(amount) => {
                let mut bytes = vec![0; amount];
                stream.read_exact(&mut bytes).unwrap();
                heard.extend(bytes);
            }
            Act::Say(bytes) => stream.write_all(&bytes).unwrap(),
            Act::ClientCloses => {
                let mut rest = Vec::new();
                // A reset is a close as well.
                let _ = stream.read_to_end(&mut rest);
                heard.extend(rest);
            }
            Act::Close => return String::from_utf8_lossy(&heard).into_owned(),
            Act::Hush => stream.shutdown(Shutdown::Write).unwrap(),
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

fn read_until(stream: &mut TcpStream, heard: &mut Vec<u8>, end: &[u8]) {
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
