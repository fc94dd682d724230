//! What a session's `__dict__` says to a call, as far as it is plain.

use std::sync::Arc;

use martlet_proto::auth::Auth;
use pyo3::{
    prelude::*,
    types::{PyBool, PyDict, PyList},
};

use crate::{
    convert::is_nothing,
    credentials::credentials,
    environment::{self, Environment},
    fields::{Fields, Name},
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
        let get = |name| fields.get(py, name);
        let empty = |name| get(name).is_none_or(is_nothing);
        let plain = [Name::Params, Name::Proxies, Name::Cert].into_iter().all(empty)
            && get(Name::Adapters).is_none()
            && get(Name::Hooks).is_none_or(has_no_hooks);
        if !plain {
            return None;
        }
        let trusts = get(Name::TrustEnv).is_none_or(|trust| trust.is_truthy().unwrap_or(true));
        let environment = match trusts {
            true => environment::read(py).ok()??,
            false => Environment::default(),
        };
        let own = |given: &Bound<'py, PyAny>, name| match given.is_none() {
            true => get(name).unwrap_or(given).clone(),
            false => given.clone(),
        };
        Some(Self {
            headers: get(Name::Headers)?.clone(),
            auth: get(Name::Auth).map_or(Some(Auth::None), credentials)?,
            verify: own(verify, Name::Verify),
            asks_environment: is_usual(verify),
            environment,
            stream: own(stream, Name::Stream).is_truthy().ok()?,
            max_redirects: get(Name::MaxRedirects).map_or(Some(30), |limit| limit.extract().ok())?,
            cookies: get(Name::Cookies).cloned(),
        })
    }
}

/// `{'response': []}`, or nothing at all.
fn has_no_hooks(hooks: &Bound<'_, PyAny>) -> bool {
    let Ok(hooks) = hooks.cast_exact::<PyDict>() else { return hooks.is_none() };
    hooks.values().iter().all(|hooks| hooks.cast_exact::<PyList>().is_ok_and(|hooks| hooks.is_empty()))
}

/// No word, or True.
fn is_usual(verify: &Bound<'_, PyAny>) -> bool {
    verify.is_none() || verify.cast::<PyBool>().is_ok_and(|verify| verify.is_true())
}
