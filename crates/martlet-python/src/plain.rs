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
    home::Home,
    session::{Session, is_usual},
    state::{HeadersMark, KnownJar, SessionHeaders, Share},
    versions::{Stamp, own_dict},
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
    /// Are they those of a method that goes by `request`, which has not been asked?
    pub(crate) is_direct: bool,
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

/// What a method without a body was given by name.
#[derive(Default)]
pub(crate) struct Given<'py> {
    pub(crate) headers: Option<Bound<'py, PyAny>>,
    pub(crate) auth: Option<Bound<'py, PyAny>>,
    pub(crate) timeout: Option<Bound<'py, PyAny>>,
    pub(crate) allow_redirects: Option<Bound<'py, PyAny>>,
    pub(crate) stream: Option<Bound<'py, PyAny>>,
    pub(crate) verify: Option<Bound<'py, PyAny>>,
}

impl<'py> Given<'py> {
    /// `None` if there is anything else.
    pub(crate) fn read(kwargs: &Bound<'py, PyDict>) -> Option<Self> {
        let mut given = Self::default();
        for (name, value) in kwargs.iter() {
            let place = match text(&name)? {
                "headers" => &mut given.headers,
                "auth" => &mut given.auth,
                "timeout" => &mut given.timeout,
                "allow_redirects" => &mut given.allow_redirects,
                "stream" => &mut given.stream,
                "verify" => &mut given.verify,
                _ => return None,
            };
            *place = Some(value);
        }
        Some(given)
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
    if arguments.is_direct && session.has_own_request {
        return None;
    }
    // Without credentials of either, the rules ask the URL.
    let auth = match credentials(arguments.auth)? {
        Auth::None => session.auth.clone(),
        auth => auth,
    };
    let (request, text, later) = request(arguments, share)?;
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
    /// The call itself, and where a netrc file has to be looked for; `None` if headers, cookies or trusted certificates
    /// turn out not to be plain.
    pub(crate) fn into_call(self, py: Python<'_>, share: &Share) -> Option<(Box<Call>, Option<Arc<Home>>)> {
        let (session, mut request) = (self.session, self.request);
        let SessionHeaders { mut headers, unset, plain } = session_headers(share, &session.headers)?;
        if !self.headers.is_none() {
            if unset {
                return None;
            }
            merge_headers(&mut headers, self.headers)?;
        }
        if !(plain && self.headers.is_none() || are_plain(&headers)) {
            return None;
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
        let call = Box::new(Call {
            request,
            policy,
            source: None,
            timeouts: self.timeouts,
            tls,
            stream: session.stream,
            sink: None,
            keep_alive: true,
            decode: true,
        });
        Some((call, session.environment.home))
    }
}

/// What to say when a call is not plain: that, or what ended the program's own code meanwhile (Ctrl-C).
pub(crate) fn interrupted<T>(py: Python<'_>) -> PyResult<Option<T>> {
    PyErr::take(py).map_or(Ok(None), Err)
}

/// Method, URL and body, whether that is a text, and the body itself if it is not made yet; `headers` holds what the
/// body computes.
fn request(arguments: &Arguments<'_, '_>, share: &Share) -> Option<(Request, bool, Option<Content>)> {
    let method = text(arguments.method)?.to_ascii_uppercase();
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let url = match is_nothing(arguments.params) {
        true => prepared_url(arguments.url, share)?,
        false => Url::prepare(text(arguments.url)?, &body::query(arguments.params)?).ok()?,
    };
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

/// The URL of this text; that of the call before is not worked out again.
fn prepared_url(given: &Bound<'_, PyAny>, share: &Share) -> Option<Url> {
    let (py, text) = (given.py(), text(given)?);
    let known = share.with(py, |state| {
        let (known, url) = state.known.url.as_ref()?;
        (known == text).then(|| url.clone())
    });
    if known.is_some() {
        return known;
    }
    let url = Url::prepare(text, "").ok()?;
    let now = (text.to_owned(), url.clone());
    share.with(py, |state| state.known.url = Some(now));
    Some(url)
}

/// The caller's headers first, then what the body computed, unless the caller's say it already.
fn finish_headers(request: &mut Request, mut headers: Headers) -> Option<()> {
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

/// Is there none of the fields that the engine would have to know more about?
fn are_plain(headers: &Headers) -> bool {
    !["cookie", "host", "transfer-encoding"].iter().any(|name| headers.contains(name))
}

/// The session's headers, read again only when they have changed.
fn session_headers(share: &Share, container: &Bound<'_, PyAny>) -> Option<SessionHeaders> {
    let py = container.py();
    let class = container_class(py)?;
    if !container.get_type().is(class) {
        return None;
    }
    let mark = match Stamp::of(&own_dict(container).ok()?) {
        Some(stamp) => HeadersMark::Stamp(stamp),
        None => HeadersMark::Version(container.getattr(intern!(py, "_version")).ok()?.extract().ok()?),
    };
    let known = share.with(py, |state| {
        let (known, then, headers) = state.known.headers.as_ref()?;
        (known.is(container) && *then == mark).then(|| headers.clone())
    });
    if known.is_some() {
        return known;
    }
    let (headers, unset) = stored_headers(&container.getattr(intern!(py, "_store")).ok()?)?;
    let headers = SessionHeaders { plain: are_plain(&headers), headers, unset };
    let now = (container.clone().unbind(), mark, headers.clone());
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
    let bundle = session.environment.ca_bundle.as_ref().filter(|_| session.asks_environment);
    let is_usual = bundle.is_none() && is_usual(&session.verify);
    if is_usual && let Some(tls) = share.with(py, |state| state.known.usual_tls.clone()) {
        return Some(tls);
    }
    let verify = match bundle {
        Some(bundle) => Verify::Bundle(bundle.clone()),
        None => verify(&session.verify).ok().filter(|verify| *verify != Verify::None)?,
    };
    if let Some(tls) = share.with(py, |state| state.known.tls.clone()).filter(|tls| tls.verify == verify) {
        return Some(tls);
    }
    // A bundle that is not there is told before anything is connected to.
    if matches!(&verify, Verify::Bundle(path) if !path.exists()) {
        return None;
    }
    let settings = Arc::new(TlsSettings { verify, ..TlsSettings::default() });
    share.with(py, |state| {
        state.known.tls = Some(Arc::clone(&settings));
        if is_usual {
            state.known.usual_tls = Some(Arc::clone(&settings));
        }
    });
    Some(settings)
}
