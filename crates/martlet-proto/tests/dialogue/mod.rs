//! An exchange told as a dialogue: it sends, the peer replies, it sleeps, the connection fails, it ends.

#![allow(dead_code)] // each test file uses a part of it

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use martlet_proto::{
    Body, Error, Headers, Kind, Phase, Request, ResponseHead, Url, Version,
    exchange::{Attempt, Exchange, Outcome, Policy, Sent, Step, Verdict},
};

pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

pub(crate) fn url(text: &str) -> Url {
    Url::prepare(text, "").unwrap()
}

pub(crate) fn headers(fields: &[(&str, &str)]) -> Headers {
    fields.iter().copied().collect()
}

pub(crate) fn request(method: &str, to: &str, fields: &[(&str, &str)]) -> Request {
    Request { headers: headers(fields), ..Request::new(method, url(to)) }
}

pub(crate) fn stream(rewindable: bool) -> Body {
    Body::Stream { length: Some(3), rewindable }
}

pub(crate) struct Dialogue {
    exchange: Exchange,
    sent: Vec<Arc<Attempt>>,
}

impl Dialogue {
    pub(crate) fn of(request: Request, policy: Policy) -> Self {
        Self { exchange: Exchange::new(request, policy).unwrap(), sent: Vec::new() }
    }

    pub(crate) fn get(to: &str, policy: Policy) -> Self {
        Self::of(request("GET", to, &[]), policy)
    }

    fn step(&mut self) -> Result<Step, Error> {
        self.exchange.step(now(), &mut || [7; 16])
    }

    /// The next step sends this method and URL with these fields and no others; gives the attempt.
    #[track_caller]
    pub(crate) fn sends(&mut self, line: &str, fields: &[(&str, &str)]) -> Arc<Attempt> {
        let attempt = self.sends_any();
        assert_eq!(format!("{} {}", attempt.method, attempt.url.as_str()), line);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let sent: Vec<_> = attempt.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
        let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(sent, fields);
        attempt
    }

    /// The next step sends something; gives the attempt.
    #[track_caller]
    pub(crate) fn sends_any(&mut self) -> Arc<Attempt> {
        match self.step() {
            Ok(Step::Send(attempt)) => {
                self.sent.push(attempt.clone());
                attempt
            }
            other => panic!("{other:?} instead of sending"),
        }
    }

    #[track_caller]
    pub(crate) fn sleeps(&mut self, time: Duration) {
        match self.step() {
            Ok(Step::Sleep(slept)) => assert_eq!(slept, time),
            other => panic!("{other:?} instead of sleeping {time:?}"),
        }
    }

    /// The next step ends the exchange.
    #[track_caller]
    pub(crate) fn breaks(&mut self, kind: Kind) -> Error {
        match self.step() {
            Err(error) if error.kind() == kind => error,
            other => panic!("{other:?} instead of {kind:?}"),
        }
    }

    /// A reply comes, after as many milliseconds as its status; its body is the status too.
    pub(crate) fn receives(&mut self, status: u16, fields: &[(&str, &str)]) -> Verdict {
        let (version, reason) = (Version::Http11, Vec::new());
        let head = ResponseHead { version, status, reason, headers: headers(fields) };
        let elapsed = Duration::from_millis(status.into());
        let verdict = self.exchange.received(head, elapsed, now()).unwrap();
        if verdict == Verdict::Discard {
            self.exchange.discarded(Bytes::from(status.to_string()));
        }
        verdict
    }

    /// A reply comes that is not the last.
    #[track_caller]
    pub(crate) fn goes_on_after(&mut self, status: u16, fields: &[(&str, &str)]) {
        assert_eq!(self.receives(status, fields), Verdict::Discard);
    }

    /// A reply comes that is the caller's.
    #[track_caller]
    pub(crate) fn ends_with(mut self, status: u16, fields: &[(&str, &str)]) -> Outcome {
        assert_eq!(self.receives(status, fields), Verdict::Deliver);
        self.exchange.finish().unwrap()
    }

    /// The attempt fails; `Err` when that is the end.
    pub(crate) fn fails(&mut self, kind: Kind, phase: Phase, sent: Sent) -> Result<(), Error> {
        self.exchange.failed(Error::new(kind, phase, "it failed"), sent)
    }

    pub(crate) fn finish(self) -> Option<Outcome> {
        self.exchange.finish()
    }

    /// All that can be shown of it for debugging.
    pub(crate) fn debug(&self) -> String {
        format!("{:?} {:?}", self.exchange, self.sent)
    }
}
