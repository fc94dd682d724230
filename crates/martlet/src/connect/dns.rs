//! From a host name to addresses: numeric hosts at once, others by `getaddrinfo` on a helper thread.
//!
//! - Answers are kept for a short time ([`DnsConfig::ttl`]), failures are not.
//! - However many ask for a name at once, the system is asked once (single flight); the answer is
//!   kept even when all who asked have gone.
//! - The system's order (RFC 6724) is kept; `connect::happy` interleaves the families.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use martlet_proto::{Error, Kind, Phase, Result};
use tokio::sync::oneshot;

use crate::blocking::Helpers;
use crate::config::DnsConfig;

/// The addresses of a host; their port is 0.
pub(crate) type Addresses = Arc<[SocketAddr]>;

type Answer = Result<Addresses, Arc<io::Error>>;
type Ask = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The resolver of one client. Clones share cache and threads.
#[derive(Clone)]
pub(crate) struct Dns(Arc<Shared>);

struct Shared {
    config: DnsConfig,
    helpers: Helpers,
    names: Mutex<HashMap<String, Name>>,
    ask: Ask,
}

enum Name {
    Known { addresses: Addresses, until: Instant },
    Asked { waiting: Vec<oneshot::Sender<Answer>> },
}

impl Dns {
    pub(crate) fn new(config: DnsConfig, helpers: Helpers) -> Self {
        Self::asking(config, helpers, ask_the_system)
    }

    fn asking(config: DnsConfig, helpers: Helpers, ask: Ask) -> Self {
        Self(Arc::new(Shared { config, helpers, names: Mutex::default(), ask }))
    }

    /// The addresses of `host`, at least one.
    ///
    /// # Errors
    /// [`Kind::Resolve`] with the system's error beneath.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the answer goes into the cache.
    pub(crate) async fn resolve(&self, host: &str) -> Result<Addresses> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Arc::from([SocketAddr::new(address, 0)]));
        }
        let answer = match self.known_or_asked(host) {
            Ok(addresses) => return Ok(addresses),
            Err(answer) => answer.await,
        };
        match answer {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(unresolved(host, error)),
            Err(_) => Err(unresolved(host, io::Error::other("no thread could be started to look it up"))),
        }
    }

    fn known_or_asked(&self, host: &str) -> Result<Addresses, oneshot::Receiver<Answer>> {
        let (sender, receiver) = oneshot::channel();
        let mut names = self.0.lock();
        match names.get_mut(host) {
            Some(Name::Known { addresses, until }) if *until > Instant::now() => {
                return Ok(Arc::clone(addresses));
            }
            Some(Name::Asked { waiting }) => {
                waiting.push(sender);
                return Err(receiver);
            }
            _ => {}
        }
        names.insert(host.to_owned(), Name::Asked { waiting: vec![sender] });
        drop(names);
        let flight = Flight { shared: Arc::clone(&self.0), host: host.to_owned(), landed: false };
        self.0.helpers.run(Box::new(move || {
            let answer = (flight.shared.ask)(&flight.host);
            flight.land(answer);
        }));
        Err(receiver)
    }
}

/// One question to the system. Dropped without an answer (no thread, a panic), it leaves no trace.
struct Flight {
    shared: Arc<Shared>,
    host: String,
    landed: bool,
}

impl Flight {
    fn land(mut self, answer: io::Result<Vec<SocketAddr>>) {
        let answer: Answer = match answer {
            Ok(addresses) => Ok(Addresses::from(addresses)),
            Err(error) => Err(Arc::new(error)),
        };
        self.landed = true;
        let mut names = self.shared.lock();
        let asked = names.remove(&self.host);
        if let Ok(addresses) = &answer {
            let now = Instant::now();
            if names.len() >= self.shared.config.names {
                names.retain(|_, name| !matches!(name, Name::Known { until, .. } if *until <= now));
            }
            let known = Name::Known { addresses: Arc::clone(addresses), until: now + self.shared.config.ttl };
            if names.len() < self.shared.config.names {
                names.insert(self.host.clone(), known);
            }
        }
        drop(names);
        if let Some(Name::Asked { waiting }) = asked {
            for sender in waiting {
                drop(sender.send(answer.clone()));
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // Once landed, an entry of that name is the next flight's.
        if !self.landed {
            self.shared.lock().remove(&self.host);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `getaddrinfo`, each address once.
fn ask_the_system(host: &str) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in (host, 0).to_socket_addrs()? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    match addresses.is_empty() {
        true => Err(io::Error::other("the name has no address")),
        false => Ok(addresses),
    }
}

fn unresolved(host: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let cause = cause.into();
    let message = format!(
        "Failed to resolve '{host}' ({cause}). Check the name, or that this machine has a working name server."
    );
    Error::new(Kind::Resolve, Phase::Resolve, message).with_source(cause)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn one_address() -> Vec<SocketAddr> {
        vec![SocketAddr::from(([192, 0, 2, 1], 0))]
    }

    #[tokio::test]
    async fn a_numeric_host_asks_nobody() {
        let dns = Dns::asking(DnsConfig::default(), Helpers::new(1), |_| panic!("asked"));
        assert_eq!(dns.resolve("127.0.0.1").await.unwrap()[0].to_string(), "127.0.0.1:0");
        assert_eq!(dns.resolve("::1").await.unwrap()[0].to_string(), "[::1]:0");
    }

    #[tokio::test]
    async fn many_who_ask_at_once_ask_the_system_once_and_the_answer_is_kept() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let dns = Dns::asking(DnsConfig::default(), Helpers::new(4), |_| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            Ok(one_address())
        });
        let first = dns.resolve("a.test");
        let second = dns.resolve("a.test");
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap(), second.unwrap());
        dns.resolve("a.test").await.unwrap();
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_is_forgotten_after_its_time_and_a_failure_at_once() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let config = DnsConfig { ttl: Duration::ZERO, ..DnsConfig::default() };
        let dns = Dns::asking(config, Helpers::new(1), |_| match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => Err(io::Error::other("no such host")),
            _ => Ok(one_address()),
        });
        let error = dns.resolve("a.test").await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (Kind::Resolve, Phase::Resolve));
        dns.resolve("a.test").await.unwrap();
        dns.resolve("a.test").await.unwrap();
        assert_eq!(ASKED.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_look_up_that_panics_is_an_error_and_the_next_one_asks_again() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let dns = Dns::asking(DnsConfig::default(), Helpers::new(1), |_| {
            match ASKED.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("on purpose"),
                _ => Ok(one_address()),
            }
        });
        assert_eq!(dns.resolve("a.test").await.unwrap_err().kind(), Kind::Resolve);
        dns.resolve("a.test").await.unwrap();
    }
}
