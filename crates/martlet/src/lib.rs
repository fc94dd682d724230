//! An HTTP client with the rules of Python's `requests`, on tokio.
//!
//! Everything is a future that is `Send + 'static`, runs on whatever tokio runtime polls it (with I/O
//! and time enabled), and can be dropped at any moment: the connection it used is closed at once.
//! The rules (what is sent, followed, retried, kept) are in [`martlet_proto`]; this crate does it.
//!
//! A request travels `client` -> `exchange` -> `attempt` -> `pool` -> `connect` (dns, tcp, proxy, tls)
//! -> `conn` -> `body` -> back to the rules.
#![forbid(unsafe_code)]

mod attempt;
mod blocking;
pub mod body;
mod call;
mod client;
mod clock;
pub mod config;
mod conn;
mod connect;
mod exchange;
mod pool;
mod request;
mod response;
pub mod runtime;
mod session;
mod shared;
pub mod tls;
mod turns;
mod upload;

pub use body::Body;
pub use call::{Call, CallError};
pub use client::Client;
pub use config::Config;
pub use martlet_proto as proto;
pub use martlet_proto::{Detail, Error, Kind, Phase, Result};
pub use pool::Stats;
pub use request::RequestBuilder;
pub use response::Response;
pub use session::{Session, get};
pub use tls::{ClientCert, TlsSettings, Verify};

/// The sockets of this process, for who forks.
pub mod descriptors {
    pub use crate::connect::{forget_all, inherited};
}
