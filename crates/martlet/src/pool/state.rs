//! The pool's decisions, without locks and I/O: who gets which connection, who waits, who is closed.
//!
//! - A connection counts as open from before it is made until after it is closed, idle or not.
//! - Idle ones are taken last in, first out, so that a burst's surplus grows old and expires.
//! - Who waits is served first come, first served; a newcomer never overtakes. With a total limit the
//!   longest waiting among those whose host has room is next, and an idle connection to another
//!   host is closed to make room.
//! - Nothing is dropped here: what has to be closed is handed out, to be dropped without the lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Key, Leased, Place, Stats};
use crate::config::PoolConfig;

/// Everything a pool knows.
pub(super) struct State<C> {
    config: PoolConfig,
    hosts: HashMap<Arc<Key>, Host<C>>,
    open: usize,
    idle: usize,
    waiting: usize,
    next_ticket: u64,
    opened: u64,
    reused: u64,
}

struct Host<C> {
    open: usize,
    /// Oldest first.
    idle: Vec<Parked<C>>,
    /// Longest waiting first.
    waiters: VecDeque<Waiter<C>>,
}

/// An idle connection.
pub(super) struct Parked<C> {
    pub(super) connection: C,
    pub(super) opened: Instant,
    since: Instant,
}

/// Somebody who waits, in the order of the tickets.
pub(super) struct Waiter<C> {
    pub(super) ticket: u64,
    pub(super) sender: oneshot::Sender<Grant<C>>,
}

/// What somebody who asked for a connection gets.
pub(crate) enum Grant<C> {
    /// A connection that was used before; to be probed.
    Reuse(Leased<C>),
    /// The right to open one.
    Open(Place<C>),
}

/// The answer to who asks.
pub(super) enum Decision<C> {
    Reuse(Arc<Key>, Parked<C>),
    Open(Arc<Key>),
    Wait(Arc<Key>, u64, oneshot::Receiver<Grant<C>>),
}

/// The answer to who brings a connection back.
pub(super) enum Return<C> {
    /// It lies idle now.
    Parked,
    /// Somebody waits for it; hand it over.
    HandOver(Waiter<C>, C),
    /// It is not wanted; drop it and its place.
    Close(C),
}

impl<C> Default for Host<C> {
    fn default() -> Self {
        Self { open: 0, idle: Vec::new(), waiters: VecDeque::new() }
    }
}

impl<C> State<C> {
    pub(super) fn new(config: PoolConfig) -> Self {
        Self {
            config,
            hosts: HashMap::new(),
            open: 0,
            idle: 0,
            waiting: 0,
            next_ticket: 0,
            opened: 0,
            reused: 0,
        }
    }

    /// Somebody asks for a connection to `key`. What has expired, or makes room, goes to `closing`.
    pub(super) fn ask(&mut self, key: &Key, now: Instant, closing: &mut Vec<C>) -> Decision<C> {
        if let Some((key, parked)) = self.take_idle(key, now, closing) {
            self.reused += 1;
            return Decision::Reuse(key, parked);
        }
        let key = match self.hosts.get_key_value(key) {
            Some((key, _)) => Arc::clone(key),
            None => Arc::new(key.clone()),
        };
        let queue = self.hosts.get(&key).is_some_and(|host| !host.waiters.is_empty());
        if !queue && self.has_room(&key) && (self.has_total_room() || self.evict_oldest(closing)) {
            self.count_open(&key);
            return Decision::Open(key);
        }
        let (sender, receiver) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let host = self.hosts.entry(Arc::clone(&key)).or_default();
        host.waiters.push_back(Waiter { ticket, sender });
        Decision::Wait(key, ticket, receiver)
    }

    /// A connection comes back in good order. What gives way to it goes to `closing`.
    pub(super) fn give_back(
        &mut self,
        key: &Arc<Key>,
        connection: C,
        opened: Instant,
        now: Instant,
        closing: &mut Vec<C>,
    ) -> Return<C> {
        if self.is_too_old(opened, now) {
            return Return::Close(connection);
        }
        if let Some(waiter) = self.next_waiter_of(key) {
            self.reused += 1;
            return Return::HandOver(waiter, connection);
        }
        let (of_host, of_all) = (self.config.max_idle_per_host, self.config.max_idle_total);
        let somebody_needs_the_place = self.waiting > 0 && self.longest_waiting_with_room().is_some();
        if of_host == 0 || of_all == 0 || somebody_needs_the_place {
            return Return::Close(connection);
        }
        if self.idle_of(key) >= of_host {
            self.evict_from(key, closing);
        } else if self.idle >= of_all {
            self.evict_oldest(closing);
        }
        let host = self.hosts.entry(Arc::clone(key)).or_default();
        host.idle.push(Parked { connection, opened, since: now });
        self.idle += 1;
        Return::Parked
    }

    /// A connection was closed. Whoever is next for its place is counted as open already.
    pub(super) fn closed(&mut self, key: &Arc<Key>) -> Option<(Arc<Key>, Waiter<C>)> {
        self.count_closed(key);
        self.grant_next(key)
    }

    /// Whoever can be given a place now, `key`'s own first unless a total limit orders all by age.
    pub(super) fn grant_next(&mut self, key: &Arc<Key>) -> Option<(Arc<Key>, Waiter<C>)> {
        if self.waiting == 0 || !self.has_total_room() {
            return None;
        }
        let key = match self.config.max_total {
            None if self.has_room(key) => Arc::clone(key),
            None => return None,
            Some(_) => self.longest_waiting_with_room()?,
        };
        let waiter = self.next_waiter_of(&key)?;
        self.count_open(&key);
        Some((key, waiter))
    }

    /// Somebody no longer waits.
    pub(super) fn give_up(&mut self, key: &Arc<Key>, ticket: u64) {
        let Some(host) = self.hosts.get_mut(key) else { return };
        if let Ok(place) = host.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket) {
            host.waiters.remove(place);
            self.waiting -= 1;
        }
        self.forget_if_unused(key);
    }

    /// Takes all idle connections out, or those that have expired.
    pub(super) fn take_all_idle(
        &mut self,
        expired_at: Option<Instant>,
        closing: &mut Vec<C>,
    ) -> Vec<Arc<Key>> {
        let mut keys = Vec::new();
        let mut hosts = std::mem::take(&mut self.hosts);
        for (key, host) in &mut hosts {
            for parked in std::mem::take(&mut host.idle) {
                if expired_at.is_none_or(|now| self.has_expired(&parked, now)) {
                    closing.push(parked.connection);
                    keys.push(Arc::clone(key));
                } else {
                    host.idle.push(parked);
                }
            }
        }
        self.hosts = hosts;
        self.idle -= keys.len();
        for key in &keys {
            self.count_closed(key);
        }
        keys
    }

    pub(super) fn idle_expiry(&self) -> Duration {
        self.config.idle_expiry
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            open: self.open,
            idle: self.idle,
            waiting: self.waiting,
            hosts: self.hosts.len(),
            opened: self.opened,
            reused: self.reused,
        }
    }

    fn take_idle(&mut self, key: &Key, now: Instant, closing: &mut Vec<C>) -> Option<(Arc<Key>, Parked<C>)> {
        if self.idle == 0 {
            return None;
        }
        loop {
            let (key, _) = self.hosts.get_key_value(key)?;
            let key = Arc::clone(key);
            let parked = self.hosts.get_mut(&key)?.idle.pop()?;
            self.idle -= 1;
            if !self.has_expired(&parked, now) {
                return Some((key, parked));
            }
            closing.push(parked.connection);
            self.count_closed(&key);
        }
    }

    fn has_expired(&self, parked: &Parked<C>, now: Instant) -> bool {
        now.saturating_duration_since(parked.since) >= self.config.idle_expiry
            || self.is_too_old(parked.opened, now)
    }

    fn is_too_old(&self, opened: Instant, now: Instant) -> bool {
        self.config.max_lifetime.is_some_and(|most| now.saturating_duration_since(opened) >= most)
    }

    fn has_room(&self, key: &Arc<Key>) -> bool {
        let open = self.hosts.get(key).map_or(0, |host| host.open);
        self.config.max_per_host.is_none_or(|most| open < most)
    }

    fn has_total_room(&self) -> bool {
        self.config.max_total.is_none_or(|most| self.open < most)
    }

    fn idle_of(&self, key: &Arc<Key>) -> usize {
        self.hosts.get(key).map_or(0, |host| host.idle.len())
    }

    fn longest_waiting_with_room(&self) -> Option<Arc<Key>> {
        let waiting = self.hosts.iter().filter_map(|(key, host)| Some((host.waiters.front()?.ticket, key)));
        waiting
            .filter(|(_, key)| self.has_room(key))
            .min_by_key(|(ticket, _)| *ticket)
            .map(|(_, key)| Arc::clone(key))
    }

    fn next_waiter_of(&mut self, key: &Arc<Key>) -> Option<Waiter<C>> {
        let host = self.hosts.get_mut(key)?;
        while let Some(waiter) = host.waiters.pop_front() {
            self.waiting -= 1;
            if !waiter.sender.is_closed() {
                return Some(waiter);
            }
        }
        None
    }

    /// Closes the idle connection that lay longest, of any host.
    fn evict_oldest(&mut self, closing: &mut Vec<C>) -> bool {
        let oldest = self.hosts.iter().filter_map(|(key, host)| Some((host.idle.first()?.since, key)));
        let Some(key) = oldest.min_by_key(|(since, _)| *since).map(|(_, key)| Arc::clone(key)) else {
            return false;
        };
        self.evict_from(&key, closing);
        true
    }

    fn evict_from(&mut self, key: &Arc<Key>, closing: &mut Vec<C>) {
        if let Some(host) = self.hosts.get_mut(key).filter(|host| !host.idle.is_empty()) {
            closing.push(host.idle.remove(0).connection);
            self.idle -= 1;
            self.count_closed(key);
        }
    }

    fn count_open(&mut self, key: &Arc<Key>) {
        self.hosts.entry(Arc::clone(key)).or_default().open += 1;
        self.open += 1;
        self.opened += 1;
    }

    fn count_closed(&mut self, key: &Arc<Key>) {
        if let Some(host) = self.hosts.get_mut(key) {
            host.open -= 1;
            self.open -= 1;
        }
        self.forget_if_unused(key);
    }

    fn forget_if_unused(&mut self, key: &Arc<Key>) {
        if self.hosts.get(key).is_some_and(|host| host.open == 0 && host.waiters.is_empty()) {
            self.hosts.remove(key);
        }
    }
}
