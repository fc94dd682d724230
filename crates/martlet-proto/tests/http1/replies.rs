//! The codec against the real requests.
//!
//! `tables/http1_replies.json` holds what requests makes of some 230 replies (`/tests/tables/make_http1_replies.py`
//! asked it); here the codec is asked the same. Where it does otherwise on purpose, `DIFFERENCES` says how and why.

use serde_json::Value;

use crate::read::{Seen, bytes, read};
use crate::table;

/// What the codec makes of a reply of which requests makes something else.
enum Ours {
    /// It is refused, and becomes this exception.
    Raises(&'static str),
    /// It is the same, but the connection is not used again.
    Closes,
    /// It is the same, but the connection may be used again.
    Keeps,
    /// It is `HTTP/1.1 200 OK` with these fields and this body, and the connection is (not) used again.
    Reads(&'static [(&'static str, &'static str)], &'static str, bool),
    /// Its body is this, and the connection is not used again.
    Holds(&'static str),
}
use Ours::{Closes, Holds, Keeps, Raises, Reads};

const ABORTED: Ours = Raises("ConnectionError");
const BROKEN: Ours = Raises("ChunkedEncodingError");
const LENGTH: (&str, &str) = ("Content-Length", "5");
const LAST: (&str, &str) = ("X-Last", "z");

#[rustfmt::skip]
const DIFFERENCES: &[(&str, &[&str], Ours)] = &[
    ("a NUL or a bare CR may hide a line from one parser and show it to another", &[
        "status line: HTTP/1.1 200 a\0b", "status line: HTTP/1.1 200 a\rb", "status line: HTTP/1.1\r200 OK",
        "field line: X-A: a\0b\r\n", "field line: X-A: a\rb\r\n", "field line: X-A: a\rX-B: b\r\n",
        "field line: X-A: a\r\r\n", "field line: X-A\r: a\r\n",
    ], ABORTED),
    ("a status is three digits, not what Python's int() takes", &[
        "status line: HTTP/1.1 +200 OK", "status line: HTTP/1.1 2_00 OK",
    ], ABORTED),
    ("a head cut short is no reply", &[
        "cut: HTTP/1.1 200 OK", "cut: HTTP/1.1 200 OK\r\n",
        "cut: HTTP/1.1 200 OK\r\nX-A: 1", "cut: HTTP/1.1 200 OK\r\nX-A: 1\r\n",
    ], ABORTED),
    ("white space before the colon is cut; http.client drops the line and all below it", &[
        "field line: X-A : 1\r\n", "field line: X-A\t: 1\r\n",
    ], Reads(&[LENGTH, ("X-A", "1"), LAST], "abcde", true)),
    ("a line that is no field is dropped alone; http.client drops all below it too", &[
        "field line: X A: 1\r\n", "field line: no colon\r\n", "field line: no colon\r\n and more\r\n",
        "field line: X-\u{e9}: 1\r\n", "field line: X-\u{1}: 1\r\n",
    ], Reads(&[LENGTH, LAST], "abcde", true)),
    ("where a line was dropped the connection is not used again", &[
        "field line: : 1\r\n", "field line: From me\r\n",
    ], Closes),
    ("a value has no white space on its left (newer Pythons agree)", &[
        "field line: X-A:\r\n b\r\n",
    ], Reads(&[LENGTH, ("X-A", "b"), LAST], "abcde", false)),
    ("a folded line is unfolded whatever its line end", &[
        "field line: X-A: a\n b\r\n",
    ], Reads(&[LENGTH, ("X-A", "a b"), LAST], "abcde", false)),
    ("a list of equal lengths is a length", &[
        "length: Content-Length: 8,8\r\n", "length: Content-Length: 8 , 8\r\n",
    ], Keeps),
    ("a length is digits, or there is none", &[
        "length: Content-Length: 8\r\nContent-Length: \r\n", "length: Content-Length: +8\r\n",
        "length: Content-Length: 0_8\r\n",
    ], Closes),
    ("a length is digits, or there is none", &[
        "length: Content-Length: -0\r\n",
    ], Holds("abcdefgh")),
    ("white space around `chunked` is none of it", &["coding: Transfer-Encoding: chunked \r\n"], Keeps),
    ("where framing is ambiguous the connection is not used again (RFC 9112 section 6.1)", &[
        "coding: Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "coding: Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
        "coding: Transfer-Encoding:\r\nContent-Length: 5\r\n",
        "coding: Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
        "coding: Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "coding: Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "coding of kept 1.0: Transfer-Encoding: chunked\r\n",
    ], Closes),
    ("white space is space and tab", &[
        "coding: Transfer-Encoding: \u{b}chunked\r\n", "coding: Transfer-Encoding: \u{c}chunked\r\n",
    ], Holds("3\r\nabc\r\n0\r\n\r\n")),
    ("white space before the colon hides nothing", &[
        "coding: Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
    ], Reads(&[("Transfer-Encoding", "chunked"), LENGTH], "abc", true)),
    ("behind a chunk's data stands CRLF, not any two bytes", &["chunks: 5\r\nhelloXX0\r\n\r\n"], BROKEN),
    ("a chunk's size is hexadecimal digits, not what Python's int() takes", &[
        "chunks: 0x5\r\nhello\r\n0\r\n\r\n", "chunks: +5\r\nhello\r\n0\r\n\r\n",
        "chunks: -5\r\nhello\r\n0\r\n\r\n",
    ], BROKEN),
    ("a NUL or a bare CR may end a line for one parser and not for another", &[
        "chunks: 5;a\rb\r\nhello\r\n0\r\n\r\n", "chunks: 5;a\0b\r\nhello\r\n0\r\n\r\n",
        "chunks: 5\r\r\nhello\r\n0\r\n\r\n",
    ], BROKEN),
    ("a size line cut short may have been another size", &["chunks: 5\r\nhello\r\n0"], BROKEN),
    ("a 304 has no body, and one that says it has is not trusted", &[
        "bodiless: 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ], Holds("")),
    ("behind a switch of protocols there is no HTTP", &[
        "bodiless: 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\nabc",
    ], Closes),
    ("`close` counts in whichever field and beside whatever else it stands", &[
        "connection: Connection: x-a\r\nConnection: close\r\n",
        "connection of 1.0: Connection: close, keep-alive\r\n",
    ], Closes),
    ("`close` is a word, not a part of one", &["connection: Connection: not-close\r\n"], Keeps),
    ("only `Connection` keeps an HTTP/1.0 connection", &[
        "connection of 1.0: Keep-Alive: timeout=5\r\n", "connection of 1.0: Proxy-Connection: keep-alive\r\n",
    ], Closes),
    ("all informational replies are skipped, not 100 alone", &[
        "informational: 103 Early Hints\r\nLink: </a>\r\n\r\n",
    ], Reads(&[LENGTH], "abcde", false)),
];

/// What of `DIFFERENCES` holds for a reply of which requests makes `theirs`.
fn expected(name: &str, theirs: Seen) -> Seen {
    let Some((_, _, ours)) = DIFFERENCES.iter().find(|(_, names, _)| names.contains(&name)) else {
        return theirs;
    };
    let differs = match (ours, theirs.clone()) {
        (Raises(exception), _) => Seen::Raised((*exception).into()),
        (Closes, Seen::Reply { status, version, reason, headers, body, .. }) => {
            Seen::Reply { status, version, reason, headers, body, closes: true }
        }
        (Keeps, Seen::Reply { status, version, reason, headers, body, .. }) => {
            Seen::Reply { status, version, reason, headers, body, closes: false }
        }
        (Holds(body), Seen::Reply { status, version, reason, headers, .. }) => {
            Seen::Reply { status, version, reason, headers, body: (*body).into(), closes: true }
        }
        (Reads(fields, body, closes), _) => Seen::Reply {
            status: 200,
            version: 11,
            reason: "OK".into(),
            headers: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: (*body).into(),
            closes: *closes,
        },
        (_, Seen::Raised(_)) => panic!("requests refuses {name:?}: say what we read"),
    };
    assert_ne!(differs, theirs, "{name:?} is no difference");
    differs
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn wanted(entry: &Value) -> Seen {
    if let Some(error) = entry.get("error") {
        return Seen::Raised(text(error));
    }
    Seen::Reply {
        status: entry["status"].as_u64().unwrap() as u16,
        version: entry["version"].as_u64().unwrap() as u8,
        reason: text(&entry["reason"]),
        headers: entry["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect(),
        body: text(&entry["body"]),
        closes: entry["will_close"].as_bool().unwrap(),
    }
}

#[test]
fn replies_are_taken_as_requests_takes_them_but_for_the_differences() {
    let entries = table("http1_replies.json");
    for entry in &entries {
        let name = entry["name"].as_str().unwrap();
        let reply = bytes(entry["reply"].as_str().unwrap());
        let wanted = expected(name, wanted(entry));
        for step in [usize::MAX, 7, 1] {
            let ours = read(entry["method"].as_str().unwrap(), &reply, step);
            assert_eq!(ours, wanted, "{name:?} in pieces of {step}");
        }
    }
    for name in DIFFERENCES.iter().flat_map(|(_, names, _)| *names) {
        assert!(entries.iter().any(|entry| entry["name"] == *name), "{name:?} is not in the table");
    }
}
