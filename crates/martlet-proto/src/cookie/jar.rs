//! The jar.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// A jar shared by the exchanges of a session.
pub type SharedJar = Arc<Mutex<Jar>>;

/// One cookie; the fields are those of `http.cookiejar.Cookie`. Text is what ISO-8859-1 decoding makes of the
/// bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value, quotes included; `None` when the cookie came without `=`.
    pub value: Option<String>,
    /// Where it belongs: `host` (only there), `.domain` (there and below), or empty: the first origin of
    /// whatever request it is sent with.
    pub domain: String,
    /// Was the domain given (else it is the host the cookie came from)?
    pub domain_specified: bool,
    /// Was it given with a leading dot?
    pub domain_initial_dot: bool,
    /// The path it is sent to and below.
    pub path: String,
    /// Was the path given?
    pub path_specified: bool,
    /// Only over https?
    pub secure: bool,
    /// When it ends, in seconds since 1970; `None` with the session.
    pub expires: Option<i64>,
    /// Does it end with the session?
    pub discard: bool,
    /// The ports it is confined to, comma separated.
    pub port: Option<String>,
    /// Was a port given?
    pub port_specified: bool,
    /// The version, 0 for all that servers send.
    pub version: i64,
    /// Did it say `Version=1`?
    pub rfc2109: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// Where its comment is.
    pub comment_url: Option<String>,
    /// Attributes without meaning here (`HttpOnly`, `SameSite`), in order.
    pub rest: Vec<(String, Option<String>)>,
}

impl Cookie {
    /// A cookie as `requests.cookies.create_cookie(name, value)` makes it: no domain, path `/`, this session.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: Some(value.into()),
            domain: String::new(),
            domain_specified: false,
            domain_initial_dot: false,
            path: "/".into(),
            path_specified: true,
            secure: false,
            expires: None,
            discard: true,
            port: None,
            port_specified: false,
            version: 0,
            rfc2109: false,
            comment: None,
            comment_url: None,
            rest: vec![("HttpOnly".into(), None)],
        }
    }

    /// Is its time over? `now` in seconds since 1970.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// What happened to a jar, for whoever keeps a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This cookie was set, replacing the one of the same domain, path and name.
    Set(Cookie),
    /// This one was taken away.
    Removed {
        /// Its domain.
        domain: String,
        /// Its path.
        path: String,
        /// Its name.
        name: String,
    },
}

/// Cookies by domain, path and name; iterates in the order of `http.cookiejar`'s nested dicts.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    buckets: HashMap<String, Bucket>,
    serial: u64,
    count: usize,
}

/// The cookies of one domain; those of one path stand together.
#[derive(Clone, Debug)]
struct Bucket {
    order: u64,
    cookies: Vec<Cookie>,
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of cookies.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All cookies: by domain, then path, then name, each in the order of first arrival.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        let mut buckets: Vec<&Bucket> = self.buckets.values().collect();
        buckets.sort_unstable_by_key(|bucket| bucket.order);
        buckets.into_iter().flat_map(|bucket| &bucket.cookies)
    }

    /// Sets a cookie without asking any policy; one of the same domain, path and name gives it its place.
    pub fn set(&mut self, mut cookie: Cookie) {
        if let Some(value) = cookie.value.as_mut().filter(|value| is_quoted(value) && value.contains("\\\""))
        {
            *value = value.replace("\\\"", "");
        }
        let serial = self.serial;
        let bucket = self.buckets.entry(cookie.domain.clone()).or_insert_with(|| {
            self.serial += 1;
            Bucket { order: serial, cookies: Vec::new() }
        });
        match bucket.cookies.iter_mut().find(|other| other.path == cookie.path && other.name == cookie.name) {
            Some(place) => *place = cookie,
            None => {
                let last = bucket.cookies.iter().rposition(|other| other.path == cookie.path);
                let place = last.map_or(bucket.cookies.len(), |last| last + 1);
                bucket.cookies.insert(place, cookie);
                self.count += 1;
            }
        }
    }

    /// Takes a cookie away.
    pub fn remove(&mut self, domain: &str, path: &str, name: &str) -> Option<Cookie> {
        let bucket = self.buckets.get_mut(domain)?;
        let place = bucket.cookies.iter().position(|cookie| cookie.path == path && cookie.name == name)?;
        let cookie = bucket.cookies.remove(place);
        self.count -= 1;
        if bucket.cookies.is_empty() {
            self.buckets.remove(domain);
        }
        Some(cookie)
    }

    /// Takes all cookies away.
    pub fn clear(&mut self) {
        self.buckets.clear();
        self.count = 0;
    }
}

fn is_quoted(value: &str) -> bool {
    value.starts_with('"') && value.ends_with('"')
}
