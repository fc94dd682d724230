//! Following a `Location`, as `resolve_redirects` of requests does.
//!
//! The field is resolved against the URL it came from, quoted, and then taken as it is: dot
//! segments and the case of the host stay in the text. What is spoken to, the host and the request
//! target, still is what urllib3 makes of that text, and that is computed here for every URL that
//! does not take the quick way.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::quote::{PATH, QUERY, encode_invalid};
use super::{Inner, Places, Scheme, Url, invalid, parse, requote_uri, split};
use crate::pystr::repr;
use crate::{Error, Kind, Phase, Result};

impl Url {
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

    /// The URL of which `text` is the final text: percent-encoded, not necessarily normalised. Its parts lie
    /// where `urllib.parse.urlsplit` finds them, its host is what urllib3's pool makes of that.
    ///
    /// # Errors
    /// [`crate::Kind::InvalidUrl`] when it has no host or no usable port.
    pub fn from_text(text: String) -> Result<Self> {
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
        let target = spoken_target(&split.path, split.query);
        let target = (text.get(path..fragment) != Some(&*target)).then(|| target.into_owned());
        Ok(Self(Arc::new(Inner { text, scheme, places, host, target, verbatim: false })))
    }
}

fn redirect_invalid(message: String) -> Error {
    Error::new(Kind::InvalidUrl, Phase::Redirect, message)
}

/// Where the host lies in `netloc`, and the port (`SplitResult.hostname` and `.port`).
pub(super) fn place_host(netloc: &str) -> Result<(Range<usize>, Option<u16>)> {
    let start = netloc.rfind('@').map_or(0, |at| at + 1);
    let host_port = netloc.get(start..).unwrap_or_default();
    let (host, port) = match host_port.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) if address.starts_with('v') => {
            let message = format!("Failed to parse: {} is not a valid host or port", repr(host_port));
            return Err(invalid(message));
        }
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
        "" => (!port.is_empty()).then_some(0),
        digits => Some(digits.parse().map_err(|_| invalid("Port out of range 0-65535"))?),
    };
    Ok((host, port))
}

/// The host to speak to, of the host as the text spells it.
fn spoken_host(host: &str) -> Result<String> {
    let (name, rest) = host.split_at(host.find('%').unwrap_or(host.len()));
    let name = name.to_lowercase();
    if !rest.is_empty() && name.contains(':') {
        let zone = rest.strip_prefix("%25").filter(|zone| !zone.is_empty());
        return Ok(zone.map_or(format!("{name}{rest}"), |zone| format!("{name}%{zone}")));
    }
    parse::normalize_host(&(name + rest), true, &|_| None).map_err(invalid)
}

/// Path and query as urllib3 puts them on the wire: what they may not hold percent-encoded once more.
fn spoken_target<'a>(path: &'a str, query: &'a str) -> Cow<'a, str> {
    let path = encode_invalid(if path.is_empty() { "/" } else { path }, PATH);
    match query {
        "" => path,
        query => Cow::Owned(format!("{path}?{}", encode_invalid(query, QUERY))),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::prepare(text, "").unwrap()
    }

    fn joined(base: &str, location: &[u8]) -> String {
        url(base).join(location).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_redirect_inherits_the_fragment_unless_it_has_its_own() {
        assert_eq!(joined("http://h/a#f", b"/b"), "http://h/b#f");
        assert_eq!(joined("http://h/a#f", b"/b#g"), "http://h/b#g");
        assert_eq!(joined("http://h/a#f", b"//i"), "http://i#f");
    }

    #[test]
    fn a_redirect_is_read_as_utf8_and_other_bytes_are_kept_escaped() {
        assert_eq!(joined("http://h/", "/é".as_bytes()), "http://h/%C3%A9");
        assert_eq!(joined("http://h/", b"/\xe9/\xc3\xa9"), "http://h/%E9/%C3%A9");
    }

    #[test]
    fn a_redirect_is_not_normalised_but_its_target_is_encoded() {
        let url = url("http://h/").join(b"http://h/a/../[b]").unwrap();
        assert_eq!((url.as_str(), url.target()), ("http://h/a/../[b]", "/a/../%5Bb%5D"));
        assert_eq!(url.absolute_target(), "http://h/%5Bb%5D");
    }

    #[test]
    fn a_redirect_to_nowhere_is_an_error() {
        for location in [&b"https:///x"[..], b"https://", b"http://[::1/", b"http://h:x/", b"http://[::1]x/"]
        {
            let error = url("http://h/").join(location).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidUrl, "{location:?}");
        }
        assert!(!url("http://h/").join(b"mailto:a@b").unwrap().is_http());
    }
}
