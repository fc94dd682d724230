//! A call dropped at any of its polls leaves the pool whole and the connection closed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use martlet::config::PoolConfig;
use martlet::proto::{Body as RequestBody, Request, Timeouts, Url};
use martlet::{Call, Client, Config};

/// A server that redirects once and then answers in many small chunks; it puts up with being left. Counts
/// the connections that are open.
fn slow_server() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let open = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&open);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counter = Arc::clone(&counter);
            counter.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let _ = serve(stream);
                counter.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, open)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut request = Vec::new();
        while !request.ends_with(b"0\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte)? == 0 {
                return Ok(());
            }
            request.push(byte[0]);
        }
        if request.starts_with(b"POST /start") {
            stream.write_all(b"HTTP/1.1 307 On\r\nLocation: /end\r\nContent-Length: 2\r\n\r\nno")?;
            continue;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n")?;
        stream.write_all(b"\r\n")?;
        for _ in 0..5 {
            stream.write_all(b"1\r\nx\r\n")?;
            std::thread::yield_now();
        }
        stream.write_all(b"0\r\n\r\n")?;
    }
}

fn call(address: std::net::SocketAddr, stream: bool) -> Call {
    let mut request = Request::new("POST", Url::prepare(&format!("http://{address}/start"), "").unwrap());
    request.headers.append("Transfer-Encoding", "chunked");
    request.body = RequestBody::Stream { length: None, rewindable: true };
    let timeouts = Timeouts {
        pool: Some(std::time::Duration::from_secs(10)),
        ..Timeouts::both(std::time::Duration::from_secs(10))
    };
    let source = Some(martlet::body::from_chunks(["one", "two"]));
    Call { source, timeouts, stream, ..Call::new(request) }
}

/// Polls `future` at most `polls` times, then drops it.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_call_dropped_at_any_poll_leaves_the_pool_whole() {
    let (address, open) = slow_server();
    let pool = PoolConfig { max_per_host: Some(1), ..PoolConfig::default() };
    for stream in [false, true] {
        let client = Client::new(Config { pool: pool.clone(), ..Config::default() });
        let mut finished = 0;
        for polls in 0..200 {
            let read = async {
                let response = client.execute(call(address, stream)).await.unwrap();
                response.bytes().await.unwrap()
            };
            finished += usize::from(at_most(polls, read).await.is_some_and(|body| body == "xxxxx"));
            let stats = client.stats();
            assert_eq!((stats.open, stats.waiting), (stats.idle, 0), "after {polls} polls");
            if finished == 3 {
                break;
            }
        }
        assert_eq!(finished, 3);
        let whole = client.execute(call(address, false)).await.unwrap();
        assert_eq!(whole.bytes().await.unwrap(), "xxxxx");
        drop(client);
        // Every abandoned connection was closed: the server sees the end of each.
        while open.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_call_that_waits_for_the_pool_can_be_dropped() {
    let (address, _) = slow_server();
    let pool = PoolConfig { max_per_host: Some(1), ..PoolConfig::default() };
    let client = Client::new(Config { pool, ..Config::default() });
    let held = client.execute(call(address, true)).await.unwrap();
    assert!(at_most(1, client.execute(call(address, false))).await.is_none());
    assert_eq!(client.stats().waiting, 0);
    drop(held);
    client.execute(call(address, false)).await.unwrap();
}
