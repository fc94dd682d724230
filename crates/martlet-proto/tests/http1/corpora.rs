//! The public corpora of HTTP/1 replies, read where they stand, against what requests makes of them.
//!
//! Their own verdicts are a browser's and a strict parser's; where requests does otherwise, requests wins.

use std::path::PathBuf;

use serde_json::Value;

use crate::read::{Seen, bytes, read};
use crate::table;

/// A reply in short, as `tables/http1_corpora.json` holds it.
#[derive(Debug, PartialEq, Eq)]
enum Short {
    Reply { status: u64, version: u64, fields: u64, body: u64, closes: bool },
    Raised(String),
}

/// What the codec makes of a reply of which requests makes something else.
enum Ours {
    /// It is refused before its body.
    Aborts,
    /// It is refused within its body.
    Breaks,
    /// It has so many fields and so many bytes of body, and the connection is (not) used again.
    Reads(u64, u64, bool),
}
use Ours::{Aborts, Breaks, Reads};

/// Why, the starts of the names, and what is expected of them.
#[rustfmt::skip]
const DIFFERENCES: &[(&str, &[&str], Ours)] = &[
    ("a NUL or a bare CR may hide a line from one parser and show it to another", &[
        "wpt-lone-cr", "wpt-h1-parsing-insertions CR_", "wpt-h1-parsing-insertions NULL_",
        "llhttp CR before response", "llhttp Headers separated by CR", "llhttp Bare CR",
    ], Aborts),
    ("a head cut short is no reply", &["llhttp Invalid space after start line"], Aborts),
    ("a list of equal lengths is a length", &["wpt-content-length 1 "], Reads(1, 42, false)),
    ("a list of equal lengths is a length", &["wpt-content-length 5 ", "wpt-content-length 27 "], Reads(1, 30, false)),
    ("a length is digits, or there is none", &["wpt-content-length 14 "], Reads(2, 42, true)),
    ("a line that is no field is dropped alone, and the connection not used again", &[
        "wpt-h1-parsing-insertions LF_before-reason", "wpt-h1-parsing-insertions LF_after-num",
        "wpt-h1-parsing-insertions LF_in-name", "wpt-h1-parsing-insertions LF_after-colon",
        "wpt-h1-parsing-insertions LF_in-value",
    ], Reads(2, 5, true)),
    ("a line that is no field is dropped alone, and the connection not used again", &[
        "wpt-h1-parsing-insertions LF_before-colon", "wpt-h1-parsing-insertions HTAB_leading",
        "wpt-h1-parsing-insertions HTAB_in-name", "wpt-h1-parsing-insertions SP_leading",
        "wpt-h1-parsing-insertions SP_in-name", "wpt-h1-parsing-insertions COLON_leading",
    ], Reads(1, 5, true)),
    ("a line that is no field is dropped alone, and the connection not used again", &[
        "llhttp Spaces in header name",
    ], Reads(6, 16, true)),
    ("white space before the colon is cut", &[
        "wpt-h1-parsing-insertions HTAB_before-colon", "wpt-h1-parsing-insertions SP_before-colon",
    ], Reads(2, 5, true)),
    ("behind a switch of protocols there is no HTTP", &["llhttp HTTP 101 response"], Reads(3, 0, true)),
    ("a 304 has no body, and one that says it has is not trusted", &[
        "llhttp HTTP 304 with Transfer-Encoding",
    ], Reads(1, 0, true)),
    ("all informational replies are skipped, not 100 alone", &["llhttp HTTP 103 first, then 200"], Breaks),
];

/// What of `DIFFERENCES` holds for a reply of which requests makes `theirs`.
fn expected(name: &str, theirs: Short) -> Short {
    // A space behind, so that "wpt-content-length 1 " is not 10.
    let is_named = |start: &&str| format!("{name} ").starts_with(*start);
    let ours = DIFFERENCES.iter().find(|(_, starts, _)| starts.iter().any(is_named)).map(|(_, _, ours)| ours);
    match (ours, theirs) {
        (None, theirs) => theirs,
        (Some(Aborts), _) => Short::Raised("ConnectionError".into()),
        (Some(Breaks), _) => Short::Raised("ChunkedEncodingError".into()),
        (Some(Reads(fields, body, closes)), Short::Reply { status, version, .. }) => {
            Short::Reply { status, version, fields: *fields, body: *body, closes: *closes }
        }
        (Some(Reads(fields, body, closes)), Short::Raised(_)) => Short::Reply {
            status: if name.contains("304") { 304 } else { 200 },
            version: 11,
            fields: *fields,
            body: *body,
            closes: *closes,
        },
    }
}

fn in_short(seen: Seen) -> Short {
    match seen {
        Seen::Raised(exception) => Short::Raised(exception),
        Seen::Reply { status, version, headers, body, closes, .. } => Short::Reply {
            status: status.into(),
            version: version.into(),
            fields: headers.len() as u64,
            body: body.chars().count() as u64,
            closes,
        },
    }
}

fn wanted(entry: &Value) -> Short {
    let number = |key: &str| entry[key].as_u64().unwrap();
    match entry.get("error") {
        Some(error) => Short::Raised(error.as_str().unwrap().into()),
        None => Short::Reply {
            status: number("status"),
            version: number("version"),
            fields: number("fields"),
            body: number("body"),
            closes: entry["will_close"].as_bool().unwrap(),
        },
    }
}

/// All replies as (name, text), in the order of `make_http1_replies.py`.
fn corpora(folder: &std::path::Path) -> Vec<(String, String)> {
    let load = |name: &str| -> Vec<Value> {
        let path = folder.join(format!("http1/{name}.json"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut replies = Vec::new();
    for (number, case) in load("wpt-content-length").iter().enumerate() {
        let reply = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n{}", text(&case["input"]), ".".repeat(42));
        replies.push((format!("wpt-content-length {number}"), reply));
    }
    for case in load("wpt-h1-parsing-insertions") {
        replies.push((format!("wpt-h1-parsing-insertions {}", text(&case["id"])), text(&case["response"])));
    }
    for (number, reply) in load("wpt-lone-cr").iter().enumerate() {
        replies.push((format!("wpt-lone-cr {number}"), text(reply)));
    }
    for (number, pair) in load("wpt-status-code").iter().enumerate() {
        let reply = format!("HTTP/1.1 {}\r\nContent-Length: 0\r\n\r\n", text(&pair[0]));
        replies.push((format!("wpt-status-code {number}"), reply));
    }
    for case in load("llhttp-response") {
        if text(&case["file"]).starts_with("test/response/") {
            replies.push((format!("llhttp {}", text(&case["name"])), unescape(&text(&case["input_md"]))));
        }
    }
    replies
}

/// llhttp's notation: line ends are CRLF unless a backslash stands before them, `\r \n \t \f \xNN` are bytes.
fn unescape(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text).replace("\\\n", "").replace('\n', "\r\n");
    let mut parts = text.split('\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, length) = match part.as_bytes() {
            [b'r', ..] => ('\r', 1),
            [b'n', ..] => ('\n', 1),
            [b't', ..] => ('\t', 1),
            [b'f', ..] => ('\u{c}', 1),
            [b'x', ..] => (char::from(u8::from_str_radix(&part[1..3], 16).unwrap()), 3),
            _ => ('\\', 0),
        };
        out.push(escaped);
        out.push_str(&part[length..]);
    }
    out
}

#[test]
fn public_replies_are_taken_as_requests_takes_them_but_for_the_differences() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora");
    let folder = std::env::var_os("MARTLET_CORPORA").map_or_else(|| beside.into(), PathBuf::from);
    if !folder.join("http1").is_dir() {
        println!("skipped: no corpora in {} (set MARTLET_CORPORA)", folder.display());
        return;
    }
    let entries = table("http1_corpora.json");
    let replies = corpora(&folder);
    assert_eq!(entries.len(), replies.len());
    for (entry, (name, reply)) in entries.iter().zip(&replies) {
        assert_eq!(entry["name"], name.as_str());
        let ours = in_short(read("GET", &bytes(reply), usize::MAX));
        assert_eq!(ours, expected(name, wanted(entry)), "{name}: {reply:?}");
    }
}
