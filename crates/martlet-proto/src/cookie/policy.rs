//! Which cookies are accepted from a site and which are sent to it (`DefaultCookiePolicy`).
//!
//! The *effective* host is the host, with `.local` behind it when there is no dot in it. Cookies are not
//! confined by port unless they say so, and a path is compared after its escapes were made uniform.

use std::{borrow::Cow, net::Ipv4Addr};

use super::{Cookie, parse::Parsed};
use crate::Url;

/// A request as cookies see it.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    host: Cow<'a, str>,
    path: Cow<'a, str>,
    port: u16,
    secure: bool,
    first: bool,
}

/// What a field that a policy accepts does to the jar.
#[derive(Debug)]
pub(super) enum Accepted {
    /// The cookie is set.
    Set(Cookie),
    /// The cookie of that domain, path and name goes: this one's time is over.
    Removed { domain: String, path: String, name: String },
}

impl<'a> Site<'a> {
    /// The site of a request to `url`, the first of its exchange.
    pub fn of(url: &'a Url) -> Self {
        let path = url.target().split_once('?').map_or_else(|| url.target(), |(path, _)| path);
        let host = match url.host().contains(':') {
            true => Cow::Owned(format!("[{}]", url.host())),
            false => Cow::Borrowed(url.host()),
        };
        Self {
            host: effective(host),
            path: escape_path(path),
            port: url.port().unwrap_or(80), // also for https: http.cookiejar does not ask for the scheme
            secure: url.is_https(),
            first: true,
        }
    }

    /// The same request with a `Host` field of the caller's, which is what cookies go by then.
    #[must_use]
    pub fn with_host(mut self, field: &'a [u8]) -> Self {
        let field = field.iter().copied().map(char::from).collect::<String>().to_lowercase();
        let host = match field.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &field,
        };
        if !host.is_empty() {
            self.host = effective(Cow::Owned(host.to_owned()));
        }
        self
    }

    /// The same request away from the first origin of its exchange: cookies without a domain stay at home.
    #[must_use]
    pub fn away(mut self) -> Self {
        self.first = false;
        self
    }

    /// The domains whose cookies may belong to this site, as keys of the jar: with each, whether the site
    /// lies below it rather than being it.
    pub(super) fn domains<'d>(
        &self,
        dotted: &'d mut String,
    ) -> impl Iterator<Item = (&'d str, bool)> + use<'d> {
        dotted.clear();
        dotted.push('.');
        dotted.push_str(&self.host);
        let dotted = dotted.as_str();
        let tails = dotted.match_indices('.').filter_map(move |(dot, _)| {
            Some([(dotted.get(dot..)?, false), (dotted.get(dot + 1..)?, dot > 0)])
        });
        self.first.then_some(("", false)).into_iter().chain(tails.flatten())
    }

    /// May this cookie, of one of [`Site::domains`], be sent here?
    pub(super) fn takes(&self, cookie: &Cookie, below: bool, now: i64) -> bool {
        (!below || cookie.domain_specified)
            && cookie.version == 0
            && (self.secure || !cookie.secure)
            && !cookie.is_expired(now)
            && self.is_below(&cookie.path)
            && cookie.port.as_deref().is_none_or(|ports| ports.is_empty() || self.port_is_in(ports))
    }

    /// What a field of a reply from this site does; `None` when it is refused. `now` in seconds since 1970.
    pub(super) fn accept(&self, parsed: Parsed, now: i64) -> Option<Accepted> {
        let rfc2109 = match parsed.version {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (domain, domain_specified) = match parsed.domain.as_deref() {
            None => (self.host.to_string(), false),
            Some(domain) => self.accept_domain(domain)?,
        };
        let (path, path_specified) = match parsed.path.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => (escape_path(path).into_owned(), true),
            None => (self.directory(rfc2109), false),
        };
        let port_specified = matches!(parsed.port, Some(Some(_)));
        let port = match parsed.port {
            None => None,
            Some(None) => Some(self.port.to_string()),
            Some(Some(ports)) => {
                let ports: String = ports.split_whitespace().collect();
                (ports.split(',').all(|port| port.parse::<u64>().is_ok()) && self.port_is_in(&ports))
                    .then_some(())?;
                Some(ports)
            }
        };
        let name = parsed.name;
        if parsed.expires.is_some_and(|expires| expires <= now) {
            return Some(Accepted::Removed { domain, path, name });
        }
        Some(Accepted::Set(Cookie {
            name,
            value: parsed.value,
            domain,
            domain_specified,
            domain_initial_dot: parsed.domain.is_some_and(|domain| domain.starts_with('.')),
            path,
            path_specified,
            secure: parsed.secure,
            expires: parsed.expires,
            discard: parsed.discard || parsed.expires.is_none(),
            port,
            port_specified,
            version: 0,
            rfc2109,
            comment: parsed.comment,
            comment_url: parsed.comment_url,
            rest: parsed.rest,
        }))
    }

    /// The domain a `Domain` attribute means, and whether it still counts as given. A public suffix is
    /// refused, unless it is the host itself: then the cookie is for that host alone (RFC 6265 section 5.3).
    fn accept_domain(&self, given: &str) -> Option<(String, bool)> {
        let bare = given.strip_prefix('.').unwrap_or(given);
        let local = self.host.ends_with(".local");
        if !bare.contains('.') && !local {
            return None;
        }
        if is_public_suffix(bare) {
            return (bare == self.host).then(|| (self.host.to_string(), false));
        }
        let dotted = format!(".{bare}");
        let is_host = bare == self.host || (local && self.host.strip_suffix(".local") == Some(bare));
        let is_above = self.host.ends_with(&dotted) && self.host.parse::<Ipv4Addr>().is_err();
        let is_nowhere = local && bare.is_empty(); // kept, and sent to nobody
        (is_host || is_above || is_nowhere).then_some((dotted, true))
    }

    /// The path a cookie gets that names none: up to the last slash, without it but for RFC 2109.
    fn directory(&self, rfc2109: bool) -> String {
        let end = self.path.rfind('/').map_or(0, |slash| slash + usize::from(rfc2109));
        match self.path.get(..end) {
            Some(path) if !path.is_empty() => path.to_owned(),
            _ => "/".to_owned(),
        }
    }

    fn is_below(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
    }

    fn port_is_in(&self, ports: &str) -> bool {
        ports.split(',').any(|port| port.parse() == Ok(self.port))
    }
}

fn effective(host: Cow<'_, str>) -> Cow<'_, str> {
    match host.contains('.') {
        true => host,
        false => Cow::Owned(format!("{host}.local")),
    }
}

/// Is this a domain of the public suffix list (`co.uk`, `github.io`), below which everybody may register?
pub fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == domain.len())
}

/// A path with all but `A-Z a-z 0-9 _ . - ~ % / ; : @ & = + $ , ! * ' ( )` escaped as UTF-8, and the digits of
/// all escapes in upper case.
fn escape_path(path: &str) -> Cow<'_, str> {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~/;:@&=+$,!*'()".contains(&byte);
    if path.bytes().all(safe) {
        return Cow::Borrowed(path);
    }
    let mut escaped = String::with_capacity(path.len() + 8);
    let mut rest = path.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'%', [first, second, after @ ..])
                if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() =>
            {
                let digits = [*first, *second].map(|digit| char::from(digit.to_ascii_uppercase()));
                escaped.push('%');
                escaped.extend(digits);
                rest = after;
            }
            (b'%', _) => escaped.push('%'),
            _ if safe(*byte) => escaped.push(char::from(*byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    Cow::Owned(escaped)
}
