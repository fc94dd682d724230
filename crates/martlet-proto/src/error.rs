//! What can go wrong, as *kind x phase*, decided where it happens.
//!
//! The kind says what went wrong, the phase says during what. Nobody further up ever looks
//! at the text of a message to decide: one table in the binding maps (kind, phase) to the
//! exceptions of `requests`.

use std::{error, fmt};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The URL has no scheme (`MissingSchema` of requests).
    MissingScheme,
    /// No way is known to speak this scheme (`InvalidSchema`).
    InvalidScheme,
    /// The URL cannot be parsed or has no host (`InvalidURL`).
    InvalidUrl,
    /// The URL of a proxy cannot be used (`InvalidProxyURL`).
    InvalidProxyUrl,
    /// A header's name or value may not go on the wire (`InvalidHeader`).
    InvalidHeader,
    /// A setting has a value that means nothing (plain `ValueError`).
    InvalidSetting,
    /// A file named by the caller (CA bundle, certificate) is not there or not usable (plain `OSError`).
    File,
    /// The request body's source failed; the cause is the source's own error.
    BodySource,
    /// The body has to be sent again but cannot be rewound (`UnrewindableBodyError`).
    UnrewindableBody,
    /// The host name has no address (`ConnectionError`).
    Resolve,
    /// No connection could be made, or it broke (`ConnectionError`).
    Connection,
    /// TLS failed: handshake, certificate or record (`SSLError`).
    Tls,
    /// The proxy refused or failed (`ProxyError`).
    Proxy,
    /// A time ran out; the phase says which (`ConnectTimeout`, `ReadTimeout`, ...).
    Timeout,
    /// What the peer sent is not HTTP (`ConnectionError`; `ChunkedEncodingError` in a body).
    Protocol,
    /// The peer closed before it had answered (`ConnectionError`).
    Disconnected,
    /// The body ended before its announced end (`ChunkedEncodingError`).
    Incomplete,
    /// The peer sent more than a limit allows (head size, header count, window, layers ...).
    LimitExceeded,
    /// The body does not decode as its `Content-Encoding` says (`ContentDecodingError`).
    Decode,
    /// More redirects than `max_redirects` (`TooManyRedirects`).
    TooManyRedirects,
    /// All retries were used up (`RetryError`).
    RetriesExhausted,
    /// The stream was already read, or is being read by somebody else.
    StreamConsumed,
    /// The session, engine or process that owned this is gone.
    Closed,
}

/// During what it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Before anything was sent.
    Prepare,
    /// Waiting for a place in the pool.
    Pool,
    /// Looking up the host name.
    Resolve,
    /// Making the TCP connection.
    Connect,
    /// Speaking to the proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// Writing the request's head.
    SendHead,
    /// Writing the request's body.
    SendBody,
    /// Waiting for and reading the reply's head.
    RecvHead,
    /// Reading the reply's body.
    RecvBody,
    /// Undoing the body's content codings.
    Decode,
    /// Following a redirect.
    Redirect,
}

/// What else is known of an error, where anything is: for who has to tell it in other terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// The operating system's number of the failure, `errno`.
    Os(i32),
    /// The status with which a proxy refused.
    Status(u16),
    /// It is the certificate that is not believed.
    Certificate,
}

/// An error of one exchange. Small to move: the details are boxed.
pub struct Error(Box<Details>);

struct Details {
    kind: Kind,
    phase: Phase,
    message: String,
    url: Option<String>,
    detail: Option<Detail>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

/// The result of everything that can fail in martlet.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` during `phase`. `message` says what happened and what to do; it holds no secrets.
    pub fn new(kind: Kind, phase: Phase, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            phase,
            message: message.into(),
            url: None,
            detail: None,
            source: None,
        }))
    }

    /// The same error with the cause beneath it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error with the URL it happened at, unless it already names one. `url` must not hold a password.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.0.url.get_or_insert_with(|| url.into());
        self
    }

    /// The same error with what else is known of it.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Option<Detail>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// During what it went wrong.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// The message alone, without the URL.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The URL it happened at, without userinfo.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// What else is known of it.
    pub fn detail(&self) -> Option<Detail> {
        self.0.detail
    }

    /// Takes the cause out, for a binding that wants to raise it as it was.
    pub fn take_source(&mut self) -> Option<Box<dyn error::Error + Send + Sync>> {
        self.0.source.take()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.url {
            Some(url) => write!(f, " (url: {url})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("phase", &self.0.phase)
            .field("message", &self.0.message)
            .field("url", &self.0.url)
            .field("source", &self.0.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_its_kind_phase_message_and_first_url() {
        let error = Error::new(Kind::Timeout, Phase::Connect, "no answer within 3 s")
            .with_url("http://a.test/")
            .with_url("http://later.test/");
        assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::Connect));
        assert_eq!(error.to_string(), "no answer within 3 s (url: http://a.test/)");
    }
}
