//! Which connections are interchangeable: those that differ in nothing a request could notice.

use std::sync::Arc;

use crate::tls::TlsSettings;

/// What two requests must have in common to use one connection, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The host, lower case, without brackets.
    pub(crate) host: Box<str>,
    /// The port connected to.
    pub(crate) port: u16,
    /// The TLS settings, for https and for a proxy that is spoken to over TLS.
    pub(crate) tls: Option<Arc<TlsSettings>>,
    /// The proxy's URL, credentials included.
    pub(crate) proxy: Option<Box<str>>,
    /// The runtime that wakes whoever waits for the connection: another one would wait for ever.
    pub(crate) runtime: Option<tokio::runtime::Id>,
}
