//! Cookies, with the semantics of `http.cookiejar` under its default (Netscape) policy, as requests uses it.
//!
//! A [`Jar`] takes what `Set-Cookie` fields say and gives what a `Cookie` field should say; the other side of
//! both is a [`Site`], the request as cookies see it. Reading a field is in `parse`, what is accepted and what
//! is sent where in `policy`.
//!
//! Stricter than `http.cookiejar`, each a hole there:
//! * a cookie without `Domain` goes back to that host alone, not below it;
//! * a `Domain` that is a public suffix is refused, as is one that is the tail of an IP address;
//! * a cookie that expired takes another away only where it could have set it;
//! * `Version` is 0 or 1; any other skipped the check of the domain;
//! * one field, one cookie, one domain and the jar have a size: [`Limits`].

pub(crate) mod date;
mod jar;
mod parse;
mod policy;

use std::sync::{Arc, Mutex};

pub use jar::Jar;
pub use policy::{Site, is_public_suffix};

/// A jar shared by the exchanges of a session.
pub type SharedJar = Arc<Mutex<Jar>>;

/// One cookie; the fields are those of `http.cookiejar.Cookie`. Text is what ISO-8859-1 decoding makes of the
/// bytes on the wire.
#[derive(Clone, PartialEq, Eq)]
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

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<Cookie {}=[secret] for {}{}>", self.name, self.domain, self.path)
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

/// How much a server may store. What the caller sets by hand is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one `Set-Cookie` field; a longer one is ignored.
    pub field: usize,
    /// Bytes of name and value together; a larger cookie is ignored.
    pub cookie: usize,
    /// Cookies of one domain; beyond, an expired one goes, else the one that has been there longest.
    pub domain: usize,
    /// Cookies in all; beyond, the domain that has been there longest loses one.
    pub total: usize,
}

impl Default for Limits {
    /// 4096 bytes is what browsers take (RFC 6265bis section 5.7); 180 and 3300 are Chromium's counts; four
    /// times the cookie leaves room for attributes.
    fn default() -> Self {
        Self { field: 16 * 1024, cookie: 4096, domain: 180, total: 3300 }
    }
}
