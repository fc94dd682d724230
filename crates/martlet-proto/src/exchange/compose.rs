//! How an attempt is made: of the caller's request, of a redirect, of a digest challenge.
//!
//! The order of the fields is that of requests, whose preparing adds `Cookie`, then what is computed from the
//! body, then `Authorization`; a field the caller gave keeps its place. Fields are only ever changed in this
//! order:
//!
//! | | first attempt | redirect | digest answer |
//! |---|---|---|---|
//! | body's fields | as they are | dropped with the body | as they are |
//! | `Cookie` | before the computed fields, unless the caller's | dropped, then last | replaced, else last |
//! | `Proxy-Authorization` | last | dropped, then last, for http only | as it is |
//! | `Authorization` | last, or in its place | dropped where credentials may not go; netrc | last, or in its place |
//!
//! Where requests would let something go along to another origin, this does not: `Cookie` goes by the jar and
//! the real host there, cookies without a domain stay behind, digest does not answer there, and a proxy's
//! credentials are for that proxy.

use std::{
    sync::{Arc, PoisonError},
    time::SystemTime,
};

use super::{Attempt, Exchange, Hop, Policy, Reply, speakable};
use crate::{
    Body, Error, Headers, Kind, Phase, Result, Url,
    auth::{Auth, Challenge, basic_value, latin1},
    cookie::{Jar, Site},
    redirect::{self, BODY_FIELDS, keeps_credentials},
};

/// What cookies see of a request.
pub(super) fn site<'a>(url: &'a Url, headers: &'a Headers, away: bool) -> Site<'a> {
    match (away, headers.get("host")) {
        (true, _) => Site::of(url).away(),
        (false, Some(host)) => Site::of(url).with_host(host),
        (false, None) => Site::of(url),
    }
}

impl Exchange {
    /// Makes the first attempt of the caller's request.
    pub(super) fn begin(
        &mut self,
        computed: usize,
        now: SystemTime,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<()> {
        if !self.policy.extra_cookies.is_empty() {
            let mut jar = session_jar(&self.policy).unwrap_or_default();
            self.policy.extra_cookies.drain(..).for_each(|cookie| jar.set(cookie));
            self.jar = Some(jar);
        }
        let attempt = Arc::make_mut(&mut self.current);
        self.flags.own_cookie = attempt.headers.contains("cookie");
        if !self.flags.own_cookie {
            let site = || site(&attempt.url, &attempt.headers, false);
            if let Some(cookies) = cookies(&self.policy, self.jar.as_ref(), site, now) {
                let place = attempt.headers.len().saturating_sub(computed);
                attempt.headers.insert_at(place, "Cookie", latin1(&cookies)?);
            }
        }
        if let Some(value) = credentials(&self.policy, attempt, random)? {
            attempt.headers.insert("Authorization", value);
        }
        attempt.proxy = proxy(&self.policy, &attempt.url)?;
        show_proxy(attempt)?;
        if !(self.policy.verbatim && matches!(attempt.body, Body::Empty)) {
            frame(attempt);
        }
        Ok(())
    }

    /// Makes the attempt that follows the reply's `Location`, and files the reply away.
    pub(super) fn follow(&mut self, now: SystemTime) -> Result<()> {
        if let (Some(jar), Some(session)) = (&mut self.jar, session_jar(&self.policy)) {
            jar.merge(&session);
        }
        let Some(next) = self.next_url(now) else { return Ok(()) };
        let next = next?;
        if !keeps_credentials(&self.current.url, &next.url) {
            self.flags.stripped = true;
        }
        let first = &self.first.get_or_insert_with(|| self.current.clone()).url;
        self.flags.away = !keeps_credentials(first, &next.url);
        self.flags.own_cookie = false;
        let hop = self.file(next);
        self.redirects.extend(hop);
        (self.unanswered, self.retry) = (None, None);
        Ok(())
    }

    /// Makes the attempt that answers a digest challenge, and files the refusal away.
    pub(super) fn answer(
        &mut self,
        challenge: Challenge,
        now: SystemTime,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<()> {
        let mut next = Attempt::clone(&self.current);
        rewind(&mut next)?;
        if !self.flags.own_cookie {
            let site = || site(&self.current.url, &self.current.headers, self.flags.away);
            match cookies(&self.policy, self.jar.as_ref(), site, now) {
                Some(cookies) => next.headers.insert("Cookie", latin1(&cookies)?),
                None => {
                    next.headers.remove("Cookie");
                }
            }
        }
        if let Auth::Digest(digest) = &self.policy.auth {
            let (origin, uri) = (origin(&next.url), next.url.target());
            // As in requests: what has no answer is asked for once more.
            if let Some(value) = digest.answer(&origin, challenge, &next.method, uri, random()) {
                next.headers.insert("Authorization", latin1(&value)?);
            }
        }
        self.unanswered = Some(self.current.clone());
        let hop = self.file(next);
        self.refusals.extend(hop);
        Ok(())
    }

    /// The attempt that the reply leads to, if it leads anywhere.
    pub(super) fn next_url(&self, now: SystemTime) -> Option<Result<Attempt>> {
        let head = &self.reply.as_ref()?.head;
        let location = redirect::location(head)?;
        let base = self.unanswered.as_ref().unwrap_or(&self.current);
        Some(self.redirected(Attempt::clone(base), &location, head.status, now))
    }

    fn redirected(&self, base: Attempt, location: &[u8], status: u16, now: SystemTime) -> Result<Attempt> {
        let mut next = base;
        let from = std::mem::replace(&mut next.url, self.current.url.join(location)?);
        speakable(&next, Phase::Redirect)?;
        next.method = redirect::method_after(status, &next.method).to_owned();
        if redirect::keeps_body(status) {
            rewind(&mut next)?;
        } else {
            for name in BODY_FIELDS {
                next.headers.remove(name);
            }
            next.framed = false;
            (next.body, next.rewind) = (Body::Empty, false);
        }
        next.headers.remove("Cookie");
        let first = self.first.as_ref().unwrap_or(&self.current);
        let away = !keeps_credentials(&first.url, &next.url);
        let site = || site(&next.url, &next.headers, away);
        if let Some(cookies) = cookies(&self.policy, self.jar.as_ref(), site, now) {
            next.headers.append("Cookie", latin1(&cookies)?);
        }
        next.headers.remove("Proxy-Authorization");
        next.proxy = proxy(&self.policy, &next.url)?;
        show_proxy(&mut next)?;
        if !keeps_credentials(&from, &next.url) {
            next.headers.remove("Authorization");
        }
        if let Some((user, password)) = netrc(&self.policy, &next.url) {
            next.headers.insert("Authorization", basic(user, password)?);
            if matches!(next.body, Body::Empty) && !matches!(next.method.as_str(), "GET" | "HEAD") {
                next.headers.insert("Content-Length", "0");
            }
        }
        frame(&mut next);
        Ok(next)
    }

    /// Puts `next` in the place of the current attempt; gives the reply to that one.
    fn file(&mut self, next: Attempt) -> Option<Hop> {
        let request = std::mem::replace(&mut self.current, Arc::new(next));
        let Reply { head, elapsed, .. } = self.reply.take()?;
        Some(Hop { head, request, elapsed, body: self.body.take().unwrap_or_default() })
    }
}

/// The value of `Cookie`, from the exchange's own jar or else the session's.
fn cookies<'a>(
    policy: &Policy,
    own: Option<&Jar>,
    site: impl FnOnce() -> Site<'a>,
    now: SystemTime,
) -> Option<String> {
    match (own, &policy.cookies) {
        (Some(jar), _) => jar.header(&site(), now),
        (None, Some(jar)) => {
            let jar = jar.lock().unwrap_or_else(PoisonError::into_inner);
            if jar.is_empty() { None } else { jar.header(&site(), now) }
        }
        (None, None) => None,
    }
}

/// A copy of the session's jar, if there is one.
fn session_jar(policy: &Policy) -> Option<Jar> {
    let jar = policy.cookies.as_ref()?;
    Some(jar.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// The value of `Authorization` for the first attempt: the caller's, else netrc's, else the URL's.
fn credentials(
    policy: &Policy,
    attempt: &Attempt,
    random: &mut dyn FnMut() -> [u8; 16],
) -> Result<Option<Vec<u8>>> {
    let url = &attempt.url;
    match &policy.auth {
        Auth::None => {
            if let Some((user, password)) = netrc(policy, url) {
                return basic(user, password).map(Some);
            }
            url.userinfo().map(|(user, password)| basic(&user, &password)).transpose()
        }
        Auth::Prepared => Ok(None),
        Auth::Basic { user, password } => Ok(Some(basic_value(user, password).into_bytes())),
        Auth::Bearer(token) => Ok(Some(latin1(&format!("Bearer {token}"))?.into_owned())),
        Auth::Digest(digest) => {
            let value = digest.preempt(&origin(url), &attempt.method, url.target(), random);
            value.map(|value| Ok(latin1(&value)?.into_owned())).transpose()
        }
    }
}

fn basic(user: &str, password: &str) -> Result<Vec<u8>> {
    Ok(basic_value(&latin1(user)?, &latin1(password)?).into_bytes())
}

/// What netrc says about the host that will really be spoken to.
fn netrc<'a>(policy: &'a Policy, url: &Url) -> Option<(&'a str, &'a str)> {
    policy.netrc.as_ref()?.lookup(url.host())
}

fn proxy(policy: &Policy, url: &Url) -> Result<Option<Url>> {
    policy.proxies.as_ref().map_or(Ok(None), |proxies| proxies.for_url(url))
}

/// Puts the proxy's credentials into a request that the proxy itself reads: http through an HTTP proxy.
fn show_proxy(attempt: &mut Attempt) -> Result<()> {
    let Some(proxy) = attempt.proxy.as_ref().filter(|proxy| proxy.is_http()) else { return Ok(()) };
    if attempt.url.is_https() {
        return Ok(());
    }
    if let Some((user, password)) = proxy.userinfo().filter(|(user, _)| !user.is_empty()) {
        attempt.headers.insert("Proxy-Authorization", basic(&user, &password)?);
    }
    Ok(())
}

/// A body that is sent again starts at its beginning.
pub(super) fn rewind(attempt: &mut Attempt) -> Result<()> {
    if !attempt.body.is_replayable() {
        return Err(Error::new(
            Kind::UnrewindableBody,
            Phase::Redirect,
            "Unable to rewind request body: it has to be sent again, but its source cannot go back. \
             Pass bytes or a seekable file.",
        ));
    }
    attempt.rewind = matches!(attempt.body, Body::Stream { .. });
    Ok(())
}

/// The field that says how long the body is, in front of the others, when there is none yet: where urllib3
/// puts it beneath requests. Without a body, only for methods that expect one. Of two such fields one stays
/// (RFC 9112 section 6.2), and it is true: a stream goes out in chunks, bytes have a length.
fn frame(attempt: &mut Attempt) {
    if attempt.headers.contains("Transfer-Encoding") {
        match &mut attempt.body {
            Body::Stream { length, .. } => {
                *length = None;
                attempt.headers.remove("Content-Length");
            }
            Body::Bytes(bytes) => {
                attempt.headers.remove("Transfer-Encoding");
                attempt.headers.insert("Content-Length", bytes.len().to_string());
            }
            Body::Empty => {}
        }
    }
    if attempt.headers.contains("Content-Length") || attempt.headers.contains("Transfer-Encoding") {
        return;
    }
    let length = match &attempt.body {
        Body::Empty => match attempt.method.as_str() {
            "GET" | "HEAD" | "DELETE" | "TRACE" | "OPTIONS" | "CONNECT" => return,
            _ => Some(0),
        },
        Body::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
        Body::Stream { length, .. } => *length,
    };
    attempt.framed = true;
    match length {
        Some(length) => attempt.headers.insert_at(0, "Content-Length", length.to_string()),
        None => attempt.headers.insert_at(0, "Transfer-Encoding", "chunked"),
    }
}

fn origin(url: &Url) -> String {
    format!("{}://{}:{}", url.scheme(), url.host(), url.port_or_default())
}
