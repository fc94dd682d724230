//! Bodies of requests: framed, held back, answered early, failing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use bytes::Bytes;
use martlet::body::{BodySource, SourceError, SourceFuture, from_chunks};
use martlet::proto::Body as RequestBody;
use martlet::{Call, Client, Kind, Phase};
use peer::*;
use tokio::sync::Notify;

fn stream(length: Option<u64>) -> RequestBody {
    RequestBody::Stream { length, rewindable: true }
}

const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

/// Yields zeros without end, and counts its pieces.
struct Endless(Arc<AtomicUsize>);

impl BodySource for Endless {
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(Some(Bytes::from(vec![0; 65_536]))) })
    }

    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Fails at once.
struct Broken;

impl BodySource for Broken {
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
        Box::pin(async { Err("the disk is gone".into()) })
    }

    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Yields one piece, and takes its time over the next.
struct Slow(Arc<Notify>, bool);

impl BodySource for Slow {
    fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
        Box::pin(async {
            if !std::mem::replace(&mut self.1, true) {
                return Ok(Some("data".into()));
            }
            self.0.notified().await;
            Ok(None)
        })
    }

    fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn bytes_go_behind_the_head() {
    let peer = Peer::play([vec![Until("data"), reply("ok")]]);
    let call = peer.post(RequestBody::Bytes("data".into()), &[("Content-Length", "4")]);
    assert_eq!(full(Client::default().execute(call).await.unwrap()), "ok");
    let host = peer.address;
    let expected = format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\ndata");
    assert_eq!(peer.finish(), [expected]);
}

#[tokio::test]
async fn a_large_body_of_bytes_arrives_whole() {
    let body = "0123456789".repeat(100_000) + "end!";
    let length = body.len().to_string();
    let peer = Peer::play([vec![Until("end!"), reply("ok")]]);
    let call = peer.post(RequestBody::Bytes(body.clone().into()), &[("Content-Length", &length)]);
    assert_eq!(full(Client::default().execute(call).await.unwrap()), "ok");
    assert!(peer.finish()[0].ends_with(&body));
}

#[tokio::test]
async fn a_source_of_unknown_length_goes_out_chunked() {
    let peer = Peer::play([vec![Until("0\r\n\r\n"), reply("ok")]]);
    let source = Some(from_chunks(["one", "", "three"]));
    let call = Call { source, ..peer.post(stream(None), &[CHUNKED]) };
    let client = Client::default();
    assert_eq!(full(client.execute(call).await.unwrap()), "ok");
    assert_eq!(counts(&client), (1, 1));
    assert!(peer.finish()[0].ends_with("\r\n\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn a_source_of_known_length_goes_out_as_it_is() {
    let peer = Peer::play([vec![Until("onethree"), reply("ok")]]);
    let source = Some(from_chunks(["one", "three"]));
    let call = Call { source, ..peer.post(stream(Some(8)), &[("Content-Length", "8")]) };
    assert_eq!(full(Client::default().execute(call).await.unwrap()), "ok");
    peer.finish();
}

#[tokio::test]
async fn a_source_of_another_length_than_announced_is_an_error() {
    for chunks in [["one", "th"], ["one", "threes"]] {
        let peer = Peer::play([vec![Head, ClientCloses]]);
        let source = Some(from_chunks(chunks));
        let call = Call { source, ..peer.post(stream(Some(8)), &[("Content-Length", "8")]) };
        let client = Client::default();
        let error = client.execute(call).await.unwrap_err().error;
        assert_eq!((error.kind(), error.phase()), (Kind::BodySource, Phase::SendBody));
        assert_eq!(counts(&client), (0, 0));
        // What is too much never goes out: the peer would take it for the next request.
        assert!(!peer.finish()[0].contains("threes"));
    }
}

#[tokio::test]
async fn the_error_of_a_source_is_kept() {
    let peer = Peer::play([vec![Head, ClientCloses]]);
    let call = Call { source: Some(Box::new(Broken)), ..peer.post(stream(None), &[CHUNKED]) };
    let mut error = Client::default().execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::BodySource, Phase::SendBody));
    assert_eq!(error.take_source().unwrap().to_string(), "the disk is gone");
    peer.finish();
}

#[tokio::test]
async fn a_refusal_that_comes_early_ends_the_sending() {
    let refusal = say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    let peer = Peer::play([vec![Head, refusal, ClientCloses]]);
    let source: Option<Box<dyn BodySource>> = Some(Box::new(Endless(Arc::default())));
    let call = Call { source, ..peer.post(stream(None), &[CHUNKED]) };
    let client = Client::default();
    let response = client.execute(call).await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(full(response), "big");
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn an_early_refusal_waits_for_a_source_that_may_have_to_rewind_and_for_no_other() {
    for rewindable in [false, true] {
        let refusal = say("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
        let peer = Peer::play([vec![Until("data"), refusal, ClientCloses]]);
        let more = Arc::new(Notify::new());
        let source: Option<Box<dyn BodySource>> = Some(Box::new(Slow(Arc::clone(&more), false)));
        let body = RequestBody::Stream { length: None, rewindable };
        let client = Client::default();
        let mut answer = pin!(client.execute(Call { source, ..peer.post(body, &[CHUNKED]) }));
        if rewindable {
            let early = tokio::time::timeout(Duration::from_millis(100), &mut answer).await;
            assert!(early.is_err(), "answered while the source was asked");
            more.notify_one();
        }
        assert_eq!(full(answer.await.unwrap()), "big");
        peer.finish();
    }
}

#[tokio::test]
async fn an_early_success_lets_the_body_be_completed() {
    let met = Arc::new(Barrier::new(2));
    let early = say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let peer = Peer::play([vec![Head, early, Meet(Arc::clone(&met)), Until("0\r\n\r\n"), ClientCloses]]);
    struct Waits(Arc<Barrier>, usize);
    impl BodySource for Waits {
        fn next(&mut self) -> SourceFuture<'_, Result<Option<Bytes>, SourceError>> {
            self.1 += 1;
            let (met, turn) = (Arc::clone(&self.0), self.1);
            Box::pin(async move {
                if turn == 1 {
                    tokio::task::spawn_blocking(move || met.wait()).await?;
                }
                Ok((turn < 3).then(|| Bytes::from("piece")))
            })
        }

        fn rewind(&mut self) -> SourceFuture<'_, Result<(), SourceError>> {
            Box::pin(async { Ok(()) })
        }
    }
    let call = Call { source: Some(Box::new(Waits(met, 0))), ..peer.post(stream(None), &[CHUNKED]) };
    let client = Client::default();
    assert_eq!(full(client.execute(call).await.unwrap()), "ok");
    assert_eq!(counts(&client), (1, 1));
    drop(client);
    assert_eq!(peer.finish()[0].matches("piece").count(), 2);
}

#[tokio::test]
async fn an_answer_before_a_broken_pipe_is_still_delivered() {
    let answer = say("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno");
    let peer = Peer::play([vec![Head, answer, Close]]);
    let body = Bytes::from(vec![b'x'; 16 << 20]);
    let length = body.len().to_string();
    let call = peer.post(RequestBody::Bytes(body), &[("Content-Length", &length)]);
    let client = Client::default();
    // The peer's close is an RST, which may overtake its answer: either is right, a hang is not.
    match client.execute(call).await {
        Ok(response) => assert_eq!(response.status(), 400),
        Err(failure) => assert_eq!(failure.error.kind(), Kind::Connection),
    }
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_the_source_back() {
    let peer = Peer::play([vec![Head, ClientCloses]]);
    let met = Arc::new(Barrier::new(2));
    let silent = Peer::play([vec![Head, Meet(Arc::clone(&met)), Close]]);
    let pieces = Arc::new(AtomicUsize::new(0));
    let source: Option<Box<dyn BodySource>> = Some(Box::new(Endless(Arc::clone(&pieces))));
    let timeouts =
        martlet::proto::Timeouts { write: Some(std::time::Duration::from_millis(100)), ..Default::default() };
    let call = Call { source, timeouts, ..silent.post(stream(None), &[CHUNKED]) };
    let error = Client::default().execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::SendBody));
    // A loopback connection buffers some MiB; an endless source would have been asked for ever more.
    assert!(pieces.load(Ordering::SeqCst) < 1000);
    met.wait();
    silent.finish();
    drop(std::net::TcpStream::connect(peer.address).map(|mut stream| {
        std::io::Write::write_all(&mut stream, b"\r\n\r\n").unwrap();
    }));
    peer.finish();
}

#[tokio::test]
async fn a_rewindable_source_is_sent_again_after_a_redirect_that_keeps_the_method() {
    let moved = say("HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
    let peer = Peer::play([vec![Until("0\r\n\r\n"), moved, Until("0\r\n\r\n"), reply("ok")]]);
    let call = Call { source: Some(from_chunks(["data"])), ..peer.post(stream(None), &[CHUNKED]) };
    assert_eq!(full(Client::default().execute(call).await.unwrap()), "ok");
    assert_eq!(peer.finish()[0].matches("4\r\ndata\r\n0\r\n\r\n").count(), 2);
}

#[tokio::test]
async fn a_rewindable_upload_on_a_connection_that_dies_is_sent_again_from_its_start() {
    let first = vec![Head, reply("one"), Head, Close];
    let peer = Peer::play([first, vec![Until("0\r\n\r\n"), reply("two")]]);
    let client = Client::default();
    assert_eq!(full(client.execute(peer.get("/")).await.unwrap()), "one");
    let mut call = Call { source: Some(from_chunks(["a", "b"])), ..peer.post(stream(None), &[CHUNKED]) };
    call.request.method = "PUT".into();
    assert_eq!(full(client.execute(call).await.unwrap()), "two");
    assert!(peer.finish()[1].ends_with("\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"));
}
