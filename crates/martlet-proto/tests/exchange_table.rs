//! Whole exchanges against requests: `tests/tables/make_exchanges.py` recorded what it sends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use martlet_proto::{
    Body, Error, Headers, Kind, Request, ResponseHead, Url, Version,
    auth::Auth,
    cookie::{Cookie, Jar, SharedJar},
    exchange::{Attempt, Exchange, Outcome, Policy, Step, Verdict},
    netrc::Netrc,
    proxy::Proxies,
    retry::{Budget, Retry},
};
use serde_json::{Value, json};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The bytes of a text in ISO-8859-1.
fn bytes(value: &Value) -> Vec<u8> {
    text(value).chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

fn fields(value: &Value) -> Headers {
    value.as_array().unwrap().iter().map(|field| (bytes(&field[0]), bytes(&field[1]))).collect()
}

fn auth(value: &Value) -> Auth {
    match value.as_array() {
        None => Auth::None,
        Some(parts) if parts[0] == "digest" => Auth::digest(text(&parts[1]), text(&parts[2])),
        Some(parts) => Auth::basic(text(&parts[1]), text(&parts[2])).unwrap(),
    }
}

/// What a session keeps between calls.
struct Session {
    auth: Auth,
    jar: SharedJar,
    setting: Value,
}

impl Session {
    fn new(setting: &Value) -> Self {
        let mut jar = Jar::new();
        for (name, value) in setting["cookies"].as_object().into_iter().flatten() {
            jar.set(Cookie::new(name, text(value)));
        }
        Self { auth: auth(&setting["auth"]), jar: Arc::new(Mutex::new(jar)), setting: setting.clone() }
    }

    fn policy(&self, call: &Value) -> Policy {
        let own = auth(&call["auth"]);
        let cookies = call["cookies"].as_object().into_iter().flatten();
        let proxies = self.setting["proxies"].as_object().map(|proxies| {
            let proxies = proxies.iter().map(|(key, proxy)| (key.clone(), text(proxy).to_owned()));
            Arc::new(Proxies::new(Vec::new(), proxies.collect()))
        });
        let limit = self.setting["max_redirects"].as_u64().unwrap_or(30);
        Policy {
            follow_redirects: call["allow_redirects"].as_bool().unwrap_or(true),
            max_redirects: u32::try_from(limit).unwrap(),
            retry: self.setting.get("retry").map(retry).unwrap_or_default(),
            auth: if own.is_none() { self.auth.clone() } else { own },
            netrc: self.setting["netrc"].as_str().map(|text| Arc::new(Netrc::parse(text).unwrap())),
            cookies: Some(self.jar.clone()),
            extra_cookies: cookies.map(|(name, value)| Cookie::new(name, text(value))).collect(),
            proxies,
            verbatim: false,
        }
    }
}

fn retry(setting: &Value) -> Retry {
    Retry {
        total: Budget::Left(setting["total"].as_i64().unwrap()),
        status_forcelist: setting["status_forcelist"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|status| u16::try_from(status.as_u64().unwrap()).unwrap())
            .collect(),
        raise_on_status: setting["raise_on_status"].as_bool().unwrap_or(true),
        ..Retry::times(0)
    }
}

fn request(call: &Value) -> Request {
    let prepared = &call["prepared"];
    Request {
        headers: fields(&prepared["fields"]),
        body: prepared["body"].as_str().map_or(Body::Empty, |body| Body::Bytes(body.to_owned().into())),
        computed: usize::try_from(prepared["computed"].as_u64().unwrap()).unwrap(),
        ..Request::new(text(&call["method"]), Url::prepare(text(&prepared["url"]), "").unwrap())
    }
}

fn head(reply: &Value) -> ResponseHead {
    let status = u16::try_from(reply["status"].as_u64().unwrap()).unwrap();
    ResponseHead {
        version: Version::Http11,
        status,
        reason: b"X".to_vec(),
        headers: fields(&reply["fields"]),
    }
}

/// What the server would have recorded.
fn sent(attempt: &Attempt) -> Value {
    let latin1 = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
    let mut fields: Vec<Value> =
        attempt.headers.iter().map(|(name, value)| json!([latin1(name), latin1(value)])).collect();
    if !attempt.headers.contains("host") {
        fields.insert(0, json!(["Host", attempt.url.host_header()]));
    }
    let body = match &attempt.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    };
    let target = match &attempt.proxy {
        Some(_) => attempt.url.absolute_target(),
        None => attempt.url.target().to_owned(),
    };
    json!({"method": attempt.method, "target": target, "fields": fields, "body": body})
}

/// The client's nonce that the recorded request has, as the bytes it is made of.
fn random(recorded: &Value) -> [u8; 16] {
    let mut random = [0; 16];
    let fields = recorded["fields"].to_string();
    if let Some(nonce) = fields.split("cnonce=\\\"").nth(1) {
        for (place, byte) in random.iter_mut().take(8).enumerate() {
            *byte = u8::from_str_radix(&nonce[place * 2..place * 2 + 2], 16).unwrap();
        }
    }
    random
}

fn seen(outcome: &Outcome) -> Value {
    json!({
        "status": outcome.head.status,
        "url": outcome.request.url.as_str(),
        "history": outcome.history.iter().map(|hop| hop.head.status).collect::<Vec<_>>(),
    })
}

fn failure(error: &Error, last: Option<Outcome>) -> Value {
    let (name, prefix) = match error.kind() {
        Kind::TooManyRedirects => ("TooManyRedirects", ""),
        Kind::InvalidScheme => ("InvalidSchema", ""),
        Kind::RetriesExhausted => ("RetryError", "HTTPConnectionPool(host='a.test', port=80): "),
        kind => panic!("{kind:?}"),
    };
    let message = match prefix {
        "" => error.message().to_owned(),
        _ => format!(
            "{prefix}Max retries exceeded with url: / (Caused by ResponseError('{}'))",
            error.message()
        ),
    };
    match last.filter(|_| error.kind() == Kind::TooManyRedirects) {
        Some(last) => json!({"error": name, "message": message, "response": seen(&last)}),
        None => json!({"error": name, "message": message}),
    }
}

/// Plays one call: what is sent, and what comes of it.
fn play(session: &Session, call: &Value) -> (Vec<Value>, Value) {
    let (mut all, recorded) = (Vec::new(), call["sent"].as_array().unwrap());
    let mut exchange = Exchange::new(request(call), session.policy(call)).unwrap();
    loop {
        let nonce = recorded.get(all.len()).map(random).unwrap_or_default();
        let attempt = match exchange.step(now(), &mut || nonce) {
            Ok(Step::Send(attempt)) => attempt,
            Ok(Step::Sleep(time)) => panic!("sleeps {time:?}"),
            Err(error) => return (all, failure(&error, exchange.finish())),
        };
        all.push(sent(&attempt));
        match exchange.received(head(&call["replies"][all.len() - 1]), Duration::ZERO, now()).unwrap() {
            Verdict::Discard => exchange.discarded(Bytes::new()),
            Verdict::Deliver => {
                let outcome = exchange.finish().unwrap();
                let mut result = seen(&outcome);
                if let Some(next) = &outcome.next {
                    result["next"] = json!([next.method, next.url.as_str()]);
                    let mut fields = sent(next)["fields"].as_array().unwrap().clone();
                    fields.remove(0); // Host
                    result["next fields"] = fields.into();
                }
                return (all, result);
            }
        }
    }
}

#[test]
fn every_exchange_of_the_table_sends_and_gives_what_requests_does() {
    let table: Value = serde_json::from_str(include_str!("tables/exchanges.json")).unwrap();
    for case in table["cases"].as_array().unwrap() {
        let session = Session::new(&case["session"]);
        for call in case["calls"].as_array().unwrap() {
            let (sent, result) = play(&session, call);
            let recorded = call["sent"].as_array().unwrap();
            for (ours, theirs) in sent.iter().zip(recorded) {
                assert_eq!(ours.to_string(), theirs.to_string(), "{}", case["name"]);
            }
            assert_eq!(sent.len(), recorded.len(), "{}", case["name"]);
            assert_eq!(result, call["result"], "{}", case["name"]);
        }
    }
}

/// What a request shows of cookies and credentials.
fn summary(sent: &Value) -> String {
    let field = |name: &str| {
        let fields = sent["fields"].as_array().unwrap().iter();
        fields.filter(|field| field[0] == name).map(|field| text(&field[1]).to_owned()).next()
    };
    let cookie = field("Cookie").map(|cookie| format!(" [{cookie}]")).unwrap_or_default();
    let auth = field("Authorization").unwrap_or_default();
    let uri = auth.split("uri=\"").nth(1).and_then(|rest| rest.split('"').next());
    let auth = uri.map(|uri| format!(" digest of {uri}")).unwrap_or_default();
    format!("{}{}{cookie}{auth}", field("Host").unwrap(), text(&sent["target"]))
}

/// By rule: what requests sends, what martlet sends.
const STRICTER: [(&str, &[&str], &[&str]); 7] = [
    (
        "cookies of the call stay at the first origin",
        &["a.test/ [c=1]", "b.test/ [c=1]", "a.test/ [c=1]"],
        &["a.test/ [c=1]", "b.test/", "a.test/ [c=1]"],
    ),
    (
        "the session's cookies without a domain stay at the first origin",
        &["a.test/ [s=1]", "b.test/ [s=1]"],
        &["a.test/ [s=1]", "b.test/"],
    ),
    (
        "away from the first origin cookies go by the real host",
        &["a.test/", "a.test/ [k=v]", "a.test/ [k=v]"],
        &["a.test/", "a.test/ [k=v]", "a.test/"],
    ),
    (
        "digest does not answer another origin",
        &["a.test/", "b.test/", "b.test/ digest of /"],
        &["a.test/", "b.test/"],
    ),
    (
        "a digest challenge belongs to the origin that sent it",
        &["a.test/", "a.test/ digest of /", "b.test/ digest of /"],
        &["a.test/", "a.test/ digest of /", "b.test/"],
    ),
    (
        "a cookie that comes with a challenge goes into the answer",
        &["a.test/ [s=1]", "a.test/ [s=1] digest of /"],
        &["a.test/ [s=1]", "a.test/ [s=1; k=v] digest of /"],
    ),
    (
        "digest signs the request target",
        &["a.test/a;b?c", "a.test/a;b?c digest of /a?c"],
        &["a.test/a;b?c", "a.test/a;b?c digest of /a;b?c"],
    ),
];

#[test]
fn where_martlet_is_stricter_requests_sends_what_it_does_not() {
    let table: Value = serde_json::from_str(include_str!("tables/exchanges.json")).unwrap();
    let cases = table["stricter"].as_array().unwrap();
    assert_eq!(cases.len(), STRICTER.len());
    for (case, (rule, theirs, ours)) in cases.iter().zip(STRICTER) {
        assert_eq!(case["name"], rule);
        let session = Session::new(&case["session"]);
        let (mut sent, mut recorded) = (Vec::new(), Vec::new());
        for call in case["calls"].as_array().unwrap() {
            sent.extend(play(&session, call).0.iter().map(summary));
            recorded.extend(call["sent"].as_array().unwrap().iter().map(summary));
        }
        assert_eq!(recorded, theirs, "{rule}: requests");
        assert_eq!(sent, ours, "{rule}: martlet");
    }
}
