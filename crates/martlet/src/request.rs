//! A request being put together: where to, which fields, which body.
//!
//! What is wrong with it shows when it is sent, as one error, so that the chain reads without `?`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use martlet_proto::auth::Auth;
use martlet_proto::body::frame;
use martlet_proto::exchange::Policy;
use martlet_proto::form::urlencode;
use martlet_proto::multipart::{Part, Plan, boundary};
use martlet_proto::{Body, Error, Headers, Kind, Phase, Request, Result, Timeouts, Url};

use crate::body::BodySource;
use crate::call::{Call, CallError};
use crate::client::Client;
use crate::exchange::random;
use crate::response::Response;
use crate::tls::TlsSettings;

/// What a request starts from: the settings of its session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) client: Client,
    pub(crate) headers: Headers,
    pub(crate) policy: Policy,
    pub(crate) timeouts: Timeouts,
    pub(crate) tls: Arc<TlsSettings>,
    pub(crate) keep_alive: bool,
}

/// A request of a [`Session`](crate::Session), not yet sent.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    settings: Settings,
    method: String,
    url: String,
    query: String,
    headers: Headers,
    body: Body,
    source: Option<Box<dyn BodySource>>,
    stream: bool,
    failure: Option<Error>,
}

impl RequestBuilder {
    pub(crate) fn new(settings: Settings, method: String, url: String) -> Self {
        Self {
            settings,
            method,
            url,
            query: String::new(),
            headers: Headers::new(),
            body: Body::Empty,
            source: None,
            stream: false,
            failure: None,
        }
    }

    /// Adds parameters to the URL's query, encoded as a form is.
    pub fn query<N: AsRef<[u8]>, V: AsRef<[u8]>>(mut self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let encoded = urlencode(pairs);
        if !self.query.is_empty() && !encoded.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(&encoded);
        self
    }

    /// Sets a field, in place of the session's and of an earlier one of the same name.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// With this body; it can be sent any number of times.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(body.into());
        self
    }

    /// With a body that `source` yields: `length` bytes, or chunked if that is not known. `rewindable`: can it
    /// be put back to its start, for a redirect or a retry?
    pub fn body_source(mut self, source: Box<dyn BodySource>, length: Option<u64>, rewindable: bool) -> Self {
        self.body = Body::Stream { length, rewindable };
        self.source = Some(source);
        self
    }

    /// With these pairs as a form (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<[u8]>, V: AsRef<[u8]>>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let body = urlencode(pairs);
        self.content_type("application/x-www-form-urlencoded").body(body)
    }

    /// With these parts as `multipart/form-data`. Their contents are bytes.
    pub fn multipart(mut self, parts: &[Part]) -> Self {
        let plan = Plan::new(parts, &boundary(random()));
        let whole = plan.and_then(|plan| {
            let streamed = "A part whose content is a stream cannot be sent from here; give its bytes.";
            let refused = || Error::new(Kind::InvalidSetting, Phase::Prepare, streamed);
            Ok((plan.to_bytes().ok_or_else(refused)?, plan.content_type))
        });
        match whole {
            Ok((body, content_type)) => self.content_type(&content_type).body(body),
            Err(error) => {
                self.failure.get_or_insert(error);
                self
            }
        }
    }

    /// With these credentials instead of the session's.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.settings.policy.auth = auth;
        self
    }

    /// With Basic credentials instead of the session's.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        match Auth::basic(user, password) {
            Ok(auth) => self.auth(auth),
            Err(error) => {
                self.failure.get_or_insert(error);
                self
            }
        }
    }

    /// With this time for connecting and for each wait for the reply: `timeout=` of requests.
    pub fn timeout(self, time: Duration) -> Self {
        self.timeouts(Timeouts::both(time))
    }

    /// With these limits of time instead of the session's.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// Are redirects followed? Yes, unless told otherwise (HEAD: no).
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.settings.policy.follow_redirects = follow;
        self
    }

    /// Leaves the body to be read with [`Response::chunk`], instead of reading it at once.
    pub fn stream(mut self) -> Self {
        self.stream = true;
        self
    }

    /// Sends it and reads the reply, the body too unless [`RequestBuilder::stream`] was said.
    ///
    /// # Errors
    /// As [`Client::execute`](crate::Client::execute), and what was wrong with the request itself.
    ///
    /// # Cancel safety
    /// Dropping the future closes its connection at once.
    pub fn send(self) -> impl Future<Output = Result<Response, CallError>> + Send + 'static {
        let (client, call) = (self.settings.client.clone(), self.into_call());
        async move { client.execute(call?).await }
    }

    /// The call as [`Client::execute`](crate::Client::execute) takes it.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn into_call(mut self) -> Result<Call> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let mut headers = self.settings.headers;
        for (name, value) in self.headers.iter() {
            headers.insert(name, value);
        }
        frame(&self.method, &mut headers, &mut self.body)?;
        let url = Url::prepare(&self.url, &self.query)?;
        let request = Request { headers, body: self.body, ..Request::new(self.method, url) };
        Ok(Call {
            policy: self.settings.policy,
            source: self.source,
            timeouts: self.settings.timeouts,
            tls: self.settings.tls,
            stream: self.stream,
            keep_alive: self.settings.keep_alive,
            ..Call::new(request)
        })
    }

    /// Sets `Content-Type` unless the caller has.
    fn content_type(mut self, value: &str) -> Self {
        if !self.headers.contains("Content-Type") {
            self.headers.append("Content-Type", value);
        }
        self
    }
}

impl std::fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBuilder").field("method", &self.method).finish_non_exhaustive()
    }
}
