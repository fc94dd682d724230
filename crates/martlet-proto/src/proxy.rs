//! Which proxy a URL goes through, as requests decides it from settings and environment.
//!
//! | asked in this order | which proxies                                                            |
//! |---------------------|--------------------------------------------------------------------------|
//! | the request's       | always                                                                   |
//! | the environment's   | unless `no_proxy` (the request's, else the environment's) names the host |
//! | the session's       | always                                                                   |
//!
//! The three are one mapping in which the earlier entry of a key wins; then the first of the keys
//! `scheme://host`, `scheme`, `all://host`, `all` that is there names the proxy. It is asked again
//! on every hop of a redirect.

use crate::url::{Idna, Split, parse_url, urlunsplit};
use crate::{Error, Kind, Phase, Result, Url};

/// The proxies that are known, by key.
#[derive(Clone, Default)]
pub struct Proxies {
    request: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    session: Vec<(String, String)>,
}

impl Proxies {
    /// Those of a request, and of its session. An entry `no_proxy` of the request's takes the place of the
    /// environment's.
    pub fn new(request: Vec<(String, String)>, session: Vec<(String, String)>) -> Self {
        Self { request, environment: Vec::new(), session }
    }

    /// With those of the environment; [`from_environment`] makes them.
    #[must_use]
    pub fn with_environment(mut self, environment: Vec<(String, String)>) -> Self {
        self.environment = environment;
        self
    }

    /// Is no proxy known at all?
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.environment.is_empty() && self.session.is_empty()
    }

    /// The proxy for `url` as it was given (`requests.utils.select_proxy`), if there is one.
    pub fn select(&self, url: &Url) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let no_proxy = find(&self.request, "no_proxy").or_else(|| find(&self.environment, "no"));
        let bypasses =
            url.host().is_empty() || should_bypass(url.host(), url.port(), no_proxy.unwrap_or_default());
        let environment = if bypasses { &[] } else { self.environment.as_slice() };
        let (scheme, host) = (url.scheme(), url.host());
        let has_host = !host.is_empty();
        let keys = [
            has_host.then(|| format!("{scheme}://{host}")),
            Some(scheme.to_owned()),
            has_host.then(|| format!("all://{host}")),
            Some("all".to_owned()),
        ];
        keys.into_iter().flatten().find_map(|key| {
            [&self.request, environment, &self.session].into_iter().find_map(|proxies| find(proxies, &key))
        })
    }

    /// [`Proxies::select`], ready to be connected to; an empty value stands for no proxy.
    ///
    /// # Errors
    /// Those of [`proxy_url`].
    pub fn for_url(&self, url: &Url) -> Result<Option<Url>> {
        self.select(url).filter(|proxy| !proxy.is_empty()).map(proxy_url).transpose()
    }
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys =
            |proxies: &[(String, String)]| proxies.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        f.debug_struct("Proxies")
            .field("request", &keys(&self.request))
            .field("environment", &keys(&self.environment))
            .field("session", &keys(&self.session))
            .finish()
    }
}

fn find<'a>(proxies: &'a [(String, String)], key: &str) -> Option<&'a str> {
    proxies.iter().find(|(other, _)| other == key).map(|(_, proxy)| proxy.as_str())
}

/// The proxies that environment variables name (`urllib.request.getproxies_environment`): `x_proxy` in any case
/// is the proxy of key `x`, lower case wins and, when empty, unsets. Under CGI (`REQUEST_METHOD` is set)
/// `HTTP_PROXY` is a request's header and does not count.
pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut is_cgi = false;
    let mut named = Vec::new();
    for (name, value) in variables {
        is_cgi |= name == "REQUEST_METHOD";
        let cut = name
            .len()
            .checked_sub(6)
            .filter(|cut| name.get(*cut..).is_some_and(|suffix| suffix.eq_ignore_ascii_case("_proxy")));
        if let Some(scheme) = cut.and_then(|cut| name.get(..cut)) {
            let is_lower = name.ends_with("_proxy");
            named.push((is_lower, scheme.to_lowercase(), value));
        }
    }
    let mut proxies: Vec<(String, String)> = Vec::new();
    named.sort_by_key(|(is_lower, ..)| *is_lower);
    for (is_lower, scheme, value) in named {
        if is_lower || !value.is_empty() {
            proxies.retain(|(other, _)| *other != scheme);
        }
        let is_header = is_cgi && !is_lower && scheme == "http";
        if !value.is_empty() && !is_header {
            proxies.push((scheme, value));
        }
    }
    proxies
}

/// Does `no_proxy` take the host off the environment's proxies (`requests.utils.should_bypass_proxies`)? `host`
/// is in lower case, `port` the one that the URL names. The list has host names, which cover their subdomains
/// and may have a port, IPv4 addresses and networks like `10.0.0.0/8`, or is `*`.
pub fn should_bypass(host: &str, port: Option<u16>, no_proxy: &str) -> bool {
    let packed = no_proxy.replace(' ', "");
    let mut names = packed.split(',').filter(|name| !name.is_empty());
    let is_listed = match parse_ipv4(host) {
        Some(address) => names.any(|name| match parse_network(name) {
            Some((network, mask)) => address & mask == network & mask,
            None => name == host,
        }),
        None => {
            let with_port = port.filter(|port| *port > 0).map(|port| format!("{host}:{port}"));
            names
                .map(|name| name.trim_start_matches('.'))
                .any(|name| covers(name, host) || with_port.as_deref().is_some_and(|host| covers(name, host)))
        }
    };
    is_listed || is_listed_without_case(host, no_proxy)
}

/// The second look at the list, that of `urllib.request.proxy_bypass_environment`.
fn is_listed_without_case(host: &str, no_proxy: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host_alone = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
    no_proxy == "*"
        || no_proxy.split(',').map(str::trim).filter(|name| !name.is_empty()).any(|name| {
            let name = name.trim_start_matches('.').to_lowercase();
            covers(&name, host) || covers(&name, host_alone)
        })
}

/// Is `host` the name, or beneath it?
fn covers(name: &str, host: &str) -> bool {
    host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// An IPv4 address in any notation of `inet_aton`: one to four numbers, decimal, octal or hexadecimal, the last
/// of which fills the bytes that are left.
fn parse_ipv4(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, leading) = parts.split_last().filter(|(_, leading)| leading.len() <= 3)?;
    let mut address: u32 = 0;
    for (part, shift) in leading.iter().zip([24, 16, 8]) {
        address |= u32::from(u8::try_from(parse_number(part)?).ok()?) << shift;
    }
    let room = u64::from(u32::MAX) >> (8 * leading.len());
    let last = parse_number(last).filter(|last| *last <= room)?;
    Some(address | u32::try_from(last).ok()?)
}

fn parse_number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (text.get(2..)?, 16),
        [b'0', _, ..] => (text.get(1..)?, 8),
        _ => (text, 10),
    };
    let is_number = !digits.starts_with('+');
    u64::from_str_radix(digits, radix).ok().filter(|_| is_number)
}

fn parse_network(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| (1..=32).contains(bits))?;
    Some((parse_ipv4(address)?, u32::MAX << (32 - bits)))
}

/// `url` with `scheme` in front, unless it has one (`requests.utils.prepend_scheme_if_needed`); host names that
/// are not ASCII are given to `idna`.
///
/// # Errors
/// [`Kind::InvalidUrl`] when it cannot be parsed.
pub fn prepend_scheme(url: &str, scheme: &str, idna: Idna<'_>) -> Result<String> {
    let parts = parse_url(url, idna).map_err(|message| failed(Kind::InvalidUrl, message))?;
    let netloc = parts.netloc().unwrap_or_default();
    let path = parts.path.as_deref().unwrap_or_default();
    // A host that is taken for a path, as "p" in "http:p" is, goes where it belongs.
    let (netloc, path) = if netloc.is_empty() { (path, "") } else { (netloc.as_str(), path) };
    let userinfo = parts.auth.as_deref().map(|auth| format!("{auth}@")).unwrap_or_default();
    Ok(urlunsplit(&Split {
        scheme: parts.scheme.as_deref().unwrap_or(scheme).into(),
        netloc: &(userinfo + netloc),
        path: path.into(),
        query: parts.query.as_deref().unwrap_or_default(),
        fragment: parts.fragment.as_deref().unwrap_or_default(),
    }))
}

/// The URL of a proxy as the caller wrote it, `http` where it has no scheme. Its host name must be ASCII.
///
/// # Errors
/// [`Kind::InvalidUrl`] when it cannot be parsed or is of a scheme that no proxy speaks (known are HTTP's and
/// SOCKS's), [`Kind::InvalidProxyUrl`] when it has no host. The message holds no password.
pub fn proxy_url(text: &str) -> Result<Url> {
    const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    let text = prepend_scheme(text, "http", &|_| None)?;
    let scheme = text.split(':').next().unwrap_or_default();
    let url = Url::prepare(&text, "").ok().filter(|url| !url.host().is_empty());
    match url {
        Some(url) if SCHEMES.contains(&scheme) => Ok(url),
        Some(_) => {
            let message =
                format!("Proxy URL had unsupported scheme {scheme}, should use http:// or https://");
            Err(failed(Kind::InvalidUrl, message))
        }
        None => {
            let message = "Please check proxy URL. It is malformed and could be missing the host.";
            Err(failed(Kind::InvalidProxyUrl, message))
        }
    }
}

fn failed(kind: Kind, message: impl Into<String>) -> Error {
    Error::new(kind, Phase::Proxy, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::prepare(text, "").unwrap()
    }

    fn map(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_closest_key_names_the_proxy() {
        let all = [("all", "4"), ("all://h", "3"), ("http", "2"), ("http://h", "1")];
        for count in 1..=4 {
            let proxies = Proxies::new(map(&all[..count]), Vec::new());
            assert_eq!(proxies.select(&url("http://H:8080/")), Some(all[count - 1].1));
        }
        assert_eq!(Proxies::new(map(&all[2..]), Vec::new()).select(&url("https://h/")), None);
    }

    #[test]
    fn the_request_asks_before_the_environment_and_that_before_the_session() {
        let session = map(&[("http", "s"), ("https", "s")]);
        let proxies =
            Proxies::new(Vec::new(), session).with_environment(map(&[("http", "e"), ("no", "x.test")]));
        assert_eq!(proxies.select(&url("http://h/")), Some("e"));
        assert_eq!(proxies.select(&url("https://h/")), Some("s"));
        assert_eq!(proxies.select(&url("http://a.x.test/")), Some("s"));
    }

    #[test]
    fn no_proxy_of_the_request_takes_the_place_of_the_environments() {
        let environment = map(&[("http", "e"), ("no", "h")]);
        let proxies = Proxies::new(map(&[("no_proxy", "other")]), Vec::new()).with_environment(environment);
        assert_eq!(proxies.select(&url("http://h/")), Some("e"));
        assert_eq!(proxies.select(&url("http://other/")), None);
    }

    #[test]
    fn lower_case_variables_win_and_unset() {
        let variables = |entries: &[(&str, &str)]| from_environment(map(entries));
        assert_eq!(
            variables(&[("http_proxy", "a"), ("HTTP_PROXY", "b"), ("PATH", "c")]),
            map(&[("http", "a")])
        );
        assert_eq!(variables(&[("http_proxy", ""), ("HTTP_PROXY", "b")]), []);
        assert_eq!(variables(&[("NO_PROXY", "h"), ("HTTPS_PROXY", "")]), map(&[("no", "h")]));
    }

    #[test]
    fn under_cgi_the_proxy_header_of_a_request_is_no_proxy() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "evil"), ("HTTPS_PROXY", "s")];
        assert_eq!(from_environment(map(&cgi)), map(&[("https", "s")]));
        let with_lower = [cgi[0], cgi[1], ("http_proxy", "good")];
        assert_eq!(from_environment(map(&with_lower)), map(&[("http", "good")]));
    }

    #[test]
    fn a_proxy_without_scheme_speaks_http() {
        for (text, wanted) in [
            ("proxy.test:3128", "http://proxy.test:3128/"),
            ("//u:p@proxy", "http://u:p@proxy/"),
            ("HTTPS://Proxy/", "https://proxy/"),
            ("socks5h://u:p@Proxy:9", "socks5h://u:p@Proxy:9"),
        ] {
            assert_eq!(proxy_url(text).unwrap().as_str(), wanted, "{text}");
        }
        let socks = proxy_url("socks5://u:p@Proxy").unwrap();
        assert_eq!((socks.host(), socks.port_or_default()), ("proxy", 1080));
        assert_eq!(socks.userinfo(), Some(("u".to_owned(), "p".to_owned())));
    }

    #[test]
    fn a_proxy_without_host_is_refused() {
        for text in ["", "http://", "http:///path", "user:password@proxy"] {
            assert_eq!(proxy_url(text).unwrap_err().kind(), Kind::InvalidProxyUrl, "{text}");
        }
        let error = proxy_url("http://u:secret@h:port/").unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidUrl);
        assert!(!error.to_string().contains("secret"));
        let error = proxy_url("http://u:secret@h:99999/").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn debug_shows_no_proxy_password() {
        let proxies = Proxies::new(map(&[("http", "http://u:secret@p")]), Vec::new());
        assert!(!format!("{proxies:?}").contains("secret"));
    }
}
