//! One `Set-Cookie` field, read as `http.cookiejar` reads it (`parse_ns_headers` and
//! `_normalized_cookie_tuples`).
//!
//! * Parts are split at every `;`, even within quotes; names and values lose white space around them.
//! * An empty first name is no cookie; later parts without a name are skipped.
//! * The first of a repeated attribute counts; of `Max-Age` the last one, and it beats `Expires`.
//! * `Domain`, `Path`, `Version` and `Max-Age` without a usable value spoil the cookie; `Expires` without one
//!   is as if it were not there.

use super::{Limits, date::http_date};
use crate::pystr::is_space;

/// A field taken apart, nothing decided yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) path: Option<String>,
    pub(super) expires: Option<i64>,
    pub(super) secure: bool,
    pub(super) discard: bool,
    /// `Some(None)`: `Port` alone, which means the port of the request.
    pub(super) port: Option<Option<String>>,
    pub(super) version: i64,
    pub(super) comment: Option<String>,
    pub(super) comment_url: Option<String>,
    pub(super) rest: Vec<(String, Option<String>)>,
}

/// Reads a field; `now` is in seconds since 1970. `None` when there is no cookie in it, or one that is too
/// large or holds NUL, CR or LF, which could never be sent back.
pub(super) fn parse(field: &[u8], now: i64, limits: &Limits) -> Option<Parsed> {
    if field.len() > limits.field || field.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return None;
    }
    let text: String = field.iter().copied().map(char::from).collect();
    let mut parts = text.split(';').map(part);
    let (name, value) = parts.next().filter(|(name, _)| !name.is_empty())?;
    if name.len() + value.map_or(0, str::len) > limits.cookie {
        return None;
    }
    let mut parsed = Parsed { name: name.to_owned(), value: value.map(str::to_owned), ..Parsed::default() };
    let mut seen = Seen::default();
    for (name, value) in parts.filter(|(name, _)| !name.is_empty()) {
        parsed.attribute(&mut seen, name, value, now)?;
    }
    Some(parsed)
}

/// Which attributes that may come only once have come.
#[derive(Default)]
struct Seen {
    expires: bool,
    max_age: bool,
    secure: bool,
    discard: bool,
    version: bool,
    comment: bool,
    comment_url: bool,
}

impl Parsed {
    /// Takes one attribute; `None` when it spoils the cookie.
    fn attribute(&mut self, seen: &mut Seen, name: &str, value: Option<&str>, now: i64) -> Option<()> {
        let owned = || value.map(str::to_owned);
        match name.to_ascii_lowercase().as_str() {
            "domain" if self.domain.is_none() => self.domain = Some(value?.to_lowercase()),
            "path" if self.path.is_none() => self.path = Some(owned()?),
            "max-age" => {
                seen.max_age = true;
                self.expires = Some(now.saturating_add(integer(value?)?));
            }
            "expires" if !seen.expires && !seen.max_age => {
                let time = value.and_then(|value| http_date(strip_quotes(value), now));
                seen.expires = time.is_some();
                self.expires = time;
            }
            "secure" if !std::mem::replace(&mut seen.secure, true) => self.secure = value != Some(""),
            "discard" if !std::mem::replace(&mut seen.discard, true) => self.discard = value != Some(""),
            "port" if self.port.is_none() => self.port = Some(owned()),
            "version" if !std::mem::replace(&mut seen.version, true) => {
                self.version = integer(strip_quotes(value?))?;
            }
            "comment" if !std::mem::replace(&mut seen.comment, true) => self.comment = owned(),
            "commenturl" if !std::mem::replace(&mut seen.comment_url, true) => self.comment_url = owned(),
            "domain" | "path" | "expires" | "secure" | "discard" | "port" | "version" | "comment"
            | "commenturl" => {}
            _ => match self.rest.iter_mut().find(|(other, _)| other == name) {
                Some((_, place)) => *place = owned(),
                None => self.rest.push((name.to_owned(), owned())),
            },
        }
        Some(())
    }
}

fn part(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        None => (strip(text), None),
        Some((name, value)) => (strip(name), Some(strip(value))),
    }
}

/// `str.strip()` of Python.
fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn strip_quotes(text: &str) -> &str {
    let text = text.strip_prefix('"').unwrap_or(text);
    text.strip_suffix('"').unwrap_or(text)
}

/// `int(text)` of Python, as far as ASCII goes; what does not fit is the largest or smallest number.
fn integer(text: &str) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let number = digits.replace('_', "").parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -number } else { number })
}
