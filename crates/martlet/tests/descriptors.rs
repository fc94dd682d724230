//! More requests at once than the process may have descriptors: all are answered, some a little later.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;
use std::time::Duration;

use martlet::proto::{Request, Timeouts, Url};
use martlet::{Body, Call, Client, Kind, Phase};
use martlet_testing::{Server, ServerOptions};

/// Set for the process that has few descriptors: the URL to ask.
const VARIABLE: &str = "MARTLET_TEST_FEW_DESCRIPTORS";

/// Runs the test of this name again in a process with few descriptors, and a server in this one. True in
/// that process.
fn with_few_descriptors(test: &str) -> Option<String> {
    if let Ok(url) = std::env::var(VARIABLE) {
        return Some(url);
    }
    let server = Server::start(ServerOptions::default()).unwrap();
    let status = Command::new("sh")
        .args(["-c", "ulimit -n 40 && exec \"$0\" --exact \"$1\" --test-threads 1"])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(VARIABLE, server.url())
        .status();
    assert!(status.unwrap().success());
    None
}

fn call(url: &str, pool: Duration) -> Call {
    let url = Url::prepare(&format!("{}/bytes/100", url.trim_end_matches('/')), "").unwrap();
    let timeouts = Timeouts { pool: Some(pool), ..Timeouts::default() };
    Call { timeouts, ..Call::new(Request::new("GET", url)) }
}

#[tokio::test]
async fn requests_beyond_the_descriptors_wait_for_others_to_close() {
    let Some(url) = with_few_descriptors("requests_beyond_the_descriptors_wait_for_others_to_close") else {
        return;
    };
    let client = Client::default();
    let calls = (0..300).map(|_| tokio::spawn(client.execute(call(&url, Duration::from_secs(20)))));
    for answer in calls.collect::<Vec<_>>() {
        assert!(matches!(answer.await.unwrap().unwrap().body, Body::Full(body) if body.len() == 100));
    }
    assert_eq!(client.stats().open, client.stats().idle);
}

#[tokio::test]
async fn who_holds_all_descriptors_is_told_so() {
    let Some(url) = with_few_descriptors("who_holds_all_descriptors_is_told_so") else { return };
    let client = Client::default();
    let mut held = Vec::new();
    let error = loop {
        let call = Call { stream: true, ..call(&url, Duration::from_millis(300)) };
        let mut call = call;
        call.request.url = Url::prepare(&format!("{}/bytes/1000000", url.trim_end_matches('/')), "").unwrap();
        match client.execute(call).await {
            Ok(response) => held.push(response),
            Err(failure) => break failure.error,
        }
    };
    assert_eq!((error.kind(), error.phase()), (Kind::Connection, Phase::Connect));
    assert!(error.message().contains("ulimit -n"), "{error}");
    held.pop();
    client.execute(call(&url, Duration::from_secs(5))).await.unwrap();
}
