//! One logical request as a state machine that says what to do next: the heart of martlet.
//!
//! The I/O asks [`Exchange::step`] what to do, does it, and reports back:
//!
//! ```text
//! loop {
//!     step()      -> Send(attempt)  get a connection, send it, read the reply's head:
//!                                     received(head)  -> Deliver   the reply is the caller's: finish()
//!                                                     -> Discard   read the body up to the limit, or drop
//!                                                                  the connection; discarded(body); again
//!                                     failed(error)   -> Ok        again
//!                                                     -> Err       it is over
//!                 -> Sleep(time)    wait; again
//!                 -> Err            it is over; finish() still has the last reply, if there was one
//! }
//! ```

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::{
    Body, Error, Headers, Kind, Phase, Request, ResponseHead, Result, Url,
    auth::Auth,
    cookie::{Change, Cookie, SharedJar},
    retry::{Cause, Refusal, Retry},
};

/// What the caller wants beside the request itself.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Are redirects followed (`allow_redirects`)?
    pub follow_redirects: bool,
    /// How many of them at most (30 in requests).
    pub max_redirects: u32,
    /// What is tried again.
    pub retry: Retry,
    /// The caller's credentials, the session's included.
    pub auth: Auth,
    /// The session's jar: read for each attempt, fed by each reply.
    pub cookies: Option<SharedJar>,
    /// The cookies of this call alone (`cookies=`). Those without a domain go to the first origin only.
    pub extra_cookies: Vec<Cookie>,
}

impl Default for Policy {
    /// What `requests.get` does: 30 redirects followed, nothing retried, no credentials.
    fn default() -> Self {
        Self {
            follow_redirects: true,
            max_redirects: 30,
            retry: Retry::default(),
            auth: Auth::None,
            cookies: None,
            extra_cookies: Vec::new(),
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this and report with [`Exchange::received`] or [`Exchange::failed`].
    Send(Arc<Attempt>),
    /// Wait that long, then ask again.
    Sleep(Duration),
}

/// One sending of one request, final but for `Host`, which is the encoder's.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// The fields in the order requests would send them.
    pub headers: Headers,
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
    /// It is read up to `limits.redirect_body` and handed to [`Exchange::discarded`].
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
    /// The body, when it was discarded and the exchange then ended (too many redirects); else it is still to
    /// be read.
    pub body: Option<Bytes>,
    /// The replies before, oldest first.
    pub history: Vec<Hop>,
    /// What happened to the session's jar.
    pub cookie_changes: Vec<Change>,
    /// The request the reply leads to, when redirects are not followed.
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

/// See the module's head.
#[derive(Debug)]
pub struct Exchange {
    policy: Policy,
    current: Arc<Attempt>,
    plan: Plan,
    retry: Option<Retry>,
    reply: Option<(ResponseHead, Duration)>,
    body: Option<Bytes>,
    history: Vec<Hop>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Plan {
    Send,
    Sleep(Duration),
    Await,
}

impl Exchange {
    /// An exchange that has not begun.
    ///
    /// # Errors
    /// When the request cannot be sent at all.
    pub fn new(request: Request, policy: Policy) -> Result<Self> {
        let Request { method, url, headers, body, .. } = request;
        let current = Arc::new(Attempt { method, url, headers, body, rewind: false, proxy: None });
        Ok(Self {
            policy,
            current,
            plan: Plan::Send,
            retry: None,
            reply: None,
            body: None,
            history: Vec::new(),
            changes: Vec::new(),
        })
    }

    /// What to do next. `random` gives 16 unpredictable bytes at each call.
    ///
    /// # Errors
    /// When there is nothing to be done any more: too many redirects, a redirect that leads nowhere, retries
    /// used up.
    pub fn step(&mut self, _now: SystemTime, _random: &mut dyn FnMut() -> [u8; 16]) -> Result<Step> {
        match std::mem::replace(&mut self.plan, Plan::Await) {
            Plan::Send | Plan::Await => Ok(Step::Send(self.current.clone())),
            Plan::Sleep(time) => {
                self.plan = Plan::Send;
                Ok(Step::Sleep(time))
            }
        }
    }

    /// A reply's head is there, `elapsed` after the attempt was begun.
    ///
    /// # Errors
    /// None of its own at present; the exchange is over when there is one.
    pub fn received(&mut self, head: ResponseHead, elapsed: Duration, _now: SystemTime) -> Result<Verdict> {
        self.reply = Some((head, elapsed));
        Ok(Verdict::Deliver)
    }

    /// The body of a reply that was to be discarded, as far as it was read, decoded.
    pub fn discarded(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    /// The attempt failed before a reply's head was there.
    ///
    /// # Errors
    /// The error to hand to the caller, when it is not tried again.
    pub fn failed(&mut self, error: Error, sent: Sent) -> Result<()> {
        let retry = self.retry.as_ref().unwrap_or(&self.policy.retry);
        match retry.increment(&self.current.method, Cause::Error(&error)) {
            Ok(next) => {
                if sent == Sent::Body && !self.current.body.is_replayable() {
                    return Err(error);
                }
                self.plan = match next.backoff(0.0) {
                    Duration::ZERO => Plan::Send,
                    time => Plan::Sleep(time),
                };
                self.retry = Some(next);
                Ok(())
            }
            Err(Refusal::NotRetried | Refusal::Exhausted) => Err(error),
        }
    }

    /// What came of it; `None` when no reply was received.
    pub fn finish(self) -> Option<Outcome> {
        let (head, elapsed) = self.reply?;
        Some(Outcome {
            head,
            request: self.current,
            elapsed,
            body: self.body,
            history: self.history,
            cookie_changes: self.changes,
            next: None,
        })
    }
}

/// The error of an exchange that is asked on after its end.
#[expect(dead_code)]
fn over() -> Error {
    Error::new(Kind::Closed, Phase::Prepare, "the exchange is over")
}
