//! What a session's share of the engine is in one process, and what it remembers from call to call.

use std::sync::{Arc, Mutex};

use martlet::{Config, TlsSettings};
use martlet_proto::{
    Headers,
    cookie::{Jar, SharedJar},
};
use pyo3::prelude::*;

/// What belongs to one process.
pub(crate) struct State {
    pub(crate) engine: martlet::Client,
    pub(crate) jar: SharedJar,
    pub(crate) known: Known,
}

/// What is remembered from call to call.
#[derive(Default)]
pub(crate) struct Known {
    /// The session's headers: the container's `_store`, its version, and what was in it.
    pub(crate) headers: Option<(Py<PyAny>, i64, Headers)>,
    /// The Python jar, and its version when it and the engine's were equal.
    pub(crate) jar: Option<(Py<PyAny>, i64)>,
    /// The TLS settings last used, without a client certificate.
    pub(crate) tls: Option<Arc<TlsSettings>>,
}

impl State {
    pub(crate) fn new(config: &Config, jar: Jar) -> Self {
        Self {
            engine: martlet::Client::new(config.clone()),
            jar: Arc::new(Mutex::new(jar)),
            known: Known::default(),
        }
    }
}
