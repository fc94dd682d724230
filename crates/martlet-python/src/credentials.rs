//! What callers give as `auth` and the engine can speak for: a pair of texts, and an exact `HTTPDigestAuth` that
//! holds nothing but two. What the server has said to that is kept in its `__dict__`, beside the credentials.

use martlet_proto::auth::Auth;
use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyTuple},
};

use crate::{bridge::Ours, convert::text};

/// A pair of texts is Basic, a plain `HTTPDigestAuth` is Digest.
pub(crate) fn credentials(value: &Bound<'_, PyAny>) -> Option<Auth> {
    if value.is_none() {
        return Some(Auth::None);
    }
    let Ok(pair) = value.cast_exact::<PyTuple>() else { return digest(value) };
    if pair.len() != 2 {
        return None;
    }
    let (user, password) = (pair.get_item(0).ok()?, pair.get_item(1).ok()?);
    Auth::basic(text(&user)?, text(&password)?).ok()
}

/// The engine's side of an `HTTPDigestAuth`.
#[pyclass(frozen, module = "martlet._martlet")]
struct Digest {
    user: String,
    password: String,
    auth: Ours<Auth>,
}

impl Digest {
    fn new(user: &str, password: &str) -> Self {
        let auth = Ours::new(Auth::digest(user, password));
        Self { user: user.to_owned(), password: password.to_owned(), auth }
    }

    /// The credentials with what is known of the server; `None` where they have changed, and in a forked child.
    fn auth_for(&self, user: &str, password: &str) -> Option<Auth> {
        self.auth.get().filter(|_| self.user == user && self.password == password).cloned()
    }
}

/// `None` for what is no plain `HTTPDigestAuth`.
fn digest(value: &Bound<'_, PyAny>) -> Option<Auth> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static IS_UNTOUCHED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = value.py();
    let class = CLASS.import(py, "martlet.auth", "HTTPDigestAuth").ok()?;
    if !value.get_type().is(class) {
        return None;
    }
    let untouched = IS_UNTOUCHED.import(py, "martlet.auth", "digest_is_untouched").ok()?;
    if !untouched.call0().ok()?.is_truthy().ok()? {
        return None;
    }
    let dict = value.getattr(intern!(py, "__dict__")).ok()?.cast_into_exact::<PyDict>().ok()?;
    let (user, password) =
        (dict.get_item(intern!(py, "username")).ok()??, dict.get_item(intern!(py, "password")).ok()??);
    let (user, password) = (text(&user)?, text(&password)?);
    let known = dict.get_item(intern!(py, "_engine")).ok()?;
    // Anything beside that is a state of requests' own steps, which have been used or looked at.
    if dict.len() != 2 + usize::from(known.is_some()) || !user.is_ascii() {
        return None;
    }
    let known = known.and_then(|known| known.cast_into::<Digest>().ok());
    if let Some(auth) = known.and_then(|known| known.get().auth_for(user, password)) {
        return Some(auth);
    }
    let fresh = Bound::new(py, Digest::new(user, password)).ok()?;
    dict.set_item(intern!(py, "_engine"), &fresh).ok()?;
    fresh.get().auth_for(user, password)
}
