//! The main loop, told in order: ask the rules, do it, report back.
//!
//! `martlet_proto::exchange` decides what is sent, followed, retried and delivered; `attempt` carries one
//! sending out; this file goes between the two until the rules say that it is over.

use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use martlet_proto::coding::{Coding, codings};
use martlet_proto::exchange::{Attempt, Exchange, Outcome, Step, Verdict};
use martlet_proto::{Error, Kind, Phase, Result};
use rustls::crypto::SecureRandom;

use crate::attempt::{self, Reply};
use crate::body::{Body, BodyReader, RawBody, discard, read_whole, rewind};
use crate::call::{Call, CallError};
use crate::clock::Clock;
use crate::response::Response;
use crate::shared::Shared;

/// Carries out one call.
pub(crate) async fn run(shared: Arc<Shared>, call: Box<Call>) -> Result<Response, CallError> {
    let mut exchange = Exchange::new(call.request, call.policy)?;
    let way = attempt::Way {
        shared: &shared,
        clock: Clock::start(call.timeouts),
        tls: &call.tls,
        keep_alive: call.keep_alive,
    };
    let mut source = call.source;
    let (mut body, codings) = match converse(&mut exchange, &way, &mut source).await {
        Ok(reply) => reply,
        Err(error) => return Err(ended(exchange, error)),
    };
    let outcome = exchange.finish().ok_or_else(unanswered)?;
    if call.stream {
        let url = outcome.request.url.without_secrets().into_owned();
        let reader = BodyReader::new(body, codings, shared.limits, url);
        return Ok(response(outcome, Body::Stream(Box::new(reader))));
    }
    let mut sink = call.sink;
    let codings = if call.decode { codings.as_slice() } else { &[] };
    let read = match codings.is_empty() && body.missing() == Some(0) {
        // All of it is there already: the case that has to be quick.
        true => body.take_buffered().map(|bytes| Body::Full(bytes.unwrap_or_default())),
        false => Box::pin(read_whole(body, codings, sink.as_deref_mut(), &shared.limits)).await,
    };
    match read {
        Ok(body) => Ok(response(outcome, body)),
        Err(error) => Err(CallError {
            error: located(error, &outcome.request),
            response: None,
            request: Some(outcome.request),
            cookie_changes: outcome.cookie_changes,
        }),
    }
}

/// Sends and receives until a reply is the caller's; its body is still to be read.
async fn converse(
    exchange: &mut Exchange,
    way: &attempt::Way<'_>,
    source: &mut attempt::Source,
) -> Result<(RawBody, Vec<Coding>)> {
    loop {
        let attempt = match exchange.step(SystemTime::now(), &mut random)? {
            Step::Send(attempt) => attempt,
            Step::Sleep(pause) => {
                way.clock.pause(pause).await?;
                continue;
            }
        };
        if attempt.rewind {
            rewind(source).await?;
        }
        let begun = Instant::now();
        let Reply { head, body } = match attempt::send(way, &attempt, source).await {
            Ok(reply) => reply,
            Err(failed) => {
                exchange.failed(located(failed.error, &attempt), failed.sent)?;
                continue;
            }
        };
        let limits = &way.shared.limits;
        let codings = codings(&head.headers, limits).map_err(|error| located(error, &attempt))?;
        match exchange.received(head, begun.elapsed(), SystemTime::now())? {
            Verdict::Deliver => return Ok((body, codings)),
            Verdict::Discard => {
                let read = Box::pin(discard(body, &codings, limits)).await;
                exchange.discarded(read.map_err(|error| located(error, &attempt))?);
            }
        }
    }
}

/// The exchange failed. After too many redirects the last reply goes with the error, as in requests.
fn ended(mut exchange: Exchange, error: Error) -> CallError {
    let request = Some(exchange.attempt());
    let cookie_changes = exchange.take_cookie_changes();
    let outcome = (error.kind() == Kind::TooManyRedirects).then(|| exchange.finish()).flatten();
    let response = outcome.map(|mut outcome| {
        let body = outcome.body.take().unwrap_or_default();
        Box::new(response(outcome, Body::Full(body)))
    });
    CallError { error, response, request, cookie_changes }
}

fn response(outcome: Outcome, body: Body) -> Response {
    Response {
        head: outcome.head,
        url: outcome.request.url.clone(),
        request: outcome.request,
        history: outcome.history,
        elapsed: outcome.elapsed,
        cookie_changes: outcome.cookie_changes,
        next: outcome.next,
        body,
    }
}

fn located(error: Error, attempt: &Attempt) -> Error {
    error.with_url(attempt.url.without_secrets())
}

fn unanswered() -> Error {
    Error::new(Kind::Closed, Phase::RecvHead, "the exchange ended without a reply")
}

/// Sixteen unpredictable bytes, for nonces and jitter.
pub(crate) fn random() -> [u8; 16] {
    static SOURCE: OnceLock<&'static dyn SecureRandom> = OnceLock::new();
    let source = SOURCE.get_or_init(|| rustls::crypto::aws_lc_rs::default_provider().secure_random);
    let mut bytes = [0; 16];
    // The system's generator does not fail once it has been seeded; a nonce of zeros would still be a nonce.
    let _ = source.fill(&mut bytes);
    bytes
}
