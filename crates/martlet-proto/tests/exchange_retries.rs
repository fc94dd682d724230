//! What is tried again, how often and after how long; and digest, which is trying again too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod dialogue;

use std::time::Duration;

use dialogue::{Dialogue, request, stream};
use martlet_proto::{
    Kind, Phase, Request,
    auth::Auth,
    cookie::{Cookie, SharedJar},
    exchange::{Policy, Sent, Verdict},
    retry::{Budget, Methods, Retry},
};

const A: &str = "http://a.test/";
const GET: &str = "GET http://a.test/";
const POST: &str = "POST http://a.test/";
const SECOND: Duration = Duration::from_secs(1);

fn retrying(retry: Retry) -> Policy {
    Policy { retry, ..Policy::default() }
}

fn digest() -> Policy {
    Policy { auth: Auth::digest("u", "p"), ..Policy::default() }
}

#[test]
fn by_default_nothing_is_tried_again() {
    for (kind, phase) in [
        (Kind::Connection, Phase::Connect),
        (Kind::Timeout, Phase::Connect),
        (Kind::Disconnected, Phase::RecvHead),
        (Kind::Timeout, Phase::RecvHead),
    ] {
        let mut dialogue = Dialogue::get(A, Policy::default());
        dialogue.sends(GET, &[]);
        let error = dialogue.fails(kind, phase, Sent::Nothing).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (kind, phase));
    }
    let mut dialogue = Dialogue::get(A, Policy::default());
    dialogue.sends(GET, &[]);
    assert_eq!(dialogue.receives(503, &[("Retry-After", "1")]), Verdict::Deliver);
}

#[test]
fn failures_to_connect_are_tried_again_for_every_method_with_backoff() {
    let mut dialogue =
        Dialogue::of(request("POST", A, &[]), retrying(Retry { backoff_factor: 0.5, ..Retry::times(3) }));
    let fields = [("Content-Length", "0")];
    dialogue.sends(POST, &fields);
    dialogue.fails(Kind::Resolve, Phase::Resolve, Sent::Nothing).unwrap();
    dialogue.sends(POST, &fields); // at once the first time
    dialogue.fails(Kind::Connection, Phase::Connect, Sent::Nothing).unwrap();
    dialogue.sleeps(SECOND);
    dialogue.sends(POST, &fields);
    dialogue.fails(Kind::Timeout, Phase::Tls, Sent::Nothing).unwrap();
    dialogue.sleeps(2 * SECOND);
    dialogue.sends(POST, &fields);
    let error = dialogue.fails(Kind::Timeout, Phase::Connect, Sent::Nothing).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::Connect));
}

#[test]
fn what_may_have_arrived_is_tried_again_for_idempotent_methods_only() {
    for (method, again) in [("GET", true), ("PUT", true), ("DELETE", true), ("POST", false), ("PATCH", false)]
    {
        let mut dialogue = Dialogue::of(request(method, A, &[]), retrying(Retry::times(1)));
        dialogue.sends_any();
        let outcome = dialogue.fails(Kind::Disconnected, Phase::RecvHead, Sent::Head);
        assert_eq!(outcome.is_ok(), again, "{method}");
    }
    let any = Retry { allowed_methods: Methods::Any, ..Retry::times(1) };
    let mut dialogue = Dialogue::of(request("POST", A, &[]), retrying(any));
    dialogue.sends_any();
    dialogue.fails(Kind::Disconnected, Phase::RecvHead, Sent::Head).unwrap();
}

#[test]
fn a_read_timeout_that_used_the_retries_up_is_a_connection_error() {
    let mut dialogue = Dialogue::get(A, retrying(Retry::times(0)));
    dialogue.sends(GET, &[]);
    let mut error = dialogue.fails(Kind::Timeout, Phase::RecvHead, Sent::Head).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (Kind::Connection, Phase::RecvHead));
    assert!(error.take_source().is_some());
}

#[test]
fn errors_of_the_callers_own_are_never_tried_again() {
    for (kind, phase) in [
        (Kind::BodySource, Phase::SendBody),
        (Kind::File, Phase::Tls),
        (Kind::InvalidHeader, Phase::SendHead),
        (Kind::LimitExceeded, Phase::RecvHead),
        (Kind::Timeout, Phase::Pool),
        (Kind::Closed, Phase::Connect),
    ] {
        let mut dialogue = Dialogue::get(A, retrying(Retry::times(5)));
        dialogue.sends(GET, &[]);
        assert_eq!(dialogue.fails(kind, phase, Sent::Nothing).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_stream_that_was_begun_is_tried_again_only_if_it_can_go_back() {
    let put =
        |rewindable| Request { body: stream(rewindable), ..request("PUT", A, &[("Content-Length", "3")]) };
    for (rewindable, sent, again, rewinds) in [
        (false, Sent::Nothing, true, false),
        (false, Sent::Head, true, false),
        (false, Sent::Body, false, false),
        (true, Sent::Body, true, true),
        (true, Sent::Nothing, true, false),
    ] {
        let mut dialogue = Dialogue::of(put(rewindable), retrying(Retry::times(1)));
        dialogue.sends_any();
        let outcome = dialogue.fails(Kind::Disconnected, Phase::SendBody, sent);
        assert_eq!(outcome.is_ok(), again, "{rewindable} {sent:?}");
        if again {
            assert_eq!(dialogue.sends_any().rewind, rewinds, "{rewindable} {sent:?}");
        }
    }
    let mut dialogue = Dialogue::of(put(false), retrying(Retry::times(1)));
    dialogue.sends_any();
    assert_eq!(dialogue.receives(503, &[("Retry-After", "1")]), Verdict::Deliver);
}

#[test]
fn retry_after_is_obeyed_in_seconds_and_as_a_date() {
    // The dialogue's clock stands at Tue, 14 Nov 2023 22:13:20 GMT.
    for (value, wait) in [
        ("3", 3),
        (" 3 ", 3),
        ("Tue, 14 Nov 2023 22:13:27 GMT", 7),
        ("Tue Nov 14 22:13:27 2023", 7),
        ("Tuesday, 14-Nov-23 22:13:27 GMT", 7),
        ("99999999", 21_600),
    ] {
        let mut dialogue = Dialogue::get(A, retrying(Retry::times(1)));
        dialogue.sends(GET, &[]);
        dialogue.goes_on_after(429, &[("Retry-After", value)]);
        dialogue.sleeps(wait * SECOND);
        dialogue.sends(GET, &[]);
    }
    for value in ["0", "Tue, 14 Nov 2023 22:13:19 GMT", "soon", "-3", ""] {
        let mut dialogue = Dialogue::get(A, retrying(Retry::times(1)));
        dialogue.sends(GET, &[]);
        dialogue.goes_on_after(503, &[("Retry-After", value)]);
        dialogue.sends(GET, &[]);
    }
    let deaf = Retry { respect_retry_after_header: false, ..Retry::times(1) };
    let mut dialogue = Dialogue::get(A, retrying(deaf));
    dialogue.sends(GET, &[]);
    assert_eq!(dialogue.receives(503, &[("Retry-After", "1")]), Verdict::Deliver);
}

#[test]
fn a_reply_that_is_tried_again_leaves_no_trace() {
    let retry = Retry { status_forcelist: vec![500], ..Retry::times(1) };
    let mut dialogue = Dialogue::get(A, retrying(retry));
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(500, &[("Set-Cookie", "k=v"), ("Location", "/b")]);
    dialogue.sends(GET, &[]);
    let outcome = dialogue.ends_with(200, &[]);
    assert!(outcome.history.is_empty() && outcome.cookie_changes.is_empty());
}

#[test]
fn retries_used_up_by_statuses_are_an_error_without_a_reply() {
    let retry = Retry { status_forcelist: vec![502], ..Retry::times(1) };
    let mut dialogue = Dialogue::get(A, retrying(retry));
    for _ in 0..2 {
        dialogue.sends(GET, &[]);
        dialogue.goes_on_after(502, &[]);
    }
    let error = dialogue.breaks(Kind::RetriesExhausted);
    assert_eq!(error.message(), "too many 502 error responses");
    assert!(dialogue.finish().is_none());
}

#[test]
fn each_redirect_begins_with_all_retries() {
    let mut dialogue = Dialogue::get(A, retrying(Retry::times(1)));
    dialogue.sends(GET, &[]);
    dialogue.fails(Kind::Disconnected, Phase::RecvHead, Sent::Head).unwrap();
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(302, &[("Location", "/b")]);
    dialogue.sends("GET http://a.test/b", &[]);
    dialogue.fails(Kind::Disconnected, Phase::RecvHead, Sent::Head).unwrap();
    dialogue.sends("GET http://a.test/b", &[]);
    dialogue.fails(Kind::Disconnected, Phase::RecvHead, Sent::Head).unwrap_err();
}

#[test]
fn a_redirect_status_that_is_tried_again_ends_the_row_of_failures() {
    let retry = Retry { status_forcelist: vec![302, 500], backoff_factor: 1.0, ..Retry::times(5) };
    let mut dialogue = Dialogue::get(A, retrying(retry));
    for (status, wait) in [(500, 0), (500, 2), (302, 0), (500, 0), (500, 2)] {
        dialogue.sends(GET, &[]);
        dialogue.goes_on_after(status, &[("Location", "/b")]);
        if wait > 0 {
            dialogue.sleeps(wait * SECOND);
        }
    }
}

#[test]
fn jitter_adds_a_part_of_itself() {
    let retry = Retry { backoff_factor: 1.0, backoff_jitter: 10.0, failures: 2, ..Retry::times(1) };
    assert_eq!([0.0, 0.5].map(|random| retry.backoff(random).as_secs_f64()), [2.0, 7.0]);
    let capped = Retry { backoff_max: 3.0, failures: 40, ..retry };
    assert_eq!(capped.backoff(0.9), 3 * SECOND);
}

#[test]
fn a_budget_that_is_off_lets_the_error_stand_and_tries_no_status_again() {
    let off =
        [Retry { total: Budget::Off, ..Retry::times(3) }, Retry { connect: Budget::Off, ..Retry::times(3) }];
    for retry in off {
        let mut dialogue = Dialogue::get(A, retrying(retry));
        dialogue.sends(GET, &[]);
        let error = dialogue.fails(Kind::Connection, Phase::Connect, Sent::Nothing).unwrap_err();
        assert_eq!(error.kind(), Kind::Connection);
    }
    for off in [
        Retry { total: Budget::Off, status_forcelist: vec![500], ..Retry::times(3) },
        Retry { status: Budget::Off, status_forcelist: vec![500], ..Retry::times(3) },
    ] {
        let mut dialogue = Dialogue::get(A, retrying(off));
        dialogue.sends(GET, &[]);
        dialogue.goes_on_after(500, &[]);
        dialogue.breaks(Kind::RetriesExhausted);
    }
}

#[test]
fn unlimited_budgets_are_limited_by_the_others_alone() {
    let retry = Retry { total: Budget::Unlimited, connect: Budget::Left(2), ..Retry::times(0) };
    let mut dialogue = Dialogue::get(A, retrying(retry));
    for last in [false, false, true] {
        dialogue.sends(GET, &[]);
        let outcome = dialogue.fails(Kind::Connection, Phase::Connect, Sent::Nothing);
        assert_eq!(outcome.is_err(), last);
    }
}

#[test]
fn an_exchange_that_is_over_says_so() {
    let mut dialogue = Dialogue::get(A, Policy::default());
    dialogue.sends(GET, &[]);
    dialogue.receives(200, &[]);
    dialogue.breaks(Kind::Closed);
}

#[test]
fn the_refusal_that_digest_answered_is_history_unless_a_redirect_follows() {
    let challenge = ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"");
    let mut dialogue = Dialogue::get(A, digest());
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(401, &[challenge]);
    let answer = dialogue.sends_any();
    let outcome = dialogue.ends_with(200, &[]);
    assert_eq!(outcome.history[0].head.status, 401);
    assert_eq!(&outcome.history[0].body[..], b"401");
    assert!(outcome.history[0].request.headers.get("authorization").is_none());
    assert!(std::ptr::eq(&*outcome.request, &*answer));

    let mut dialogue = Dialogue::get(A, digest());
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(401, &[challenge]);
    dialogue.sends_any();
    dialogue.goes_on_after(302, &[("Location", "/b")]);
    dialogue.sends("GET http://a.test/b", &[]);
    let history: Vec<u16> = dialogue.ends_with(200, &[]).history.iter().map(|hop| hop.head.status).collect();
    assert_eq!(history, [302]);
}

#[test]
fn digest_does_not_answer_after_a_redirect_took_it_away_not_even_back_home() {
    let challenge = ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"");
    let mut dialogue = Dialogue::get(A, digest());
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(302, &[("Location", "http://b.test/")]);
    dialogue.sends("GET http://b.test/", &[]);
    dialogue.goes_on_after(302, &[("Location", A)]);
    dialogue.sends(GET, &[]);
    assert_eq!(dialogue.receives(401, &[challenge]), Verdict::Deliver);
}

#[test]
fn digest_does_not_send_half_a_body() {
    let post = Request { body: stream(false), ..request("POST", A, &[("Content-Length", "3")]) };
    let mut dialogue = Dialogue::of(post, digest());
    dialogue.sends_any();
    dialogue.goes_on_after(401, &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"")]);
    dialogue.breaks(Kind::UnrewindableBody);
    assert_eq!(dialogue.finish().unwrap().head.status, 401);
}

#[test]
fn a_challenge_over_several_fields_is_one() {
    let mut dialogue = Dialogue::get(A, digest());
    dialogue.sends(GET, &[]);
    dialogue.goes_on_after(
        401,
        &[("WWW-Authenticate", "Negotiate"), ("www-authenticate", "Digest realm=\"r\", nonce=\"n\"")],
    );
    let value = dialogue.sends_any().headers.get("authorization").unwrap().to_vec();
    assert!(value.starts_with(b"Digest username=\"u\", realm=\"r\""));
}

#[test]
fn an_answer_has_the_cookies_that_came_with_the_challenge() {
    let challenge = ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"");
    let mut dialogue = Dialogue::of(request("GET", A, &[("Cookie", "mine=1")]), digest());
    dialogue.sends(GET, &[("Cookie", "mine=1")]);
    dialogue.goes_on_after(401, &[challenge, ("Set-Cookie", "k=v; Path=/")]);
    assert_eq!(dialogue.sends_any().headers.get("cookie"), Some(b"mine=1".as_slice()), "the caller's stays");
    dialogue.goes_on_after(302, &[("Location", "/b")]);
    dialogue.sends("GET http://a.test/b", &[("Cookie", "k=v")]);
    dialogue.goes_on_after(401, &[challenge, ("Set-Cookie", "l=w; Path=/")]);
    assert_eq!(dialogue.sends_any().headers.get("cookie"), Some(b"k=v; l=w".as_slice()));

    let (extra_cookies, cookies) = (vec![Cookie::new("c", "1")], Some(SharedJar::default()));
    let mut dialogue = Dialogue::get(A, Policy { extra_cookies, cookies, ..digest() });
    dialogue.sends(GET, &[("Cookie", "c=1")]);
    dialogue.goes_on_after(401, &[challenge, ("Set-Cookie", "k=v")]);
    assert_eq!(dialogue.sends_any().headers.get("cookie"), Some(b"c=1; k=v".as_slice()));
}
