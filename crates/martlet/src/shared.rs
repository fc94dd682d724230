//! What all exchanges of a client share: its pool, the way to make connections, its limits.

use martlet_proto::limit::Limits;

use crate::config::Config;
use crate::conn::Http1;
use crate::connect::Connector;
use crate::pool::Pool;

/// What all exchanges of a client share.
pub(crate) struct Shared {
    /// Boxed, since a connection changes hands several times per request.
    pub(crate) pool: Pool<Box<Http1>>,
    pub(crate) connector: Connector,
    pub(crate) limits: Limits,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            pool: Pool::new(config.pool),
            connector: Connector::new(config.connect, config.dns),
            limits: config.limits,
        }
    }
}
