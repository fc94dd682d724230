//! The server as its clients see it, through plain sockets.
#![allow(missing_docs, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use martlet_testing::{Server, ServerOptions};
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

fn start() -> Server {
    Server::start(ServerOptions::default()).unwrap()
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes on a connection of their own and returns all that comes back until it is closed.
fn dialogue(server: &Server, sent: impl AsRef<[u8]>) -> String {
    let mut stream = connect(server);
    stream.write_all(sent.as_ref()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    String::from_utf8(reply).unwrap()
}

fn get(server: &Server, target: &str) -> String {
    dialogue(server, format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"))
}

fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn body_json(reply: &str) -> Value {
    serde_json::from_str(body(reply)).unwrap()
}

#[test]
fn get_is_shown_what_was_asked() {
    let server = start();
    let request =
        "GET /get?a=1&b=x+y HTTP/1.1\r\nHost: test:1\r\nX-Case: \u{e9}\r\nConnection: close\r\n\r\n";
    let shown = body_json(&dialogue(&server, request));
    assert_eq!(shown["method"], "GET");
    assert_eq!(shown["url"], "http://test:1/get?a=1&b=x+y");
    assert_eq!(shown["origin"], "127.0.0.1");
    assert_eq!(shown["args"], json!({"a": "1", "b": "x y"}));
    assert_eq!(shown["headers"]["X-Case"], "\u{c3}\u{a9}");
}

#[test]
fn bodies_are_shown_as_text_form_or_base64() {
    let server = start();
    let post = |kind: &str, body: &[u8]| {
        let mut request = format!(
            "POST /post HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        body_json(&dialogue(&server, request))
    };
    assert_eq!(post("text/plain", b"a\nb")["data"], "a\nb");
    assert_eq!(
        post("application/x-www-form-urlencoded", b"a=1&b=%C3%A9")["form"],
        json!({"a": "1", "b": "é"})
    );
    let binary = post("x/y", b"\xff\x00");
    assert_eq!(
        (&binary["data"], &binary["length"]),
        (&json!("data:application/octet-stream;base64,/wA="), &json!(2))
    );
}

#[test]
fn chunked_bodies_are_read_with_extensions_and_trailers() {
    let server = start();
    let request = "PUT /put HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                   3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n";
    assert_eq!(body_json(&dialogue(&server, request))["data"], "abcde");
}

#[test]
fn a_chunked_body_may_arrive_one_byte_at_a_time() {
    let server = start();
    let mut stream = connect(&server);
    let head = "POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    for byte in format!("{head}3\r\nabc\r\n0\r\n\r\n").into_bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert_eq!(body_json(&reply)["data"], "abc");
}

#[test]
fn bytes_have_the_length_asked_for() {
    let server = start();
    for length in [0, 1, 1024, 200_000] {
        let reply = get(&server, &format!("/bytes/{length}"));
        assert!(reply.contains(&format!("Content-Length: {length}\r\n")));
        assert_eq!(body(&reply).len(), length);
    }
    assert!(get(&server, "/bytes/x").starts_with("HTTP/1.1 404 "));
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = start();
    let mut requests = String::new();
    for number in 0..500 {
        requests.push_str(&format!("GET /bytes/{number} HTTP/1.1\r\n\r\n"));
    }
    requests
        .push_str("GET /bytes/100000 HTTP/1.1\r\n\r\nGET /status/418 HTTP/1.1\r\nConnection: close\r\n\r\n");
    let replies = dialogue(&server, requests);
    let lengths: Vec<usize> = replies
        .lines()
        .filter_map(|line| line.split_once("Content-Length: ").and_then(|(_, length)| length.parse().ok()))
        .collect();
    let expected: Vec<usize> = (0..500).chain([100_000, 0]).collect();
    assert_eq!(lengths, expected);
    assert!(replies.contains("418 I'm a teapot"));
    assert_eq!((server.stats().requests, server.stats().opened), (502, 1));
}

#[test]
fn a_connection_is_kept_until_somebody_asks_for_its_end() {
    let server = start();
    let mut stream = connect(&server);
    for _ in 0..3 {
        stream.write_all(b"GET /bytes/4 HTTP/1.1\r\n\r\n").unwrap();
        let mut reply = vec![0; get(&server, "/bytes/4").len() - "Connection: close\r\n".len()];
        stream.read_exact(&mut reply).unwrap();
        assert!(reply.ends_with(b"\r\n\r\nabcd"));
    }
    drop(stream);
    assert!(server.wait_until(PATIENCE, |stats| stats.open == 0));
    let stats = server.stats();
    assert_eq!((stats.opened, stats.requests, stats.closed_by_client), (4, 6, 1));
}

#[test]
fn head_gets_the_head_alone() {
    let server = start();
    for target in ["/get", "/bytes/1024", "/stream/3", "/drip?bytes=5", "/json"] {
        let reply = dialogue(&server, format!("HEAD {target} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert_eq!(body(&reply), "", "{target}");
    }
}

#[test]
fn statuses_have_their_phrases_and_fields() {
    let server = start();
    assert!(get(&server, "/status/404").starts_with("HTTP/1.1 404 Not Found\r\n"));
    assert!(get(&server, "/status/799").starts_with("HTTP/1.1 799 \r\n"));
    assert!(get(&server, "/status/307").contains("\r\nLocation: /get\r\n"));
    assert!(get(&server, "/status/401").contains("\r\nWWW-Authenticate: Basic "));
    assert!(!get(&server, "/status/204").contains("Content-Length"));
    for wrong in ["/status/99", "/status/1000", "/status/x", "/nowhere", "/getx", "/bytes"] {
        assert!(get(&server, wrong).starts_with("HTTP/1.1 404 "), "{wrong}");
    }
    assert!(get(&server, "/post").starts_with("HTTP/1.1 405 "));
}

#[test]
fn redirects_lead_to_get() {
    let server = start();
    assert!(get(&server, "/redirect/3").contains("\r\nLocation: /redirect/2\r\n"));
    assert!(get(&server, "/redirect/1").contains("\r\nLocation: /get\r\n"));
    let reply = get(&server, "/redirect-to?url=http%3A%2F%2Fx%2F%3Fa%3Db&status=308");
    assert!(
        reply.starts_with("HTTP/1.1 308 ") && reply.contains("\r\nLocation: http://x/?a=b\r\n"),
        "{reply}"
    );
}

#[test]
fn a_value_from_the_request_cannot_end_a_header_line() {
    let reply = get(&start(), "/redirect-to?url=/a%0d%0aX-Evil:%201");
    assert!(reply.contains("\r\nLocation: /aX-Evil: 1\r\n"), "{reply}");
}

#[test]
fn cookies_are_set_and_shown() {
    let server = start();
    let reply = get(&server, "/cookies/set?a=1&b=2");
    assert!(reply.contains("\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\n"));
    assert!(reply.contains("\r\nLocation: /cookies\r\n"));
    let reply = dialogue(&server, "GET /cookies HTTP/1.1\r\nCookie: a=1; b=2\r\nConnection: close\r\n\r\n");
    assert_eq!(body_json(&reply), json!({"cookies": {"a": "1", "b": "2"}}));
}

#[test]
fn basic_auth_lets_the_right_one_in() {
    let server = start();
    assert!(get(&server, "/basic-auth/u/p").starts_with("HTTP/1.1 401 "));
    let field = "Authorization: Basic dTpw";
    let request = format!("GET /basic-auth/u/p HTTP/1.1\r\n{field}\r\nConnection: close\r\n\r\n");
    assert_eq!(body_json(&dialogue(&server, request)), json!({"authenticated": true, "user": "u"}));
}

#[test]
fn streams_come_in_chunks_and_drips_in_drops() {
    let server = start();
    let reply = get(&server, "/stream/2");
    assert!(reply.contains("Transfer-Encoding: chunked"));
    assert_eq!(reply.matches("\"id\"").count(), 2);
    assert!(reply.ends_with("0\r\n\r\n"));
    let begun = Instant::now();
    assert_eq!(body(&get(&server, "/drip?bytes=5&seconds=0.05")), "*****");
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_delay_is_kept_and_pipelined_requests_wait_behind_it() {
    let server = start();
    let begun = Instant::now();
    let mut stream = connect(&server);
    stream
        .write_all(b"GET /delay/0.05 HTTP/1.1\r\n\r\nGET /json HTTP/1.1\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert!(replies.find("/delay/0.05") < replies.find("martlet") && replies.contains("martlet"));
}

#[test]
fn those_who_wait_at_the_gate_are_let_through_together_without_those_who_left() {
    let server = start();
    let wait = |hold: &str| {
        let before = server.stats().requests;
        let mut stream = connect(&server);
        let request = format!("GET /gate/3?hold={hold} HTTP/1.1\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        assert!(server.wait_until(PATIENCE, |stats| stats.requests > before));
        stream
    };
    let mut waiting = vec![wait("0"), wait("0")];
    drop(waiting.pop());
    assert!(server.wait_until(PATIENCE, |stats| stats.closed_by_client == 1));
    waiting.push(wait("0"));
    waiting.first().unwrap().set_nonblocking(true).unwrap();
    let error = waiting.first_mut().unwrap().read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    waiting.first().unwrap().set_nonblocking(false).unwrap();
    let begun = Instant::now();
    waiting.push(wait("0.05"));
    for mut stream in waiting {
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert_eq!(body(&reply), "open");
    }
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_swallowed_body_is_counted_and_the_connection_goes_on() {
    let server = start();
    let mut sent = b"POST /swallow HTTP/1.1\r\nContent-Length: 300000\r\n\r\n".to_vec();
    sent.resize(sent.len() + 300_000, b'x');
    sent.extend_from_slice(b"POST /swallow?a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    sent.extend_from_slice(b"3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
    sent.extend_from_slice(b"GET /swallow HTTP/1.1\r\nConnection: close\r\n\r\n");
    let replies = dialogue(&server, sent);
    let lengths: Vec<&str> = replies.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(
        lengths.join(""),
        "{\"length\": 300000}HTTP/1.1 200 OK{\"length\": 5}HTTP/1.1 200 OK{\"length\": 0}"
    );
}

#[test]
fn a_reply_that_the_server_was_given_goes_out_as_it_is() {
    let given = b"HTTP/1.1 200 Fine\r\nX: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    let replies = vec![("/get".to_owned(), Arc::from(&given[..]))];
    let server = Server::start(ServerOptions { replies, ..ServerOptions::default() }).unwrap();
    assert_eq!(get(&server, "/get?a=b").as_bytes(), given);
    assert!(get(&server, "/json").starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn a_client_that_leaves_while_it_waits_is_noticed() {
    let server = start();
    for target in ["/hang", "/delay/600", "/drip?seconds=600"] {
        let before = server.stats();
        let mut stream = connect(&server);
        stream.write_all(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
        assert!(server.wait_until(PATIENCE, |stats| stats.requests > before.requests));
        assert_eq!(server.stats().open, 1);
        drop(stream);
        assert!(
            server.wait_until(PATIENCE, |stats| stats.closed_by_client > before.closed_by_client),
            "{target}"
        );
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let server = start();
    assert!(dialogue(&server, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000));
    assert!(dialogue(&server, endless).starts_with("HTTP/1.1 431 "));
    let request = "POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    assert!(dialogue(&server, request).starts_with("HTTP/1.1 400 "));
    let request = "POST /post HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n";
    assert!(dialogue(&server, request).starts_with("HTTP/1.1 413 "));
}

#[test]
fn a_client_that_asks_whether_to_send_is_told_to() {
    let server = start();
    let mut stream = connect(&server);
    let head =
        "POST /post HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert_eq!(body_json(&reply)["data"], "ok");
}

#[test]
fn codings_are_announced() {
    let server = start();
    let mut stream = connect(&server);
    stream.write_all(b"GET /gzip HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&reply[end + 4..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"gzipped\": true}");
    assert!(String::from_utf8_lossy(&reply[..end]).contains("Content-Encoding: gzip"));
}

#[test]
fn stopping_ends_every_connection_and_frees_the_port() {
    let mut server = start();
    let mut stream = connect(&server);
    stream.write_all(b"GET /hang HTTP/1.1\r\n\r\n").unwrap();
    assert!(server.wait_until(PATIENCE, |stats| stats.requests == 1));
    server.stop();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!((server.stats().open, server.stats().closed_by_client), (0, 0));
    let again = ServerOptions { port: server.address().port(), ..ServerOptions::default() };
    assert_eq!(Server::start(again).unwrap().address(), server.address());
}

#[test]
fn a_port_in_use_is_an_error_of_start() {
    let server = start();
    let taken = ServerOptions { port: server.address().port(), ..ServerOptions::default() };
    assert_eq!(Server::start(taken).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn tls_is_spoken_under_the_given_authority_and_resumed() {
    let server = Server::start(ServerOptions { tls: true, ..ServerOptions::default() }).unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(rustls_pki_types::CertificateDer::from_pem_slice(server.ca_pem().unwrap().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    for name in ["localhost", "127.0.0.1", "::1", "localhost"] {
        let session = rustls::ClientConnection::new(Arc::clone(&config), name.try_into().unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, connect(&server));
        stream.write_all(b"GET /bytes/300000 HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap(); // An end without close_notify would be an error.
        assert_eq!(body(&reply).len(), 300_000, "{name}");
    }
    let stats = server.stats();
    assert_eq!((stats.handshakes, stats.resumed), (4, 1));
}
