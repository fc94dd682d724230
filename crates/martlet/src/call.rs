//! One call of a client: what is asked and how, and how it can fail.

use std::fmt;
use std::sync::Arc;

use martlet_proto::cookie::Change;
use martlet_proto::exchange::{Attempt, Policy};
use martlet_proto::{Error, Request, Timeouts};

use crate::body::{BodySource, Sink};
use crate::response::Response;
use crate::tls::TlsSettings;

/// One call: a request, and everything that decides how it is carried out.
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Redirects, retries, credentials, cookies.
    pub policy: Policy,
    /// The bytes of a [`martlet_proto::Body::Stream`].
    pub source: Option<Box<dyn BodySource>>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// For https.
    pub tls: Arc<TlsSettings>,
    /// Is the body left to be read by the caller?
    pub stream: bool,
    /// Where a large body of known length goes.
    pub sink: Option<Box<dyn Sink>>,
    /// Is the connection kept for the next call?
    pub keep_alive: bool,
    /// Are content codings undone, when the body is read at once?
    pub decode: bool,
}

impl Call {
    /// A call of `request` as `requests.get` would make it: redirects followed, no time limits, body read at
    /// once and decoded, connection kept.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            policy: Policy::default(),
            source: None,
            timeouts: Timeouts::default(),
            tls: Arc::default(),
            stream: false,
            sink: None,
            keep_alive: true,
            decode: true,
        }
    }
}

/// Why a call failed, and the last reply if there was one (too many redirects).
#[derive(Debug)]
pub struct CallError {
    /// What went wrong.
    pub error: Error,
    /// The last reply before that.
    pub response: Option<Box<Response>>,
    /// The request that failed, if it could be made at all.
    pub request: Option<Arc<Attempt>>,
    /// What had happened to the session's jar until then.
    pub cookie_changes: Vec<Change>,
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        Self { error, response: None, request: None, cookie_changes: Vec::new() }
    }
}

/// The other way round, for who uses `?` on both.
impl From<CallError> for Error {
    fn from(failure: CallError) -> Self {
        failure.error
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}
