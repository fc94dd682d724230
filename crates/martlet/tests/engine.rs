//! A kept connection under an engine: what has come over it is known, whether or not the driver has asked meanwhile.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::sync::{Arc, Barrier};

use martlet::Client;
use martlet::runtime::Engine;
use peer::*;

async fn get(client: &Client, peer: &Peer) -> String {
    full(client.execute(peer.get("/")).await.unwrap())
}

/// Says something unasked between the two meetings, on its first connection.
fn intruding(met: &Arc<Barrier>) -> Peer {
    let meet = || Meet(Arc::clone(met));
    let injected = say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    let first = vec![Head, reply("good"), meet(), injected, meet(), ClientCloses];
    Peer::play([first, vec![Head, reply("next")]])
}

#[test]
fn what_follows_a_reply_while_nobody_drives_never_becomes_the_next_reply() {
    let met = Arc::new(Barrier::new(2));
    let (peer, client) = (intruding(&met), Client::default());
    let engine = Engine::new().unwrap();
    assert_eq!(engine.block_on(get(&client, &peer)), "good");
    met.wait();
    met.wait();
    assert_eq!(engine.block_on(get(&client, &peer)), "next");
    peer.finish();
}

#[test]
fn what_follows_a_reply_while_the_engine_waits_never_becomes_the_next_reply() {
    let met = Arc::new(Barrier::new(2));
    let (peer, client) = (intruding(&met), Client::default());
    let engine = Engine::new().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    engine.block_on(async {
        assert_eq!(get(&client, &peer).await, "good");
        std::thread::spawn(move || {
            met.wait();
            met.wait();
            tell.send(()).unwrap();
        });
        told.await.unwrap();
        assert_eq!(get(&client, &peer).await, "next");
    });
    peer.finish();
}

#[test]
fn a_connection_that_was_closed_while_the_engine_waits_is_not_used() {
    let met = Arc::new(Barrier::new(2));
    let peer = Peer::play([
        vec![Head, reply("one"), Bye, Meet(Arc::clone(&met)), ClientCloses],
        vec![Head, reply("two"), Head, reply("three"), ClientCloses],
    ]);
    let (engine, client) = (Engine::new().unwrap(), Client::default());
    let (tell, told) = tokio::sync::oneshot::channel();
    engine.block_on(async {
        assert_eq!(get(&client, &peer).await, "one");
        std::thread::spawn(move || {
            met.wait();
            tell.send(()).unwrap();
        });
        told.await.unwrap();
        assert_eq!(get(&client, &peer).await, "two");
        // A quiet one is used.
        assert_eq!(get(&client, &peer).await, "three");
    });
    assert_eq!(counts(&client), (1, 1));
    client.close_idle();
    assert_eq!(peer.finish()[0].matches("GET").count(), 1);
}
