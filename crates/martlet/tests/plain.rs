//! One request, one reply: what goes over the wire and what becomes of the connection.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use martlet::proto::{Body as RequestBody, Request, Timeouts};
use martlet::{Call, Client, Kind, Phase};
use peer::*;

const SECOND: Duration = Duration::from_secs(1);

async fn get(client: &Client, peer: &Peer) -> Result<String, (Kind, Phase)> {
    match client.execute(peer.get("/")).await {
        Ok(response) => Ok(full(response)),
        Err(failure) => Err((failure.error.kind(), failure.error.phase())),
    }
}

#[tokio::test]
async fn two_requests_one_after_the_other_share_a_connection() {
    let peer = Peer::play([vec![Head, reply("one"), Head, reply("two"), ClientCloses]]);
    let client = Client::default();
    assert_eq!(full(client.execute(peer.get("/1")).await.unwrap()), "one");
    assert_eq!(full(client.execute(peer.get("/2")).await.unwrap()), "two");
    assert_eq!(counts(&client), (1, 1));
    assert_eq!(client.close_idle(), 1);
    let host = format!("Host: {}\r\n\r\n", peer.address);
    assert_eq!(peer.finish(), [format!("GET /1 HTTP/1.1\r\n{host}GET /2 HTTP/1.1\r\n{host}")]);
}

#[tokio::test]
async fn a_refused_connection_says_where_and_leaves_nothing_behind() {
    let peer = Peer::play([]);
    let call = peer.get("/");
    peer.finish();
    let client = Client::default();
    let error = client.execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Connection, Phase::Connect));
    assert!(error.message().starts_with("Failed to establish a new connection to 127.0.0.1:"), "{error}");
    assert_eq!(counts(&client), (0, 0));
}

#[tokio::test]
async fn a_connection_that_is_not_to_be_kept_is_closed() {
    let peer = Peer::play([
        vec![Head, say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"), ClientCloses],
        vec![Head, say("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb"), ClientCloses],
        vec![Head, reply("c"), ClientCloses],
    ]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "a");
    assert_eq!(get(&client, &peer).await.unwrap(), "b");
    let once = Call { keep_alive: false, ..peer.get("/") };
    assert_eq!(full(client.execute(once).await.unwrap()), "c");
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn what_follows_a_reply_at_once_never_becomes_the_next_reply() {
    let injected = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let first = format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood{injected}");
    let peer = Peer::play([vec![Head, say(first), ClientCloses], vec![Head, reply("next")]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "good");
    assert_eq!(get(&client, &peer).await.unwrap(), "next");
    peer.finish();
}

#[tokio::test]
async fn what_follows_a_reply_later_never_becomes_the_next_reply() {
    let met = Arc::new(Barrier::new(2));
    let meet = || Meet(Arc::clone(&met));
    let injected = say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    let first = vec![Head, reply("good"), meet(), injected, meet(), ClientCloses];
    let peer = Peer::play([first, vec![Head, reply("next")]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "good");
    met.wait();
    met.wait();
    assert_eq!(get(&client, &peer).await.unwrap(), "next");
    peer.finish();
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_closed_is_not_used() {
    let met = Arc::new(Barrier::new(2));
    let first = vec![Head, reply("one"), Bye, Meet(Arc::clone(&met)), ClientCloses];
    let peer = Peer::play([first, vec![Head, reply("two")]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    met.wait();
    assert_eq!(get(&client, &peer).await.unwrap(), "two");
    assert_eq!(peer.finish()[0].matches("GET").count(), 1);
}

#[tokio::test]
async fn a_request_on_a_connection_that_dies_under_it_is_sent_again_on_a_fresh_one() {
    let peer = Peer::play([vec![Head, reply("one"), Head, Close], vec![Head, reply("two")]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    assert_eq!(get(&client, &peer).await.unwrap(), "two");
    assert_eq!(client.stats().opened, 2);
    peer.finish();
}

#[tokio::test]
async fn it_is_sent_again_once_only() {
    let peer = Peer::play([vec![Head, reply("one"), Head, Close], vec![Head, Close]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    assert_eq!(get(&client, &peer).await.unwrap_err(), (Kind::Disconnected, Phase::RecvHead));
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_not_sent_again() {
    let peer = Peer::play([vec![Head, reply("one"), Until("data"), Close]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    let call = peer.post(RequestBody::Bytes("data".into()), &[("Content-Length", "4")]);
    let error = client.execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Disconnected, Phase::RecvHead));
    peer.finish();
}

#[tokio::test]
async fn a_first_connection_that_dies_is_an_error() {
    let peer = Peer::play([vec![Head, Close], vec![Head, say("HTTP/1.1 200 O"), Close]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap_err(), (Kind::Disconnected, Phase::RecvHead));
    assert_eq!(get(&client, &peer).await.unwrap_err(), (Kind::Disconnected, Phase::RecvHead));
    peer.finish();
}

#[tokio::test]
async fn a_half_read_head_is_no_reason_to_send_again() {
    let peer = Peer::play([vec![Head, reply("one"), Head, say("HTTP/1.1 200 O"), Close]]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    assert_eq!(get(&client, &peer).await.unwrap_err(), (Kind::Disconnected, Phase::RecvHead));
    peer.finish();
}

#[tokio::test]
async fn informational_replies_are_passed_over_up_to_their_limit() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let peer = Peer::play([
        vec![Head, say("HTTP/1.1 100 Continue\r\n\r\n"), say(hints), reply("fine"), ClientCloses],
        vec![Head, say(hints.repeat(101)), ClientCloses],
    ]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "fine");
    client.close_idle();
    assert_eq!(get(&client, &peer).await.unwrap_err(), (Kind::LimitExceeded, Phase::RecvHead));
    peer.finish();
}

#[tokio::test]
async fn after_an_informational_reply_with_a_doubtful_field_the_connection_is_not_used_again() {
    let hints = "HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n";
    let peer = Peer::play([
        vec![Head, say(hints), reply("one"), ClientCloses],
        vec![Head, reply("two"), ClientCloses],
    ]);
    let client = Client::default();
    assert_eq!(get(&client, &peer).await.unwrap(), "one");
    assert_eq!(get(&client, &peer).await.unwrap(), "two");
    assert_eq!(client.stats().opened, 2);
    client.close_idle();
    peer.finish();
}

#[tokio::test]
async fn the_read_limit_runs_per_wait() {
    let script = vec![Head, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"), ClientCloses];
    let peer = Peer::play([vec![Head, ClientCloses], script]);
    let client = Client::default();
    let timeouts = Timeouts { read: Some(SECOND / 20), ..Timeouts::default() };
    for phase in [Phase::RecvHead, Phase::RecvBody] {
        let failure = client.execute(Call { timeouts, ..peer.get("/") }).await.unwrap_err();
        assert_eq!((failure.error.kind(), failure.error.phase()), (Kind::Timeout, phase));
        assert_eq!(failure.error.message(), "Read timed out. (read timeout=0.05)");
        assert_eq!(counts(&client), (0, 0));
    }
    peer.finish();
}

#[tokio::test]
async fn the_total_limit_holds_over_everything() {
    let peer = Peer::play([vec![Head, ClientCloses]]);
    let timeouts = Timeouts { total: Some(SECOND / 20), ..Timeouts::both(100 * SECOND) };
    let failure = Client::default().execute(Call { timeouts, ..peer.get("/") }).await.unwrap_err();
    assert_eq!((failure.error.kind(), failure.error.phase()), (Kind::Timeout, Phase::RecvHead));
    assert!(failure.error.message().contains("total timeout=0.05"), "{}", failure.error);
    peer.finish();
}

#[tokio::test]
async fn a_full_pool_is_waited_for_as_long_as_its_limit_says() {
    let pool = martlet::config::PoolConfig { max_per_host: Some(1), ..Default::default() };
    let client = Client::new(martlet::Config { pool, ..Default::default() });
    let peer = Peer::play([vec![Head, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"), ClientCloses]]);
    let held = client.execute(Call { stream: true, ..peer.get("/") }).await.unwrap();
    let timeouts = Timeouts { pool: Some(SECOND / 20), ..Timeouts::default() };
    let error = client.execute(Call { timeouts, ..peer.get("/") }).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::Pool));
    assert_eq!((counts(&client), client.stats().waiting), ((1, 0), 0));
    drop(held);
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}

#[tokio::test]
async fn an_error_shows_where_but_no_password() {
    let peer = Peer::play([vec![Head, Close]]);
    let url = format!("http://user:secret@{}/path", peer.address);
    let url = martlet::proto::Url::prepare(&url, "").unwrap();
    let error = Client::default().execute(Call::new(Request::new("GET", url))).await.unwrap_err().error;
    assert_eq!(error.url().unwrap(), format!("http://{}/path", peer.address));
    assert!(!format!("{error} {error:?}").contains("secret"));
    peer.finish();
}

#[tokio::test]
async fn redirects_are_followed_and_reuse_the_connection() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\ngone";
    let peer = Peer::play([vec![Head, say(moved), Head, reply("here")]]);
    let response = Client::default().execute(peer.get("/")).await.unwrap();
    assert_eq!(response.url.as_str(), peer.url("/there").as_str());
    assert_eq!((response.history.len(), &response.history[0].body[..]), (1, &b"gone"[..]));
    assert_eq!(full(response), "here");
    peer.finish();
}

#[tokio::test]
async fn the_body_of_a_redirect_is_not_read_beyond_its_limit() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 100000\r\n\r\n";
    let endless = "HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n";
    let peer = Peer::play([
        vec![Head, say(moved), say("x".repeat(65_537)), ClientCloses],
        vec![Head, say(endless), say("x".repeat(65_537)), ClientCloses],
        vec![Head, reply("here")],
    ]);
    let response = Client::default().execute(peer.get("/")).await.unwrap();
    assert_eq!(response.history.iter().map(|hop| hop.body.len()).collect::<Vec<_>>(), [65_536; 2]);
    assert_eq!(full(response), "here");
    peer.finish();
}

#[tokio::test]
async fn too_many_redirects_come_with_the_last_reply() {
    let moved = say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\ngone");
    let peer = Peer::play([vec![Head, moved.clone(), Head, moved]]);
    let mut call = peer.get("/");
    call.policy.max_redirects = 1;
    let failure = Client::default().execute(call).await.unwrap_err();
    assert_eq!(failure.error.kind(), Kind::TooManyRedirects);
    let response = failure.response.unwrap();
    assert_eq!((response.status(), response.history.len()), (302, 1));
    peer.finish();
}

#[test]
fn a_client_may_be_used_under_one_runtime_after_the_other() {
    let peer = Peer::play([vec![Head, reply("one"), Head, reply("three")], vec![Head, reply("two")]]);
    let client = Client::default();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    assert_eq!(first.block_on(get(&client, &peer)).unwrap(), "one");
    let two = Call { keep_alive: false, ..peer.get("/") };
    // The first connection is idle, but nobody drives its runtime now. The peer's second script has to wait
    // for the first to end, so it is asked for last.
    let two = std::thread::spawn({
        let client = client.clone();
        move || second.block_on(client.execute(two)).map(full)
    });
    assert_eq!(first.block_on(get(&client, &peer)).unwrap(), "three");
    assert_eq!(client.close_idle(), 1);
    assert_eq!(two.join().unwrap().unwrap(), "two");
    peer.finish();
}
