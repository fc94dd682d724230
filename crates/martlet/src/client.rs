//! The client: connections, names and TLS sessions, shared by all calls made through it.
//!
//! A [`Client`] holds nothing of a user's: no cookies, no default headers, no credentials. Those come
//! with each [`Call`]; [`Session`](crate::Session) keeps them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::call::{Call, CallError};
use crate::config::Config;
use crate::exchange;
use crate::pool::Stats;
use crate::response::Response;
use crate::shared::Shared;

/// An HTTP client. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

impl Client {
    /// A client with these settings. Nothing is opened yet.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Shared::new(config)))
    }

    /// Carries out a call, which may be in a box already. The future needs a tokio runtime with I/O and time, borrows
    /// nothing and may move between threads; it starts nothing in the background. A client may be used under several
    /// runtimes: each reuses the connections that were opened under it.
    ///
    /// # Errors
    /// Everything that [`martlet_proto::Kind`] lists.
    ///
    /// # Cancel safety
    /// Dropping the future closes the call's connection at once and frees its place in the pool.
    pub fn execute(
        &self,
        call: impl Into<Box<Call>>,
    ) -> impl Future<Output = Result<Response, CallError>> + Send + 'static {
        exchange::run(Arc::clone(&self.0), call.into())
    }

    /// What the pool holds.
    pub fn stats(&self) -> Stats {
        self.0.pool.stats()
    }

    /// Closes all connections that lie idle; tells how many.
    pub fn close_idle(&self) -> usize {
        self.0.pool.close_idle()
    }

    /// Closes all connections: those that lie idle now, the others when their replies have been read. The client
    /// can be used again.
    pub fn close(&self) {
        self.0.pool.close();
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
