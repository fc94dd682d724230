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
//!
//! A reply is looked at in this order, which is that of urllib3 beneath requests: is it to be tried again
//! ([`Retry`]; then nobody else sees it); does digest answer it; its cookies are kept; does it lead elsewhere.
//! How the next attempt is made of the last one is in `compose`.

mod compose;
mod types;

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use types::Reply;
pub use types::{Attempt, Hop, Outcome, Policy, Sent, Step, Verdict};

use crate::{
    Body, Error, Kind, Phase, Request, ResponseHead, Result,
    auth::{Auth, Challenge},
    cookie::{Change, Jar},
    pystr::repr,
    redirect,
    retry::{Cause, RETRY_AFTER_STATUSES, Refusal, Retry},
};

/// See the module's head.
#[derive(Debug)]
pub struct Exchange {
    policy: Policy,
    plan: Plan,
    /// What is to be sent, or was sent last.
    current: Arc<Attempt>,
    /// What the current attempt was before digest was put in: redirects start from there, as in requests.
    unanswered: Option<Arc<Attempt>>,
    /// The first attempt, once another URL has followed it.
    first: Option<Arc<Attempt>>,
    /// What is left of the retries, once one was used for the current URL.
    retry: Option<Retry>,
    /// A jar for this exchange alone: when the call brings its own cookies, or there is no session's jar.
    jar: Option<Jar>,
    reply: Option<Reply>,
    body: Option<Bytes>,
    redirects: Vec<Hop>,
    refusals: Vec<Hop>,
    changes: Vec<Change>,
    flags: Flags,
}

/// What has come to be true on the way.
#[derive(Debug, Default)]
struct Flags {
    /// The caller wrote the current `Cookie` field.
    own_cookie: bool,
    /// The current URL is not where the caller's cookies may go.
    away: bool,
    /// Digest credentials were left behind by a redirect.
    stripped: bool,
}

/// What [`Exchange::step`] will do.
#[derive(Debug)]
enum Plan {
    /// Put credentials and cookies into the request, then send it. The number is `Request::computed`.
    Begin(usize),
    /// Send the current attempt again, after a time of `Retry-After` or else of the backoff.
    Retry(Option<Duration>),
    /// Send the current attempt.
    Send,
    /// Answer a digest challenge.
    Answer(Challenge),
    /// Follow the reply's `Location`.
    Follow,
    /// It is over.
    Fail(Error),
    /// Nothing: a report is awaited.
    Await,
}

impl Exchange {
    /// An exchange that has not begun.
    ///
    /// # Errors
    /// [`Kind::InvalidScheme`] when the URL is not one of http or https.
    pub fn new(request: Request, policy: Policy) -> Result<Self> {
        let Request { method, url, headers, body, computed } = request;
        let attempt = Attempt { method, url, headers, framed: false, body, rewind: false, proxy: None };
        speakable(&attempt, Phase::Prepare)?;
        Ok(Self {
            policy,
            plan: Plan::Begin(computed),
            current: Arc::new(attempt),
            unanswered: None,
            first: None,
            retry: None,
            jar: None,
            reply: None,
            body: None,
            redirects: Vec::new(),
            refusals: Vec::new(),
            changes: Vec::new(),
            flags: Flags::default(),
        })
    }

    /// What to do next. `random` gives 16 unpredictable bytes at each call.
    ///
    /// # Errors
    /// When there is nothing to be done any more: a header that cannot be made, too many redirects, one that
    /// leads nowhere, a body that cannot be sent again, retries used up. The exchange is over then.
    pub fn step(&mut self, now: SystemTime, random: &mut dyn FnMut() -> [u8; 16]) -> Result<Step> {
        match std::mem::replace(&mut self.plan, Plan::Await) {
            Plan::Begin(computed) => self.begin(computed, now, random)?,
            Plan::Retry(wait) => {
                let wait = wait.unwrap_or_else(|| {
                    self.retry.as_ref().map_or(Duration::ZERO, |retry| retry.backoff(fraction(random())))
                });
                if !wait.is_zero() {
                    self.plan = Plan::Send;
                    return Ok(Step::Sleep(wait));
                }
            }
            Plan::Send => {}
            Plan::Answer(challenge) => self.answer(challenge, now, random)?,
            Plan::Follow => self.follow(now)?,
            Plan::Fail(error) => {
                if error.kind() == Kind::RetriesExhausted {
                    self.reply = None; // as in requests, whose RetryError has no response
                }
                return Err(error);
            }
            Plan::Await => {
                return Err(Error::new(
                    Kind::Closed,
                    Phase::Prepare,
                    "the exchange awaits a reply, or is over",
                ));
            }
        }
        Ok(Step::Send(self.current.clone()))
    }

    /// A reply's head is there, `elapsed` after the attempt was begun.
    ///
    /// # Errors
    /// None at present; it would end the exchange.
    pub fn received(&mut self, head: ResponseHead, elapsed: Duration, now: SystemTime) -> Result<Verdict> {
        self.body = None;
        self.plan = self.plan_after(&head, now);
        self.reply = Some(Reply { head, elapsed, at: now });
        Ok(match self.plan {
            Plan::Await => Verdict::Deliver,
            _ => Verdict::Discard,
        })
    }

    /// The body of a reply that was to be discarded, as far as it was read, decoded.
    pub fn discarded(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    /// The attempt failed before a reply's head was there.
    ///
    /// # Errors
    /// The error to hand to the caller, when it is not tried again. A read time-out that used the retries up
    /// becomes [`Kind::Connection`], as requests raises a `ConnectionError` then; the time-out is its cause.
    pub fn failed(&mut self, error: Error, sent: Sent) -> Result<()> {
        let retry = self.retry.as_ref().unwrap_or(&self.policy.retry);
        let next = match retry.increment(&self.current.method, Cause::Error(&error)) {
            Ok(next) => next,
            Err(Refusal::NotRetried) => return Err(error),
            Err(Refusal::Exhausted) => return Err(exhausted(error)),
        };
        if sent == Sent::Body && matches!(self.current.body, Body::Stream { .. }) {
            if !self.current.body.is_replayable() {
                return Err(error);
            }
            Arc::make_mut(&mut self.current).rewind = true;
        }
        self.retry = Some(next);
        self.plan = Plan::Retry(None);
        Ok(())
    }

    /// The attempt that is under way, or was the last.
    pub fn attempt(&self) -> Arc<Attempt> {
        self.current.clone()
    }

    /// What has happened to the session's jar so far; told once.
    pub fn take_cookie_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// What came of it; `None` when there is no reply to show.
    pub fn finish(self) -> Option<Outcome> {
        let mut next = None;
        // As in requests, also of a last one that was not followed because there were too many.
        if !self.policy.follow_redirects || !self.redirects.is_empty() {
            let at = self.reply.as_ref().map_or(SystemTime::UNIX_EPOCH, |reply| reply.at);
            next = self.next_url(at).and_then(Result::ok).map(Arc::new);
        }
        let Reply { head, elapsed, .. } = self.reply?;
        Some(Outcome {
            head,
            request: self.current,
            elapsed,
            body: self.body,
            history: if self.redirects.is_empty() { self.refusals } else { self.redirects },
            cookie_changes: self.changes,
            next,
        })
    }

    fn plan_after(&mut self, head: &ResponseHead, now: SystemTime) -> Plan {
        if let Some(plan) = self.retried(head, now) {
            return plan;
        }
        self.keep_cookies(head, now);
        if let Some(challenge) = self.challenge(head) {
            return Plan::Answer(challenge);
        }
        if !self.policy.follow_redirects || redirect::location(head).is_none() {
            return Plan::Await;
        }
        let limit = self.policy.max_redirects;
        match usize::try_from(limit).is_ok_and(|limit| self.redirects.len() >= limit) {
            true => Plan::Fail(Error::new(
                Kind::TooManyRedirects,
                Phase::Redirect,
                format!("Exceeded {limit} redirects."),
            )),
            false => Plan::Follow,
        }
    }

    /// Is this reply tried again, or were the retries used up by it?
    fn retried(&mut self, head: &ResponseHead, now: SystemTime) -> Option<Plan> {
        let retry = self.retry.as_ref().unwrap_or(&self.policy.retry);
        let status = head.status;
        let after = match RETRY_AFTER_STATUSES.contains(&status) || !retry.status_forcelist.is_empty() {
            true => head.headers.get("retry-after"),
            false => None,
        };
        if !retry.is_retry(&self.current.method, status, after.is_some()) {
            return None;
        }
        let redirect = redirect::location(head).is_some();
        match retry.increment(&self.current.method, Cause::Status { redirect }) {
            Ok(next) => {
                let after = after.and_then(|after| next.retry_after(after, now));
                compose::rewind(Arc::make_mut(&mut self.current)).ok()?; // else the reply stands
                self.retry = Some(next);
                Some(Plan::Retry(after))
            }
            Err(_) if retry.raise_on_status => {
                let what =
                    if redirect { "redirects".to_owned() } else { format!("{status} error responses") };
                let message = format!("too many {what}");
                Some(Plan::Fail(Error::new(Kind::RetriesExhausted, Phase::RecvHead, message)))
            }
            Err(_) => None,
        }
    }

    /// The digest challenge of a reply, if it is to be answered: once for each URL, and not where the
    /// credentials may not go.
    fn challenge(&self, head: &ResponseHead) -> Option<Challenge> {
        let asked = matches!(self.policy.auth, Auth::Digest(_))
            && (400..500).contains(&head.status)
            && self.unanswered.is_none()
            && !self.flags.stripped;
        if !asked {
            return None;
        }
        let values: Vec<&[u8]> = head.headers.get_all(b"www-authenticate").collect();
        Challenge::parse(&values.join(b", ".as_slice()))
    }

    /// Puts the cookies of a reply into the jars.
    fn keep_cookies(&mut self, head: &ResponseHead, now: SystemTime) {
        let mut fields = head.headers.get_all(b"set-cookie").peekable();
        if fields.peek().is_none() {
            return;
        }
        let fields: Vec<&[u8]> = fields.collect();
        let site = compose::site(&self.current.url, &self.current.headers, self.flags.away);
        if let Some(jar) = &self.policy.cookies {
            let mut jar = jar.lock().unwrap_or_else(PoisonError::into_inner);
            self.changes.extend(jar.store(&site, fields.iter().copied(), now));
        }
        if self.jar.is_some() || self.policy.cookies.is_none() {
            self.jar.get_or_insert_default().store(&site, fields, now);
        }
    }
}

/// Can martlet speak to this URL at all?
fn speakable(attempt: &Attempt, phase: Phase) -> Result<()> {
    if attempt.url.is_http() {
        return Ok(());
    }
    let url = repr(&attempt.url.without_secrets());
    Err(Error::new(Kind::InvalidScheme, phase, format!("No connection adapters were found for {url}")))
}

fn exhausted(error: Error) -> Error {
    match (error.kind(), error.phase()) {
        (Kind::Timeout, Phase::SendHead | Phase::SendBody | Phase::RecvHead) => {
            let message = format!("Max retries exceeded: {}", error.message());
            Error::new(Kind::Connection, error.phase(), message).with_source(error)
        }
        _ => error,
    }
}

/// A number in `0.0..1.0`.
fn fraction(random: [u8; 16]) -> f64 {
    let [a, b, c, d, ..] = random;
    f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}
