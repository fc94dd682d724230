//! `Client`: a session's share of the engine (connections, TLS sessions, cookies) and its two ways in.
//!
//! [`Client::begin`] is the quick road: everything in Rust, or `None` when anything about the call is
//! not plain. [`Client::send`] takes a request that Python has prepared.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use martlet::{Call, CallError, Config, Response};
use martlet_proto::{Kind, Phase, cookie::Change};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::PyValueError,
    intern,
    prelude::*,
    types::{PyAny, PyBool, PyDict, PyList},
};

use crate::{
    body::{self, Content, Pace, Parts},
    bridge::{self, Answer, Keep, Operation, Ours, Supplier, most_descriptors},
    cookies,
    error::to_exception,
    home::Home,
    plain::{self, Arguments},
    prepared,
    raw::{Raw, sent},
    source::{Lender, Pieces},
    state::Share,
    versions::{Versions, own_dict},
};

/// The engine's side of one session. Safe to share between threads, loops and, anew, forked children.
#[pyclass(frozen, weakref, module = "martlet._martlet")]
pub(crate) struct Client {
    share: Share,
    /// Has it been given work since it was last closed?
    used: AtomicBool,
}

impl Client {
    /// The operation that runs `call` and gives a Response. A netrc file that has come into `home` counts.
    pub(crate) fn operation(
        slf: &Bound<'_, Self>,
        name: &'static str,
        call: Box<Call>,
        keep: Keep,
        supplier: Option<Supplier>,
        later: Option<Box<Parts>>,
        home: Option<Arc<Home>>,
    ) -> PyResult<Operation> {
        slf.get().used.store(true, Ordering::Relaxed);
        let engine = slf.get().share.with(slf.py(), |state| state.engine.clone());
        let later = match later {
            Some(parts) => Some((parts, bridge::engine()?.helpers().clone())),
            None => None,
        };
        let inside = Ours::new((engine, call, later, home));
        let streams = supplier.is_some();
        Ok(Operation::new(name, Some(keep), supplier, move |asker| {
            let inside = inside.into_inner();
            bridge::boxed(|| async move {
                let Some((engine, mut call, later, home)) = inside else { return gone() };
                if let Some(home) = home {
                    call.policy.netrc = home.netrc(asker.is_cheap());
                }
                if let Some((parts, helpers)) = later {
                    match parts.encoded(&helpers).await {
                        Ok(whole) => call.request.set_body(body::shared(whole, &helpers)),
                        Err(refusal) => return refusal,
                    }
                }
                if streams {
                    call.source = Some(Box::new(Pieces(asker.clone())));
                }
                call.sink = Some(Box::new(Lender(asker)));
                match engine.execute(call).await {
                    Ok(response) => answer(response),
                    Err(error) => refuse(error),
                }
            })
        }))
    }

    /// The operation of a plain call, or what is left of its body to be made first; None if it is not plain.
    fn begin_plain(slf: &Bound<'_, Self>, arguments: &Arguments<'_, '_>) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        let Some(mut plain) = plain::read(arguments, &slf.get().share) else {
            return plain::interrupted(py);
        };
        let later = plain.later.take();
        let keep = Keep {
            client: slf.clone().into_any().unbind(),
            session: Some(arguments.session.clone().into_any().unbind()),
            text: plain.text,
        };
        let Some((call, home)) = plain.into_call(py, &slf.get().share) else {
            return plain::interrupted(py);
        };
        let parts = match later {
            Some(Content::Unfinished(mut build)) => {
                build.arguments = arguments.to_tuple()?.unbind();
                return Ok(Some(Py::new(py, *build)?.into_any()));
            }
            Some(Content::Parts(parts)) => Some(parts),
            _ => None,
        };
        let operation = Self::operation(slf, "AsyncSession.request", call, keep, None, parts, home)?;
        Ok(Some(Py::new(py, operation)?.into_any()))
    }

    /// Tells the session's own jar, if it has been looked at, what the engine did to its cookies.
    fn mirror(py: Python<'_>, keep: &Keep, changes: &[Change]) -> PyResult<()> {
        let Some(session) = keep.session.as_ref().filter(|_| !changes.is_empty()) else { return Ok(()) };
        let Some(jar) = session.bind(py).cast::<PyDict>()?.get_item(intern!(py, "cookies"))? else {
            return Ok(());
        };
        // Its version goes up by this, so that the next call has the engine's jar equal it again, whatever else
        // has happened to either meanwhile.
        if cookies::version(&jar).is_some() {
            cookies::absorb(&jar, changes)?;
        }
        Ok(())
    }
}

/// The reply becomes a Response.
fn answer(mut response: Response) -> Answer {
    Box::new(move |py, keep| {
        let changes = std::mem::take(&mut response.cookie_changes);
        let Some(keep) = keep else { return Raw::new(py, response, None, false).into_response(py) };
        Client::mirror(py, keep, &changes)?;
        Raw::new(py, response, Some(keep.client.clone_ref(py)), keep.text).into_response(py)
    })
}

/// The error becomes an exception, with the request and, after too many redirects, the last reply.
fn refuse(failed: CallError) -> Answer {
    Box::new(move |py, keep| {
        let CallError { error, request, response, cookie_changes } = failed;
        let text = keep.is_some_and(|keep| keep.text);
        if let Some(keep) = keep {
            Client::mirror(py, keep, &cookie_changes)?;
        }
        // requests leaves it out of errors within the body, and where a redirect leads to no adapter.
        let unknown = matches!(error.phase(), Phase::RecvBody | Phase::Decode)
            || (error.kind(), error.phase()) == (Kind::InvalidScheme, Phase::Redirect);
        let request = match request.filter(|_| !unknown) {
            Some(request) => {
                let class = py.import("martlet.models")?.getattr("PreparedRequest")?;
                Some(class.call_method1("_sent", (sent(py, &request, text)?,))?)
            }
            None => None,
        };
        let response =
            response.map(|response| Raw::new(py, *response, None, text).into_response(py)).transpose()?;
        Err(to_exception(py, &error, request, response.map(|response| response.into_bound(py))))
    })
}

fn gone() -> Answer {
    Box::new(|_, _| Err(crate::bridge::inherited("request")))
}

#[pymethods]
impl Client {
    /// A client without connections. The first three numbers are those of `HTTPAdapter`; the others, where given,
    /// take their place.
    #[new]
    #[pyo3(signature = (pool_connections=10, pool_maxsize=10, pool_block=false, *, max_open=None, max_idle=None,
        idle_expiry=None, local_address=None, max_headers=None))]
    #[expect(clippy::too_many_arguments)]
    fn new(
        pool_connections: usize,
        pool_maxsize: usize,
        pool_block: bool,
        max_open: Option<usize>,
        max_idle: Option<usize>,
        idle_expiry: Option<f64>,
        local_address: Option<&str>,
        max_headers: Option<usize>,
    ) -> PyResult<Self> {
        let mut config = Config::default();
        config.limits.header_count = max_headers.unwrap_or(config.limits.header_count);
        // A burst of any size is to find its connections again. When descriptors run out, idle ones are closed.
        let half = most_descriptors().map_or(0, |most| most / 2);
        config.pool.max_idle_per_host = config.pool.max_idle_per_host.max(pool_maxsize).max(half);
        config.pool.max_idle_total =
            config.pool.max_idle_total.max(pool_maxsize.saturating_mul(pool_connections)).max(half);
        config.pool.max_per_host = pool_block.then_some(pool_maxsize);
        config.pool.max_total = max_open;
        if let Some(max_idle) = max_idle {
            (config.pool.max_idle_per_host, config.pool.max_idle_total) = (max_idle, max_idle);
        }
        if let Some(seconds) = idle_expiry {
            config.pool.idle_expiry = Duration::try_from_secs_f64(seconds)
                .map_err(|_| PyValueError::new_err(format!("{seconds} is not a number of seconds")))?;
        }
        if let Some(address) = local_address {
            let parsed = address.parse();
            config.connect.local_address =
                Some(parsed.map_err(|_| PyValueError::new_err(format!("{address:?} is not an IP address")))?);
        }
        Ok(Self { share: Share::new(config), used: AtomicBool::new(false) })
    }

    /// The quick road; None when the call is not plain.
    #[pyo3(signature = (session, method, url, params, data, headers, cookies, files, auth, timeout,
        allow_redirects, proxies, hooks, stream, verify, cert, json, build=None))]
    #[expect(clippy::too_many_arguments)]
    fn begin(
        slf: &Bound<'_, Self>,
        session: &Bound<'_, PyDict>,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        params: &Bound<'_, PyAny>,
        data: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        cookies: &Bound<'_, PyAny>,
        files: &Bound<'_, PyAny>,
        auth: &Bound<'_, PyAny>,
        timeout: &Bound<'_, PyAny>,
        allow_redirects: &Bound<'_, PyAny>,
        proxies: &Bound<'_, PyAny>,
        hooks: &Bound<'_, PyAny>,
        stream: &Bound<'_, PyAny>,
        verify: &Bound<'_, PyAny>,
        cert: &Bound<'_, PyAny>,
        json: &Bound<'_, PyAny>,
        build: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let unusual = [cookies, files, proxies, hooks, cert];
        let arguments = Arguments {
            session,
            method,
            url,
            params,
            data,
            headers,
            auth,
            timeout,
            allow_redirects,
            stream,
            verify,
            json,
            is_direct: false,
            pace: build.map_or(Pace::AtOnce, Pace::of),
            unusual,
        };
        Self::begin_plain(slf, &arguments)
    }

    /// `begin` for a method of `session` without a body: None, too, where its `request` is not our own.
    fn begin_direct(
        slf: &Bound<'_, Self>,
        session: &Bound<'_, PyAny>,
        seen: &Bound<'_, Versions>,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        params: &Bound<'_, PyAny>,
        kwargs: &Bound<'_, PyDict>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        if seen.get().noted(&session.get_type()) != Some(true) {
            return Ok(None);
        }
        let session = own_dict(session)?;
        let none = &py.None().into_bound(py);
        let yes = PyBool::new(py, true);
        let Some(given) = plain::Given::read(kwargs) else { return Ok(None) };
        Self::begin_plain(
            slf,
            &Arguments {
                session: &session,
                method,
                url,
                params,
                data: none,
                headers: given.headers.as_ref().unwrap_or(none),
                auth: given.auth.as_ref().unwrap_or(none),
                timeout: given.timeout.as_ref().unwrap_or(none),
                allow_redirects: given.allow_redirects.as_ref().unwrap_or(yes.as_any()),
                stream: given.stream.as_ref().unwrap_or(none),
                verify: given.verify.as_ref().unwrap_or(none),
                json: none,
                is_direct: true,
                pace: Pace::AtOnce,
                unusual: [none; 5],
            },
        )
    }

    /// Sends a request that Python has prepared, once: redirects, cookies and credentials are Python's business.
    #[pyo3(signature = (request, *, timeout=None, verify=None, cert=None, proxies=None, stream=false, target=None,
        server_name=None))]
    #[expect(clippy::too_many_arguments)]
    fn send(
        slf: &Bound<'_, Self>,
        request: &Bound<'_, PyAny>,
        timeout: Option<&Bound<'_, PyAny>>,
        verify: Option<&Bound<'_, PyAny>>,
        cert: Option<&Bound<'_, PyAny>>,
        proxies: Option<HashMap<String, String>>,
        stream: bool,
        target: Option<&str>,
        server_name: Option<&str>,
    ) -> PyResult<Operation> {
        let settings = prepared::Settings { timeout, verify, cert, proxies, stream, target, server_name };
        let (call, supplier, later) = prepared::call(request, settings)?;
        let keep = Keep { client: slf.clone().into_any().unbind(), session: None, text: false };
        Self::operation(slf, "Client.send", Box::new(call), keep, supplier, later.map(Box::new), None)
    }

    /// All cookies, as tuples of their fields.
    fn cookies_export<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let jar = self.share.with(py, |state| Arc::clone(&state.jar));
        let jar = jar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cookies::export(py, &jar)
    }

    /// Has the engine's jar hold these cookies and no others.
    fn cookies_replace(&self, list: &Bound<'_, PyAny>) -> PyResult<()> {
        let fresh = cookies::import(list)?;
        let jar = self.share.with(list.py(), |state| Arc::clone(&state.jar));
        *jar.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Closes the connections that nobody uses; the others close when they are done. Can be used again.
    #[getter]
    fn used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    fn close(&self, py: Python<'_>) {
        self.used.store(false, Ordering::Relaxed);
        let engine = self.share.with(py, |state| state.engine.clone());
        engine.close();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.share.traverse(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        let known = self.share.with(py, |state| std::mem::take(&mut state.known));
        drop(known);
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<Client {:?}>", self.share.with(py, |state| state.engine.stats()))
    }
}
