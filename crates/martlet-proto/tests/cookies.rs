//! The jar against `http.cookiejar` (`tests/tables/make_cookies.py` writes the table), and the rules in which
//! it is stricter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use martlet_proto::{
    Url,
    cookie::{Change, Cookie, Jar, Limits, Site},
};
use serde_json::{Value, json};

fn table() -> Value {
    serde_json::from_str(include_str!("tables/cookies.json")).unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn url(text: &str) -> Url {
    Url::prepare(text, "").unwrap()
}

/// The bytes of a text in ISO-8859-1.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

fn store(jar: &mut Jar, from: &str, fields: &[&str]) -> Vec<Change> {
    let (url, fields): (Url, Vec<Vec<u8>>) = (url(from), fields.iter().map(|field| bytes(field)).collect());
    jar.store(&Site::of(&url), fields.iter().map(Vec::as_slice), now())
}

fn sent(jar: &Jar, to: &str) -> Option<String> {
    jar.header(&Site::of(&url(to)), now())
}

fn replay(case: &Value) -> Jar {
    let mut jar = Jar::new();
    for step in case["steps"].as_array().unwrap() {
        let fields: Vec<&str> =
            step[1].as_array().unwrap().iter().map(|field| field.as_str().unwrap()).collect();
        store(&mut jar, step[0].as_str().unwrap(), &fields);
    }
    jar
}

/// A cookie as the attributes of `http.cookiejar.Cookie`.
fn attributes(cookie: &Cookie) -> Value {
    let rest: serde_json::Map<String, Value> =
        cookie.rest.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "version": cookie.version, "name": cookie.name, "value": cookie.value, "port": cookie.port,
        "port_specified": cookie.port_specified, "domain": cookie.domain,
        "domain_specified": cookie.domain_specified, "domain_initial_dot": cookie.domain_initial_dot,
        "path": cookie.path, "path_specified": cookie.path_specified, "secure": cookie.secure,
        "expires": cookie.expires, "discard": cookie.discard, "comment": cookie.comment,
        "comment_url": cookie.comment_url, "rfc2109": cookie.rfc2109, "_rest": rest,
    })
}

/// Python keeps the attribute's text where only its truth counts.
fn truth(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(!text.is_empty()),
        other => other.clone(),
    }
}

#[test]
fn every_case_of_the_table_stores_and_sends_what_http_cookiejar_does() {
    for case in table()["cases"].as_array().unwrap() {
        let jar = replay(case);
        for target in case["sent"].as_array().unwrap() {
            let sent = sent(&jar, target[0].as_str().unwrap());
            assert_eq!(sent.as_deref(), target[1].as_str(), "{} to {}", case["steps"], target[0]);
        }
        let ours: Vec<Value> = jar.iter().map(attributes).collect();
        let mut theirs = case["jar"].as_array().unwrap().clone();
        for cookie in &mut theirs {
            for name in ["secure", "discard"] {
                cookie[name] = truth(&cookie[name]);
            }
        }
        assert_eq!(ours, theirs, "{}", case["steps"]);
    }
}

#[test]
fn where_martlet_is_stricter_http_cookiejar_sends_what_it_does_not() {
    let ours = [
        vec![None, Some("a=1")],
        vec![None, None],
        vec![None],
        vec![None, None],
        vec![None],
        vec![Some("a=1")],
        vec![None],
        vec![Some("a=1")],
    ];
    let table = table();
    let cases = table["stricter"].as_array().unwrap();
    assert_eq!(cases.len(), ours.len());
    for (case, ours) in cases.iter().zip(ours) {
        let jar = replay(case);
        let targets = case["sent"].as_array().unwrap();
        for (target, ours) in targets.iter().zip(&ours) {
            let sent = sent(&jar, target[0].as_str().unwrap());
            assert_eq!(sent.as_deref(), *ours, "{} to {}", case["rule"], target[0]);
        }
        let differs = targets.iter().zip(&ours).any(|(target, ours)| target[1].as_str() != *ours);
        assert!(differs, "{} is no difference", case["rule"]);
    }
}

#[test]
fn a_public_suffix_that_is_the_host_itself_makes_a_cookie_for_that_host_alone() {
    let mut jar = Jar::new();
    store(&mut jar, "http://github.io/", &["a=1; domain=github.io"]);
    assert_eq!(sent(&jar, "http://github.io/").as_deref(), Some("a=1"));
    assert_eq!(sent(&jar, "http://you.github.io/"), None);
}

#[test]
fn a_domain_above_the_host_and_below_a_public_suffix_is_taken() {
    for (host, domain) in [("www.example.co.uk", "example.co.uk"), ("a.b.xn--p1ai", "b.xn--p1ai")] {
        let mut jar = Jar::new();
        store(&mut jar, &format!("http://{host}/"), &[&format!("a=1; domain={domain}")]);
        assert_eq!(sent(&jar, &format!("http://other.{domain}/")).as_deref(), Some("a=1"), "{domain}");
    }
}

#[test]
fn cookies_without_a_domain_go_to_the_first_origin_only() {
    let mut jar = Jar::new();
    jar.set(Cookie::new("a", "1"));
    let url = url("http://www.example.test/");
    assert_eq!(jar.header(&Site::of(&url), now()).as_deref(), Some("a=1"));
    assert_eq!(jar.header(&Site::of(&url).away(), now()), None);
}

#[test]
fn cookies_go_by_the_callers_host_field() {
    let mut jar = Jar::new();
    let url = url("http://127.0.0.1:8080/");
    let site = Site::of(&url).with_host(b"Virtual.example.test:8080");
    jar.store(&site, [b"a=1; domain=example.test".as_slice()], now());
    assert_eq!(jar.header(&site, now()).as_deref(), Some("a=1"));
    assert_eq!(jar.header(&Site::of(&url), now()), None);
}

#[test]
fn a_jar_tells_what_changed() {
    let mut jar = Jar::new();
    let changes = store(&mut jar, "http://www.example.test/", &["a=1", "b=2; domain=other.test"]);
    assert_eq!(changes, [Change::Set(jar.iter().next().unwrap().clone())]);
    let changes = store(&mut jar, "http://www.example.test/", &["a=; max-age=0", "b=; max-age=0"]);
    let removed = |name: &str| Change::Removed {
        domain: "www.example.test".into(),
        path: "/".into(),
        name: name.into(),
    };
    assert_eq!(changes, [removed("a")]);
    assert!(jar.is_empty());
}

#[test]
fn a_full_domain_loses_an_expired_cookie_first_and_then_the_oldest() {
    let mut jar = Jar::with_limits(Limits { domain: 2, ..Limits::default() });
    store(&mut jar, "http://www.example.test/", &["a=1", "b=2"]);
    let ended = Cookie { expires: Some(1), ..jar.iter().nth(1).unwrap().clone() };
    jar.set(ended);
    store(&mut jar, "http://www.example.test/", &["c=3"]);
    assert_eq!(sent(&jar, "http://www.example.test/").as_deref(), Some("a=1; c=3"));
    store(&mut jar, "http://www.example.test/", &["c=4", "d=5"]);
    assert_eq!(sent(&jar, "http://www.example.test/").as_deref(), Some("c=4; d=5"));
}

#[test]
fn a_full_jar_takes_from_the_domain_that_is_there_longest() {
    let mut jar = Jar::with_limits(Limits { total: 2, ..Limits::default() });
    for host in ["a", "b", "c"] {
        store(&mut jar, &format!("http://{host}.test/"), &["n=v"]);
    }
    assert_eq!(jar.iter().map(|cookie| cookie.domain.as_str()).collect::<Vec<_>>(), ["b.test", "c.test"]);
    assert_eq!(jar.len(), 2);
}

#[test]
fn what_cannot_be_sent_back_is_not_kept() {
    let mut jar = Jar::new();
    for field in ["a=\0", "a=1\rb", "a=1; path=/\n"] {
        store(&mut jar, "http://www.example.test/", &[field]);
    }
    store(&mut jar, "http://www.example.test/", &[&format!("a=1; x={}", "y".repeat(16 * 1024))]);
    assert!(jar.is_empty());
}

#[test]
fn an_expired_cookie_is_not_sent() {
    let mut jar = Jar::new();
    store(&mut jar, "http://www.example.test/", &["a=1; max-age=10"]);
    let url = url("http://www.example.test/");
    let later = |seconds| jar.header(&Site::of(&url), now() + Duration::from_secs(seconds));
    assert_eq!((later(9).as_deref(), later(10)), (Some("a=1"), None));
}

#[test]
fn no_debug_output_shows_a_value() {
    let mut jar = Jar::new();
    let changes = store(&mut jar, "http://www.example.test/", &["session=geheim"]);
    assert!(!format!("{jar:?} {changes:?}").contains("geheim"));
}

/// The IETF's corpus has its own opinion; where `http.cookiejar` does otherwise, that one wins,
/// but for a host's own cookie below that host, and cookies that are too large or could not be sent.
#[test]
fn the_corpus_of_the_ietf_is_kept_and_sent_as_by_http_cookiejar() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora");
    let folder = std::env::var_os("MARTLET_CORPORA").map_or_else(|| beside.into(), PathBuf::from);
    let Ok(corpus) = std::fs::read_to_string(folder.join("cookies/http-state-parser.json")) else {
        println!("skipped: no corpora in {} (set MARTLET_CORPORA)", folder.display());
        return;
    };
    let (corpus, table): (Value, Value) = (serde_json::from_str(&corpus).unwrap(), table());
    let home = "http://home.example.org:8888";
    for case in corpus.as_array().unwrap() {
        let name = case["test"].as_str().unwrap();
        let target = match case["sent-to"].as_str() {
            None => format!("{home}/cookie-parser-result?{name}"),
            Some(path) if path.starts_with('/') => format!("{home}{path}"),
            Some(url) => url.to_owned(),
        };
        let mut jar = Jar::new();
        let from = url(&format!("{home}/cookie-parser?{name}"));
        let fields = case["received"].as_array().unwrap().iter().map(|field| field.as_str().unwrap());
        jar.store(&Site::of(&from), fields.map(str::as_bytes), now());
        let kept = |cookies: &&str| {
            name != "DOMAIN0029" && cookies.len() <= 4096 && !cookies.contains(['\0', '\r', '\n'])
        };
        let theirs = table["corpus"][name].as_str().filter(kept);
        assert_eq!(sent(&jar, &target).as_deref(), theirs, "{name}");
    }
}
