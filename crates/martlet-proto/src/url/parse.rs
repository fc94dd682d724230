//! Taking a caller's URL apart, as urllib3's `parse_url` does for requests.
//!
//! Best effort: a URL may lack its scheme or host. For `http`, `https` and no scheme at all the
//! parts come out normalised (RFC 3986 section 6.2.2): host in lower case, dot segments
//! removed, what a component may not hold percent-encoded. Other schemes only have their
//! authority taken apart. An error is the message alone; the caller knows its kind.

use std::borrow::Cow;

use super::quote::{PATH, QUERY, UNRESERVED, USERINFO, encode_invalid, escaped, is};
use crate::pystr::repr;

/// Turns one label of a host, lower case and not ASCII, into its ASCII form (IDNA 2008, strict, with the
/// STD3 rules: `idna.encode(label, strict=True, std3_rules=True)`); `None` when it has none. For schemes
/// like `http+unix` it is asked for the whole host at once, as that was given.
pub type Idna<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The parts of a URL; what is absent is `None`, which differs from being empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: Option<String>,
    pub(crate) auth: Option<Cow<'a, str>>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Option<String>,
    pub(crate) query: Option<Cow<'a, str>>,
    pub(crate) fragment: Option<Cow<'a, str>>,
}

impl Parts<'_> {
    /// The parts written out again.
    pub(crate) fn to_url(&self) -> String {
        let mut url = String::new();
        if let Some(scheme) = &self.scheme {
            url.extend([scheme.as_str(), "://"]);
        }
        if let Some(auth) = &self.auth {
            url.extend([auth, "@"]);
        }
        url.push_str(&self.netloc().unwrap_or_default());
        url.push_str(self.path.as_deref().unwrap_or_default());
        for (sign, part) in [("?", &self.query), ("#", &self.fragment)] {
            if let Some(part) = part {
                url.extend([sign, part]);
            }
        }
        url
    }

    /// Host and port, without the userinfo.
    pub(crate) fn netloc(&self) -> Option<String> {
        let host = self.host.as_ref()?;
        Some(match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        })
    }
}

/// Takes `url` apart.
pub(crate) fn parse_url<'a>(url: &'a str, idna: Idna<'_>) -> Result<Parts<'a>, String> {
    if url.is_empty() {
        return Ok(Parts::default());
    }
    let (scheme, rest) = split_scheme(url);
    let is_normal = scheme.as_deref().is_none_or(|scheme| matches!(scheme, "http" | "https"));
    let bare = scheme.is_none() && !url.starts_with('/');
    let (authority, rest) = match rest.strip_prefix("//").or(bare.then_some(rest)) {
        Some(rest) => rest.split_at(rest.find(['\\', '/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (before_fragment, fragment) = split_at_sign(rest, '#');
    let (path, query) = split_at_sign(before_fragment, '?');

    let mut parts = Parts { scheme, ..Parts::default() };
    if !authority.is_empty() {
        let (auth, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (host, port) = split_host_port(host_port)?;
        parts.auth = (!auth.is_empty()).then(|| encoded(auth, USERINFO, is_normal));
        parts.port = port.map(|port| parse_port(port, url, bare)).transpose()?;
        parts.host = Some(normalize_host(host, is_normal, idna)?);
    }
    let path = match is_normal {
        true => encode_invalid(&remove_dot_segments(path), PATH).into_owned(),
        false => path.to_owned(),
    };
    parts.query = query.map(|query| encoded(query, QUERY, is_normal));
    parts.fragment = fragment.map(|fragment| encoded(fragment, QUERY, is_normal));
    parts.path = match path.as_str() {
        "" => (parts.query.is_some() || parts.fragment.is_some()).then_some(path),
        rooted if rooted.starts_with('/') => Some(path),
        _ => Some(format!("/{path}")),
    };
    Ok(parts)
}

fn encoded(component: &str, class: u8, is_normal: bool) -> Cow<'_, str> {
    match is_normal {
        true => encode_invalid(component, class),
        false => Cow::Borrowed(component),
    }
}

/// The scheme in lower case, and what is behind its colon. A scheme with a dot in it is not seen as one.
fn split_scheme(url: &str) -> (Option<String>, &str) {
    let is_scheme = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-'))
    };
    match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
        _ => (None, url),
    }
}

fn split_at_sign(text: &str, sign: char) -> (&str, Option<&str>) {
    match text.split_once(sign) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

/// Host (brackets kept) and the digits of the port; a colon without digits counts as no port.
fn split_host_port(host_port: &str) -> Result<(&str, Option<&str>), String> {
    let end = match host_port.starts_with('[') {
        true => host_port
            .find(']')
            .map(|end| end + 1)
            .filter(|end| host_port.get(1..end - 1).is_some_and(is_ipv6_with_zone)),
        false => Some(host_port.find(':').unwrap_or(host_port.len()))
            .filter(|end| host_port.get(..*end).is_some_and(is_reg_name)),
    };
    let split = end.and_then(|end| host_port.split_at_checked(end));
    let (host, port) = match split {
        Some((host, "")) => (host, None),
        Some((host, port)) if is_port(port) => (host, port.get(1..)),
        _ => {
            check_characters(host_port)?;
            return Err(format!("Failed to parse: {} is not a valid host or port", repr(host_port)));
        }
    };
    Ok((host, port.filter(|digits| !digits.is_empty())))
}

/// The URL, whole or not, without its userinfo: what messages and logs may show.
pub(crate) fn without_userinfo(url: &str) -> Cow<'_, str> {
    let start = url.find("//").map_or(0, |slashes| slashes + 2);
    let authority = url.get(start..).and_then(|rest| rest.split(['\\', '/', '?', '#']).next());
    match authority.and_then(|authority| authority.rfind('@')) {
        Some(at) => [url.get(..start), url.get(start + at + 1..)].into_iter().flatten().collect(),
        None => Cow::Borrowed(url),
    }
}

/// A colon, any number of zeros, and at most five digits.
fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| {
        digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.trim_start_matches('0').len() <= 5
    })
}

fn parse_port(digits: &str, url: &str, bare: bool) -> Result<u16, String> {
    let slashes = if bare { "//" } else { "" };
    digits.parse().map_err(|_| format!("Failed to parse: {slashes}{}", without_userinfo(url)))
}

fn is_reg_name(host: &str) -> bool {
    !host.contains(['[', ']', '/', '?', '#']) && has_only_escapes(host)
}

fn has_only_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|part| part.as_bytes().get(..2).and_then(escaped).is_some())
}

/// `address` or `address%zone` (RFC 6874), without brackets.
fn is_ipv6_with_zone(text: &str) -> bool {
    match text.split_once('%') {
        None => is_ipv6(text),
        Some((address, zone)) => {
            let fits = |byte| is(byte, UNRESERVED) || byte == b'%';
            is_ipv6(address) && !zone.is_empty() && zone.bytes().all(fits) && has_only_escapes(zone)
        }
    }
}

/// The grammar of RFC 3986 section 3.2.2, but that the numbers of an IPv4 tail may be as large as 999.
fn is_ipv6(text: &str) -> bool {
    let is_group =
        |group: &str| (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
    let is_dotted = |group: &str| {
        let is_number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        group.split('.').count() == 4 && group.split('.').all(is_number)
    };
    let groups = |side: &str| match side {
        "" => Some(0),
        side if side.split(':').all(is_group) => Some(side.split(':').count()),
        _ => None,
    };
    let groups_at_end = |side: &str| match side.rsplit_once(':').unwrap_or(("", side)) {
        (before, last) if is_dotted(last) && (!before.is_empty() || !side.contains(':')) => {
            groups(before).map(|count| count + 2)
        }
        _ => groups(side),
    };
    match text.split_once("::") {
        Some((left, right)) => {
            groups(left).zip(groups_at_end(right)).is_some_and(|(left, right)| left + right <= 7)
        }
        None => groups_at_end(text) == Some(8),
    }
}

fn check_characters(host: &str) -> Result<(), String> {
    let is_invalid = |char: &char| *char <= ' ' || *char == '\x7f';
    host.chars().find(is_invalid).map_or(Ok(()), |char| {
        let shown = repr(char.encode_utf8(&mut [0; 4]));
        Err(format!("Failed to parse: Host {} contains invalid character {shown}", repr(host)))
    })
}

/// The host as it is spoken to: lower case, escapes of unreserved characters undone, labels in ASCII.
/// What looks like an IPv4 address, in any of the notations of inet_aton, stays as it is.
pub(crate) fn normalize_host(host: &str, is_normal: bool, idna: Idna<'_>) -> Result<String, String> {
    check_characters(host)?;
    if !is_normal || host.is_empty() || looks_like_ipv4(host) {
        return Ok(host.to_owned());
    }
    if host.starts_with('[') {
        return normalize_ipv6(host);
    }
    let host = match host.contains('%') {
        true => normalize_escapes(host)?,
        false => host.to_owned(),
    };
    let labels: Result<Vec<String>, String> = host.split('.').map(|label| to_ascii(label, idna)).collect();
    Ok(labels?.join("."))
}

fn looks_like_ipv4(host: &str) -> bool {
    let is_number = |part: &str| {
        let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        let is_decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal(part)
            || hex.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    host.split('.').count() <= 4 && host.split('.').all(is_number)
}

fn to_ascii(label: &str, idna: Idna<'_>) -> Result<String, String> {
    if !label.is_ascii() {
        let invalid = || format!("Failed to parse: Name '{label}' is not a valid IDNA label");
        return idna(&label.to_lowercase()).ok_or_else(invalid);
    }
    let mut digits = 0;
    let lower = |byte: u8| {
        let in_escape = digits > 0;
        digits = if byte == b'%' { 2 } else { i32::max(digits - 1, 0) };
        char::from(if in_escape { byte } else { byte.to_ascii_lowercase() })
    };
    Ok(label.bytes().map(lower).collect())
}

/// `[address%25zone]` becomes `[address%zone]`, the zone's case kept.
fn normalize_ipv6(host: &str) -> Result<String, String> {
    let Some((address, zone)) = host.split_once('%') else {
        return Ok(host.to_ascii_lowercase());
    };
    let zone = zone.trim_end_matches(']');
    let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
    check_escapes(zone, host)?;
    Ok(format!("{}%{}]", address.to_ascii_lowercase(), encode_invalid(zone, UNRESERVED)))
}

fn check_escapes(text: &str, host: &str) -> Result<(), String> {
    for part in text.split('%').skip(1) {
        let digits = part.get(..2).unwrap_or_default();
        match escaped(digits.as_bytes()) {
            Some(byte) if byte.is_ascii_control() => {
                let (host, escape) = (repr(host), repr(&format!("%{digits}")));
                let what = "contains invalid percent-encoded control character";
                return Err(format!("Failed to parse: Host {host} {what} {escape}"));
            }
            Some(_) => {}
            None => return Err(format!("Failed to parse: {} is not a valid host", repr(host))),
        }
    }
    Ok(())
}

/// Escapes of unreserved characters undone, the others in upper case.
fn normalize_escapes(host: &str) -> Result<String, String> {
    check_escapes(host, host)?;
    let mut parts = host.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (digits, rest) in parts.filter_map(|part| part.split_at_checked(2)) {
        match escaped(digits.as_bytes()).filter(|byte| is(*byte, UNRESERVED)) {
            Some(byte) => out.push(char::from(byte)),
            None => out.extend(["%", &digits.to_ascii_uppercase()]),
        }
        out.push_str(rest);
    }
    Ok(out)
}

/// RFC 3986 section 5.2.4, with the reference's own way of leaving a slash where the last segment went.
fn remove_dot_segments(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Cow::Borrowed(path);
    }
    let mut output = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => drop(output.pop()),
            segment => output.push(segment),
        }
    }
    if path.starts_with('/') && output.first().is_none_or(|first| !first.is_empty()) {
        output.insert(0, "");
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        output.push("");
    }
    Cow::Owned(output.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Parts<'_>, String> {
        parse_url(url, &|label| (label == "bücher").then(|| "xn--bcher-kva".to_owned()))
    }

    fn host(url: &str) -> String {
        parse(url).unwrap().host.unwrap()
    }

    #[test]
    fn a_url_may_lack_any_part() {
        assert_eq!(parse("").unwrap(), Parts::default());
        let parts = parse("Example.test:80").unwrap();
        assert_eq!((parts.scheme, parts.host.as_deref(), parts.port), (None, Some("example.test"), Some(80)));
        let parts = parse("/a?b").unwrap();
        assert_eq!(
            (parts.host, parts.path.as_deref(), parts.query.as_deref()),
            (None, Some("/a"), Some("b"))
        );
    }

    #[test]
    fn dot_segments_go_and_leave_their_slash() {
        for (path, wanted) in [
            ("/a/../b/./c", "/b/c"),
            ("/..", "/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("//..", "/"),
            ("/a//../b", "/a/b"),
        ] {
            assert_eq!(remove_dot_segments(path), wanted, "{path}");
        }
    }

    #[test]
    fn a_host_is_lower_case_with_needless_escapes_undone() {
        assert_eq!(host("http://EXAMPLE.%41%c3%a9/"), "example.a%C3%A9");
        assert_eq!(host("http://[2001:DB8::A]/"), "[2001:db8::a]");
        assert_eq!(host("http://[FE80::1%25Eth0]/"), "[fe80::1%Eth0]");
        assert_eq!(host("http://BÜCHER.test/"), "xn--bcher-kva.test");
        assert_eq!(host("http://0XFF.1/"), "0XFF.1");
    }

    #[test]
    fn a_bad_host_is_told_apart_from_a_bad_port_and_a_bad_label() {
        for (url, message) in [
            ("http://h:abc/", "Failed to parse: 'h:abc' is not a valid host or port"),
            ("http://h:99999/", "Failed to parse: http://h:99999/"),
            ("http://a b/", "Failed to parse: Host 'a b' contains invalid character ' '"),
            (
                "http://a%0ab/",
                "Failed to parse: Host 'a%0ab' contains invalid percent-encoded control character '%0a'",
            ),
            ("http://日.test/", "Failed to parse: Name '日' is not a valid IDNA label"),
            ("http://[::1/", "Failed to parse: '[::1' is not a valid host or port"),
        ] {
            assert_eq!(parse(url).unwrap_err(), message, "{url}");
        }
    }

    #[test]
    fn ipv6_follows_the_grammar() {
        for address in [
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:1.2.3.4",
            "::ffff:1.2.3.999",
            "1:2:3:4:5:6:7::",
        ] {
            assert!(is_ipv6(address), "{address}");
        }
        for address in [
            "",
            ":",
            ":::",
            "1",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7::8",
            "1::2::3",
            "12345::",
            "1.2.3.4::",
            ":1.2.3.4",
            "::1:",
        ] {
            assert!(!is_ipv6(address), "{address}");
        }
    }
}
