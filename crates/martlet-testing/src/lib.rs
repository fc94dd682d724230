//! A small loopback HTTP/1.1 server, for tests, demos and benchmarks of HTTP clients.
//!
//! It answers the routes that people know from httpbin (the table is in `routes`), over TCP or
//! TLS with a certificate authority of its own, on one thread of its own. It is built to cost
//! as little as a server can: one read and one write per request, replies of `/bytes/N` made
//! once, pipelined requests answered together. Every connection is counted, and a test can wait
//! for a count instead of sleeping.
//!
//! ```
//! use std::io::{Read, Write};
//! use martlet_testing::{Server, ServerOptions};
//!
//! let server = Server::start(ServerOptions::default())?;
//! let mut client = std::net::TcpStream::connect(server.address())?;
//! client.write_all(b"GET /bytes/5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
//! let mut reply = String::new();
//! client.read_to_string(&mut reply)?;
//! assert!(reply.ends_with("\r\n\r\nabcde"));
//! assert_eq!(server.stats().requests, 1);
//! # std::io::Result::Ok(())
//! ```
#![forbid(unsafe_code)]

mod certificate;
mod connection;
mod gate;
mod json;
mod query;
mod reply;
mod request;
mod routes;
mod server;
mod stats;

pub use server::{Server, ServerOptions};
pub use stats::Stats;
