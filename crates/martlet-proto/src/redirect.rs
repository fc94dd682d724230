//! Where a reply leads, and what of the request goes along (`SessionRedirectMixin` of requests).
//!
//! | status | method afterwards | body |
//! |---|---|---|
//! | 301 | GET instead of POST, else the same | dropped |
//! | 302, 303 | GET, but HEAD stays HEAD | dropped |
//! | 307, 308 | the same | sent again |
//!
//! A reply leads elsewhere when it has one of these statuses and a `Location` that is not empty.

use std::borrow::Cow;

use crate::{ResponseHead, Url};

/// The fields that describe a body and go with it.
pub const BODY_FIELDS: [&str; 3] = ["Content-Length", "Content-Type", "Transfer-Encoding"];

/// The `Location` of a reply that leads elsewhere; several are one, joined by a comma, as in requests.
pub fn location(head: &ResponseHead) -> Option<Cow<'_, [u8]>> {
    if !matches!(head.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut locations = head.headers.get_all(b"location");
    let mut location = Cow::Borrowed(locations.next()?);
    for another in locations {
        location.to_mut().extend_from_slice(b", ");
        location.to_mut().extend_from_slice(another);
    }
    Some(location).filter(|location| !location.is_empty())
}

/// The method after a redirect with `status` (`rebuild_method`).
pub fn method_after(status: u16, method: &str) -> &str {
    match (status, method) {
        (302 | 303, "HEAD") => method,
        (302 | 303, _) | (301, "POST") => "GET",
        _ => method,
    }
}

/// Is the body sent again after `status`?
pub fn keeps_body(status: u16) -> bool {
    matches!(status, 307 | 308)
}

/// May credentials for `from` go to `to` (the opposite of `should_strip_auth`)? The host must be the same, and
/// scheme and port too, but for the step from http to https on the standard ports.
pub fn keeps_credentials(from: &Url, to: &Url) -> bool {
    if from.host() != to.host() {
        return false;
    }
    let (from_port, to_port) = (from.port(), to.port());
    if is_secured(from, to) {
        return true;
    }
    let standard = |port: Option<u16>| port.is_none_or(|port| port == if from.is_https() { 443 } else { 80 });
    from.is_https() == to.is_https() && (from_port == to_port || (standard(from_port) && standard(to_port)))
}

fn is_secured(from: &Url, to: &Url) -> bool {
    !from.is_https()
        && to.is_https()
        && matches!(from.port(), None | Some(80))
        && matches!(to.port(), None | Some(443))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Headers, Version};

    fn head(status: u16, locations: &[&str]) -> ResponseHead {
        let headers: Headers = locations.iter().map(|location| ("LOCATION", location)).collect();
        ResponseHead { version: Version::Http11, status, reason: Vec::new(), headers }
    }

    #[test]
    fn only_five_statuses_with_a_location_lead_elsewhere() {
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(location(&head(status, &["/a"])).as_deref(), Some(b"/a".as_slice()), "{status}");
            assert_eq!(location(&head(status, &[])), None);
            assert_eq!(location(&head(status, &[""])), None);
        }
        for status in [200, 201, 300, 304, 305, 306, 309, 400] {
            assert_eq!(location(&head(status, &["/a"])), None, "{status}");
        }
        assert_eq!(location(&head(302, &["/a", "/b"])).as_deref(), Some(b"/a, /b".as_slice()));
    }

    #[test]
    fn the_method_follows_the_table() {
        for (status, method, after) in [
            (301, "POST", "GET"),
            (301, "PUT", "PUT"),
            (301, "HEAD", "HEAD"),
            (302, "POST", "GET"),
            (302, "PUT", "GET"),
            (302, "HEAD", "HEAD"),
            (303, "DELETE", "GET"),
            (303, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "PATCH", "PATCH"),
        ] {
            assert_eq!(method_after(status, method), after, "{status} {method}");
            assert_eq!(keeps_body(status), status > 303, "{status}");
        }
    }

    /// The rows of requests' own tests of `should_strip_auth`, and some more.
    #[test]
    fn credentials_stay_on_the_host_scheme_and_port() {
        for (from, to, kept) in [
            ("http://example.com/foo", "http://another.example.com/", false),
            ("http://example.com/", "http://example.com.evil.test/", false),
            ("http://example.com/", "http://EXAMPLE.com/", true),
            ("http://example.com:1234/foo", "https://example.com:4321/bar", false),
            ("http://example.com:1234/foo", "http://example.com:4321/bar", false),
            ("http://example.com:1234/foo", "https://example.com/", false),
            ("http://example.com/foo", "https://example.com/bar", true),
            ("http://example.com:80/foo", "https://example.com/bar", true),
            ("http://example.com/foo", "https://example.com:443/bar", true),
            ("http://example.com/foo", "https://example.com:80/bar", false),
            ("https://example.com/foo", "http://example.com/bar", false),
            ("https://example.com/", "http://example.com:443/", false),
            ("https://example.com:443/foo", "https://example.com/bar", true),
            ("http://example.com:80/foo", "http://example.com/bar", true),
            ("http://example.com/foo", "http://example.com:80/bar", true),
            ("https://example.com/foo", "https://example.com:443/bar", true),
            ("https://example.com/foo", "https://example.com:80/bar", false),
            ("http://u:p@example.com/", "http://example.com/", true),
        ] {
            let (from, to) = (Url::prepare(from, "").unwrap(), Url::prepare(to, "").unwrap());
            assert_eq!(keeps_credentials(&from, &to), kept, "{from:?} to {to:?}");
        }
    }
}
