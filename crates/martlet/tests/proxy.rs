//! Through an HTTP proxy: plain requests as they are, TLS through a tunnel.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use martlet::proto::proxy::Proxies;
use martlet::{Call, Client, Kind, Phase, TlsSettings, Verify};
use martlet_testing::{Server, ServerOptions};
use peer::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn through(mut call: Call, proxy: &str) -> Call {
    let proxies = ["http", "https"].map(|scheme| (scheme.to_owned(), proxy.to_owned()));
    call.policy.proxies = Some(Arc::new(Proxies::new(proxies.to_vec(), Vec::new())));
    call
}

fn get(url: &str) -> Call {
    let url = martlet::proto::Url::prepare(url, "").unwrap();
    let tls = Arc::new(TlsSettings { verify: Verify::None, ..TlsSettings::default() });
    Call { tls, ..Call::new(martlet::proto::Request::new("GET", url)) }
}

/// A proxy that opens one tunnel; gives the head of the request for it.
fn tunnel() -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap();
        let mut server = TcpStream::connect(target).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut server, &mut client);
        head
    });
    (address, thread)
}

#[tokio::test]
async fn a_plain_request_goes_to_the_proxy_with_its_whole_url_and_shares_its_connection() {
    let proxy = Peer::play([vec![Head, reply("one"), Head, reply("two")]]);
    let client = Client::default();
    let by = format!("http://user:pass@{}", proxy.address);
    for (url, body) in [("http://a.test/x?y=1#z", "one"), ("http://b.test:81/", "two")] {
        let response = client.execute(through(get(url), &by)).await.unwrap();
        assert_eq!(full(response), body);
    }
    assert_eq!(client.stats().opened, 1);
    let heard = proxy.finish().remove(0);
    assert!(heard.starts_with("GET http://a.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\n"), "{heard}");
    assert!(heard.contains("GET http://b.test:81/ HTTP/1.1\r\nHost: b.test:81\r\n"), "{heard}");
    assert_eq!(heard.matches("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n").count(), 2);
}

#[tokio::test]
async fn a_plain_requests_host_field_is_the_one_in_its_whole_url() {
    let proxy = Peer::play([vec![Head, reply("one"), ClientCloses]]);
    let client = Client::default();
    let call = through(get("http://a.test.:80/x"), &format!("http://{}", proxy.address));
    client.execute(call).await.unwrap();
    client.close_idle();
    let heard = proxy.finish().remove(0);
    assert!(heard.starts_with("GET http://a.test.:80/x HTTP/1.1\r\nHost: a.test.:80\r\n"), "{heard}");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_and_the_server_sees_no_proxy_credentials() {
    let server = Server::start(ServerOptions { tls: true, ..ServerOptions::default() }).unwrap();
    let (address, tunnelled) = tunnel();
    let client = Client::default();
    let url = format!("https://{}/headers", server.address());
    let call = through(get(&url), &format!("http://user:pass@{address}"));
    let body = full(client.execute(call).await.unwrap());
    assert!(!body.contains("Proxy-Authorization"), "{body}");
    assert_eq!(counts(&client), (1, 1));
    drop(client);
    let head = tunnelled.join().unwrap();
    let target = server.address();
    let credentials = "Proxy-Authorization: Basic dXNlcjpwYXNz";
    let expected = format!("CONNECT {target} HTTP/1.1\r\n{credentials}\r\nHost: {target}\r\n\r\n");
    assert_eq!(head, expected);
}

/// A proxy spoken to in TLS that opens one tunnel.
async fn tls_tunnel() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let mut client = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let target = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned();
        let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    address
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_inside_the_tls_of_the_proxy_and_the_connection_is_kept() {
    let server = Server::start(ServerOptions { tls: true, ..ServerOptions::default() }).unwrap();
    let proxy = format!("https://{}", tls_tunnel().await);
    let client = Client::default();
    for _ in 0..3 {
        let call = through(get(&format!("https://{}/bytes/100000", server.address())), &proxy);
        assert_eq!(full(client.execute(call).await.unwrap()).len(), 100_000);
    }
    assert_eq!((counts(&client), client.stats().opened), ((1, 1), 1));
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_the_proxys_failure() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    for script in [vec![Head, say(refusal)], vec![Head, Close], vec![Head, say("220 smtp\r\n"), ClientCloses]]
    {
        let proxy = Peer::play([script]);
        let client = Client::default();
        let call = through(get("https://a.test/"), &format!("http://u:secret@{}", proxy.address));
        let error = client.execute(call).await.unwrap_err().error;
        assert_eq!((error.kind(), error.phase()), (Kind::Proxy, Phase::Proxy));
        assert!(!format!("{error:?}").contains("secret"));
        assert_eq!(counts(&client), (0, 0));
        proxy.finish();
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_the_proxys_failure() {
    let proxy = Peer::play([]);
    let by = format!("http://{}", proxy.address);
    proxy.finish();
    for url in ["http://a.test/", "https://a.test/"] {
        let error = Client::default().execute(through(get(url), &by)).await.unwrap_err().error;
        assert_eq!((error.kind(), error.phase()), (Kind::Proxy, Phase::Proxy));
        assert!(error.message().starts_with("Unable to connect to proxy"), "{error}");
    }
}

#[tokio::test]
async fn bytes_before_the_tunnel_is_used_are_refused() {
    let proxy = Peer::play([vec![Head, say("HTTP/1.1 200 OK\r\n\r\nhello"), ClientCloses]]);
    let call = through(get("https://a.test/"), &format!("http://{}", proxy.address));
    let error = Client::default().execute(call).await.unwrap_err().error;
    assert_eq!(error.kind(), Kind::Proxy);
    proxy.finish();
}
