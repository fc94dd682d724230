//! The URL corpora of the web platform and of Unicode: whatever they hold, nothing panics and nothing but
//! printable ASCII reaches the wire. What becomes of such URLs is requests' decision (`requests_tables.rs`).
//!
//! They are read from `MARTLET_CORPORA`, else from `../shared/corpora` beside the workspace.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{env, fs, path::PathBuf};

use martlet_proto::Url;
use serde_json::Value;

fn corpus(name: &str) -> Option<String> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let path = env::var_os("MARTLET_CORPORA").map_or(beside, PathBuf::from).join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: there is no {}", path.display());
    }
    text
}

fn check(url: &Url) {
    if !url.is_http() {
        return;
    }
    for text in [url.target(), &url.host_header(), &url.absolute_target(), &url.proxied_host_header()] {
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}: {text:?}");
    }
    assert!(url.target().starts_with('/') && !url.host().is_empty(), "{url:?}");
}

#[test]
fn the_urls_of_the_web_platform_tests_reach_the_wire_as_printable_ascii() {
    let Some(text) = corpus("url/urltestdata.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let base = Url::prepare("http://u:p@h.test/a/b?c#d", "").unwrap();
    let mut prepared = 0;
    for input in cases.iter().filter_map(|case| case["input"].as_str()) {
        for text in [input.to_owned(), format!("http://{input}"), format!("https://h/{input}")] {
            if let Ok(url) = Url::prepare(&text, input) {
                check(&url);
                prepared += 1;
            }
        }
        if let Ok(url) = base.join(input.as_bytes()) {
            check(&url);
        }
    }
    assert!(prepared > cases.len());
}

#[test]
fn the_names_of_the_unicode_tests_are_asked_for_label_by_label() {
    let Some(text) = corpus("idna/IdnaTestV2.txt") else { return };
    let names = text.lines().filter_map(|line| line.split(['#', ';']).next()).map(str::trim);
    for name in names.filter(|name| !name.is_empty()) {
        let idna = |label: &str| {
            assert!(!label.contains('.') && !label.is_ascii(), "{label}");
            Some("xn--label".to_owned())
        };
        if let Ok(url) = Url::prepare_with(&format!("http://{name}/"), "", &idna) {
            check(&url);
        }
    }
}
