//! What Rust programmers see: sessions and requests put together step by step.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use martlet::proto::multipart::Part;
use martlet::{Client, Kind, Session};
use peer::*;

fn bare(session: Session) -> Session {
    ["User-Agent", "Accept-Encoding", "Accept", "Connection"]
        .into_iter()
        .fold(session, Session::without_header)
}

#[tokio::test]
async fn a_request_carries_the_sessions_fields_and_its_own_win_in_their_place() {
    let peer = Peer::play([vec![Head, reply("ok")]]);
    let session = Session::new().with_header("X-Trace", "1").with_header("Accept", "a/b");
    let url = format!("http://{}/p", peer.address);
    let request =
        session.get(&url).query([("a", "1 2")]).query([("b", "ü")]).header("x-trace", "2").header("Z", "3");
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "ok");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /p?a=1+2&b=%C3%BC HTTP/1.1\r\nHost: {}\r\nUser-Agent: martlet/{version}\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nAccept: a/b\r\nConnection: keep-alive\r\n\
         x-trace: 2\r\nZ: 3\r\n\r\n",
        peer.address
    );
    assert_eq!(peer.finish(), [expected]);
}

#[tokio::test]
async fn forms_and_parts_are_encoded_as_requests_does() {
    let peer = Peer::play([vec![Until("a=1+2&b=3"), reply("ok"), Until("--\r\n"), reply("ok")]]);
    let session = bare(Session::new());
    let url = format!("http://{}/", peer.address);
    session.post(&url).form([("a", "1 2"), ("b", "3")]).send().await.unwrap();
    session.post(&url).multipart(&[Part::field("name", "value")]).send().await.unwrap();
    let heard = peer.finish().remove(0);
    assert!(
        heard.contains(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na=1+2&b=3"
        )
    );
    assert!(heard.contains("Content-Type: multipart/form-data; boundary="));
    assert!(heard.contains("\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nvalue\r\n--"));
}

#[tokio::test]
async fn cookies_and_credentials_stay_with_the_session() {
    let set = say("HTTP/1.1 200 OK\r\nSet-Cookie: k=v\r\nContent-Length: 0\r\n\r\n");
    let peer = Peer::play([vec![Head, set, Head, reply("ok")]]);
    let session = bare(Session::with_client(Client::default()));
    let url = format!("http://{}/", peer.address);
    session.get(&url).basic_auth("u", "p").send().await.unwrap();
    session.clone().get(&url).send().await.unwrap();
    assert_eq!(session.cookies().unwrap().lock().unwrap().len(), 1);
    let heard = peer.finish().remove(0);
    assert_eq!(heard.matches("Authorization: Basic dTpw\r\n").count(), 1);
    assert_eq!(heard.matches("Cookie: k=v\r\n").count(), 1);
}

#[tokio::test]
async fn a_streamed_reply_is_read_piece_by_piece_and_head_follows_no_redirect() {
    let moved = say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 4\r\n\r\n");
    let peer = Peer::play([vec![Head, reply("words"), Head, moved]]);
    let session = Session::new();
    let url = format!("http://{}/", peer.address);
    let mut response = session.get(&url).stream().send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "words");
    assert_eq!(response.chunk().await.unwrap(), None);
    let response = session.head(&url).send().await.unwrap();
    assert_eq!((response.status(), response.header("location")), (302, Some("/there")));
    assert!(response.next.is_some());
    peer.finish();
}

#[tokio::test]
async fn one_get_leaves_no_connection_behind() {
    let peer = Peer::play([vec![Head, reply("ok"), ClientCloses]]);
    let response = martlet::get(format!("http://{}/", peer.address)).await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "ok");
    peer.finish();
}

#[tokio::test]
async fn what_is_wrong_with_a_request_shows_when_it_is_sent() {
    let session = Session::new();
    let kind = |request: martlet::RequestBuilder| async { request.send().await.unwrap_err().error.kind() };
    assert_eq!(kind(session.get("a.test")).await, Kind::MissingScheme);
    assert_eq!(kind(session.get("ftp://a.test")).await, Kind::InvalidScheme);
    assert_eq!(kind(session.get("http://a.test").header("A", "b\r\nC: d")).await, Kind::InvalidHeader);
    assert_eq!(kind(session.get("http://a.test").basic_auth("\u{20ac}", "p")).await, Kind::InvalidHeader);
}
