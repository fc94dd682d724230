//! What a session's `__dict__` says to a call, as far as it is plain.

use std::sync::Arc;

use martlet_proto::auth::Auth;
use pyo3::{
    prelude::*,
    types::{PyBool, PyDict},
};

use crate::{
    credentials::credentials,
    environment::{self, Environment},
    fields::Fields,
    state::Share,
    versions::Stamp,
};

/// What the session says, as far as it is plain.
pub(crate) struct Session<'py> {
    pub(crate) headers: Bound<'py, PyAny>,
    pub(crate) auth: Auth,
    pub(crate) verify: Bound<'py, PyAny>,
    /// The environment's bundle counts where the call says nothing of its own, whatever the session says.
    pub(crate) asks_environment: bool,
    pub(crate) environment: Environment,
    pub(crate) stream: bool,
    pub(crate) max_redirects: u32,
    pub(crate) cookies: Option<Bound<'py, PyAny>>,
    /// Is there a `request` of its own beside that of its class?
    pub(crate) has_own_request: bool,
}

impl<'py> Session<'py> {
    /// What this `__dict__` says; `verify` and `stream` are what the call says in its place. `None` if it is not plain.
    pub(crate) fn read(
        dict: &Bound<'py, PyDict>,
        share: &Share,
        verify: &Bound<'py, PyAny>,
        stream: &Bound<'py, PyAny>,
    ) -> Option<Self> {
        let (py, stamp) = (dict.py(), Stamp::of(dict));
        let known = share.with(py, |state| {
            let (then, fields) = state.known.session.as_ref()?;
            (Some(*then) == stamp).then(|| Arc::clone(fields))
        });
        if let Some(fields) = known {
            return Self::of(&fields, verify, stream);
        }
        let fields = Arc::new(Fields::look_up(dict)?);
        let session = Self::of(&fields, verify, stream)?;
        if let Some(stamp) = stamp {
            let before = share.with(py, |state| state.known.session.replace((stamp, fields)));
            drop(before);
        }
        Some(session)
    }

    fn of(fields: &Fields, verify: &Bound<'py, PyAny>, stream: &Bound<'py, PyAny>) -> Option<Self> {
        let py = verify.py();
        if !fields.are_plain(py) {
            return None;
        }
        let environment = match fields.trusts_environment {
            true => environment::read(py).ok()??,
            false => Environment::default(),
        };
        let auth = fields.auth.as_ref().map(|auth| credentials(auth.bind(py)));
        let own = fields.verify.as_ref().filter(|_| verify.is_none()).map(|own| own.bind(py));
        Some(Self {
            headers: fields.headers.bind(py).clone(),
            auth: auth.unwrap_or(Some(Auth::None))?,
            verify: own.unwrap_or(verify).clone(),
            asks_environment: is_usual(verify),
            environment,
            stream: if stream.is_none() { fields.stream } else { stream.is_truthy().ok()? },
            max_redirects: fields.max_redirects,
            cookies: fields.cookies.as_ref().map(|cookies| cookies.bind(py).clone()),
            has_own_request: fields.has_own_request,
        })
    }
}

/// No word, or True.
pub(crate) fn is_usual(verify: &Bound<'_, PyAny>) -> bool {
    verify.is_none() || verify.cast::<PyBool>().is_ok_and(|verify| verify.is_true())
}
