//! `Client`: a session's share of the engine (connections, TLS sessions, cookies) and its two ways in.
//!
//! [`Client::begin`] is the quick road: everything in Rust, or `None` when anything about the call is
//! not plain. [`Client::send`] takes a request that Python has prepared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use martlet::{Call, CallError, Config, Response};
use martlet_proto::{
    Phase,
    cookie::{Change, Jar},
};
use pyo3::{
    intern,
    prelude::*,
    sync::MutexExt,
    types::{PyAny, PyDict, PyList},
};

use crate::{
    bridge::{Answer, Keep, Operation, Ours, Supplier},
    cookies,
    error::to_exception,
    plain::{self, Arguments},
    prepared,
    raw::{Raw, sent},
    source::{Lender, Pieces},
    state::State,
};

/// The engine's side of one session. Safe to share between threads, loops and, anew, forked children.
#[pyclass(frozen, weakref, module = "martlet._martlet")]
pub(crate) struct Client {
    config: Config,
    state: Mutex<Ours<State>>,
}

impl Client {
    /// Runs `f` on what belongs to this process; made anew in a forked child, with the parent's cookies.
    ///
    /// `f` may run Python code, so whoever waits for the lock lets the others have the interpreter.
    fn with<T>(&self, py: Python<'_>, f: impl FnOnce(&mut State) -> T) -> T {
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

    /// The operation that runs `call` and gives a Response. `session` is the session's `__dict__`.
    pub(crate) fn operation(
        slf: &Bound<'_, Self>,
        name: &'static str,
        call: Call,
        session: Option<Py<PyAny>>,
        supplier: Option<Supplier>,
    ) -> Operation {
        let engine = slf.get().with(slf.py(), |state| state.engine.clone());
        let inside = Ours::new((engine, call));
        let streams = supplier.is_some();
        let keep = Keep { client: slf.clone().into_any().unbind(), session };
        Operation::new(name, Some(keep), supplier, move |asker| {
            let inside = inside.into_inner();
            Box::pin(async move {
                let Some((engine, mut call)) = inside else { return gone() };
                if streams {
                    call.source = Some(Box::new(Pieces(asker.clone())));
                }
                call.sink = Some(Box::new(Lender(asker)));
                match engine.execute(call).await {
                    Ok(response) => answer(response),
                    Err(error) => refuse(error),
                }
            })
        })
    }

    /// Tells the session's own jar, if it has been looked at, what the engine did to its cookies.
    fn mirror(slf: &Bound<'_, Self>, session: Option<&Bound<'_, PyAny>>, changes: &[Change]) -> PyResult<()> {
        let Some(session) = session.filter(|_| !changes.is_empty()) else { return Ok(()) };
        let Some(jar) = session.cast::<PyDict>()?.get_item(intern!(slf.py(), "cookies"))? else {
            return Ok(());
        };
        let Some(before) = cookies::version(&jar) else { return Ok(()) };
        cookies::absorb(&jar, changes)?;
        let after = cookies::version(&jar);
        slf.get().with(slf.py(), |state| match (&mut state.known.jar, after) {
            (Some((known, version)), Some(after)) if known.is(&jar) && *version == before => *version = after,
            _ => {}
        });
        Ok(())
    }
}

/// The reply becomes a Response.
fn answer(mut response: Response) -> Answer {
    Box::new(move |py, keep| {
        let changes = std::mem::take(&mut response.cookie_changes);
        let client = match keep {
            Some(keep) => {
                let client = keep.client.bind(py).cast::<Client>()?;
                Client::mirror(client, keep.session.as_ref().map(|session| session.bind(py)), &changes)?;
                Some(client.clone().into_any().unbind())
            }
            None => None,
        };
        Raw::new(response, client).into_response(py)
    })
}

/// The error becomes an exception, with the request and, after too many redirects, the last reply.
fn refuse(failed: CallError) -> Answer {
    Box::new(move |py, keep| {
        let CallError { error, request, response, cookie_changes } = failed;
        if let Some(keep) = keep {
            let client = keep.client.bind(py).cast::<Client>()?;
            Client::mirror(client, keep.session.as_ref().map(|session| session.bind(py)), &cookie_changes)?;
        }
        // requests leaves it out of errors within the body.
        let in_body = matches!(error.phase(), Phase::RecvBody | Phase::Decode);
        let request = match request.filter(|_| !in_body) {
            Some(request) => {
                let class = py.import("martlet.models")?.getattr("PreparedRequest")?;
                Some(class.call_method1("_sent", (sent(py, &request)?,))?)
            }
            None => None,
        };
        let response = response.map(|response| Raw::new(*response, None).into_response(py)).transpose()?;
        Err(to_exception(py, &error, request, response.map(|response| response.into_bound(py))))
    })
}

fn gone() -> Answer {
    Box::new(|_, _| Err(crate::bridge::inherited("request")))
}

#[pymethods]
impl Client {
    /// A client without connections. The pool's numbers are those of `HTTPAdapter`.
    #[new]
    #[pyo3(signature = (pool_connections=10, pool_maxsize=10, pool_block=false))]
    fn new(pool_connections: usize, pool_maxsize: usize, pool_block: bool) -> Self {
        let mut config = Config::default();
        config.pool.max_idle_per_host = config.pool.max_idle_per_host.max(pool_maxsize);
        config.pool.max_idle_total =
            config.pool.max_idle_total.max(pool_maxsize.saturating_mul(pool_connections));
        config.pool.max_per_host = pool_block.then_some(pool_maxsize);
        let state = Mutex::new(Ours::new(State::new(&config, Jar::new())));
        Self { config, state }
    }

    /// The quick road; None when the call is not plain.
    #[pyo3(signature = (session, method, url, params, data, headers, cookies, files, auth, timeout,
        allow_redirects, proxies, hooks, stream, verify, cert, json))]
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
    ) -> Option<Operation> {
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
            unusual,
        };
        let plain = plain::read(&arguments)?;
        let call = slf.get().with(slf.py(), |state| plain.into_call(state))?;
        Some(Self::operation(
            slf,
            "AsyncSession.request",
            call,
            Some(session.clone().into_any().unbind()),
            None,
        ))
    }

    /// Sends a request that Python has prepared, once: redirects, cookies and credentials are Python's business.
    #[pyo3(signature = (request, *, timeout=None, verify=None, cert=None, proxies=None, stream=false))]
    fn send(
        slf: &Bound<'_, Self>,
        request: &Bound<'_, PyAny>,
        timeout: Option<&Bound<'_, PyAny>>,
        verify: Option<&Bound<'_, PyAny>>,
        cert: Option<&Bound<'_, PyAny>>,
        proxies: Option<HashMap<String, String>>,
        stream: bool,
    ) -> PyResult<Operation> {
        let settings = prepared::Settings { timeout, verify, cert, proxies, stream };
        let (call, supplier) = prepared::call(request, settings)?;
        Ok(Self::operation(slf, "Client.send", call, None, supplier))
    }

    /// All cookies, as tuples of their fields.
    fn cookies_export<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let jar = self.with(py, |state| Arc::clone(&state.jar));
        let jar = jar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        cookies::export(py, &jar)
    }

    /// Has the engine's jar hold these cookies and no others.
    fn cookies_replace(&self, list: &Bound<'_, PyAny>) -> PyResult<()> {
        let fresh = cookies::import(list)?;
        let jar = self.with(list.py(), |state| Arc::clone(&state.jar));
        *jar.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Closes the connections that nobody uses; the others close when they are done. Can be used again.
    fn close(&self, py: Python<'_>) {
        self.with(py, |state| state.engine.close_idle());
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<Client {:?}>", self.with(py, |state| state.engine.stats()))
    }
}
