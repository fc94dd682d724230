//! One sending of one request: get a connection, send, read the reply's head.
//!
//! A kept connection may have died since it was probed. Then the request is sent once more, on a fresh
//! connection, where [`may_resend`] allows it: nothing of a reply was read, and either nothing was
//! written or doing it twice is doing it once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Buf;
use martlet_proto::exchange::{Attempt, Sent};
use martlet_proto::http1::{HeadParser, Parsed, encode_head, framing, head_cut_short, keeps_alive};
use martlet_proto::limit::Limits;
use martlet_proto::request::is_idempotent;
use martlet_proto::retry::may_resend;
use martlet_proto::{Error, Kind, Phase, ResponseHead, Result, Url};
use tokio::runtime::Handle;

use crate::body::{BodySource, RawBody, rewind};
use crate::clock::Clock;
use crate::conn::{Filled, Http1, SMALL};
use crate::connect::{Failure, Target};
use crate::pool::{Grant, Key, Leased, Place};
use crate::shared::Shared;
use crate::tls::TlsSettings;
use crate::upload::{Opening, Sending, Upload};

/// Without descriptors, try again after this time even if no connection of ours has closed: others may have.
const DESCRIPTOR_PAUSE: Duration = Duration::from_millis(100);

/// What all attempts of one call have in common.
pub(crate) struct Way<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) clock: Clock,
    pub(crate) tls: &'a Arc<TlsSettings>,
    pub(crate) keep_alive: bool,
}

/// The bytes of a streamed request body.
pub(crate) type Source = Option<Box<dyn BodySource>>;

/// A reply's head, and its body still to be read.
pub(crate) struct Reply {
    pub(crate) head: ResponseHead,
    pub(crate) body: RawBody,
}

/// An attempt that brought no reply, and how much of it had gone out.
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) sent: Sent,
}

/// Sends `attempt` and reads the head of the reply.
pub(crate) async fn send(way: &Way<'_>, attempt: &Attempt, source: &mut Source) -> Result<Reply, Failed> {
    let nothing = |error| Failed { error, sent: Sent::Nothing };
    let opening = &Opening::new(&attempt.body, |out| write_head(out, attempt)).map_err(nothing)?;
    let (leased, reused) = lease(way, attempt, false).await.map_err(nothing)?;
    let failed = match speak(way, attempt, opening, source, leased).await {
        Ok(reply) => return Ok(reply),
        Err(failed) => failed,
    };
    let dead = matches!(failed.error.kind(), Kind::Connection | Kind::Disconnected);
    let replayable = attempt.body.is_replayable();
    let again = may_resend(reused, failed.read, failed.written, is_idempotent(&attempt.method), replayable);
    if !(dead && again && (replayable || failed.sent != Sent::Body)) {
        return Err(Failed { error: failed.error, sent: failed.sent });
    }
    if failed.sent == Sent::Body {
        rewind(source).await.map_err(nothing)?;
    }
    let (leased, _) = lease(way, attempt, true).await.map_err(nothing)?;
    Box::pin(speak(way, attempt, opening, source, leased))
        .await
        .map_err(|failed| Failed { error: failed.error, sent: failed.sent })
}

/// A connection for `attempt`, and whether it was used before. `fresh`: it must not have been.
async fn lease(way: &Way<'_>, attempt: &Attempt, fresh: bool) -> Result<(Leased<Box<Http1>>, bool)> {
    let key = key(way, attempt);
    loop {
        match way.clock.limit(Phase::Pool, way.shared.pool.acquire(&key)).await? {
            Grant::Reuse(mut leased) => {
                if !fresh && leased.connection.is_quiet() {
                    return Ok((leased, true));
                }
                // The peer has closed it, or said something unasked: dropped, and the next one asked for.
            }
            Grant::Open(place) => return Ok((Box::pin(open(way, attempt, place)).await?, false)),
        }
    }
}

/// Which connections will do. Plain requests through a proxy share its connections, whatever their host.
fn key(way: &Way<'_>, attempt: &Attempt) -> Key {
    let (url, https) = (&attempt.url, attempt.url.is_https());
    let through_proxy = attempt.proxy.is_some() && !https;
    let over_tls = https || attempt.proxy.as_ref().is_some_and(Url::is_https);
    Key {
        host: if through_proxy { Box::default() } else { url.host().into() },
        port: if through_proxy { 0 } else { url.port_or_default() },
        tls: over_tls.then(|| Arc::clone(way.tls)),
        proxy: attempt.proxy.as_ref().map(|proxy| proxy.as_str().into()),
        runtime: Handle::try_current().ok().map(|runtime| runtime.id()),
    }
}

/// Opens a connection; out of descriptors, closes idle ones and waits for others as long as for a place.
async fn open(way: &Way<'_>, attempt: &Attempt, place: Place<Box<Http1>>) -> Result<Leased<Box<Http1>>> {
    let url = &attempt.url;
    let target = Target {
        host: url.host(),
        port: url.port_or_default(),
        tls: url.is_https().then_some(way.tls),
        proxy: attempt.proxy.as_ref(),
        proxy_tls: way.tls,
    };
    let (pool, begun) = (&way.shared.pool, Instant::now());
    loop {
        let error = match way.shared.connector.connect(target, &way.clock).await {
            Ok(stream) => return Ok(place.fill(Box::new(Http1::new(stream)))),
            Err(Failure::Other(error)) => return Err(error),
            Err(Failure::OutOfDescriptors(error)) => error,
        };
        if pool.close_idle() > 0 {
            continue;
        }
        let over = way.clock.deadline(Phase::Pool, Some(begun)).is_some_and(|end| end <= Instant::now());
        if over || pool.stats().open <= 1 {
            return Err(error);
        }
        // Not an error when it passes: others than this pool may have closed descriptors.
        let _ = tokio::time::timeout(DESCRIPTOR_PAUSE, pool.some_connection_closes()).await;
    }
}

/// A failure on one connection, with what [`may_resend`] wants to know.
struct Unanswered {
    error: Error,
    sent: Sent,
    written: u64,
    read: u64,
}

/// Sends on this connection and reads the head.
async fn speak(
    way: &Way<'_>,
    attempt: &Attempt,
    opening: &Opening,
    source: &mut Source,
    mut leased: Leased<Box<Http1>>,
) -> Result<Reply, Unanswered> {
    let connection = &mut leased.connection;
    let mut source_asked = false;
    let outcome = async {
        let mut upload = Upload::new(connection, &way.clock, &way.shared.limits, &attempt.method);
        let sending = upload.send(opening, &attempt.body, source.as_deref_mut()).await;
        source_asked = upload.source_asked;
        let sending = sending?;
        let parsed = read_head(connection, &way.clock, &way.shared.limits).await?;
        let framing = framing(&attempt.method, &parsed.head)?;
        let keeps = connection.sound && keeps_alive(&parsed.head, &framing);
        Ok((parsed.head, framing, keeps && sending == Sending::Complete))
    };
    match outcome.await {
        Ok((head, framing, keeps)) => {
            let keep = keeps && way.keep_alive;
            let body = RawBody::new(leased, framing, keep, way.shared.limits, way.clock);
            Ok(Reply { head, body })
        }
        Err(error) => {
            let (written, read) = (leased.connection.written, leased.connection.read);
            let sent = match written {
                _ if source_asked => Sent::Body,
                0 => Sent::Nothing,
                some if some <= opening.head_length() => Sent::Head,
                _ => Sent::Body,
            };
            Err(Unanswered { error, sent, written, read })
        }
    }
}

fn write_head(out: &mut Vec<u8>, attempt: &Attempt) -> Result<()> {
    let url = &attempt.url;
    let (method, headers) = (&attempt.method, &attempt.headers);
    match attempt.proxy.is_some() && !url.is_https() {
        true => encode_head(out, method, &url.absolute_target(), &url.proxied_host_header(), headers),
        false => encode_head(out, method, url.target(), &url.host_header(), headers),
    }
}

/// Reads the head of the final reply; informational ones (RFC 9110 section 15.2) are passed over.
async fn read_head(connection: &mut Http1, clock: &Clock, limits: &Limits) -> Result<Parsed> {
    let mut parser = HeadParser::new();
    let mut passed_over = 0;
    loop {
        while !connection.buffer.is_empty() {
            let Some(reply) = parser.parse(&connection.buffer, limits)? else { break };
            connection.buffer.advance(reply.used);
            connection.sound &= reply.sound;
            if !matches!(reply.head.status, 100 | 102..=199) {
                return Ok(reply);
            }
            passed_over += 1;
            if passed_over > limits.informational {
                let message = format!("got more than {} informational replies", limits.informational);
                return Err(Error::new(Kind::LimitExceeded, Phase::RecvHead, message));
            }
            parser = HeadParser::new();
        }
        match connection.fill(SMALL, Phase::RecvHead, clock).await? {
            Filled::Data => {}
            Filled::End | Filled::Cut => return Err(head_cut_short(&connection.buffer)),
        }
    }
}
