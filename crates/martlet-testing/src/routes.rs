//! What each path answers: a table, and a function for each row.
//!
//! The paths and the fields of the JSON are httpbin's where httpbin has them, because people know
//! those. A path that ends with `/` in the table takes the rest of the path as its argument.

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::reply::{Bodies, Message, Reply, chunk, json, plain, reason};
use crate::request::Request;
use crate::{json as text, query};

/// Answers one request; the argument is what follows the row's path.
type Answer = fn(&Request<'_>, argument: &str, bodies: &Bodies) -> Option<Reply>;

/// Path, the only method allowed (none: any), and the answer. `None` of an answer is a 404.
const ROUTES: &[(&str, Option<&str>, Answer)] = &[
    ("/bytes/", None, bytes),
    ("/get", Some("GET"), echo),
    ("/post", Some("POST"), echo),
    ("/put", Some("PUT"), echo),
    ("/patch", Some("PATCH"), echo),
    ("/delete", Some("DELETE"), echo),
    ("/anything", None, echo),
    ("/anything/", None, echo),
    ("/headers", None, headers),
    ("/json", None, sample),
    ("/status/", None, status),
    ("/redirect/", None, redirect),
    ("/redirect-to", None, redirect_to),
    ("/cookies", None, cookies),
    ("/cookies/set", None, cookies_set),
    ("/delay/", None, delay),
    ("/stream/", None, stream),
    ("/drip", None, drip),
    ("/gzip", None, gzip),
    ("/deflate", None, deflate),
    ("/basic-auth/", None, basic_auth),
    ("/hang", None, hang),
    ("/gate/", None, gate),
];

/// The path whose body is counted and not kept, however long it is.
pub(crate) const SWALLOWED: &str = "/swallow";

/// The largest body made on request, in bytes.
const LARGEST: usize = 1 << 30;
/// The longest pause, in seconds.
const LONGEST: f64 = 3600.0;
/// The most lines of `/stream/N`.
const MOST_LINES: usize = 100_000;
/// The most pieces of `/drip`.
const MOST_DROPS: usize = 1000;

/// Finds the row for a request and lets it answer.
pub(crate) fn answer(request: &Request<'_>, bodies: &Bodies) -> Reply {
    let path = request.path();
    if let Some(reply) = bodies.given(path) {
        return Reply::Shared(reply);
    }
    for (row, method, answer) in ROUTES {
        let argument = match path.strip_prefix(row) {
            Some(rest) if rest.is_empty() || row.ends_with('/') => rest,
            _ => continue,
        };
        if method.is_some_and(|method| method != request.method() && request.method() != "HEAD") {
            return error(request, 405);
        }
        return answer(request, argument, bodies).unwrap_or_else(|| error(request, 404));
    }
    error(request, 404)
}

fn error(request: &Request<'_>, status: u16) -> Reply {
    plain(request, status, "text/plain", reason(status).as_bytes())
}

fn bytes(request: &Request<'_>, argument: &str, bodies: &Bodies) -> Option<Reply> {
    let length = argument.parse().ok().filter(|length| *length <= LARGEST)?;
    if request.head.keep_alive && request.method() != "HEAD" {
        return Some(Reply::Shared(bodies.of(length)));
    }
    let reply = bodies.of(length);
    let body = reply.get(reply.len() - length..).unwrap_or_default();
    Some(plain(request, 200, "application/octet-stream", body))
}

/// Everything about the request, as httpbin's `/anything` shows it, but that a form is shown in
/// `form` only and files are not taken apart.
fn echo(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let mut out = String::with_capacity(512 + request.body.len());
    let member = |out: &mut String, name: &str, value: &str| {
        out.push_str(if out.is_empty() { "{" } else { ", " });
        text::string(out, name);
        out.push_str(": ");
        text::string(out, value);
    };
    let object = |out: &mut String, name: &str, pairs: &[(String, String)]| {
        out.push_str(", ");
        text::string(out, name);
        out.push_str(": ");
        text::object(out, pairs);
    };
    member(&mut out, "method", request.method());
    member(&mut out, "url", &url(request));
    member(&mut out, "origin", request.client);
    object(&mut out, "args", &query::pairs(request.query()));
    object(&mut out, "headers", &fields(request));
    let form = request
        .field("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = std::str::from_utf8(request.body);
    object(&mut out, "form", &if form { query::pairs(body.unwrap_or_default()) } else { Vec::new() });
    match body {
        Ok(_) if form => member(&mut out, "data", ""),
        Ok(body) => member(&mut out, "data", body),
        Err(_) => {
            let encoded = BASE64.encode(request.body);
            member(&mut out, "data", &format!("data:application/octet-stream;base64,{encoded}"));
        }
    }
    out.push_str(&format!(", \"length\": {}}}", request.body.len()));
    Some(json(request, &out))
}

/// The URL that the client asked for, as far as the request tells.
fn url(request: &Request<'_>) -> String {
    let scheme = request.origin.split_once("://").map_or("http", |(scheme, _)| scheme);
    match request.field("host") {
        Some(host) => format!("{scheme}://{host}{}", request.target()),
        None => format!("{}{}", request.origin, request.target()),
    }
}

fn fields(request: &Request<'_>) -> Vec<(String, String)> {
    request.fields().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn headers(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let mut out = String::from("{\"headers\": ");
    text::object(&mut out, &fields(request));
    out.push('}');
    Some(json(request, &out))
}

fn sample(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    const SAMPLE: &str = concat!(
        r#"{"bird": {"name": "martlet", "lands": false, "legs": 0, "#,
        r#""seen": ["heraldry", "here"], "speed": 31.25}}"#,
    );
    Some(json(request, SAMPLE))
}

fn status(request: &Request<'_>, argument: &str, _: &Bodies) -> Option<Reply> {
    let status: u16 = argument.parse().ok().filter(|status| (200..=999).contains(status))?;
    let mut message = Message::new(status);
    if matches!(status, 301 | 302 | 303 | 307 | 308) {
        message = message.field("Location", "/get");
    }
    if status == 401 {
        message = message.field("WWW-Authenticate", "Basic realm=\"martlet\"");
    }
    Some(Reply::Now(message.body(request.method(), status, b"")))
}

fn to(request: &Request<'_>, status: u16, location: &str) -> Reply {
    Reply::Now(Message::new(status).field("Location", location).body(request.method(), status, b""))
}

fn redirect(request: &Request<'_>, argument: &str, _: &Bodies) -> Option<Reply> {
    let left: u32 = argument.parse().ok()?;
    let location = if left > 1 { format!("/redirect/{}", left - 1) } else { "/get".to_owned() };
    Some(to(request, 302, &location))
}

fn redirect_to(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let location = query::value(request.query(), "url")?;
    let status = match query::value(request.query(), "status") {
        Some(status) => status.parse().ok().filter(|status| (300..400).contains(status))?,
        None => 302,
    };
    Some(to(request, status, &location))
}

fn cookies(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let field = request.field("cookie").unwrap_or_default();
    let pairs: Vec<(String, String)> = field
        .split(';')
        .filter_map(|part| part.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut out = String::from("{\"cookies\": ");
    text::object(&mut out, &pairs);
    out.push('}');
    Some(json(request, &out))
}

fn cookies_set(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let mut message = Message::new(302).field("Location", "/cookies");
    for (name, value) in query::pairs(request.query()) {
        message = message.field("Set-Cookie", &format!("{name}={value}; Path=/"));
    }
    Some(Reply::Now(message.body(request.method(), 302, b"")))
}

fn delay(request: &Request<'_>, argument: &str, bodies: &Bodies) -> Option<Reply> {
    let pause = seconds(argument)?;
    match echo(request, "", bodies)? {
        Reply::Now(bytes) => Some(Reply::Later(pause, bytes)),
        other => Some(other),
    }
}

fn stream(request: &Request<'_>, argument: &str, _: &Bodies) -> Option<Reply> {
    let lines: usize = argument.parse().ok().filter(|lines| *lines <= MOST_LINES)?;
    let head =
        Message::new(200).field("Content-Type", "application/json").field("Transfer-Encoding", "chunked");
    let mut pieces = Vec::new();
    if request.method() != "HEAD" {
        let url = url(request);
        pieces.reserve(lines + 1);
        for id in 0..lines {
            let mut line = format!("{{\"id\": {id}, \"url\": ");
            text::string(&mut line, &url);
            line.push_str("}\n");
            pieces.push(chunk(line.as_bytes()));
        }
        pieces.push(chunk(b""));
    }
    Some(Reply::Pieces { head: head.head(), pieces, pause: Duration::ZERO })
}

/// `bytes` (10) of them over `seconds` (1), one at a time, or in a thousand equal pieces if there are more.
fn drip(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let total: usize = match query::value(request.query(), "bytes") {
        Some(bytes) => bytes.parse().ok().filter(|bytes| *bytes <= LARGEST)?,
        None => 10,
    };
    let over = query::value(request.query(), "seconds")
        .map_or(Some(Duration::from_secs(1)), |text| seconds(&text))?;
    let head = Message::new(200)
        .field("Content-Type", "application/octet-stream")
        .field("Content-Length", &total.to_string())
        .head();
    if request.method() == "HEAD" || total == 0 {
        return Some(Reply::Now(head));
    }
    let body = vec![b'*'; total];
    let pieces: Vec<Vec<u8>> = body.chunks(total.div_ceil(MOST_DROPS)).map(<[u8]>::to_vec).collect();
    let pause = over.div_f64(pieces.len() as f64);
    Some(Reply::Pieces { head, pieces, pause })
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds))?;
    Some(Duration::from_secs_f64(seconds))
}

fn gzip(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"{\"gzipped\": true}").ok()?;
    coded(request, "gzip", &encoder.finish().ok()?)
}

fn deflate(request: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"{\"deflated\": true}").ok()?;
    coded(request, "deflate", &encoder.finish().ok()?)
}

fn coded(request: &Request<'_>, coding: &str, body: &[u8]) -> Option<Reply> {
    let message =
        Message::new(200).field("Content-Type", "application/json").field("Content-Encoding", coding);
    Some(Reply::Now(message.body(request.method(), 200, body)))
}

fn basic_auth(request: &Request<'_>, argument: &str, _: &Bodies) -> Option<Reply> {
    let (user, password) = argument.split_once('/')?;
    let (user, password) = (query::unquote(user), query::unquote(password));
    let expected = format!("Basic {}", BASE64.encode(format!("{user}:{password}")));
    if request.field("authorization").as_deref() != Some(expected.as_str()) {
        let message = Message::new(401).field("WWW-Authenticate", "Basic realm=\"martlet\"");
        return Some(Reply::Now(message.body(request.method(), 401, b"")));
    }
    let mut out = String::from("{\"authenticated\": true, \"user\": ");
    text::string(&mut out, &user);
    out.push('}');
    Some(json(request, &out))
}

/// The answer to a request at [`SWALLOWED`] whose body had this length.
pub(crate) fn swallowed(keep_alive: bool, length: u64) -> Reply {
    let message = Message::new(200).field("Content-Type", "application/json");
    let message = if keep_alive { message } else { message.field("Connection", "close") };
    Reply::Now(message.body("POST", 200, format!("{{\"length\": {length}}}").as_bytes()))
}

/// Answers all at once when so many wait, `hold` (0) seconds after the last of them came.
fn gate(request: &Request<'_>, argument: &str, _: &Bodies) -> Option<Reply> {
    let count: usize = argument.parse().ok().filter(|count| *count > 0)?;
    let pause = query::value(request.query(), "hold").map_or(Some(Duration::ZERO), |text| seconds(&text))?;
    match plain(request, 200, "text/plain", b"open") {
        Reply::Now(bytes) => Some(Reply::Gathered { count, pause, bytes }),
        other => Some(other),
    }
}

fn hang(_: &Request<'_>, _: &str, _: &Bodies) -> Option<Reply> {
    Some(Reply::Never)
}
