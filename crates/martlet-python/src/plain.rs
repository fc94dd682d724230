//! The quick road: from a call's plain arguments and a session's `__dict__` to a [`Call`], without Python code.
//!
//! Anything that is not plain ends it with `None`, before anything was done; the general road then
//! does the same thing by requests' own steps, and raises what there is to raise.

use std::sync::{Arc, PoisonError};

use martlet::{
    Call,
    tls::{TlsSettings, Verify},
};
use martlet_proto::{Body, Headers, Request, Timeouts, Url, auth::Auth, cookie::SharedJar, exchange::Policy};
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    body::{self, Content, Pace},
    convert::{given, is_nothing, merge_headers, stored_headers, text, timeouts, verify},
    cookies,
    credentials::credentials,
    session::Session,
    state::{KnownJar, Share},
};

/// What a session's method was called with.
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) session: &'a Bound<'py, PyDict>,
    pub(crate) method: &'a Bound<'py, PyAny>,
    pub(crate) url: &'a Bound<'py, PyAny>,
    pub(crate) params: &'a Bound<'py, PyAny>,
    pub(crate) data: &'a Bound<'py, PyAny>,
    pub(crate) headers: &'a Bound<'py, PyAny>,
    pub(crate) auth: &'a Bound<'py, PyAny>,
    pub(crate) timeout: &'a Bound<'py, PyAny>,
    pub(crate) allow_redirects: &'a Bound<'py, PyAny>,
    pub(crate) stream: &'a Bound<'py, PyAny>,
    pub(crate) verify: &'a Bound<'py, PyAny>,
    pub(crate) json: &'a Bound<'py, PyAny>,
    /// How long its body may take.
    pub(crate) pace: Pace<'a, 'py>,
    /// What has to be absent: cookies, files, proxies, hooks, client certificate.
    pub(crate) unusual: [&'a Bound<'py, PyAny>; 5],
}

impl<'py> Arguments<'_, 'py> {
    /// As `Client.begin` takes them.
    pub(crate) fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        let [cookies, files, proxies, hooks, cert] = self.unusual;
        let (session, follow) = (self.session.as_any(), self.allow_redirects);
        let first = [session, self.method, self.url, self.params, self.data, self.headers, cookies, files];
        let second =
            [self.auth, self.timeout, follow, proxies, hooks, self.stream, self.verify, cert, self.json];
        PyTuple::new(session.py(), [&first[..], &second].concat())
    }
}

/// A plain call, as far as it can be read without what the client remembers.
pub(crate) struct Plain<'a, 'py> {
    session: Session<'py>,
    request: Request,
    headers: &'a Bound<'py, PyAny>,
    follow_redirects: bool,
    auth: Auth,
    timeouts: Timeouts,
    /// Is the body a text?
    pub(crate) text: bool,
    /// The body, where it is not in the request yet.
    pub(crate) later: Option<Content>,
}

/// The call, or `None` if it is not plain.
pub(crate) fn read<'a, 'py>(arguments: &Arguments<'a, 'py>, share: &Share) -> Option<Plain<'a, 'py>> {
    if !arguments.unusual.iter().all(|value| is_nothing(value)) {
        return None;
    }
    let session = Session::read(arguments.session, share, arguments.verify, arguments.stream)?;
    // Without credentials of either, the rules ask the URL.
    let auth = match credentials(arguments.auth)? {
        Auth::None => session.auth.clone(),
        auth => auth,
    };
    let (request, text, later) = request(arguments)?;
    Some(Plain {
        session,
        request,
        text,
        later,
        headers: arguments.headers,
        follow_redirects: arguments.allow_redirects.is_truthy().ok()?,
        auth,
        timeouts: timeouts(arguments.timeout)?,
    })
}

impl Plain<'_, '_> {
    /// The call itself; `None` if headers, cookies or trusted certificates turn out not to be plain.
    pub(crate) fn into_call(self, py: Python<'_>, share: &Share) -> Option<Box<Call>> {
        let (session, mut request) = (self.session, self.request);
        let (mut headers, unset) = session_headers(share, &session.headers)?;
        if !self.headers.is_none() {
            if unset {
                return None;
            }
            merge_headers(&mut headers, self.headers)?;
        }
        finish_headers(&mut request, headers)?;
        let tls = tls(py, share, &session)?;
        let policy = Policy {
            follow_redirects: self.follow_redirects,
            max_redirects: session.max_redirects,
            auth: self.auth,
            cookies: Some(jar(py, share, session.cookies.as_ref())?),
            ..Policy::default()
        };
        // In a box from the beginning: it is handed on many times.
        Some(Box::new(Call {
            request,
            policy,
            source: None,
            timeouts: self.timeouts,
            tls,
            stream: session.stream,
            sink: None,
            keep_alive: true,
            decode: true,
        }))
    }
}

/// What to say when a call is not plain: that, or what ended the program's own code meanwhile (Ctrl-C).
pub(crate) fn interrupted<T>(py: Python<'_>) -> PyResult<Option<T>> {
    PyErr::take(py).map_or(Ok(None), Err)
}

/// Method, URL and body, whether that is a text, and the body itself if it is not made yet; `headers` holds what the
/// body computes.
fn request(arguments: &Arguments<'_, '_>) -> Option<(Request, bool, Option<Content>)> {
    let method = text(arguments.method)?.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let params = match is_nothing(arguments.params) {
        true => String::new(),
        false => body::query(arguments.params)?,
    };
    let url = Url::prepare(text(arguments.url)?, &params).ok()?;
    if !url.is_http() {
        return None;
    }
    let mut request = Request::new(method, url);
    let Some(given) = body::read(arguments.data, arguments.json, &arguments.pace)? else {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            request.headers.append("Content-Length", "0");
        }
        return Some((request, false, None));
    };
    let (length, later) = match given.content {
        Content::Bytes(bytes) => {
            let length = bytes.len();
            request.body = Body::Bytes(bytes);
            (length, None)
        }
        // The place is kept; the length is set when it is known.
        later => (0, Some(later)),
    };
    request.headers.append("Content-Length", length.to_string());
    if let Some(content_type) = given.content_type {
        request.headers.append("Content-Type", content_type);
    }
    Some((request, given.text, later))
}

/// The caller's headers first, then what the body computed, unless the caller's say it already.
fn finish_headers(request: &mut Request, mut headers: Headers) -> Option<()> {
    if headers.contains("cookie") || headers.contains("host") || headers.contains("transfer-encoding") {
        return None;
    }
    let computed: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    for (name, value) in computed {
        match headers.contains(&name) {
            true if name == b"Content-Type" => {}
            // requests sets the length over the caller's, in the caller's place.
            true => return None,
            false => {
                headers.append(&name, &value);
                request.computed += 1;
            }
        }
    }
    request.headers = headers;
    Some(())
}

/// The session's headers, as [`stored_headers`] gives them, read again only when they have changed.
fn session_headers(share: &Share, container: &Bound<'_, PyAny>) -> Option<(Headers, bool)> {
    let py = container.py();
    let class = container_class(py)?;
    if !container.get_type().is(class) {
        return None;
    }
    let version: i64 = container.getattr(intern!(py, "_version")).ok()?.extract().ok()?;
    let known = share.with(py, |state| {
        let (known, at, headers) = state.known.headers.as_ref()?;
        (known.is(container) && *at == version).then(|| headers.clone())
    });
    if known.is_some() {
        return known;
    }
    let headers = stored_headers(&container.getattr(intern!(py, "_store")).ok()?)?;
    let now = (container.clone().unbind(), version, headers.clone());
    let before = share.with(py, |state| state.known.headers.replace(now));
    drop(before);
    Some(headers)
}

fn container_class(py: Python<'_>) -> Option<&Bound<'_, pyo3::types::PyType>> {
    static CLASS: pyo3::sync::PyOnceLock<Py<pyo3::types::PyType>> = pyo3::sync::PyOnceLock::new();
    CLASS.import(py, "martlet.structures", "CaseInsensitiveDict").ok()
}

/// The engine's jar, made equal to the session's own if that has been looked at.
fn jar(py: Python<'_>, share: &Share, own: Option<&Bound<'_, PyAny>>) -> Option<SharedJar> {
    let (ours, known) = share.with(py, |state| {
        let known = state.known.jar.as_ref().map(|known| known.clone_ref(py));
        (Arc::clone(&state.jar), known)
    });
    let Some(own) = own else { return Some(ours) };
    let now = KnownJar {
        version: cookies::version(own)?,
        noted: cookies::noted(py).ok()?,
        own: own.clone().unbind(),
    };
    let latest = match known {
        Some(known) if known.own.is(own) && known.noted == now.noted && !cookies::is_lent(own) => {
            if known.version == now.version {
                return Some(ours);
            }
            let since = own.call_method1(intern!(py, "_changes_since"), (known.version,));
            given(py, since)?.extract::<Option<Bound<'_, PyAny>>>().ok()?
        }
        _ => None,
    };
    match latest {
        Some(latest) => {
            let changes = cookies::changes(&latest).ok()?;
            let mut jar = ours.lock().unwrap_or_else(PoisonError::into_inner);
            for change in changes {
                jar.apply(change);
            }
        }
        None => {
            let exported = given(py, own.call_method0(intern!(py, "_export")))?;
            let fresh = cookies::import(&exported).ok()?;
            *ours.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
    let before = share.with(py, |state| state.known.jar.replace(now));
    drop(before);
    Some(ours)
}

/// `verify=False` is left to the general road, which warns as requests does.
/// Also for http, which may lead to https.
fn tls(py: Python<'_>, share: &Share, session: &Session<'_>) -> Option<Arc<TlsSettings>> {
    let verify = match &session.environment.ca_bundle {
        Some(bundle) if session.asks_environment => Verify::Bundle(bundle.clone()),
        _ => verify(&session.verify).ok().filter(|verify| *verify != Verify::None)?,
    };
    if let Some(tls) = share.with(py, |state| state.known.tls.clone()).filter(|tls| tls.verify == verify) {
        return Some(tls);
    }
    // A bundle that is not there is told before anything is connected to.
    if matches!(&verify, Verify::Bundle(path) if !path.exists()) {
        return None;
    }
    let settings = Arc::new(TlsSettings { verify, ..TlsSettings::default() });
    share.with(py, |state| state.known.tls = Some(Arc::clone(&settings)));
    Some(settings)
}
