//! Digest (RFC 7616) as `HTTPDigestAuth` of requests speaks it.
//!
//! * MD5, MD5-SESS, SHA, SHA-256 and SHA-512; `qop=auth` or none. `auth-int` is not spoken: such a challenge
//!   has no answer.
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
    state: Mutex<Option<State>>,
}

/// The last challenge, whose it is, and how often its nonce was used.
struct State {
    origin: String,
    challenge: Challenge,
    count: u32,
}

/// A `WWW-Authenticate: Digest` challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    /// Is it `qop=auth` (else there is no quality of protection)?
    qop: bool,
    /// `None` when it asks for what is not spoken here.
    hash: Option<Hash>,
    /// Does the client's nonce go into the secret (`MD5-SESS`)?
    session: bool,
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
    /// the request's target; the client's nonce is made of `random`.
    pub fn preempt(
        &self,
        origin: &str,
        method: &str,
        uri: &str,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Option<String> {
        let mut state = self.state();
        let state = state.as_mut().filter(|state| state.origin == origin)?;
        state.count = state.count.wrapping_add(1);
        self.respond(state, method, uri, random())
    }

    /// The `Authorization` that answers `challenge` of `origin`; `None` when it asks for an algorithm or a quality
    /// of protection that is not spoken here.
    pub fn answer(
        &self,
        origin: &str,
        challenge: Challenge,
        method: &str,
        uri: &str,
        random: [u8; 16],
    ) -> Option<String> {
        let mut state = self.state();
        let used = match &*state {
            Some(state) if state.origin == origin && state.challenge.nonce == challenge.nonce => state.count,
            _ => 0,
        };
        let next = State { origin: origin.to_owned(), challenge, count: used.wrapping_add(1) };
        let answer = self.respond(&next, method, uri, random)?;
        *state = Some(next);
        Some(answer)
    }

    fn respond(&self, state: &State, method: &str, uri: &str, random: [u8; 16]) -> Option<String> {
        let cnonce = hex(random.get(..8).unwrap_or_default());
        state.challenge.respond(&self.0.user, &self.0.password, method, uri, state.count, &cnonce)
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let (origin, count) = state.as_ref().map_or(("", 0), |state| (state.origin.as_str(), state.count));
        write!(f, "Digest({:?}, [secret], origin={origin:?}, nc={count})", self.0.user)
    }
}

impl Challenge {
    /// Reads the value of `WWW-Authenticate`, several joined by commas. `None` when there is no Digest in it, or no
    /// realm or nonce.
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
        let parameters = parse_parameters(&parameters);
        let last = |name: &str| {
            let found = parameters.iter().rfind(|(other, _)| other.eq_ignore_ascii_case(name));
            found.and_then(|(_, value)| value.clone())
        };
        let algorithm = last("algorithm");
        let qop = last("qop").filter(|qop| !qop.is_empty());
        let name = algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
        let hash = Hash::named(name.strip_suffix("-SESS").filter(|name| *name == "MD5").unwrap_or(&name));
        let is_spoken = qop.as_ref().is_none_or(|qop| qop.split(',').any(|one| one.trim() == "auth"));
        Some(Self {
            realm: last("realm")?,
            nonce: last("nonce")?,
            qop: qop.is_some(),
            hash: hash.filter(|_| is_spoken),
            session: name == "MD5-SESS",
            algorithm,
            opaque: last("opaque").filter(|opaque| !opaque.is_empty()),
        })
    }

    /// The value of `Authorization` that answers this (`build_digest_header`): `count` is how often the nonce
    /// was used, this time included. `None` when it asks for what is not spoken here.
    pub fn respond(
        &self,
        user: &str,
        password: &str,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> Option<String> {
        let (realm, nonce, hash) = (&self.realm, &self.nonce, self.hash?);
        let mut secret = hash.of(&format!("{user}:{realm}:{password}"));
        if self.session {
            secret = hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let message = hash.of(&format!("{method}:{uri}"));
        let response = match self.qop {
            true => hash.of(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{message}")),
            false => hash.of(&format!("{secret}:{nonce}:{message}")),
        };
        let mut value = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\""
        );
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if let Some(algorithm) = &self.algorithm {
            value.push_str(&format!(", algorithm=\"{algorithm}\""));
        }
        if self.qop {
            value.push_str(&format!(", qop=\"auth\", nc={count:08x}, cnonce=\"{cnonce}\""));
        }
        Some(value)
    }
}

/// The hashes that are spoken; each over UTF-8, as lower case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Option<Self> {
        match name {
            "MD5" => Some(Self::Md5),
            "SHA" => Some(Self::Sha1),
            "SHA-256" => Some(Self::Sha256),
            "SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha1 => hex(&Sha1::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512 => hex(&Sha512::digest(text)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616 section 3.9.1.
    #[test]
    fn the_rfcs_example_is_answered_as_there() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let answer = challenge.respond("Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, cnonce);
            let answer = answer.unwrap();
            assert!(answer.contains(&format!("response=\"{response}\"")), "{answer}");
        }
    }

    #[test]
    fn what_has_no_realm_or_nonce_is_no_challenge() {
        for value in ["Basic realm=\"r\"", "Digest nonce=\"n\"", "Digest realm=\"r\"", "Digest"] {
            assert_eq!(Challenge::parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn what_is_not_spoken_has_no_answer_and_is_not_kept() {
        for asked in ["algorithm=X", "algorithm=SHA-256-sess", "qop=auth-int"] {
            let challenge = format!("Digest realm=\"r\", nonce=\"n\", {asked}");
            let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
            let (digest, origin) = (Digest::new("u", "p"), "http://a.test:80");
            assert_eq!(digest.answer(origin, challenge, "GET", "/", [0; 16]), None, "{asked}");
            assert_eq!(digest.preempt(origin, "GET", "/", &mut || [0; 16]), None, "{asked}");
        }
    }

    #[test]
    fn parameters_lose_their_quotes_and_escapes() {
        let parameters = parse_parameters(r#"a=1,b="x, y" , c, d="q\"q\\", =e, f=""#);
        let shown: Vec<(&str, Option<&str>)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let expected = [
            ("a", Some("1")),
            ("b", Some("x, y")),
            ("c", None),
            ("d", Some("q\"q\\")),
            ("", Some("e")),
            ("f", Some("")),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn clones_count_one_nonce_together() {
        let digest = Digest::new("u", "p");
        let challenge = Challenge::parse(b"Digest realm=r, nonce=n, qop=auth").unwrap();
        let (origin, random) = ("http://a.test:80", &mut || [0; 16]);
        assert_eq!(digest.preempt(origin, "GET", "/", random), None);
        digest.answer(origin, challenge.clone(), "GET", "/", [0; 16]);
        let second = digest.clone().preempt(origin, "GET", "/", random).unwrap();
        let third = digest.answer(origin, challenge.clone(), "GET", "/", [0; 16]).unwrap();
        assert!(second.contains("nc=00000002") && third.contains("nc=00000003"), "{second} {third}");
        assert_eq!(digest.preempt("http://b.test:80", "GET", "/", random), None);
        let elsewhere = digest.answer("http://b.test:80", challenge, "GET", "/", [0; 16]).unwrap();
        assert!(elsewhere.contains("nc=00000001"));
    }
}
