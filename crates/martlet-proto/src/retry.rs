//! When a request is sent again, and after how long.
//!
//! Two rules live here. [`may_resend`] is the silent one: a kept connection that turns out to be dead is
//! replaced once. [`Retry`] is the caller's: a value shaped like `urllib3.Retry`, never changed in place;
//! [`Retry::increment`] gives the next one, or says that it is over.
//!
//! What counts against which budget (`total` always counts too):
//!
//! | what happened | budget | method must be allowed |
//! |---|---|---|
//! | no connection: resolve, connect, TLS or proxy not reached | `connect` | no |
//! | reading or writing broke, or took too long | `read` | yes |
//! | TLS or the proxy refused | `other` | no |
//! | a status of `status_forcelist`, or 413/429/503 with `Retry-After` | `status` | yes |
//!
//! Redirects are followed by the exchange, not by this; only a redirect status that is also in
//! `status_forcelist` counts against `redirect`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{Error, Kind, Phase, cookie::date};

/// May the same bytes go out again on a fresh connection, without anybody having asked for retries?
///
/// Only when the connection was `reused`, nothing of a response was read, and either no byte of the request
/// was written or the method is idempotent with a body that can be replayed (RFC 9110 section 9.2.2).
/// The caller does this once per attempt.
pub fn may_resend(
    reused: bool,
    response_bytes_read: u64,
    request_bytes_written: u64,
    idempotent: bool,
    replayable: bool,
) -> bool {
    reused && response_bytes_read == 0 && (request_bytes_written == 0 || (idempotent && replayable))
}

/// How many more times something may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// As often as the other budgets allow (`None` of urllib3).
    Unlimited,
    /// This many times; below zero it is used up.
    Left(i64),
    /// Never: an error is raised as it is, a reply uses the retries up at once (`False` of urllib3).
    Off,
}

impl Budget {
    fn spend(self) -> Self {
        match self {
            Self::Unlimited => Self::Unlimited,
            Self::Left(left) => Self::Left(left.saturating_sub(1)),
            Self::Off => Self::Left(-1),
        }
    }

    fn is_overspent(self) -> bool {
        matches!(self, Self::Left(left) if left < 0)
    }
}

/// Which methods may be retried once the request may have reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Methods {
    /// `HEAD GET PUT DELETE OPTIONS TRACE`: the idempotent ones, urllib3's default.
    Idempotent,
    /// All of them (`allowed_methods=None`).
    Any,
    /// These, upper case.
    Only(Arc<[String]>),
}

impl Methods {
    fn allow(&self, method: &str) -> bool {
        match self {
            Self::Idempotent => matches!(method, "HEAD" | "GET" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"),
            Self::Any => true,
            Self::Only(methods) => methods.iter().any(|allowed| allowed == method),
        }
    }
}

/// The statuses whose `Retry-After` is obeyed without being asked for (`RETRY_AFTER_STATUS_CODES`).
pub(crate) const RETRY_AFTER_STATUSES: [u16; 3] = [413, 429, 503];

/// How often and after what an exchange is tried again; the fields are those of `urllib3.Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// All tries together; wins over the others.
    pub total: Budget,
    /// Failures to connect.
    pub connect: Budget,
    /// Failures after something was sent.
    pub read: Budget,
    /// Redirects that `status_forcelist` names.
    pub redirect: Budget,
    /// Replies with a status that is retried.
    pub status: Budget,
    /// Anything else.
    pub other: Budget,
    /// What may be sent again although it may have arrived.
    pub allowed_methods: Methods,
    /// The statuses that are retried whatever their fields say.
    pub status_forcelist: Vec<u16>,
    /// Seconds; the n-th wait is `backoff_factor * 2^(n-1)`, the first one none.
    pub backoff_factor: f64,
    /// The longest such wait, in seconds.
    pub backoff_max: f64,
    /// Up to this many seconds more, at random.
    pub backoff_jitter: f64,
    /// The longest `Retry-After` that is believed, in seconds; more is cut to it.
    pub retry_after_max: f64,
    /// Is a reply whose retries are used up an error (else it is delivered)?
    pub raise_on_status: bool,
    /// Is `Retry-After` obeyed?
    pub respect_retry_after_header: bool,
    /// Failures in a row so far.
    pub failures: u32,
}

impl Default for Retry {
    /// `Retry(0, read=False)`: what an `HTTPAdapter` without `max_retries` has. Nothing is tried twice.
    fn default() -> Self {
        Self { read: Budget::Off, ..Self::times(0) }
    }
}

/// What there is to be counted.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// The attempt failed before a reply's head was there.
    Error(&'a Error),
    /// A reply came that is to be retried; `redirect` when it also has a redirect's status and `Location`.
    Status {
        /// Does it lead elsewhere?
        redirect: bool,
    },
}

/// Why there is no next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Retrying does not apply: the error stands as it is.
    NotRetried,
    /// The budget is used up (`MaxRetryError`).
    Exhausted,
}

impl Retry {
    /// `Retry(total)`: that many tries after the first, whatever goes wrong.
    pub fn times(total: u32) -> Self {
        Self {
            total: Budget::Left(total.into()),
            connect: Budget::Unlimited,
            read: Budget::Unlimited,
            redirect: Budget::Unlimited,
            status: Budget::Unlimited,
            other: Budget::Unlimited,
            allowed_methods: Methods::Idempotent,
            status_forcelist: Vec::new(),
            backoff_factor: 0.0,
            backoff_max: 120.0,
            backoff_jitter: 0.0,
            retry_after_max: 21_600.0,
            raise_on_status: true,
            respect_retry_after_header: true,
            failures: 0,
        }
    }

    /// Is a reply with this status to be tried again (`is_retry`)?
    pub fn is_retry(&self, method: &str, status: u16, has_retry_after: bool) -> bool {
        if !self.allowed_methods.allow(method) {
            return false;
        }
        let counts = !matches!(self.total, Budget::Unlimited | Budget::Off | Budget::Left(0));
        self.status_forcelist.contains(&status)
            || (counts
                && self.respect_retry_after_header
                && has_retry_after
                && RETRY_AFTER_STATUSES.contains(&status))
    }

    /// The value for the next try.
    ///
    /// # Errors
    /// [`Refusal`] when there is none.
    pub fn increment(&self, method: &str, cause: Cause<'_>) -> Result<Self, Refusal> {
        if matches!((self.total, cause), (Budget::Off, Cause::Error(_))) {
            return Err(Refusal::NotRetried);
        }
        let mut next = Self { total: self.total.spend(), failures: self.failures + 1, ..self.clone() };
        match cause {
            Cause::Error(error) => match class(error) {
                Class::Connect if self.connect == Budget::Off => return Err(Refusal::NotRetried),
                Class::Connect => next.connect = self.connect.spend(),
                Class::Read if self.read == Budget::Off || !self.allowed_methods.allow(method) => {
                    return Err(Refusal::NotRetried);
                }
                Class::Read => next.read = self.read.spend(),
                Class::Other => next.other = self.other.spend(),
                Class::Never => return Err(Refusal::NotRetried),
            },
            Cause::Status { redirect: true } => {
                next.redirect = self.redirect.spend();
                next.failures = 0;
            }
            Cause::Status { redirect: false } => next.status = self.status.spend(),
        }
        let budgets = [next.total, next.connect, next.read, next.redirect, next.status, next.other];
        match budgets.iter().any(|budget| budget.is_overspent()) {
            true => Err(Refusal::Exhausted),
            false => Ok(next),
        }
    }

    /// How long to wait before the next try, by the number of failures in a row; `random` is in `0.0..1.0`.
    pub fn backoff(&self, random: f64) -> Duration {
        if self.failures <= 1 {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(self.failures - 1).unwrap_or(i32::MAX);
        let wait = self.backoff_factor * 2f64.powi(exponent) + random * self.backoff_jitter;
        seconds(wait.min(self.backoff_max))
    }

    /// How long a `Retry-After` asks to wait: seconds or a date. `None` when it says nothing usable, and when
    /// it is not to be obeyed.
    pub fn retry_after(&self, value: &[u8], now: SystemTime) -> Option<Duration> {
        if !self.respect_retry_after_header {
            return None;
        }
        let text = String::from_utf8_lossy(value);
        let text = text.trim();
        let wait = match text.is_empty() || text.bytes().any(|byte| !byte.is_ascii_digit()) {
            false => text.parse::<f64>().ok()?,
            true => {
                let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
                let today = now.as_secs().cast_signed();
                let then = date::http_date(text, today).or_else(|| date::http_date(&turned(text)?, today))?;
                u64::try_from(then)
                    .map_or(0.0, |then| Duration::from_secs(then).saturating_sub(now).as_secs_f64())
            }
        };
        Some(seconds(wait.min(self.retry_after_max))).filter(|wait| !wait.is_zero())
    }
}

/// A date of `asctime`, the third of RFC 9110 section 5.6.7, in the order of the others.
fn turned(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let [_, month, day, clock, year] = std::array::from_fn(|_| words.next());
    Some([day?, month?, year?, clock?].join(" "))
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time.max(0.0)).unwrap_or(Duration::MAX)
}

enum Class {
    Connect,
    Read,
    Other,
    Never,
}

/// The table of the file's head, by kind and phase.
fn class(error: &Error) -> Class {
    match (error.kind(), error.phase()) {
        (Kind::Resolve, _) => Class::Connect,
        (
            Kind::Connection | Kind::Timeout | Kind::Disconnected | Kind::Proxy,
            Phase::Resolve | Phase::Connect | Phase::Tls,
        ) => Class::Connect,
        (
            Kind::Connection | Kind::Timeout | Kind::Disconnected | Kind::Protocol | Kind::Incomplete,
            Phase::SendHead | Phase::SendBody | Phase::RecvHead,
        ) => Class::Read,
        (Kind::Tls, _) => Class::Other,
        (
            Kind::Proxy | Kind::Connection | Kind::Timeout | Kind::Disconnected | Kind::Protocol,
            Phase::Proxy,
        ) => Class::Other,
        _ => Class::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::may_resend;

    #[test]
    fn only_a_reused_connection_that_said_nothing_is_replaced_silently() {
        // reused, bytes read, bytes written, idempotent, replayable
        assert!(may_resend(true, 0, 0, false, false));
        assert!(may_resend(true, 0, 9, true, true));
        assert!(!may_resend(false, 0, 0, true, true));
        assert!(!may_resend(true, 1, 0, true, true));
        assert!(!may_resend(true, 0, 9, false, true));
        assert!(!may_resend(true, 0, 9, true, false));
    }
}
