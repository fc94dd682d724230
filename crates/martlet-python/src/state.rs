//! What a session's share of the engine is in one process, and what it remembers from call to call.

use std::sync::{Arc, Mutex, PoisonError};

use martlet::{Config, TlsSettings};
use martlet_proto::{
    Headers, Url,
    cookie::{Jar, SharedJar},
};
use pyo3::{PyTraverseError, PyVisit, prelude::*, sync::MutexExt};

use crate::{bridge::Ours, fields::Fields, versions::Stamp};

/// What belongs to one process.
pub(crate) struct State {
    pub(crate) engine: martlet::Client,
    pub(crate) jar: SharedJar,
    pub(crate) known: Known,
}

/// What is remembered from call to call.
#[derive(Default)]
pub(crate) struct Known {
    /// What the session's `__dict__` said when that was its stamp.
    pub(crate) session: Option<(Stamp, Arc<Fields>)>,
    /// The session's headers: their container, as it was, and what was in it.
    pub(crate) headers: Option<(Py<PyAny>, HeadersMark, SessionHeaders)>,
    /// The URL last asked for without parameters, as it was given and as it is.
    pub(crate) url: Option<(String, Url)>,
    pub(crate) jar: Option<KnownJar>,
    /// The TLS settings last used, without a client certificate.
    pub(crate) tls: Option<Arc<TlsSettings>>,
    /// Those of a call that says nothing of its own.
    pub(crate) usual_tls: Option<Arc<TlsSettings>>,
}

/// What is another after every change to a container of headers.
#[derive(PartialEq, Eq)]
pub(crate) enum HeadersMark {
    /// That of its attributes, of which its count of changes is one.
    Stamp(Stamp),
    /// The count itself.
    Version(i64),
}

/// The headers of a session.
#[derive(Clone)]
pub(crate) struct SessionHeaders {
    pub(crate) headers: Headers,
    /// Is one of them unset by None? It holds a place that a header of the call may take.
    pub(crate) unset: bool,
    /// Is there none that takes a call off the quick road?
    pub(crate) plain: bool,
}

/// The session's Python jar when it and the engine's were equal.
pub(crate) struct KnownJar {
    pub(crate) own: Py<PyAny>,
    pub(crate) version: i64,
    /// How often cookies that users hold had been changed then.
    pub(crate) noted: u64,
}

impl KnownJar {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self { own: self.own.clone_ref(py), ..*self }
    }
}

/// A session's share of the engine, made anew in a forked child.
pub(crate) struct Share {
    config: Config,
    state: Mutex<Ours<State>>,
}

impl Share {
    pub(crate) fn new(config: Config) -> Self {
        let state = Mutex::new(Ours::new(State::new(&config, Jar::new())));
        Self { config, state }
    }

    /// Runs `f` on what belongs to this process; made anew in a forked child, with the parent's cookies.
    ///
    /// `f` runs no Python code and drops no Python object: such code may come back here, and a thread that holds
    /// the lock while others have the interpreter may be gone in a forked child. Who waits lets go of the
    /// interpreter all the same.
    pub(crate) fn with<T>(&self, py: Python<'_>, f: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = state.get_mut() {
            return f(state);
        }
        // At the moment of the fork another thread may have held the jar: then it cannot be read.
        let jar = state.inherited().jar.try_lock().map(|jar| jar.clone()).unwrap_or_default();
        let mut fresh = State::new(&self.config, jar);
        let value = f(&mut fresh);
        *state = Ours::new(fresh);
        value
    }
}

impl Share {
    /// Shows the garbage collector what is remembered: a jar of the user's may know the session.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Held by a thread that works: then it is not garbage.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        let Some(State { known, .. }) = state.get() else { return Ok(()) };
        if let Some((container, ..)) = &known.headers {
            visit.call(container)?;
        }
        if let Some(jar) = &known.jar {
            visit.call(&jar.own)?;
        }
        known.session.iter().try_for_each(|(_, fields)| fields.traverse(visit))
    }
}

impl State {
    fn new(config: &Config, jar: Jar) -> Self {
        Self {
            engine: martlet::Client::new(config.clone()),
            jar: Arc::new(Mutex::new(jar)),
            known: Known::default(),
        }
    }
}
