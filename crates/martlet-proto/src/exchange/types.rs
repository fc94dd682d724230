//! What goes into an exchange and what comes out of it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::{
    Body, Headers, ResponseHead, Url,
    auth::Auth,
    cookie::{Change, Cookie, SharedJar},
    netrc::Netrc,
    proxy::Proxies,
    retry::Retry,
};

/// What the caller wants beside the request itself.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Are redirects followed (`allow_redirects`)?
    pub follow_redirects: bool,
    /// How many of them at most (30 in requests).
    pub max_redirects: u32,
    /// What is tried again; each redirect begins anew with it.
    pub retry: Retry,
    /// The caller's credentials, the session's included.
    pub auth: Auth,
    /// The user's netrc file, where the environment is trusted. It is asked when there are no other
    /// credentials, and again after each redirect, whatever credentials there are.
    pub netrc: Option<Arc<Netrc>>,
    /// The session's jar: read for each attempt, fed by each reply.
    pub cookies: Option<SharedJar>,
    /// The cookies of this call alone (`cookies=`). Those without a domain go to the first origin only.
    pub extra_cookies: Vec<Cookie>,
    /// The proxies known, asked anew after each redirect.
    pub proxies: Option<Arc<Proxies>>,
    /// Does a request without a body go out with nothing said about its length, whatever its method?
    pub verbatim: bool,
}

impl Default for Policy {
    /// What `requests.get` does without an environment: 30 redirects followed, nothing retried.
    fn default() -> Self {
        Self {
            follow_redirects: true,
            max_redirects: 30,
            retry: Retry::default(),
            auth: Auth::None,
            netrc: None,
            cookies: None,
            extra_cookies: Vec::new(),
            proxies: None,
            verbatim: false,
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this and report with [`super::Exchange::received`] or [`super::Exchange::failed`].
    Send(Arc<Attempt>),
    /// Wait that long, then ask again.
    Sleep(Duration),
}

/// One sending of one request. Its fields are all that goes on the wire but `Host`, which is the encoder's.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// The fields in the order requests sends them. There is always one that frames the body, unless there is
    /// none and the method expects none.
    pub headers: Headers,
    /// Was the first field added here, to frame the body? requests leaves that to urllib3 and does not show it.
    pub framed: bool,
    /// What is sent behind the head.
    pub body: Body,
    /// Must the body's source be put back to its start first?
    pub rewind: bool,
    /// The proxy to go through, credentials included.
    pub proxy: Option<Url>,
}

/// What becomes of a reply's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the caller's.
    Deliver,
    /// It is read up to `limits.redirect_body` and handed to [`super::Exchange::discarded`].
    Discard,
}

/// How much of an attempt had gone out when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Not a byte, and the body's source was not asked for one.
    Nothing,
    /// Some of the head, none of the body; the source was not asked.
    Head,
    /// Some of the body, or its source was asked.
    Body,
}

/// An exchange that is over, or was broken off after a reply.
#[derive(Debug)]
pub struct Outcome {
    /// The reply.
    pub head: ResponseHead,
    /// What it answers.
    pub request: Arc<Attempt>,
    /// From sending that until the reply's head was there.
    pub elapsed: Duration,
    /// The body, when it was discarded and the exchange then ended (too many redirects, or one that leads
    /// nowhere); else it is still to be read.
    pub body: Option<Bytes>,
    /// The replies before, oldest first: the redirects; without one, the refusal that digest answered.
    pub history: Vec<Hop>,
    /// What happened to the session's jar.
    pub cookie_changes: Vec<Change>,
    /// The request the reply leads to, when redirects are not followed (`r.next`).
    pub next: Option<Arc<Attempt>>,
}

/// A reply that was not the last.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The reply.
    pub head: ResponseHead,
    /// What it answers.
    pub request: Arc<Attempt>,
    /// From sending that until the reply's head was there.
    pub elapsed: Duration,
    /// As much of its body as was read.
    pub body: Bytes,
}

/// A reply whose body is not read yet, and when it came.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) head: ResponseHead,
    pub(super) elapsed: Duration,
    pub(super) at: SystemTime,
}
