//! The client: connections, names and TLS sessions, shared by all calls made through it.
//!
//! A [`Client`] holds nothing of a user's: no cookies, no default headers, no credentials. Those come
//! with each [`Call`]; [`Session`](crate::Session) keeps them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use martlet_proto::cookie::Change;
use martlet_proto::exchange::{Attempt, Policy};
use martlet_proto::limit::Limits;
use martlet_proto::{Error, Request, Timeouts};

use crate::body::{BodySource, Sink};
use crate::config::Config;
use crate::conn::Http1;
use crate::connect::Connector;
use crate::exchange;
use crate::pool::{Pool, Stats};
use crate::response::Response;
use crate::tls::TlsSettings;

/// An HTTP client. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all exchanges of a client share.
pub(crate) struct Shared {
    /// Boxed, since a connection changes hands several times per request.
    pub(crate) pool: Pool<Box<Http1>>,
    pub(crate) connector: Connector,
    pub(crate) limits: Limits,
}

/// One call: a request, and everything that decides how it is carried out.
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Redirects, retries, credentials, cookies.
    pub policy: Policy,
    /// The bytes of a [`martlet_proto::Body::Stream`].
    pub source: Option<Box<dyn BodySource>>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// For https.
    pub tls: Arc<TlsSettings>,
    /// Is the body left to be read by the caller?
    pub stream: bool,
    /// Where a large body of known length goes.
    pub sink: Option<Box<dyn Sink>>,
    /// Is the connection kept for the next call?
    pub keep_alive: bool,
    /// Are content codings undone, when the body is read at once?
    pub decode: bool,
}

impl Call {
    /// A call of `request` as `requests.get` would make it: redirects followed, no time limits, body read at
    /// once and decoded, connection kept.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            policy: Policy::default(),
            source: None,
            timeouts: Timeouts::default(),
            tls: Arc::default(),
            stream: false,
            sink: None,
            keep_alive: true,
            decode: true,
        }
    }
}

/// Why a call failed, and the last reply if there was one (too many redirects).
#[derive(Debug)]
pub struct CallError {
    /// What went wrong.
    pub error: Error,
    /// The last reply before that.
    pub response: Option<Box<Response>>,
    /// The request that failed, if it could be made at all.
    pub request: Option<Arc<Attempt>>,
    /// What had happened to the session's jar until then.
    pub cookie_changes: Vec<Change>,
}

impl Client {
    /// A client with these settings. Nothing is opened yet.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Shared {
            pool: Pool::new(config.pool),
            connector: Connector::new(config.connect, config.dns),
            limits: config.limits,
        }))
    }

    /// Carries out a call. The future needs a tokio runtime with I/O and time, borrows nothing and may move
    /// between threads; it starts nothing in the background. A client may be used under several runtimes: each
    /// reuses the connections that were opened under it.
    ///
    /// # Errors
    /// Everything that [`martlet_proto::Kind`] lists.
    ///
    /// # Cancel safety
    /// Dropping the future closes the call's connection at once and frees its place in the pool.
    pub fn execute(&self, call: Call) -> impl Future<Output = Result<Response, CallError>> + Send + 'static {
        exchange::run(Arc::clone(&self.0), call)
    }

    /// What the pool holds.
    pub fn stats(&self) -> Stats {
        self.0.pool.stats()
    }

    /// Closes all connections that lie idle; tells how many.
    pub fn close_idle(&self) -> usize {
        self.0.pool.close_idle()
    }

    /// A future that closes expired idle connections now and then, for as long as the client lives. Nothing
    /// depends on its being run: expiry is also looked at when a connection is wanted.
    pub fn reap_idle(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.pool.reap()
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { open, idle, waiting, hosts, .. } = self.stats();
        write!(f, "<Client, {open} open, {idle} idle, {waiting} waiting, {hosts} hosts>")
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self { error, response: None, request: None, cookie_changes: Vec::new() }
    }
}

/// The other way round, for who uses `?` on both.
impl From<CallError> for Error {
    fn from(failure: CallError) -> Self {
        failure.error
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}
