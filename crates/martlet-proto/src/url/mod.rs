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

mod join;
mod parse;
mod prepare;
mod quote;
mod split;

use std::{borrow::Cow, fmt, hash, ops::Range, sync::Arc};

use join::place_host;
pub use parse::Idna;
pub(crate) use parse::parse_url;
pub(crate) use quote::push_quoted_plus;
pub use quote::{requote_uri, unquote, unquote_unreserved};
pub(crate) use split::{Split, urlunsplit};

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
    /// Is the target the caller's own, to go out as it is?
    verbatim: bool,
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
        Self(Arc::new(Inner { text, scheme: Scheme::Other, places, host, target: None, verbatim: false }))
    }

    /// The same URL, with a request target that goes out as it is, whatever the URL's path and query are: what
    /// clients with rules of their own for quoting give, and `*` of OPTIONS (RFC 9112 section 3.2.4).
    #[must_use]
    pub fn with_target(&self, target: &str) -> Self {
        let Inner { text, scheme, places, host, .. } = &*self.0;
        let (text, scheme, places, host) = (text.clone(), *scheme, *places, host.clone());
        Self(Arc::new(Inner { text, scheme, places, host, target: Some(target.to_owned()), verbatim: true }))
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

    /// The port, if the URL names one (0, in a caller's URL, counts as none).
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
        let Inner { scheme, places, host, target, verbatim, .. } = &*self.0;
        let (scheme, places, host, target) = (*scheme, *places, host.clone(), target.clone());
        Self(Arc::new(Inner { text, scheme, places, host, target, verbatim: *verbatim }))
    }

    /// The request target in origin form (RFC 9112 section 3.2.1): path and query as they go on the wire.
    pub fn target(&self) -> &str {
        match &self.0.target {
            Some(target) => target,
            None => self.slice(self.0.places.path..self.0.places.fragment),
        }
    }

    /// The request target in absolute form, for an HTTP proxy (RFC 9112 section 3.2.2): normalised, without
    /// userinfo and fragment; one that was given by [`Url::with_target`] stays as it is.
    pub fn absolute_target(&self) -> String {
        if self.0.verbatim {
            // RFC 9112 section 3.2.4: through a proxy, `*` is a URL without path and query.
            let target = if self.target() == "*" { "" } else { self.target() };
            return format!("{}://{}{target}", self.scheme(), self.netloc());
        }
        let places = &self.0.places;
        let path = self.slice(places.path..places.fragment);
        let url = format!("{}://{}{path}", self.scheme(), self.netloc());
        let url = split::urlsplit(&url).map(|split| split::geturl(&split)).unwrap_or(url);
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
            // Not `format!`, which takes five times as long: this is done for every request.
            Some(port) => [&*host, ":", &port.to_string()].concat(),
            None => host.into_owned(),
        }
    }

    /// The `Host` field beside [`Url::absolute_target`], again as http.client writes it: host and port as they
    /// stand there, but for an IPv6 address's zone.
    pub fn proxied_host_header(&self) -> String {
        let target = self.absolute_target();
        let authority = target.get(self.scheme().len() + 3..).unwrap_or_default();
        let netloc = authority.split(['/', '?']).next().unwrap_or_default();
        match netloc.split_once('%').zip(netloc.split_once(']')) {
            Some(((address, _), (_, port))) => format!("{address}]{port}"),
            None => netloc.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::prepare(text, "").unwrap()
    }

    #[test]
    fn the_text_keeps_what_the_wire_never_sees() {
        let url = url("http://u:p@h.test:80/a?b#c");
        assert_eq!(url.as_str(), "http://u:p@h.test:80/a?b#c");
        assert_eq!((url.target(), url.host_header().as_str()), ("/a?b", "h.test"));
        assert_eq!(url.absolute_target(), "http://h.test:80/a?b");
        assert_eq!(url.fragment(), Some("c"));
    }

    #[test]
    fn the_host_header_lacks_default_port_trailing_dot_and_zone() {
        for (text, wanted) in [
            ("http://h:80/", "h"),
            ("https://h:443/", "h"),
            ("http://h:443/", "h:443"),
            ("http://h.test./", "h.test"),
            ("http://[::1]:81/", "[::1]:81"),
            ("https://[fe80::1%25eth0]/", "[fe80::1]"),
        ] {
            assert_eq!(url(text).host_header(), wanted, "{text}");
        }
    }

    #[test]
    fn through_a_proxy_the_host_header_is_that_of_the_target() {
        for (text, wanted) in [
            ("http://u:p@h.test.:80/", "h.test.:80"),
            ("http://[fe80::1%25eth0]:81/", "[fe80::1]:81"),
            ("http://h?a%20b", "h"),
        ] {
            assert_eq!(url(text).proxied_host_header(), wanted, "{text}");
        }
    }

    #[test]
    fn the_host_to_speak_to_is_bare_and_keeps_dot_and_zone() {
        for (text, wanted) in [
            ("http://H.Test./", "h.test."),
            ("http://[2001:DB8::A]:1/", "2001:db8::a"),
            ("http://[fe80::1%25Eth0]/", "fe80::1%Eth0"),
            ("http://0XAB/", "0xab"),
        ] {
            assert_eq!(url(text).host(), wanted, "{text}");
        }
        let spelt_otherwise = url("http://h/").join(b"http://OTHER.%54est/").unwrap();
        assert_eq!(spelt_otherwise.as_str(), "http://OTHER.Test/");
        assert_eq!(spelt_otherwise.host(), "other.test");
    }

    #[test]
    fn what_requote_leaves_raw_is_encoded_on_the_wire() {
        let url = Url::prepare("http://h/", "a[]=1").unwrap();
        assert_eq!((url.as_str(), url.target()), ("http://h/?a[]=1", "/?a%5B%5D=1"));
    }

    #[test]
    fn a_target_of_the_callers_own_goes_out_as_it_is() {
        let url = url("http://u:p@h.test:81/a%20b?[c]#d").with_target("/a|b?[c]='");
        assert_eq!(url.target(), "/a|b?[c]='");
        assert_eq!(url.absolute_target(), "http://h.test:81/a|b?[c]='");
        assert_eq!(
            (url.proxied_host_header().as_str(), url.host_header().as_str()),
            ("h.test:81", "h.test:81")
        );
        assert_eq!(url.with_fragment("e").target(), "/a|b?[c]='");
        assert_eq!(url.join(b"/next").unwrap().target(), "/next");
        let all = url.with_target("*");
        assert_eq!((all.target(), all.absolute_target().as_str()), ("*", "http://h.test:81"));
    }

    #[test]
    fn userinfo_is_decoded_and_needs_a_colon() {
        let userinfo = |text| url(text).userinfo();
        let both = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(userinfo("http://u%40v:p%3aq@h/"), both("u@v", "p:q"));
        assert_eq!(userinfo("http://u:@h/"), both("u", ""));
        for text in ["http://u@h/", "http://:@h/", "http://h/a:b@c"] {
            assert_eq!(userinfo(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_never_show() {
        for text in ["http://u:secret@h/p@q", "foo://u:secret@h", "http://u@secret@h/", "http://secret@h?a#b"]
        {
            let url = url(text);
            assert!(!url.without_secrets().contains("secret"), "{text}");
            assert!(!format!("{url:?}").contains("secret"), "{text}");
        }
        for text in ["http://u:secret@", "u:secret@h".trim_start_matches("u:"), "http://u:secret@h:99999/"] {
            let error = Url::prepare(text, "").unwrap_err();
            assert!(!error.message().contains("secret"), "{error}");
        }
        assert_eq!(url("http://u:p@h/a@b").without_secrets(), "http://h/a@b");
    }

    #[test]
    fn urls_are_equal_when_their_texts_are() {
        assert_eq!(url("HTTP://H/a/../b"), url("http://h/b"));
        assert_ne!(url("http://h/b#c"), url("http://h/b"));
        let set: std::collections::HashSet<Url> = [url("http://h"), url("http://h/")].into();
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |one, other| url(one).same_origin(&url(other));
        assert!(same("http://h/a", "http://u:p@H:80/b#c"));
        assert!(!same("http://h/", "https://h/"));
        assert!(!same("http://h/", "http://h:81/"));
        assert!(!same("http://h/", "http://i/"));
        assert!(!same("foo://h/", "foo://h/"));
    }

    #[test]
    fn a_fragment_can_be_set_and_taken_away() {
        let url = url("http://h/a?[b]#c");
        assert_eq!(url.with_fragment("d e").as_str(), "http://h/a?%5Bb%5D#d%20e");
        assert_eq!(url.with_fragment("").as_str(), "http://h/a?%5Bb%5D");
        assert_eq!(url.with_fragment("d").target(), url.target());
    }

    #[test]
    fn other_schemes_are_left_alone() {
        let url = url("Foo://U:p@H:1/a b#c");
        assert_eq!(url.as_str(), "Foo://U:p@H:1/a b#c");
        assert_eq!((url.scheme(), url.host(), url.port(), url.fragment()), ("Foo", "h", Some(1), None));
        assert_eq!(super::Url::prepare("mailto:a@b", "").unwrap().host(), "");
    }
}
