//! Digest (RFC 7616) as `HTTPDigestAuth` of requests speaks it.
//!
//! * MD5, MD5-SESS, SHA, SHA-256 and SHA-512; `qop=auth` or none. `auth-int` is not spoken: such a challenge
//!   gets no answer.
//! * User, realm and password are hashed as UTF-8; field values are ISO-8859-1 on the wire.
//! * All challenges of a reply are read as one list of parameters, the last value of each winning.
//! * One object holds the server's last challenge and the count of its nonce, shared by all clones, so that
//!   the next request needs no refusal first. Unlike in requests the challenge belongs to the origin that
//!   sent it: no other origin is shown an answer to it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use md5::{Digest as _, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

/// Digest credentials and what the server has said so far. Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Digest(Arc<Inner>);

struct Inner {
    user: String,
    password: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    origin: String,
    challenge: Challenge,
    count: u32,
}

/// The parameters of a `WWW-Authenticate: Digest` challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    qop: Option<String>,
    algorithm: Option<String>,
    opaque: Option<String>,
}

impl Digest {
    /// Credentials that have not met a server yet.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let state = Mutex::default();
        Self(Arc::new(Inner { user: user.into(), password: password.into(), state }))
    }

    /// The `Authorization` for a request to `origin`, if that origin has already sent a challenge. `uri` is
    /// the request's target, `random` becomes the client's nonce.
    pub fn preempt(&self, origin: &str, method: &str, uri: &str, random: [u8; 16]) -> Option<String> {
        let mut state = self.state();
        if state.count == 0 || state.origin != origin {
            return None;
        }
        state.count = state.count.wrapping_add(1).max(1);
        self.respond(&state, method, uri, random)
    }

    /// The `Authorization` that answers `challenge` of `origin`; `None` when it cannot be answered.
    pub fn answer(
        &self,
        origin: &str,
        challenge: Challenge,
        method: &str,
        uri: &str,
        random: [u8; 16],
    ) -> Option<String> {
        let mut state = self.state();
        let known = state.count > 0 && state.origin == origin && state.challenge.nonce == challenge.nonce;
        let next = State {
            origin: origin.to_owned(),
            challenge,
            count: if known { state.count.wrapping_add(1).max(1) } else { 1 },
        };
        let answer = self.respond(&next, method, uri, random)?;
        *state = next;
        Some(answer)
    }

    fn respond(&self, state: &State, method: &str, uri: &str, random: [u8; 16]) -> Option<String> {
        let cnonce: String = hex(random.get(..8)?);
        state.challenge.respond(&self.0.user, &self.0.password, method, uri, state.count, &cnonce)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "Digest({:?}, [secret], origin={:?}, nc={})", self.0.user, state.origin, state.count)
    }
}

impl Challenge {
    /// Reads the value of `WWW-Authenticate`, several joined by commas. `None` when there is no Digest in it,
    /// or no realm or nonce.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text: String = value.iter().copied().map(char::from).collect();
        let lower = text.to_ascii_lowercase();
        if !lower.contains("digest") {
            return None;
        }
        let parameters = match lower.find("digest ") {
            Some(start) => [text.get(..start)?, text.get(start + 7..)?].concat(),
            None => text,
        };
        let mut challenge = Self::default();
        let (mut realm, mut nonce) = (None, None);
        for (name, value) in parse_parameters(&parameters) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = value,
                "nonce" => nonce = value,
                "qop" => challenge.qop = value,
                "algorithm" => challenge.algorithm = value,
                "opaque" => challenge.opaque = value,
                _ => {}
            }
        }
        (challenge.realm, challenge.nonce) = (realm?, nonce?);
        Some(challenge)
    }

    /// The value of `Authorization` that answers this (`build_digest_header`): `count` is how often the nonce
    /// was used, this time included. `None` when the algorithm or the quality of protection is not spoken.
    pub fn respond(
        &self,
        user: &str,
        password: &str,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> Option<String> {
        let (realm, nonce) = (&self.realm, &self.nonce);
        let name = self.algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
        let hash = algorithm(&name)?;
        let qop = self.qop.as_deref().filter(|qop| !qop.is_empty());
        let mut secret = hash(&format!("{user}:{realm}:{password}"));
        if name == "MD5-SESS" {
            secret = hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let message = hash(&format!("{method}:{uri}"));
        let response = match qop {
            None => hash(&format!("{secret}:{nonce}:{message}")),
            Some(qop) if qop.split(',').any(|one| one.trim() == "auth") => {
                hash(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{message}"))
            }
            Some(_) => return None,
        };
        let mut value = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\""
        );
        if let Some(opaque) = self.opaque.as_deref().filter(|opaque| !opaque.is_empty()) {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if let Some(algorithm) = self.algorithm.as_deref().filter(|algorithm| !algorithm.is_empty()) {
            value.push_str(&format!(", algorithm=\"{algorithm}\""));
        }
        if qop.is_some() {
            value.push_str(&format!(", qop=\"auth\", nc={count:08x}, cnonce=\"{cnonce}\""));
        }
        Some(value)
    }
}

/// The hash of each algorithm that is spoken, over UTF-8, as lower case hexadecimal digits.
fn algorithm(name: &str) -> Option<fn(&str) -> String> {
    match name {
        "MD5" | "MD5-SESS" => Some(|text| hex(&Md5::digest(text))),
        "SHA" => Some(|text| hex(&Sha1::digest(text))),
        "SHA-256" => Some(|text| hex(&Sha256::digest(text))),
        "SHA-512" => Some(|text| hex(&Sha512::digest(text))),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of `name=value` (`parse_dict_header`): split at commas outside quotes, values without their quotes.
pub fn parse_parameters(text: &str) -> Vec<(String, Option<String>)> {
    split_list(text)
        .into_iter()
        .map(|item| match item.split_once('=') {
            None => (item, None),
            Some((name, value)) => {
                let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                let value = if value == "\"" { "" } else { inner.unwrap_or(value) };
                (name.to_owned(), Some(value.to_owned()))
            }
        })
        .collect()
}

/// Splits at commas outside quotes (`parse_http_list`). A backslash within quotes goes; what follows it stays.
fn split_list(text: &str) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for character in text.chars() {
        if !escaped {
            match character {
                '\\' if quoted => {
                    escaped = true;
                    continue;
                }
                ',' if !quoted => {
                    items.push(item.trim().to_owned());
                    item.clear();
                    continue;
                }
                '"' => quoted = !quoted,
                _ => {}
            }
        }
        escaped = false;
        item.push(character);
    }
    if !item.is_empty() {
        items.push(item.trim().to_owned());
    }
    items
}
