//! One request, one reply: what goes over the wire and what becomes of the connection.

mod peer;

use martlet::{Body, Client, Kind, Phase, Response};
use peer::*;

fn full(response: Response) -> String {
    match response.body {
        Body::Full(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
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
    let url = peer.url("/");
    peer.finish();
    let client = Client::default();
    let call = martlet::Call::new(martlet::proto::Request::new("GET", url));
    let error = client.execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Connection, Phase::Connect));
    assert!(error.message().starts_with("Failed to establish a new connection to 127.0.0.1:"), "{error}");
    assert_eq!(counts(&client), (0, 0));
}
