//! Making a [`Url`] of what a caller wrote, as `PreparedRequest.prepare_url` does.
//!
//! Most URLs need nothing done. Those are recognised in one pass over their bytes and copied once;
//! all others take the long way, part by part.

use std::sync::Arc;

use super::parse::{self, Idna, Parts, parse_url};
use super::quote::{self, PATH, PLAIN_HOST, QUERY, clean_run};
use super::{Inner, Places, Scheme, Url, invalid, requote_uri};
use crate::pystr::{is_space, repr};
use crate::{Error, Kind, Phase, Result};

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
        match Self::prepare_clean(input, params) {
            Some(url) => Ok(url),
            None => Self::prepare_thoroughly(input, params, idna),
        }
    }

    fn prepare_thoroughly(input: &str, params: &str, idna: Idna<'_>) -> Result<Self> {
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
        let text = requote_uri(&text).into_owned();
        match scheme {
            "http" | "https" => Self::from_text(text),
            _ => Ok(Self::opaque(text)),
        }
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
        Some(Self(Arc::new(Inner { text, scheme, places, host: None, target: None, verbatim: false })))
    }
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
    idna(host).ok_or_else(|| invalid("URL has an invalid label."))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(url: &Url) -> String {
        let (text, host, target, port) = (url.as_str(), url.host(), url.target(), url.port());
        format!("{text} {host} {target} {port:?} {:?} {:?}", url.fragment(), url.userinfo())
    }

    /// Texts in which everything that could matter to a rule is likely.
    fn piece() -> impl Strategy<Value = String> {
        let sign = prop::sample::select(vec![
            "a", "Z", "0", "-", "_", ".", "..", "/", "/.", "/..", ":", ":80", ":0", ":99999", "@", "?", "#",
            "%", "%20", "%2f", "%41", "%7E", "[", "]", "|", " ", "é", "&", "=", "+", "~", "'", ";", "\\",
            "*", "\t", "\0",
        ]);
        prop::collection::vec(sign, 0..8).prop_map(|signs| signs.concat())
    }

    proptest! {
        #[test]
        fn the_quick_way_leads_where_the_long_way_does(rest in piece(), params in piece(), s in "s?") {
            let input = format!("http{s}://{rest}");
            if let Some(quick) = Url::prepare_clean(&input, &params) {
                let thorough = Url::prepare_thoroughly(&input, &params, &|_| None).unwrap();
                prop_assert_eq!(parts(&quick), parts(&thorough));
            }
        }

        #[test]
        fn nothing_that_is_not_printable_ascii_reaches_the_wire(input in ".*", rest in piece(), location in piece()) {
            for text in [input, format!("http://h/{rest}"), format!("https://{rest}")] {
                let Ok(url) = Url::prepare(&text, "") else { continue };
                let targets = [Some(url.clone()), url.join(location.as_bytes()).ok()];
                for url in targets.into_iter().flatten().filter(Url::is_http) {
                    for text in [url.target(), &url.host_header(), &url.absolute_target()] {
                        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
                    }
                    prop_assert!(url.target().starts_with('/') && !url.host().is_empty());
                }
            }
        }
    }

    #[test]
    fn a_usual_url_takes_the_quick_way() {
        for input in [
            "http://h",
            "https://h.test/",
            "http://127.0.0.1:8080/a/b.html?c=d&e=%20#f",
            "http://h/.well-known/x",
            "http://xn--bcher-kva.test/-._~!$&'()*+,;=:@",
            "http://h?q",
            "http://h#f",
        ] {
            assert!(Url::prepare_clean(input, "a=b+c&d=%C3%A9").is_some(), "{input}");
        }
    }

    #[test]
    fn what_a_rule_would_change_takes_the_long_way() {
        for input in [
            "HTTP://h/",
            "http://H/",
            "http://h:0/",
            "http://h:080/",
            "http://h:99999/",
            "http://h:/",
            "http://u@h/",
            "http://[::1]/",
            "http://.h/",
            "http://",
            "http://h/?",
            "http://h/#",
            "http://h/a/../b",
            "http://h/.",
            "http://h/%7e",
            "http://h/%c3",
            "http://h/%",
            "http://h/[",
            "http://h/é",
            "http://h\\a",
            "http://h a/",
        ] {
            assert!(Url::prepare_clean(input, "").is_none(), "{input}");
        }
        assert!(Url::prepare_clean("http://h/", "a#b").is_none());
    }

    #[test]
    fn params_go_behind_the_query_and_before_the_fragment() {
        for (input, wanted) in [
            ("http://h", "http://h/?a=1"),
            ("http://h?b", "http://h/?b&a=1"),
            ("http://h/?#f", "http://h/?a=1#f"),
            ("http://h/p?b#f", "http://h/p?b&a=1#f"),
        ] {
            assert_eq!(Url::prepare(input, "a=1").unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn errors_have_the_kind_and_message_of_requests() {
        let error = |input| {
            let error = Url::prepare(input, "").unwrap_err();
            (error.kind(), error.message().to_owned())
        };
        let missing = "Invalid URL 'h/x': No scheme supplied. Perhaps you meant https://h/x?";
        assert_eq!(error("h/x"), (Kind::MissingScheme, missing.to_owned()));
        assert_eq!(
            error("http:///x"),
            (Kind::InvalidUrl, "Invalid URL 'http:///x': No host supplied".to_owned())
        );
        assert_eq!(error("http://*.h/"), (Kind::InvalidUrl, "URL has an invalid label.".to_owned()));
    }

    #[test]
    fn labels_beyond_ascii_are_asked_for_one_by_one() {
        let idna =
            |label: &str| Some(format!("<{label}>").replace(|char| !char::is_ascii_lowercase(&char), "-"));
        let url = Url::prepare_with("http://BÜ.a.é.test/", "", &idna).unwrap();
        assert_eq!(url.host(), "-b--.a.---.test");
    }
}
