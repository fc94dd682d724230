//! URLs as requests treats them, to the byte.
//!
//! A [`Url`] comes from a caller ([`Url::prepare`], the rules of `PreparedRequest.prepare_url`) or
//! from a `Location` field ([`Url::join`], those of `resolve_redirects`, which normalise less). It
//! keeps one text, the one that `r.url` shows, and where its parts lie in it. What goes on the wire
//! can differ from that text in two places, the host and the request target; those are then
//! computed once and kept beside it.
//!
//! Schemes other than `http` and `https` are somebody else's business: such a URL keeps its text,
//! and shows host and port only as far as it has them.

mod parse;
mod quote;
mod split;

use std::{borrow::Cow, fmt, hash, ops::Range, sync::Arc};

pub use parse::Idna;
pub(crate) use parse::{Parts, parse_url};
pub(crate) use quote::push_quoted_plus;
use quote::{PATH, PLAIN_HOST, QUERY, clean_run, encode_invalid};
pub use quote::{requote_uri, unquote, unquote_unreserved};

use crate::pystr::{is_space, repr};
use crate::{Error, Kind, Phase, Result};

/// A prepared URL. Cloning it costs a reference count.
///
/// ```
/// # use martlet_proto::Url;
/// let url = Url::prepare("HTTP://User:pw@Example.test/a b?q=é#top", "n=1")?;
/// assert_eq!(url.as_str(), "http://User:pw@example.test/a%20b?q=%C3%A9&n=1#top");
/// assert_eq!((url.host(), url.target()), ("example.test", "/a%20b?q=%C3%A9&n=1"));
/// # Ok::<(), martlet_proto::Error>(())
/// ```
#[derive(Clone)]
pub struct Url(Arc<Inner>);

struct Inner {
    text: String,
    scheme: Scheme,
    places: Places,
    /// The host to speak to, where it is not spelt so in the text.
    host: Option<String>,
    /// The request target, where it is not spelt so in the text.
    target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    Other,
}

/// Where the parts lie in the text.
#[derive(Clone, Copy, Default)]
struct Places {
    /// Behind `://`; the userinfo starts here, if there is one.
    authority: usize,
    /// The host's first byte, behind an opening bracket.
    host: usize,
    /// Behind the host's last byte, before a closing bracket.
    host_end: usize,
    /// The path's first byte.
    path: usize,
    /// The fragment's `#`, or the end.
    fragment: usize,
    port: Option<u16>,
}

impl Url {
    /// Prepares a caller's URL as `PreparedRequest.prepare_url` does. `params`, already in the form of a
    /// query and possibly empty, go behind the query that the URL has. Host names must be ASCII.
    ///
    /// # Errors
    /// [`Kind::MissingScheme`] and [`Kind::InvalidUrl`], with the message of requests.
    pub fn prepare(input: &str, params: &str) -> Result<Self> {
        Self::prepare_with(input, params, &|_| None)
    }

    /// [`Url::prepare`], with a function for the labels of host names that are not ASCII.
    ///
    /// # Errors
    /// Those of [`Url::prepare`].
    pub fn prepare_with(input: &str, params: &str, idna: Idna<'_>) -> Result<Self> {
        let input = input.trim_start_matches(is_space);
        if let Some(url) = Self::prepare_clean(input, params) {
            return Ok(url);
        }
        let starts_with_http = input.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
        if input.contains(':') && !starts_with_http {
            return Ok(Self::opaque(input.to_owned()));
        }
        let parts = parse_url(input, idna).map_err(invalid)?;
        let Some(scheme) = parts.scheme.as_deref() else {
            let shown = parse::without_userinfo(input);
            let message = format!(
                "Invalid URL {}: No scheme supplied. Perhaps you meant https://{shown}?",
                repr(&shown)
            );
            return Err(Error::new(Kind::MissingScheme, Phase::Prepare, message));
        };
        let host = match parts.host.as_deref().unwrap_or_default() {
            "" => {
                let shown = repr(&parse::without_userinfo(input));
                return Err(invalid(format!("Invalid URL {shown}: No host supplied")));
            }
            host if !host.is_ascii() => ascii_host(host, idna)?,
            host if host.starts_with(['*', '.']) => return Err(invalid("URL has an invalid label.")),
            host => host.to_owned(),
        };
        let text = assemble(scheme, &host, &parts, params);
        Self::from_text(requote_uri(&text).into_owned())
    }

    /// The URL, if it is one of the many that no rule changes: found out in one pass, one copy made.
    fn prepare_clean(input: &str, params: &str) -> Option<Self> {
        let bytes = input.as_bytes();
        let (scheme, authority) = match bytes {
            [b'h', b't', b't', b'p', b':', b'/', b'/', ..] => (Scheme::Http, 7),
            [b'h', b't', b't', b'p', b's', b':', b'/', b'/', ..] => (Scheme::Https, 8),
            _ => return None,
        };
        let at = |place: usize| bytes.get(place).copied();
        let mut host_end = authority;
        while at(host_end).is_some_and(|byte| quote::is(byte, PLAIN_HOST)) {
            host_end += 1;
        }
        if host_end == authority || at(authority) == Some(b'.') {
            return None;
        }
        let (port, path) = match at(host_end) {
            Some(b':') => {
                clean_port(bytes.get(host_end + 1..)?).map(|(port, len)| (Some(port), host_end + 1 + len))?
            }
            _ => (None, host_end),
        };
        let path_end = clean_run(bytes, path, PATH);
        let query_end = match at(path_end) {
            Some(b'?') => clean_run(bytes, path_end + 1, QUERY),
            _ => path_end,
        };
        let end = match at(query_end) {
            Some(b'#') => clean_run(bytes, query_end + 1, QUERY),
            _ => query_end,
        };
        let is_whole = end == bytes.len() && clean_run(params.as_bytes(), 0, QUERY) == params.len();
        let has_empty_part = query_end == path_end + 1 || end == query_end + 1;
        let is_rooted = matches!(at(path), Some(b'/' | b'?' | b'#') | None);
        if !is_whole || has_empty_part || !is_rooted || has_dot_segment(input.get(path..path_end)?) {
            return None;
        }
        let mut text = String::with_capacity(bytes.len() + params.len() + 2);
        text.push_str(input.get(..path)?);
        if path == path_end {
            text.push('/');
        }
        text.push_str(input.get(path..query_end)?);
        if !params.is_empty() {
            text.push(if query_end > path_end { '&' } else { '?' });
            text.push_str(params);
        }
        let fragment = text.len();
        text.push_str(input.get(query_end..)?);
        let places = Places { authority, host: authority, host_end, path, fragment, port };
        Some(Self(Arc::new(Inner { text, scheme, places, host: None, target: None })))
    }

    /// A URL of a scheme that is not HTTP's; where its authority can be read, it has host, port and userinfo.
    fn opaque(text: String) -> Self {
        let authority = text.find("://").map_or(text.len(), |colon| colon + 3);
        let rest = text.get(authority..).unwrap_or_default();
        let netloc = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = place_host(netloc).unwrap_or_default();
        let places = Places {
            authority,
            host: authority + host.start,
            host_end: authority + host.end,
            path: authority + netloc.len(),
            fragment: text.len(),
            port,
        };
        let host = rest.get(host).unwrap_or_default();
        let host = Some(host.to_lowercase()).filter(|lower| lower != host);
        Self(Arc::new(Inner { text, scheme: Scheme::Other, places, host, target: None }))
    }

    /// The URL of which `text` is the final text: percent-encoded, not necessarily normalised. Its parts lie
    /// where `urllib.parse.urlsplit` finds them, its host is what urllib3's pool makes of that.
    fn from_text(text: String) -> Result<Self> {
        let split = split::urlsplit(&text).map_err(invalid)?;
        let scheme = match split.scheme.as_ref() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Ok(Self::opaque(text)),
        };
        let authority = split.scheme.len() + 3;
        let path = authority + split.netloc.len();
        let (host, port) = place_host(split.netloc)?;
        let host = authority + host.start..authority + host.end;
        if host.is_empty() {
            return Err(invalid("No host specified."));
        }
        let fragment = match split.fragment {
            "" => text.len(),
            fragment => text.len() - fragment.len() - 1,
        };
        let places = Places { authority, host: host.start, host_end: host.end, path, fragment, port };
        let spelt_host = text.get(host).unwrap_or_default();
        let host = Some(spoken_host(spelt_host)?).filter(|host| host != spelt_host);
        let target = match spoken_target(&split.path, split.query) {
            Cow::Borrowed(_) => None,
            Cow::Owned(target) => Some(target),
        };
        let target = target.filter(|target| text.get(path..fragment) != Some(target));
        Ok(Self(Arc::new(Inner { text, scheme, places, host, target })))
    }

    /// Where a reply with this `Location` field sends its reader (`resolve_redirects` of requests): relative to
    /// this URL, whose fragment is inherited, quoted but not normalised. Bytes that are not UTF-8 are
    /// percent-encoded as they are, where requests raises `UnicodeDecodeError`.
    ///
    /// # Errors
    /// [`Kind::InvalidUrl`] when the result has no host, or a host or port that cannot be.
    pub fn join(&self, location: &[u8]) -> Result<Self> {
        let mut location = decode_location(location);
        if location.starts_with("//") {
            location.to_mut().insert_str(0, if self.is_https() { "https:" } else { "http:" });
        }
        let location = split::clean(&location);
        let mut parsed = split::urlsplit(&location).map_err(redirect_invalid)?;
        if parsed.fragment.is_empty() {
            parsed.fragment = self.fragment().unwrap_or_default();
        }
        let url = split::geturl(&parsed);
        let url = requote_uri(&url);
        let text = match parsed.netloc {
            "" => split::join(self.as_str(), &url).map_err(redirect_invalid)?,
            _ => url.into_owned(),
        };
        Self::from_text(text)
    }

    /// The URL as `r.url` shows it, userinfo and fragment included.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Can martlet speak to it: is the scheme `http` or `https`?
    pub fn is_http(&self) -> bool {
        self.0.scheme != Scheme::Other
    }

    /// Is the scheme `https`?
    pub fn is_https(&self) -> bool {
        self.0.scheme == Scheme::Https
    }

    /// The scheme; in lower case if it is HTTP's, as given otherwise, empty if there is none.
    pub fn scheme(&self) -> &str {
        match self.0.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Other => self.0.text.split_once(':').map_or("", |(scheme, _)| scheme),
        }
    }

    /// The host to speak to: lower case, an IPv6 address without its brackets and with `%zone`, a trailing
    /// dot kept. Empty only if the scheme is not HTTP's.
    pub fn host(&self) -> &str {
        let places = &self.0.places;
        match &self.0.host {
            Some(host) => host,
            None => self.slice(places.host..places.host_end),
        }
    }

    /// The port, if the URL names one (0 counts as none).
    pub fn port(&self) -> Option<u16> {
        self.0.places.port
    }

    /// The port to connect to: the URL's or its scheme's (RFC 9110 section 4.2; 1080 for SOCKS, RFC 1928).
    pub fn port_or_default(&self) -> u16 {
        self.port().unwrap_or(match self.0.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
            Scheme::Other if self.scheme().starts_with("socks") => 1080,
            Scheme::Other => 80,
        })
    }

    /// User and password, percent-decoded (`requests.utils.get_auth_from_url`): only if the URL has both, and
    /// not both are empty.
    pub fn userinfo(&self) -> Option<(String, String)> {
        let (user, password) = self.raw_userinfo()?.split_once(':')?;
        let is_empty = user.is_empty() && password.is_empty();
        (!is_empty).then(|| (unquote(user), unquote(password)))
    }

    fn raw_userinfo(&self) -> Option<&str> {
        let places = &self.0.places;
        let authority = self.slice(places.authority..places.path);
        authority.rsplit_once('@').map(|(userinfo, _)| userinfo)
    }

    /// Host and port as the text spells them, brackets included.
    fn netloc(&self) -> &str {
        let authority = self.slice(self.0.places.authority..self.0.places.path);
        authority.rsplit_once('@').map_or(authority, |(_, netloc)| netloc)
    }

    /// The fragment, if there is one that is not empty.
    pub fn fragment(&self) -> Option<&str> {
        self.0.text.get(self.0.places.fragment + 1..).filter(|_| self.is_http())
    }

    /// The same URL with this fragment, quoted; none if it is empty.
    #[must_use]
    pub fn with_fragment(&self, fragment: &str) -> Self {
        if !self.is_http() {
            return self.clone();
        }
        let mut text = self.slice(0..self.0.places.fragment).to_owned();
        if !fragment.is_empty() {
            text.extend(["#", &requote_uri(fragment)]);
        }
        let Inner { scheme, places, host, target, .. } = &*self.0;
        let (scheme, places, host, target) = (*scheme, *places, host.clone(), target.clone());
        Self(Arc::new(Inner { text, scheme, places, host, target }))
    }

    /// The request target in origin form (RFC 9112 section 3.2.1): path and query as they go on the wire.
    pub fn target(&self) -> &str {
        match &self.0.target {
            Some(target) => target,
            None => self.slice(self.0.places.path..self.0.places.fragment),
        }
    }

    /// The request target in absolute form, for an HTTP proxy (RFC 9112 section 3.2.2): normalised, without
    /// userinfo and fragment.
    pub fn absolute_target(&self) -> String {
        let places = &self.0.places;
        let path = self.slice(places.path..places.fragment);
        let url = format!("{}://{}{path}", self.scheme(), self.netloc());
        match parse_url(&url, &|_| None) {
            Ok(parts) => parts.to_url(),
            Err(_) => url,
        }
    }

    /// The `Host` field as http.client writes it: without the scheme's own port, the host without its trailing
    /// dots, an IPv6 address in brackets and without its zone (RFC 9110 section 7.2).
    pub fn host_header(&self) -> String {
        let host = self.host().trim_end_matches('.');
        let host = match host.split_once('%') {
            _ if !host.contains(':') => Cow::Borrowed(host),
            zone => Cow::Owned(format!("[{}]", zone.map_or(host, |(address, _)| address))),
        };
        match self.port().filter(|port| *port != if self.is_https() { 443 } else { 80 }) {
            Some(port) => format!("{host}:{port}"),
            None => host.into_owned(),
        }
    }

    /// Do both URLs name the same scheme, host and port (RFC 9110 section 4.3.1)?
    pub fn same_origin(&self, other: &Self) -> bool {
        self.is_http()
            && self.0.scheme == other.0.scheme
            && self.port_or_default() == other.port_or_default()
            && self.host() == other.host()
    }

    /// The URL for messages and logs: without userinfo.
    pub fn without_secrets(&self) -> Cow<'_, str> {
        parse::without_userinfo(self.as_str())
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.0.text.get(range).unwrap_or_default()
    }
}

impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Url {}

impl hash::Hash for Url {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.without_secrets()).finish()
    }
}

/// What `url` means beside `base` (`urllib.parse.urljoin`).
///
/// # Errors
/// [`Kind::InvalidUrl`] when one of them has brackets without an IPv6 address in them.
pub fn urljoin(base: &str, url: &str) -> Result<String> {
    split::join(base, url).map_err(invalid)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Kind::InvalidUrl, Phase::Prepare, message)
}

fn redirect_invalid(message: String) -> Error {
    Error::new(Kind::InvalidUrl, Phase::Redirect, message)
}

/// A port of one to five digits without leading zeros, and its length.
fn clean_port(bytes: &[u8]) -> Option<(u16, usize)> {
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = bytes.get(..len).filter(|digits| digits.first().is_some_and(|first| *first != b'0'))?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, len))
}

fn has_dot_segment(path: &str) -> bool {
    memchr::memmem::find(path.as_bytes(), b"/.").is_some()
        && path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// Only a scheme like `http+unix` leaves a host that is not ASCII to this.
fn ascii_host(host: &str, idna: Idna<'_>) -> Result<String> {
    let label = |label: &str| match label.is_ascii() {
        true => Some(label.to_owned()),
        false => idna(&label.to_lowercase()),
    };
    let labels: Option<Vec<String>> = host.split('.').map(label).collect();
    labels.map(|labels| labels.join(".")).ok_or_else(|| invalid("URL has an invalid label."))
}

/// The URL of its parts, with the parameters behind the query; port 0 and empty parts are left out.
fn assemble(scheme: &str, host: &str, parts: &Parts<'_>, params: &str) -> String {
    let mut text = format!("{scheme}://");
    if let Some(auth) = &parts.auth {
        text.extend([auth, "@"]);
    }
    text.push_str(host);
    if let Some(port) = parts.port.filter(|port| *port > 0) {
        text.extend([":", &port.to_string()]);
    }
    text.push_str(parts.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/"));
    let query = parts.query.as_deref().unwrap_or_default();
    let mut sign = "?";
    for part in [query, params].into_iter().filter(|part| !part.is_empty()) {
        text.extend([sign, part]);
        sign = "&";
    }
    if let Some(fragment) = parts.fragment.as_deref().filter(|fragment| !fragment.is_empty()) {
        text.extend(["#", fragment]);
    }
    text
}

/// Where the host lies in `netloc`, and the port (`SplitResult.hostname` and `.port`).
fn place_host(netloc: &str) -> Result<(Range<usize>, Option<u16>)> {
    let start = netloc.rfind('@').map_or(0, |at| at + 1);
    let host_port = netloc.get(start..).unwrap_or_default();
    let (host, port) = match host_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, behind)) if behind.is_empty() || behind.starts_with(':') => {
            (start + 1..start + 1 + address.len(), behind.get(1..).unwrap_or_default())
        }
        _ if host_port.contains(['[', ']']) => return Err(invalid("Invalid IPv6 URL")),
        _ => {
            let (host, port) = host_port.split_once(':').unwrap_or((host_port, ""));
            (start..start + host.len(), port)
        }
    };
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(format!("Port could not be cast to integer value as {}", repr(port))));
    }
    let port = match port.trim_start_matches('0') {
        "" => None,
        digits => Some(digits.parse().map_err(|_| invalid("Port out of range 0-65535"))?),
    };
    Ok((host, port))
}

/// The host to speak to, of the host as the text spells it.
fn spoken_host(host: &str) -> Result<String> {
    match host.split_once('%') {
        Some((address, zone)) if address.contains(':') => {
            let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
            Ok(format!("{}%{zone}", address.to_ascii_lowercase()))
        }
        _ => parse::normalize_host(&host.to_lowercase(), true, &|_| None).map_err(invalid),
    }
}

/// Path and query as urllib3 puts them on the wire: what they may not hold percent-encoded once more.
fn spoken_target<'a>(path: &'a str, query: &'a str) -> Cow<'a, str> {
    let path = if path.is_empty() { "/" } else { path };
    match (encode_invalid(path, PATH), encode_invalid(query, QUERY)) {
        (Cow::Borrowed(path), Cow::Borrowed("")) if path != "/" => Cow::Borrowed(path),
        (path, query) if query.is_empty() => Cow::Owned(path.into_owned()),
        (path, query) => Cow::Owned(format!("{path}?{query}")),
    }
}

/// A `Location` as text: UTF-8 as it is, other bytes percent-encoded.
fn decode_location(location: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(location) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(location.len() + 8);
    for chunk in location.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Cow::Owned(text)
}
