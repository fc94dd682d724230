//! What a user keeps between requests: default fields, credentials, cookies, limits.
//!
//! A [`Session`] is a value: its `with_*` methods give a changed one, clones share connections and
//! cookies. What a request says itself wins over its session's defaults, field by field, as in
//! requests; its place among the fields stays the session's.

use std::future::Future;
use std::sync::Arc;

use martlet_proto::auth::Auth;
use martlet_proto::cookie::SharedJar;
use martlet_proto::exchange::Policy;
use martlet_proto::proxy::Proxies;
use martlet_proto::retry::Retry;
use martlet_proto::{Headers, Timeouts};

use crate::call::CallError;
use crate::client::Client;
use crate::request::{RequestBuilder, Settings};
use crate::response::Response;
use crate::tls::TlsSettings;

/// Defaults, cookies and connections for a series of requests.
///
/// ```
/// # use martlet_testing::{Server, ServerOptions};
/// # let server = Server::start(ServerOptions::default())?;
/// # let url = format!("{}/get", server.url().trim_end_matches('/'));
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let session = martlet::Session::new().with_header("X-Trace", "7");
/// let response = session.get(&url).query([("page", "2")]).send().await?;
/// assert_eq!(response.status(), 200);
/// assert!(response.text().await?.contains("page"));
/// # Ok::<(), martlet::CallError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Session(Settings);

/// The methods that have a name of their own here.
macro_rules! methods {
    ($($name:ident $method:literal $doc:literal)*) => {$(
        #[doc = $doc]
        pub fn $name(&self, url: impl Into<String>) -> RequestBuilder {
            self.request($method, url)
        }
    )*};
}

impl Session {
    /// A session with connections of its own, the usual default fields and an empty jar.
    pub fn new() -> Self {
        Self::with_client(Client::default())
    }

    /// A session that uses the connections of `client`.
    pub fn with_client(client: Client) -> Self {
        let policy = Policy { cookies: Some(SharedJar::default()), ..Policy::default() };
        let (timeouts, tls) = (Timeouts::default(), Arc::default());
        Self(Settings { client, headers: default_headers(), policy, timeouts, tls, keep_alive: true })
    }

    /// With this default field, in place of one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Without a default field of that name.
    #[must_use]
    pub fn without_header(mut self, name: impl AsRef<[u8]>) -> Self {
        self.0.headers.remove(name);
        self
    }

    /// With these credentials.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.0.policy.auth = auth;
        self
    }

    /// With these limits of time. By default there are none, as in requests.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.0.timeouts = timeouts;
        self
    }

    /// With these TLS settings.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsSettings) -> Self {
        self.0.tls = Arc::new(tls);
        self
    }

    /// With at most that many redirects followed; 30 by default.
    #[must_use]
    pub fn with_max_redirects(mut self, most: u32) -> Self {
        self.0.policy.max_redirects = most;
        self
    }

    /// With this way of trying again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.policy.retry = retry;
        self
    }

    /// Through these proxies.
    #[must_use]
    pub fn with_proxies(mut self, proxies: Proxies) -> Self {
        self.0.policy.proxies = Some(Arc::new(proxies));
        self
    }

    methods! {
        get "GET" "A GET of `url`."
        options "OPTIONS" "An OPTIONS of `url`."
        post "POST" "A POST to `url`."
        put "PUT" "A PUT to `url`."
        patch "PATCH" "A PATCH of `url`."
        delete "DELETE" "A DELETE of `url`."
    }

    /// A HEAD of `url`; like `requests.head` it does not follow redirects unless told to.
    pub fn head(&self, url: impl Into<String>) -> RequestBuilder {
        self.request("HEAD", url).follow_redirects(false)
    }

    /// A request of any method. Nothing is checked or sent before [`RequestBuilder::send`].
    pub fn request(&self, method: impl Into<String>, url: impl Into<String>) -> RequestBuilder {
        RequestBuilder::new(self.0.clone(), method.into(), url.into())
    }

    /// The cookies, shared with all clones of this session.
    pub fn cookies(&self) -> Option<&SharedJar> {
        self.0.policy.cookies.as_ref()
    }

    /// The client beneath, with its pool.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

/// One GET without a session; the connection is closed behind it, as `requests.get` does.
///
/// ```
/// # use martlet_testing::{Server, ServerOptions};
/// # let server = Server::start(ServerOptions::default())?;
/// # let url = format!("{}/bytes/5", server.url().trim_end_matches('/'));
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let response = martlet::get(&url).await?;
/// assert_eq!(response.bytes().await?, "abcde");
/// # Ok::<(), martlet::CallError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Client::execute`].
pub fn get(url: impl Into<String>) -> impl Future<Output = Result<Response, CallError>> + Send + 'static {
    let mut session = Session::new();
    session.0.keep_alive = false;
    session.get(url).send()
}

/// What a request carries unless told otherwise: the fields of requests, in its order.
fn default_headers() -> Headers {
    [
        ("User-Agent", concat!("martlet/", env!("CARGO_PKG_VERSION"))),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept", "*/*"),
        ("Connection", "keep-alive"),
    ]
    .into_iter()
    .collect()
}
