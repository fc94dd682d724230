//! From an engine's error (kind x phase) to the exception of `requests`, by one table.

use martlet_proto::{Detail, Error, Kind, Phase};
use pyo3::{
    exceptions::{PyOSError, PyValueError},
    prelude::*,
    types::PyDict,
};

/// The exception's name in `martlet.exceptions`; `None`: a plain Python exception, as requests lets it through.
fn exception_name(kind: Kind, phase: Phase) -> Option<&'static str> {
    Some(match (kind, phase) {
        (Kind::MissingScheme, _) => "MissingSchema",
        (Kind::InvalidScheme, _) => "InvalidSchema",
        (Kind::InvalidUrl, _) => "InvalidURL",
        (Kind::InvalidProxyUrl, _) => "InvalidProxyURL",
        (Kind::InvalidHeader, _) => "InvalidHeader",
        (Kind::InvalidSetting | Kind::File, _) => return None,
        (Kind::UnrewindableBody, _) => "UnrewindableBodyError",
        (Kind::Tls, _) => "SSLError",
        (Kind::Proxy, _) => "ProxyError",
        // requests: a read timeout inside the body is a ConnectionError, before it a ReadTimeout.
        (Kind::Timeout, Phase::RecvBody | Phase::Decode) => "ConnectionError",
        (Kind::Timeout, Phase::RecvHead) => "ReadTimeout",
        (Kind::Timeout, Phase::Pool | Phase::Resolve | Phase::Connect | Phase::Proxy | Phase::Tls) => {
            "ConnectTimeout"
        }
        (Kind::Timeout, Phase::SendHead | Phase::SendBody) => "WriteTimeout",
        (Kind::Timeout, _) => "Timeout",
        (Kind::Decode, _) | (Kind::LimitExceeded | Kind::Incomplete, Phase::Decode) => "ContentDecodingError",
        (Kind::Incomplete, _) => "ChunkedEncodingError",
        (Kind::Protocol | Kind::Connection | Kind::Disconnected | Kind::LimitExceeded, Phase::RecvBody) => {
            "ChunkedEncodingError"
        }
        (Kind::TooManyRedirects, _) => "TooManyRedirects",
        (Kind::RetriesExhausted, _) => "RetryError",
        (Kind::StreamConsumed, _) => "StreamConsumedError",
        _ => "ConnectionError",
    })
}

/// The exception for `error`, with `request` and `response` where requests has them.
pub(crate) fn to_exception(
    py: Python<'_>,
    error: &Error,
    request: Option<Bound<'_, PyAny>>,
    response: Option<Bound<'_, PyAny>>,
) -> PyErr {
    let Some(name) = exception_name(error.kind(), error.phase()) else {
        return match error.kind() {
            Kind::File => PyOSError::new_err(error.to_string()),
            _ => PyValueError::new_err(error.to_string()),
        };
    };
    build(py, name, error, request, response).unwrap_or_else(|failed| failed)
}

fn build(
    py: Python<'_>,
    name: &str,
    error: &Error,
    request: Option<Bound<'_, PyAny>>,
    response: Option<Bound<'_, PyAny>>,
) -> PyResult<PyErr> {
    let class = py.import("martlet.exceptions")?.getattr(name)?;
    let known = PyDict::new(py);
    // requests raises InvalidProxyURL where it does not know the request.
    known.set_item("request", request.filter(|_| error.kind() != Kind::InvalidProxyUrl))?;
    known.set_item("response", response)?;
    // What was wrong with the caller's own URL or header is said in requests' words, without more.
    let message = match error.phase() {
        Phase::Prepare | Phase::Redirect => error.message().to_owned(),
        _ => error.to_string(),
    };
    let exception = class.call((message,), Some(&known))?;
    exception.setattr("kind", kind_name(error.kind()))?;
    exception.setattr("phase", phase_name(error.phase()))?;
    match error.detail() {
        Some(Detail::Os(number)) => exception.setattr("os_errno", number)?,
        Some(Detail::Status(status)) => exception.setattr("status", status)?,
        Some(Detail::Certificate) => exception.setattr("certificate", true)?,
        _ => {}
    }
    Ok(PyErr::from_value(exception))
}

/// The kind as Python code reads it, where it is one of the network: urllib3's exceptions are told by it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Resolve => "resolve",
        Kind::Connection => "connection",
        Kind::Tls => "tls",
        Kind::Proxy => "proxy",
        Kind::Timeout => "timeout",
        Kind::Protocol => "protocol",
        Kind::Disconnected => "disconnected",
        Kind::Incomplete => "incomplete",
        Kind::Decode => "decode",
        _ => "other",
    }
}

/// The phase as Python code reads it: retries tell by it whether anything was sent.
fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Pool => "pool",
        Phase::Resolve => "resolve",
        Phase::Connect => "connect",
        Phase::Proxy => "proxy",
        Phase::Tls => "tls",
        Phase::SendHead => "send head",
        Phase::SendBody => "send body",
        Phase::RecvHead => "receive head",
        Phase::RecvBody => "receive body",
        Phase::Decode => "decode",
        Phase::Redirect => "redirect",
        _ => "other",
    }
}
