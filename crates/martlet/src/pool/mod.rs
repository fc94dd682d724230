//! Connections kept for the next request: who gets one, who waits, what is closed when.
//!
//! `state` decides; this file holds the lock and moves what was decided. The lock is a plain mutex,
//! never held while something is awaited, dropped or asked of the system. No task runs in the
//! background: expiry is looked at when a connection is asked for. Whatever future is dropped
//! wherever, its [`Place`] goes with it and the next who waits is served.

mod key;
mod state;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::{Notify, oneshot};

pub(crate) use key::Key;
pub(crate) use state::Grant;
use state::{Decision, HostNumber, Return, State};

use crate::config::PoolConfig;

/// What a pool holds at this moment, and what it has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections open or being opened, idle ones included.
    pub open: usize,
    /// Connections that lie idle.
    pub idle: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Hosts with a connection or somebody who waits.
    pub hosts: usize,
    /// Connections opened since the start, failed attempts included.
    pub opened: u64,
    /// How often an open connection was used again.
    pub reused: u64,
}

/// A pool of connections `C`. Clones share it.
pub(crate) struct Pool<C>(Arc<Shared<C>>);

struct Shared<C> {
    state: Mutex<State<C>>,
    /// Rung whenever a connection was closed, for who ran out of descriptors.
    closed: Notify,
}

/// The right to have one connection open. Dropped when that connection is closed, not before.
pub(crate) struct Place<C>(Option<Held<C>>);

struct Held<C> {
    pool: Arc<Shared<C>>,
    host: HostNumber,
}

/// An open connection with its place. Dropping it closes the connection and frees the place.
pub(crate) struct Leased<C> {
    // The order matters: the connection is closed before its place is given on.
    pub(crate) connection: C,
    opened: Instant,
    place: Place<C>,
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Pool<C> {
    pub(crate) fn new(config: PoolConfig) -> Self {
        Self(Arc::new(Shared { state: Mutex::new(State::new(config)), closed: Notify::new() }))
    }

    /// A connection to reuse or the right to open one, as soon as there is either.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue; what was granted meanwhile goes to the next.
    pub(crate) async fn acquire(&self, key: &Key) -> Grant<C> {
        loop {
            match self.ask(key) {
                Ok(grant) => return grant,
                Err(waiting) => {
                    // A sender never goes without a grant; should it, ask anew.
                    if let Ok(grant) = waiting.await {
                        return grant;
                    }
                }
            }
        }
    }

    fn ask(&self, key: &Key) -> Result<Grant<C>, Waiting<C>> {
        let mut closing = Vec::new();
        let decision = self.0.lock().ask(key, Instant::now(), &mut closing);
        drop(closing);
        match decision {
            Decision::Reuse(host, parked) => Ok(Grant::Reuse(Leased {
                connection: parked.connection,
                opened: parked.opened,
                place: self.place(host),
            })),
            Decision::Open(host) => Ok(Grant::Open(self.place(host))),
            Decision::Wait(host, ticket, receiver) => {
                Err(Waiting { pool: Arc::clone(&self.0), host, ticket, receiver })
            }
        }
    }

    /// Closes all idle connections; tells how many.
    pub(crate) fn close_idle(&self) -> usize {
        self.0.close_idle(None)
    }

    /// Closes the idle connections now, and those in use when they come back.
    pub(crate) fn close(&self) {
        self.0.lock().close(Instant::now());
        self.0.close_idle(None);
    }

    /// A future that closes expired connections now and then, for as long as the pool lives. Nothing
    /// depends on its being run.
    pub(crate) fn reap(&self) -> impl Future<Output = ()> + Send + 'static + use<C>
    where
        C: Send + 'static,
    {
        let pool: Weak<Shared<C>> = Arc::downgrade(&self.0);
        let pause = self.0.lock().idle_expiry() / 2;
        async move {
            loop {
                tokio::time::sleep(pause.max(std::time::Duration::from_millis(100))).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.close_idle(Some(Instant::now()));
            }
        }
    }

    /// Ready when a connection of this pool has been closed since the call.
    pub(crate) async fn some_connection_closes(&self) {
        self.0.closed.notified().await;
    }

    pub(crate) fn stats(&self) -> Stats {
        self.0.lock().stats()
    }

    fn place(&self, host: HostNumber) -> Place<C> {
        Place(Some(Held { pool: Arc::clone(&self.0), host }))
    }
}

impl<C> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_idle(self: &Arc<Self>, expired_at: Option<Instant>) -> usize {
        let mut closing = Vec::new();
        let freed = self.lock().take_all_idle(expired_at, &mut closing);
        drop(closing);
        for host in &freed {
            let next = self.lock().grant_next(*host);
            self.serve(next);
        }
        freed.len()
    }

    /// Gives a place that is counted already to who waits for it, or to the next if they have gone.
    fn serve(self: &Arc<Self>, next: Option<(HostNumber, state::Waiter<C>)>) {
        if let Some((host, waiter)) = next {
            let place = Place(Some(Held { pool: Arc::clone(self), host }));
            drop(waiter.sender.send(Grant::Open(place)));
        }
        self.closed.notify_waiters();
    }
}

impl<C> Place<C> {
    /// The place is taken by this connection, opened now.
    pub(crate) fn fill(self, connection: C) -> Leased<C> {
        Leased { connection, opened: Instant::now(), place: self }
    }
}

impl<C> Drop for Place<C> {
    fn drop(&mut self) {
        if let Some(Held { pool, host }) = self.0.take() {
            let next = pool.lock().closed(host);
            pool.serve(next);
        }
    }
}

impl<C> Leased<C> {
    /// Brings the connection back in good order: the peer's reply was read to its end and nothing more came.
    pub(crate) fn give_back(self) {
        let mut leased = self;
        while let Some(next) = leased.give_to_next() {
            leased = next;
        }
    }

    /// Parks the connection or hands it over; gives it back when the one who waited has just gone.
    fn give_to_next(self) -> Option<Self> {
        let Self { connection, opened, mut place } = self;
        let Held { pool, host } = place.0.as_ref()?;
        let mut closing = Vec::new();
        let now = Instant::now();
        let returned = pool.lock().give_back(*host, connection, opened, now, &mut closing);
        drop(closing);
        match returned {
            // The place stays taken, by the idle connection.
            Return::Parked => drop(place.0.take()),
            Return::Close(connection) => drop(connection),
            Return::HandOver(waiter, connection) => {
                let unwanted = waiter.sender.send(Grant::Reuse(Self { connection, opened, place }));
                if let Err(Grant::Reuse(leased)) = unwanted {
                    return Some(leased);
                }
            }
        }
        None
    }
}

/// Somebody in the queue.
struct Waiting<C> {
    pool: Arc<Shared<C>>,
    host: HostNumber,
    ticket: u64,
    receiver: oneshot::Receiver<Grant<C>>,
}

impl<C> Future for Waiting<C> {
    type Output = Result<Grant<C>, oneshot::error::RecvError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(context)
    }
}

impl<C> Drop for Waiting<C> {
    fn drop(&mut self) {
        self.receiver.close();
        match self.receiver.try_recv() {
            Ok(Grant::Reuse(leased)) => leased.give_back(),
            Ok(Grant::Open(place)) => drop(place),
            Err(_) => self.pool.lock().give_up(self.host, self.ticket),
        }
    }
}
