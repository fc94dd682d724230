//! URLs as Python's `urllib.parse` sees them, which is how requests reads a `Location`.
//!
//! Unlike [`super::parse`], nothing is normalised but the scheme's case: leading white space and
//! control characters are dropped, tabs and line ends are removed wherever they stand, an empty
//! query or fragment is the same as none.

use std::{borrow::Cow, net::Ipv6Addr};

use crate::pystr::repr;

/// The parts of a URL; what is absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Split<'a> {
    pub(crate) scheme: Cow<'a, str>,
    pub(crate) netloc: &'a str,
    pub(crate) path: Cow<'a, str>,
    pub(crate) query: &'a str,
    pub(crate) fragment: &'a str,
}

/// The URL without what [`urlsplit`] does not see.
pub(crate) fn clean(url: &str) -> Cow<'_, str> {
    let url = url.trim_start_matches(|char| char <= ' ');
    match url.contains(['\t', '\r', '\n']) {
        true => Cow::Owned(url.replace(['\t', '\r', '\n'], "")),
        false => Cow::Borrowed(url),
    }
}

/// Takes a [`clean`] URL apart (`urllib.parse.urlsplit`). The error is the message.
pub(crate) fn urlsplit(url: &str) -> Result<Split<'_>, String> {
    let mut split = Split::default();
    let mut rest = url;
    if let Some((scheme, behind)) = url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        split.scheme = match scheme.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(scheme.to_ascii_lowercase()),
            false => Cow::Borrowed(scheme),
        };
        rest = behind;
    }
    if let Some(behind) = rest.strip_prefix("//") {
        (split.netloc, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
        check_brackets(split.netloc)?;
    }
    (rest, split.fragment) = rest.split_once('#').unwrap_or((rest, ""));
    (rest, split.query) = rest.split_once('?').unwrap_or((rest, ""));
    split.path = Cow::Borrowed(rest);
    check_normal_form(split.netloc)?;
    Ok(split)
}

/// A host may not hold a character of which compatibility normalisation (NFKC, a step of IDNA) makes one
/// that would end the host.
fn check_normal_form(netloc: &str) -> Result<(), String> {
    const ENDING_LATER: &str = "\u{2047}\u{2048}\u{2049}\u{2100}\u{2101}\u{2105}\u{2106}\u{2a74}\u{fe13}\u{fe16}\u{fe55}\
        \u{fe56}\u{fe5f}\u{fe6b}\u{ff03}\u{ff0f}\u{ff1a}\u{ff1f}\u{ff20}";
    match !netloc.is_ascii() && netloc.contains(|char| ENDING_LATER.contains(char)) {
        true => Err(format!("netloc '{netloc}' contains invalid characters under NFKC normalization")),
        false => Ok(()),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn check_brackets(netloc: &str) -> Result<(), String> {
    match (netloc.split_once('['), netloc.contains(']')) {
        (None, false) => Ok(()),
        (Some((_, inside)), true) => check_bracketed_host(inside.split(']').next().unwrap_or_default()),
        _ => Err("Invalid IPv6 URL".to_owned()),
    }
}

fn check_bracketed_host(host: &str) -> Result<(), String> {
    if let Some(future) = host.strip_prefix('v') {
        let is_future = future.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty() && !address.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        return if is_future { Ok(()) } else { Err("IPvFuture address is invalid".to_owned()) };
    }
    let (address, zone) = host.split_once('%').unwrap_or((host, "-"));
    let is_zone = !zone.is_empty() && !zone.contains('%');
    match address.parse::<Ipv6Addr>() {
        Ok(_) if is_zone => Ok(()),
        _ if host.parse::<std::net::Ipv4Addr>().is_ok() => {
            Err("An IPv4 address cannot be in brackets".to_owned())
        }
        _ => Err(format!("{} does not appear to be an IPv4 or IPv6 address", repr(host))),
    }
}

/// The parts written out again (`urllib.parse.urlunsplit`).
pub(crate) fn urlunsplit(split: &Split<'_>) -> String {
    let Split { scheme, netloc, path, query, fragment } = split;
    let mut url = String::new();
    if !scheme.is_empty() {
        url.extend([scheme, ":"]);
    }
    let wants_slashes = !scheme.is_empty() && uses_netloc(scheme) && !path.starts_with("//");
    if !netloc.is_empty() || wants_slashes {
        url.extend(["//", netloc]);
        if !path.is_empty() && !path.starts_with('/') {
            url.push('/');
        }
    }
    url.push_str(path);
    for (sign, part) in [("?", query), ("#", fragment)] {
        if !part.is_empty() {
            url.extend([sign, part]);
        }
    }
    url
}

/// Schemes whose URLs have an authority.
fn uses_netloc(scheme: &str) -> bool {
    const SCHEMES: &str = " ftp http gopher nntp telnet imap wais file mms https shttp snews prospero rtsp \
        rtsps rtspu rsync svn svn+ssh sftp nfs git git+ssh ws wss ";
    scheme.is_empty() || is_among(SCHEMES, scheme)
}

/// Schemes whose URLs may be relative.
fn uses_relative(scheme: &str) -> bool {
    const SCHEMES: &str = " ftp http gopher nntp imap wais file https shttp mms prospero rtsp rtsps rtspu \
        sftp svn svn+ssh ws wss ";
    scheme.is_empty() || is_among(SCHEMES, scheme)
}

/// Schemes whose last path segment may have parameters behind a semicolon.
fn uses_params(scheme: &str) -> bool {
    const SCHEMES: &str = " ftp hdl prospero http imap https shttp rtsp rtsps rtspu sip sips mms sftp tel ";
    scheme.is_empty() || is_among(SCHEMES, scheme)
}

fn is_among(schemes: &str, scheme: &str) -> bool {
    schemes.split(' ').any(|other| other == scheme)
}

/// Path and parameters (`urllib.parse._splitparams`): from the first semicolon of the last segment on.
fn split_params<'a>(scheme: &str, path: &'a str) -> (&'a str, &'a str) {
    if !uses_params(scheme) {
        return (path, "");
    }
    let segment = path.rfind('/').unwrap_or(0);
    let semicolon = path.get(segment..).and_then(|last| last.find(';')).map(|place| place + segment);
    semicolon.and_then(|place| Some((path.get(..place)?, path.get(place + 1..)?))).unwrap_or((path, ""))
}

fn with_params(path: String, params: &str) -> Cow<'static, str> {
    match params {
        "" => Cow::Owned(path),
        params => Cow::Owned(format!("{path};{params}")),
    }
}

/// Writes `split` out as `urlparse(url).geturl()` does: empty parameters lose their semicolon.
pub(crate) fn geturl(split: &Split<'_>) -> String {
    let (path, params) = split_params(&split.scheme, &split.path);
    urlunsplit(&Split { path: with_params(path.to_owned(), params), ..split.clone() })
}

/// What `url` means when it stands in the document at `base` (`urllib.parse.urljoin`).
pub(crate) fn join(base: &str, url: &str) -> Result<String, String> {
    if base.is_empty() || url.is_empty() {
        return Ok(if base.is_empty() { url } else { base }.to_owned());
    }
    let (clean_base, clean_url) = (clean(base), clean(url));
    let (base, mut split) = (urlsplit(&clean_base)?, urlsplit(&clean_url)?);
    if split.scheme.is_empty() {
        split.scheme = base.scheme.clone();
    }
    if split.scheme != base.scheme || !uses_relative(&split.scheme) {
        return Ok(url.to_owned());
    }
    if uses_netloc(&split.scheme) {
        if !split.netloc.is_empty() {
            return Ok(geturl(&split));
        }
        split.netloc = base.netloc;
    }
    let path = split.path.clone();
    let (path, params) = split_params(&split.scheme, &path);
    let (base_path, base_params) = split_params(&base.scheme, &base.path);
    split.path = match path {
        "" if params.is_empty() => {
            if split.query.is_empty() {
                split.query = base.query;
            }
            with_params(base_path.to_owned(), base_params)
        }
        path => with_params(resolve(base_path, path), params),
    };
    Ok(urlunsplit(&split))
}

/// The path that `path` means beside `base_path`.
fn resolve(base_path: &str, path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let is_relative = !path.starts_with('/');
    if is_relative {
        segments.extend(base_path.split('/'));
        if segments.last().is_some_and(|last| !last.is_empty()) {
            segments.pop();
        }
    }
    segments.extend(path.split('/'));
    let (mut place, count) = (0, segments.len());
    segments.retain(|segment| {
        place += 1;
        !segment.is_empty() || !is_relative || place == 1 || place == count
    });
    let mut resolved = Vec::with_capacity(segments.len());
    for segment in &segments {
        match *segment {
            ".." => drop(resolved.pop()),
            "." => {}
            segment => resolved.push(segment),
        }
    }
    if matches!(segments.last(), Some(&("." | ".."))) {
        resolved.push("");
    }
    match resolved.join("/") {
        path if path.is_empty() => "/".to_owned(),
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_reference_is_resolved_as_rfc_3986_section_5_4_says() {
        let base = "http://a/b/c/d;p?q";
        for (url, wanted) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("#s", "http://a/b/c/d;p?q#s"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("http:g", "http://a/b/c/g"),
            ("mailto:g", "mailto:g"),
        ] {
            assert_eq!(join(base, url).unwrap(), wanted, "{url}");
        }
    }

    #[test]
    fn white_space_and_line_ends_are_not_seen() {
        let cleaned = clean(" \x00\nHTTP://h/a\tb\r\nc ");
        let split = urlsplit(&cleaned).unwrap();
        assert_eq!((&*split.scheme, split.netloc, &*split.path), ("http", "h", "/abc "));
    }

    #[test]
    fn brackets_hold_an_ipv6_address_or_nothing_does() {
        for (url, message) in [
            ("http://[::1/", "Invalid IPv6 URL"),
            ("http://[1.2.3.4]/", "An IPv4 address cannot be in brackets"),
            ("http://[x]/", "'x' does not appear to be an IPv4 or IPv6 address"),
            ("http://[vz.1]/", "IPvFuture address is invalid"),
        ] {
            assert_eq!(urlsplit(url).unwrap_err(), message, "{url}");
        }
        assert!(urlsplit("http://[fe80::1%25eth0]:80/").is_ok());
    }
}
