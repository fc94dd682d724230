//! What goes along when a reply leads elsewhere, and what stays behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod dialogue;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use dialogue::{Dialogue, now, request, stream, url};
use martlet_proto::{
    Body, Kind, Phase, Request,
    auth::Auth,
    cookie::{Change, Cookie, Jar, SharedJar, Site},
    exchange::{Exchange, Policy},
    netrc::Netrc,
    proxy::Proxies,
};

const A: &str = "http://a.test/";
const B: &str = "http://b.test/";

fn jar(cookies: &[Cookie]) -> SharedJar {
    let mut jar = Jar::new();
    cookies.iter().for_each(|cookie| jar.set(cookie.clone()));
    Arc::new(Mutex::new(jar))
}

fn netrc(text: &str) -> Policy {
    Policy { netrc: Some(Arc::new(Netrc::parse(text).unwrap())), ..Policy::default() }
}

fn proxied(key: &str, proxy: &str) -> Policy {
    let proxies = Proxies::new(vec![(key.to_owned(), proxy.to_owned())], Vec::new());
    Policy { proxies: Some(Arc::new(proxies)), ..Policy::default() }
}

#[test]
fn authorization_of_any_case_and_number_is_dropped_when_the_host_changes() {
    let fields = [("authorization", "one"), ("X", "1"), ("AUTHORIZATION", "two")];
    let mut dialogue = Dialogue::of(request("GET", A, &fields), Policy::default());
    dialogue.sends("GET http://a.test/", &fields);
    dialogue.goes_on_after(302, &[("Location", "/same")]);
    dialogue.sends("GET http://a.test/same", &fields);
    dialogue.goes_on_after(302, &[("Location", B)]);
    dialogue.sends("GET http://b.test/", &[("X", "1")]);
    dialogue.goes_on_after(302, &[("Location", A)]);
    dialogue.sends("GET http://a.test/", &[("X", "1")]);
}

#[test]
fn a_bearer_token_is_dropped_when_the_scheme_falls_back_to_http() {
    let policy = Policy { auth: Auth::Bearer("t".into()), ..Policy::default() };
    let mut dialogue = Dialogue::get("https://a.test/", policy);
    dialogue.sends("GET https://a.test/", &[("Authorization", "Bearer t")]);
    dialogue.goes_on_after(301, &[("Location", A)]);
    dialogue.sends("GET http://a.test/", &[]);
}

#[test]
fn netrc_is_asked_with_the_host_that_is_spoken_to() {
    let policy = netrc("machine a.test login n password secret");
    for trick in ["http://a.test:80@b.test/", "http://a.test%2f@b.test/", "http://b.test/a.test"] {
        let mut dialogue = Dialogue::get(trick, policy.clone());
        let attempt = dialogue.sends_any();
        assert_eq!(attempt.url.host(), "b.test");
        let value = attempt.headers.get("Authorization").unwrap_or_default().to_vec();
        assert_ne!(value, b"Basic bjpzZWNyZXQ=", "{trick}");
        dialogue.goes_on_after(302, &[("Location", "http://a.test:80@b.test/x")]);
        let value = dialogue.sends_any().headers.get("Authorization").unwrap_or_default().to_vec();
        assert_ne!(value, b"Basic bjpzZWNyZXQ=", "{trick}");
    }
    let mut dialogue = Dialogue::get("http://b.test:80@A.test/", policy);
    dialogue.sends("GET http://b.test:80@a.test/", &[("Authorization", "Basic bjpzZWNyZXQ=")]);
}

#[test]
fn cookies_of_the_call_with_a_domain_go_where_the_domain_says() {
    let cookie = Cookie { domain: ".b.test".into(), domain_specified: true, ..Cookie::new("c", "1") };
    let policy = Policy { extra_cookies: vec![cookie], ..Policy::default() };
    let mut dialogue = Dialogue::get(A, policy);
    dialogue.sends("GET http://a.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", B)]);
    dialogue.sends("GET http://b.test/", &[("Cookie", "c=1")]);
}

#[test]
fn cookies_without_a_domain_go_along_from_http_to_https() {
    let policy = Policy { cookies: Some(jar(&[Cookie::new("s", "1")])), ..Policy::default() };
    let mut dialogue = Dialogue::get(A, policy);
    dialogue.sends("GET http://a.test/", &[("Cookie", "s=1")]);
    dialogue.goes_on_after(301, &[("Location", "https://a.test/")]);
    dialogue.sends("GET https://a.test/", &[("Cookie", "s=1")]);
    dialogue.goes_on_after(301, &[("Location", "https://a.test:8443/")]);
    dialogue.sends("GET https://a.test:8443/", &[]);
}

#[test]
fn the_callers_cookie_field_goes_to_no_other_url() {
    let mut dialogue = Dialogue::of(request("GET", A, &[("COOKIE", "mine=1")]), Policy::default());
    dialogue.sends("GET http://a.test/", &[("COOKIE", "mine=1")]);
    dialogue.goes_on_after(302, &[("Location", "/b"), ("Set-Cookie", "k=v")]);
    dialogue.sends("GET http://a.test/b", &[("Cookie", "k=v")]);
}

#[test]
fn cookies_set_on_the_way_are_kept_in_the_sessions_jar_and_told() {
    let shared = jar(&[]);
    let mut dialogue = Dialogue::get(A, Policy { cookies: Some(shared.clone()), ..Policy::default() });
    dialogue.sends("GET http://a.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", B), ("Set-Cookie", "a=1")]);
    dialogue.sends("GET http://b.test/", &[]);
    let outcome = dialogue.ends_with(200, &[("Set-Cookie", "b=2; Domain=a.test"), ("set-cookie", "c=3")]);
    let told: Vec<String> = outcome.cookie_changes.iter().map(|change| format!("{change:?}")).collect();
    assert_eq!(told, ["Set(<Cookie a=[secret] for a.test/>)", "Set(<Cookie c=[secret] for b.test/>)"]);
    assert!(
        matches!(&outcome.cookie_changes[0], Change::Set(cookie) if cookie.value.as_deref() == Some("1"))
    );
    let shared = shared.lock().unwrap();
    assert_eq!(shared.header(&Site::of(&url(B)), now()).as_deref(), Some("c=3"));
}

#[test]
fn another_origin_sets_cookies_for_itself_whatever_the_callers_host_field_says() {
    let shared = jar(&[]);
    let policy = Policy { cookies: Some(shared.clone()), ..Policy::default() };
    let mut dialogue = Dialogue::of(request("GET", A, &[("Host", "v.test")]), policy);
    dialogue.sends("GET http://a.test/", &[("Host", "v.test")]);
    dialogue.goes_on_after(302, &[("Location", B), ("Set-Cookie", "first=1")]);
    dialogue.sends("GET http://b.test/", &[("Host", "v.test")]);
    dialogue.ends_with(200, &[("Set-Cookie", "second=2")]);
    let domains: Vec<String> = shared.lock().unwrap().iter().map(|cookie| cookie.domain.clone()).collect();
    assert_eq!(domains, ["v.test", "b.test"]);
}

#[test]
fn without_a_sessions_jar_a_redirect_still_carries_its_cookies() {
    let mut dialogue = Dialogue::get(A, Policy::default());
    dialogue.sends("GET http://a.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", "/b"), ("Set-Cookie", "k=v")]);
    dialogue.sends("GET http://a.test/b", &[("Cookie", "k=v")]);
    assert!(dialogue.ends_with(200, &[]).cookie_changes.is_empty());
}

#[test]
fn a_proxys_credentials_are_for_that_proxy_alone() {
    let credentials = [("Proxy-Authorization", "Basic dTpw")];
    let mut dialogue = Dialogue::get(A, proxied("http", "http://u:p@proxy.test:3128"));
    dialogue.sends("GET http://a.test/", &credentials);
    dialogue.goes_on_after(302, &[("Location", "https://a.test/")]);
    let direct = dialogue.sends("GET https://a.test/", &[]);
    assert!(direct.proxy.is_none());

    let mut tunnelled = Dialogue::get("https://a.test/", proxied("https", "http://u:p@proxy.test:3128"));
    let attempt = tunnelled.sends("GET https://a.test/", &[]);
    assert_eq!(attempt.proxy.as_ref().and_then(|proxy| proxy.userinfo()), Some(("u".into(), "p".into())));

    let mut through_socks = Dialogue::get(A, proxied("http", "socks5://u:p@proxy.test"));
    through_socks.sends("GET http://a.test/", &[]);
    through_socks.goes_on_after(302, &[("Location", B)]);
    through_socks.sends("GET http://b.test/", &[]);
}

#[test]
fn a_stream_goes_back_to_its_start_or_the_redirect_is_an_error() {
    let post = |body| Request { body, ..request("POST", A, &[("Content-Length", "3")]) };
    let mut dialogue = Dialogue::of(post(stream(true)), Policy::default());
    assert!(!dialogue.sends("POST http://a.test/", &[("Content-Length", "3")]).rewind);
    dialogue.goes_on_after(307, &[("Location", "/b")]);
    assert!(dialogue.sends("POST http://a.test/b", &[("Content-Length", "3")]).rewind);
    dialogue.goes_on_after(303, &[("Location", "/c")]);
    let last = dialogue.sends("GET http://a.test/c", &[]);
    assert!(!last.rewind && matches!(last.body, Body::Empty));

    let mut dialogue = Dialogue::of(post(stream(false)), Policy::default());
    dialogue.sends("POST http://a.test/", &[("Content-Length", "3")]);
    dialogue.goes_on_after(308, &[("Location", "/b")]);
    dialogue.breaks(Kind::UnrewindableBody);
}

#[test]
fn too_many_redirects_come_with_the_last_reply() {
    let mut dialogue = Dialogue::get(A, Policy { max_redirects: 1, ..Policy::default() });
    dialogue.sends("GET http://a.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", "/b")]);
    dialogue.sends("GET http://a.test/b", &[]);
    dialogue.goes_on_after(301, &[("Location", "/c"), ("X", "last")]);
    let error = dialogue.breaks(Kind::TooManyRedirects);
    assert_eq!((error.phase(), error.message()), (Phase::Redirect, "Exceeded 1 redirects."));
    let outcome = dialogue.finish().unwrap();
    assert_eq!(outcome.head.headers.get("x"), Some(b"last".as_slice()));
    assert_eq!(outcome.body.as_deref(), Some(b"301".as_slice()));
    assert_eq!(outcome.request.url.as_str(), "http://a.test/b");
    assert_eq!(outcome.elapsed, Duration::from_millis(301));
    let hop = &outcome.history[0];
    assert_eq!((hop.head.status, &hop.body[..], hop.elapsed), (302, &b"302"[..], Duration::from_millis(302)));
    assert_eq!((outcome.history.len(), hop.request.url.as_str()), (1, A));
}

#[test]
fn a_redirect_that_leads_nowhere_leaves_the_reply() {
    for (location, kind) in
        [("http://a.test:99999/", Kind::InvalidUrl), ("ftp://u:geheim@a.test/", Kind::InvalidScheme)]
    {
        let mut dialogue = Dialogue::get(A, Policy::default());
        dialogue.sends("GET http://a.test/", &[]);
        dialogue.goes_on_after(302, &[("Location", location)]);
        let error = dialogue.breaks(kind);
        assert!(!error.to_string().contains("geheim"), "{error}");
        let outcome = dialogue.finish().unwrap();
        assert_eq!((outcome.head.status, outcome.history.len()), (302, 0));
    }
}

#[test]
fn a_redirect_that_is_not_followed_tells_the_next_request() {
    let policy = Policy { follow_redirects: false, ..Policy::default() };
    let mut dialogue = Dialogue::get("http://u:p@a.test/", policy);
    dialogue.sends("GET http://u:p@a.test/", &[("Authorization", "Basic dTpw")]);
    let outcome = dialogue.ends_with(302, &[("Location", B)]);
    let next = outcome.next.unwrap();
    assert_eq!((next.url.as_str(), next.headers.len()), (B, 0));
    assert!(outcome.history.is_empty() && outcome.body.is_none());
}

#[test]
fn nothing_is_said_of_a_body_that_is_not_there_in_a_verbatim_request() {
    let verbatim = || Policy { verbatim: true, ..Policy::default() };
    Dialogue::of(request("POST", A, &[("X", "1")]), verbatim()).sends(&format!("POST {A}"), &[("X", "1")]);
    let bytes = Request { body: Body::Bytes("abc".into()), ..request("POST", A, &[]) };
    Dialogue::of(bytes, verbatim()).sends(&format!("POST {A}"), &[("Content-Length", "3")]);
}

#[test]
fn a_body_is_always_framed() {
    let bytes = Request { body: Body::Bytes("abc".into()), ..request("POST", A, &[("X", "1")]) };
    let chunked = Body::Stream { length: None, rewindable: false };
    for (request, first) in [
        (request("POST", A, &[("X", "1")]), ("Content-Length", "0")),
        (bytes, ("Content-Length", "3")),
        (Request { body: stream(true), ..request("PUT", A, &[("X", "1")]) }, ("Content-Length", "3")),
        (Request { body: chunked, ..request("PUT", A, &[("X", "1")]) }, ("Transfer-Encoding", "chunked")),
    ] {
        let line = format!("{} {A}", request.method);
        Dialogue::of(request, Policy::default()).sends(&line, &[first, ("X", "1")]);
    }
    for method in ["GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"] {
        Dialogue::of(request(method, A, &[]), Policy::default()).sends(&format!("{method} {A}"), &[]);
    }
}

#[test]
fn of_two_fields_that_frame_a_body_the_true_one_is_sent() {
    let both = [("Content-Length", "3"), ("Transfer-Encoding", "chunked")];
    for (body, wanted) in [
        (stream(true), ("Transfer-Encoding", "chunked")),
        (Body::Bytes("abcd".into()), ("Content-Length", "4")),
    ] {
        let mut dialogue = Dialogue::of(Request { body, ..request("POST", A, &both) }, Policy::default());
        let attempt = dialogue.sends(&format!("POST {A}"), &[wanted]);
        assert!(!matches!(attempt.body, Body::Stream { length: Some(_), .. }));
    }
}

#[test]
fn credentials_in_a_location_are_not_sent() {
    let mut dialogue = Dialogue::get(A, Policy::default());
    dialogue.sends("GET http://a.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", "http://u:p@a.test/x")]);
    dialogue.sends("GET http://u:p@a.test/x", &[]);
    dialogue.goes_on_after(302, &[("Location", "/y")]);
    dialogue.sends_any();
}

#[test]
fn only_http_and_https_are_spoken() {
    let ftp = Request::new("GET", url("ftp://u:geheim@a.test/"));
    let error = Exchange::new(ftp, Policy::default()).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (Kind::InvalidScheme, Phase::Prepare));
    assert!(error.message().starts_with("No connection adapters were found for 'ftp://"), "{error}");
    assert!(!error.to_string().contains("geheim"), "{error}");
}

#[test]
fn a_cookie_that_cannot_be_a_field_is_an_error() {
    let policy = Policy { extra_cookies: vec![Cookie::new("c", "☃")], ..Policy::default() };
    Dialogue::get(A, policy).breaks(Kind::InvalidHeader);
}

#[test]
fn nothing_that_is_shown_has_a_secret_in_it() {
    let policy = Policy {
        auth: Auth::basic("u", "geheim").unwrap(),
        extra_cookies: vec![Cookie::new("c", "geheim")],
        ..proxied("http", "http://u:geheim@proxy.test/")
    };
    let mut dialogue = Dialogue::get("http://u:geheim@a.test/", policy);
    dialogue.sends_any();
    dialogue.goes_on_after(302, &[("Location", "/b"), ("Set-Cookie", "k=geheim")]);
    dialogue.sends_any();
    let shown = dialogue.debug();
    assert!(!shown.contains("geheim") && !shown.contains("Z2VoZWlt"), "{shown}");
}
