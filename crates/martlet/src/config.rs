//! The settings of a client, in groups; each default with its reason.

use std::time::Duration;

use martlet_proto::limit::Limits;

/// Everything a [`Client`](crate::Client) can be told once, when it is made.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Which connections are kept and how many may be open.
    pub pool: PoolConfig,
    /// How names become addresses.
    pub dns: DnsConfig,
    /// How connections are made.
    pub connect: ConnectConfig,
    /// What is accepted from a peer.
    pub limits: Limits,
}

/// Which connections are kept and how many may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Connections open at once to one host, idle ones included. Default: no limit, since a hard one
    /// deadlocks whoever holds unread streams.
    pub max_per_host: Option<usize>,
    /// Connections open at once in total, idle ones included. Default: no limit, for the same reason.
    pub max_total: Option<usize>,
    /// Idle connections kept to one host. Default 256: what a burst of that many requests reuses.
    pub max_idle_per_host: usize,
    /// Idle connections kept in total. Default 512: half the usual soft limit of 1024 descriptors.
    pub max_idle_total: usize,
    /// How long a connection may lie idle. Default 90 s: beyond that most servers and NATs have forgotten it.
    pub idle_expiry: Duration,
    /// How old a connection may become. Default: no limit; set it to notice changes of DNS.
    pub max_lifetime: Option<Duration>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_per_host: None,
            max_total: None,
            max_idle_per_host: 256,
            max_idle_total: 512,
            idle_expiry: Duration::from_secs(90),
            max_lifetime: None,
        }
    }
}

/// How names become addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsConfig {
    /// How long an answer is believed. Default 5 s: bursts ask once, a failover is noticed soon.
    pub ttl: Duration,
    /// Look-ups under way at once, each on a thread. Default 16: what one slow name server should cost.
    pub threads: usize,
    /// Answers kept. Default 4096, about 1 MB.
    pub names: usize,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(5), threads: 16, names: 4096 }
    }
}

/// How connections are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectConfig {
    /// Head start of one address before the next is tried too. Default 250 ms (RFC 8305 section 8).
    pub attempt_delay: Duration,
    /// `TCP_NODELAY`. Default on, as urllib3 sets it: a request must not wait for the peer's ACK.
    pub nodelay: bool,
    /// `SO_KEEPALIVE` idle time. Default: off, as requests leaves it.
    pub keepalive: Option<Duration>,
    /// The local address to connect from. Default: the system's choice.
    pub local_address: Option<std::net::IpAddr>,
}

impl Default for ConnectConfig {
    fn default() -> Self {
        Self {
            attempt_delay: Duration::from_millis(250),
            nodelay: true,
            keepalive: None,
            local_address: None,
        }
    }
}
