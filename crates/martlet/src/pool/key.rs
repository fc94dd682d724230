//! Which connections are interchangeable: those that differ in nothing a request could notice.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::tls::TlsSettings;

/// What two requests must have in common to use one connection, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Every request looks its key up, so only what tells many keys apart is hashed. Of the TLS settings that is whose
/// client certificate is shown, not which file holds the roots: its path would be most of the work.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.host.hash(state);
        self.port.hash(state);
        self.proxy.hash(state);
        if let Some(cert) = self.tls.as_ref().and_then(|tls| tls.client_cert.as_ref()) {
            cert.hash(state);
        }
    }
}
