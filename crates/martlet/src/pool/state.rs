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
    /// Where each host stands in `hosts`: a request looks its key up once, everything else goes by number.
    numbers: HashMap<Arc<Key>, HostNumber>,
    hosts: Vec<Option<Host<C>>>,
    /// The places in `hosts` that are `None`.
    vacant: Vec<HostNumber>,
    open: usize,
    idle: usize,
    waiting: usize,
    next_ticket: u64,
    opened: u64,
    reused: u64,
    /// What was opened before is not kept any more.
    closed_at: Option<Instant>,
}

/// Where a host stands, for as long as a connection to it is open or somebody waits for one.
pub(super) type HostNumber = usize;

struct Host<C> {
    key: Arc<Key>,
    open: usize,
    /// Oldest first.
    idle: VecDeque<Parked<C>>,
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
    ticket: u64,
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
    Reuse(HostNumber, Parked<C>),
    Open(HostNumber),
    Wait(HostNumber, u64, oneshot::Receiver<Grant<C>>),
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

impl<C> State<C> {
    pub(super) fn new(config: PoolConfig) -> Self {
        Self {
            config,
            numbers: HashMap::new(),
            hosts: Vec::new(),
            vacant: Vec::new(),
            open: 0,
            idle: 0,
            waiting: 0,
            next_ticket: 0,
            opened: 0,
            reused: 0,
            closed_at: None,
        }
    }

    /// From now on only connections opened after `now` are kept when they come back.
    pub(super) fn close(&mut self, now: Instant) {
        self.closed_at = Some(now);
    }

    /// Somebody asks for a connection to `key`. What has expired, or makes room, goes to `closing`.
    pub(super) fn ask(&mut self, key: &Key, now: Instant, closing: &mut Vec<C>) -> Decision<C> {
        let number = match self.numbers.get(key) {
            Some(number) => *number,
            None => self.enter(key),
        };
        if let Some(parked) = self.take_idle(number, now, closing) {
            self.reused += 1;
            return Decision::Reuse(number, parked);
        }
        let queue = self.host(number).is_some_and(|host| !host.waiters.is_empty());
        if !queue && self.has_room(number) && (self.has_total_room() || self.evict_oldest(closing)) {
            self.count_open(number);
            return Decision::Open(number);
        }
        let (sender, receiver) = oneshot::channel();
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if let Some(host) = self.host_mut(number) {
            host.waiters.push_back(Waiter { ticket, sender });
            self.waiting += 1;
        }
        Decision::Wait(number, ticket, receiver)
    }

    /// A connection comes back in good order. What gives way to it goes to `closing`.
    pub(super) fn give_back(
        &mut self,
        number: HostNumber,
        connection: C,
        opened: Instant,
        now: Instant,
        closing: &mut Vec<C>,
    ) -> Return<C> {
        if self.is_too_old(opened, now) {
            return Return::Close(connection);
        }
        if let Some(waiter) = self.next_waiter_of(number) {
            self.reused += 1;
            return Return::HandOver(waiter, connection);
        }
        let (of_host, of_all) = (self.config.max_idle_per_host, self.config.max_idle_total);
        let somebody_needs_the_place = self.waiting > 0 && self.longest_waiting_with_room().is_some();
        if of_host == 0 || of_all == 0 || somebody_needs_the_place {
            return Return::Close(connection);
        }
        if self.host(number).is_some_and(|host| host.idle.len() >= of_host) {
            self.evict_from(number, closing);
        } else if self.idle >= of_all {
            self.evict_oldest(closing);
        }
        let Some(host) = self.host_mut(number) else { return Return::Close(connection) };
        host.idle.push_back(Parked { connection, opened, since: now });
        self.idle += 1;
        Return::Parked
    }

    /// A connection was closed. Whoever is next for its place is counted as open already.
    pub(super) fn closed(&mut self, number: HostNumber) -> Option<(HostNumber, Waiter<C>)> {
        self.count_closed(number);
        let next = self.grant_next(number);
        self.forget_if_unused(number);
        next
    }

    /// Whoever can be given a place now: somebody of this host, or with a total limit whoever waited longest.
    pub(super) fn grant_next(&mut self, number: HostNumber) -> Option<(HostNumber, Waiter<C>)> {
        if self.waiting == 0 || !self.has_total_room() {
            return None;
        }
        let number = match self.config.max_total {
            None if self.has_room(number) => number,
            None => return None,
            Some(_) => self.longest_waiting_with_room()?,
        };
        let waiter = self.next_waiter_of(number)?;
        self.count_open(number);
        Some((number, waiter))
    }

    /// Somebody no longer waits.
    pub(super) fn give_up(&mut self, number: HostNumber, ticket: u64) {
        // The number may be another host's by now, but the ticket is nobody else's.
        let Some(host) = self.host_mut(number) else { return };
        if let Ok(place) = host.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket) {
            host.waiters.remove(place);
            self.waiting -= 1;
        }
        self.forget_if_unused(number);
    }

    /// Takes all idle connections out, or those that have expired; tells whose places are free now.
    pub(super) fn take_all_idle(
        &mut self,
        expired_at: Option<Instant>,
        closing: &mut Vec<C>,
    ) -> Vec<HostNumber> {
        let mut freed = Vec::new();
        for number in 0..self.hosts.len() {
            let Some(host) = self.host_mut(number) else { continue };
            for parked in std::mem::take(&mut host.idle) {
                if expired_at.is_none_or(|now| self.has_expired(&parked, now)) {
                    closing.push(parked.connection);
                    freed.push(number);
                    self.idle -= 1;
                    self.count_closed(number);
                } else if let Some(host) = self.host_mut(number) {
                    host.idle.push_back(parked);
                }
            }
            self.forget_if_unused(number);
        }
        freed
    }

    pub(super) fn idle_expiry(&self) -> Duration {
        self.config.idle_expiry
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            open: self.open,
            idle: self.idle,
            waiting: self.waiting,
            hosts: self.numbers.len(),
            opened: self.opened,
            reused: self.reused,
        }
    }

    fn host(&self, number: HostNumber) -> Option<&Host<C>> {
        self.hosts.get(number)?.as_ref()
    }

    fn host_mut(&mut self, number: HostNumber) -> Option<&mut Host<C>> {
        self.hosts.get_mut(number)?.as_mut()
    }

    fn numbered(&self) -> impl Iterator<Item = (HostNumber, &Host<C>)> {
        self.hosts.iter().enumerate().filter_map(|(number, host)| Some((number, host.as_ref()?)))
    }

    /// Gives a number to a host that has none.
    fn enter(&mut self, key: &Key) -> HostNumber {
        let key = Arc::new(key.clone());
        let host = Host { key: Arc::clone(&key), open: 0, idle: VecDeque::new(), waiters: VecDeque::new() };
        let number = self.vacant.pop().unwrap_or(self.hosts.len());
        match self.hosts.get_mut(number) {
            Some(vacant) => *vacant = Some(host),
            None => self.hosts.push(Some(host)),
        }
        self.numbers.insert(key, number);
        number
    }

    fn take_idle(&mut self, number: HostNumber, now: Instant, closing: &mut Vec<C>) -> Option<Parked<C>> {
        loop {
            let parked = self.host_mut(number)?.idle.pop_back()?;
            self.idle -= 1;
            if !self.has_expired(&parked, now) {
                return Some(parked);
            }
            closing.push(parked.connection);
            self.count_closed(number);
        }
    }

    fn has_expired(&self, parked: &Parked<C>, now: Instant) -> bool {
        now.saturating_duration_since(parked.since) >= self.config.idle_expiry
            || self.is_too_old(parked.opened, now)
    }

    fn is_too_old(&self, opened: Instant, now: Instant) -> bool {
        self.config.max_lifetime.is_some_and(|most| now.saturating_duration_since(opened) >= most)
            || self.closed_at.is_some_and(|closed| opened <= closed)
    }

    fn has_room(&self, number: HostNumber) -> bool {
        let open = self.host(number).map_or(0, |host| host.open);
        self.config.max_per_host.is_none_or(|most| open < most)
    }

    fn has_total_room(&self) -> bool {
        self.config.max_total.is_none_or(|most| self.open < most)
    }

    fn longest_waiting_with_room(&self) -> Option<HostNumber> {
        let waiting =
            self.numbered().filter_map(|(number, host)| Some((host.waiters.front()?.ticket, number)));
        waiting.filter(|(_, number)| self.has_room(*number)).min().map(|(_, number)| number)
    }

    fn next_waiter_of(&mut self, number: HostNumber) -> Option<Waiter<C>> {
        let host = self.host_mut(number)?;
        let (mut gone, mut next) = (0, None);
        while let Some(waiter) = host.waiters.pop_front() {
            gone += 1;
            if !waiter.sender.is_closed() {
                next = Some(waiter);
                break;
            }
        }
        self.waiting -= gone;
        next
    }

    /// Closes the idle connection that lay longest, of any host.
    fn evict_oldest(&mut self, closing: &mut Vec<C>) -> bool {
        let oldest = self.numbered().filter_map(|(number, host)| Some((host.idle.front()?.since, number)));
        let Some((_, number)) = oldest.min() else { return false };
        self.evict_from(number, closing);
        true
    }

    fn evict_from(&mut self, number: HostNumber, closing: &mut Vec<C>) {
        if let Some(parked) = self.host_mut(number).and_then(|host| host.idle.pop_front()) {
            closing.push(parked.connection);
            self.idle -= 1;
            self.count_closed(number);
            self.forget_if_unused(number);
        }
    }

    fn count_open(&mut self, number: HostNumber) {
        if let Some(host) = self.host_mut(number) {
            host.open += 1;
            self.open += 1;
            self.opened += 1;
        }
    }

    fn count_closed(&mut self, number: HostNumber) {
        if let Some(host) = self.host_mut(number) {
            host.open -= 1;
            self.open -= 1;
        }
    }

    fn forget_if_unused(&mut self, number: HostNumber) {
        let unused = self.host(number).is_some_and(|host| host.open == 0 && host.waiters.is_empty());
        if unused && let Some(host) = self.hosts.get_mut(number).and_then(Option::take) {
            self.numbers.remove(&host.key);
            self.vacant.push(number);
        }
    }
}
