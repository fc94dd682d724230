//! HTTP proxies: plain requests go to the proxy as they are, TLS goes through a tunnel (CONNECT).
//!
//! The proxy's credentials go to the proxy alone (RFC 9110 section 9.3.6). Whatever goes wrong before
//! the proxy has opened the way is the proxy's failure ([`Kind::Proxy`]), but for a time that ran out.

use std::time::Instant;

use bytes::{Buf, BytesMut};
use martlet_proto::auth::{basic_value, latin1};
use martlet_proto::http1::{encode_head, parse_head};
use martlet_proto::limit::Limits;
use martlet_proto::{Detail, Error, Headers, Kind, Phase, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Connector, Failure, Stream, Target, shake_hands};
use crate::clock::Clock;

/// What a proxy URL may say about how to speak to it.
const SCHEMES: [&str; 2] = ["http", "https"];

impl Connector {
    /// A stream to the proxy, with a tunnel to the target behind it if the target wants TLS.
    pub(super) async fn connect_through(
        &self,
        proxy: &Url,
        target: Target<'_>,
        clock: &Clock,
        begun: Instant,
    ) -> Result<Stream, Failure> {
        if !SCHEMES.contains(&proxy.scheme()) {
            let message = format!(
                "Proxies of the kind '{}' are not supported; use an http:// or https:// proxy.",
                proxy.scheme()
            );
            return Err(Error::new(Kind::InvalidScheme, Phase::Prepare, message).into());
        }
        let reached = self.tcp(proxy.host(), proxy.port_or_default(), Some(Phase::Proxy), clock, begun).await;
        let socket = reached.map_err(|failure| match failure {
            Failure::Other(error) => Failure::Other(unreachable_proxy(error)),
            other => other,
        })?;
        let mut stream = match proxy.is_https() {
            false => Stream::Tcp(socket),
            true => {
                let config = self.tls_config(target.proxy_tls, clock, begun).await?;
                let tls = shake_hands(socket, proxy.host(), config, clock, begun).await;
                Stream::Tls(Box::new(tls.map_err(unreachable_proxy)?))
            }
        };
        if target.tls.is_some() {
            let opening = open_tunnel(&mut stream, proxy, target);
            clock.limit_since(Some(begun), Phase::Proxy, opening).await??;
        }
        Ok(stream)
    }
}

/// Asks the proxy for a tunnel and reads its answer.
async fn open_tunnel(stream: &mut Stream, proxy: &Url, target: Target<'_>) -> Result<(), Error> {
    let authority = match target.host.contains(':') {
        true => format!("[{}]:{}", target.host, target.port),
        false => format!("{}:{}", target.host, target.port),
    };
    let mut headers = Headers::new();
    if let Some((user, password)) = proxy.userinfo() {
        headers.append("Proxy-Authorization", basic_value(&latin1(&user)?, &latin1(&password)?));
    }
    headers.append("Host", authority.clone()); // behind it, as by requests
    let mut head = Vec::new();
    encode_head(&mut head, "CONNECT", &authority, &authority, &headers)?;
    stream.write_all(&head).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut buffer = BytesMut::with_capacity(1024);
    let limits = Limits::default();
    loop {
        let parsed = parse_head(&buffer, &limits).map_err(|error| {
            failed(format!("Unable to connect to proxy: {}", error.message())).with_source(error)
        })?;
        let Some(reply) = parsed else {
            if stream.read_buf(&mut buffer).await.map_err(broken)? == 0 {
                return Err(failed("Unable to connect to proxy: it closed the connection without an answer"));
            }
            continue;
        };
        match reply.head.status {
            200..=299 if reply.used == buffer.len() => return Ok(()),
            200..=299 => {
                return Err(failed("Unable to connect to proxy: bytes came before the tunnel was used"));
            }
            100..=199 => buffer.advance(reply.used),
            status => {
                let reason = String::from_utf8_lossy(&reply.head.reason);
                let message = format!("Tunnel connection failed: {status} {reason}");
                let refused = failed(format!("Unable to connect to proxy: {message}"));
                return Err(refused.with_detail(Detail::Status(status)));
            }
        }
    }
}

fn unreachable_proxy(error: Error) -> Error {
    match error.kind() {
        Kind::Timeout => error,
        _ => failed(format!("Unable to connect to proxy: {}", error.message()))
            .with_detail(error.detail())
            .with_source(error),
    }
}

fn broken(error: std::io::Error) -> Error {
    failed(format!("Unable to connect to proxy: {error}")).with_source(error)
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Kind::Proxy, Phase::Proxy, message)
}
