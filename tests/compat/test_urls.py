"""URLs: how they are quoted and normalised, on the wire and in `r.url`, and which are refused."""

from __future__ import annotations

import pytest

from .harness import attempt, compat, only

PATHS = [
    "",
    "/",
    "/a b",
    "/\u00e9",
    "/%7Ea%20b",
    "/%7ea%2fb%2F",
    "/100%",
    "/%zz%",
    "/a+b?c=d+e",
    "/[x]?q=[1]",
    "?q=1",
    "#part",
    "//a//b",
    "/a/../b/./c",
    "/../../x",
    "/a/..",
    "/a/.",
    "/|^`{}",
    '/"<>\\',
    "/a;b=c?d;e",
    "/?q=\u65e5",
    "/a:b@c",
    "/x?a=1&b=%C3%A9#fr\u00e9g",
    "/x?a='b'",
    "/x?http://y/z",
    "/x??y",
    "/x#a#b",
    "/\U0001f426",
    "/a%00b",
    "/x?a=b c",
    "/x?a=%FF",
    "/~user/-._!$&'()*+,;=:@",
    "/x y?z w#v u",
]


@compat
@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_quoted_as_in_requests(client, server, path):
    return client.get(server.url + path)


@compat
@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("http", "HTTP", 1),
        lambda url: url.replace("127.0.0.1", "LOCALHOST"),
        lambda url: url.encode(),
        lambda url: "  " + url,
        lambda url: url + "/path  ",
        lambda url: url + "/pa\tth",
        lambda url: url.replace("//", "//user@"),
        lambda url: url.replace("//", "//user:@"),
        lambda url: url.replace("//", "//us%20er:p%40ss@"),
        lambda url: url.replace("127.0.0.1", "127.1"),
        lambda url: type("Url", (), {"__str__": lambda self: url})(),
    ],
    ids=[
        "scheme",
        "host",
        "bytes",
        "leading",
        "trailing",
        "tab",
        "user",
        "empty password",
        "auth",
        "short",
        "object",
    ],
)
def test_a_url_is_normalised_as_in_requests(client, server, change):
    return attempt(client.get, change(server.url))


WRONG = [
    "127.0.0.1/x",
    "",
    "http://",
    "http:///x",
    "http://*.example/",
    "http://.example/",
    "http://h:99999/",
    "http://h:abc/",
    "http://[::1/",
    "http://[::zz]/",
    "http://a b/",
    "http://\u00e9.\u0000/",
    "http://x\u2488com/",
    "foo://x/",
    "mailto:a@b",
    "data:,x",
    "file:///etc/passwd",
    "ftp://x/",
    "//host/path",
    "/path",
    "host:80/path",
    "http//x",
    ":",
    "http:/x",
    "http://@/",
    "http://user@/",
    "http://" + "a" * 64 + "\u00e9.example/",
    None,
    5,
    b"\xff",
    ["http://x/"],
]


@compat
@pytest.mark.parametrize("url", WRONG, ids=repr)
@only("http")
def test_a_url_that_is_none_is_refused_before_anything_is_sent(client, server, url):
    return attempt(client.get, url)


MESSAGES = [
    "127.0.0.1/x",
    "",
    "http://",
    "http://*.example/",
    "http://h:99999/",
    "http://h:abc/",
    "foo://x/",
    None,
]


@compat
@pytest.mark.parametrize("url", MESSAGES, ids=repr)
@only("http")
def test_requests_words_about_a_wrong_url_are_kept(client, server, url):
    return str(attempt(client.get, url))


PREPARED = [
    *PATHS,
    *(url for url in WRONG if isinstance(url, str)),
]


@compat
@pytest.mark.parametrize("url", PREPARED, ids=repr)
@only("http")
def test_preparing_gives_the_same_url(client, server, url):
    if url.startswith(("/", "?", "#")) or not url:
        url = "http://example.test" + url
    prepared = attempt(client.lib.Request("GET", url, params={"k": "v"}).prepare)
    return prepared if isinstance(prepared, Exception) else [prepared.url, prepared.path_url]


IDNA = [
    "http://b\u00fccher.example/",
    "http://\u65e5\u672c.jp/",
    "http://xn--bcher-kva.example/",
    "http://FA\u00df.de/",
    "http://\u00b2/",
    "http://\u2460.test/",
    "http://a\u3002b/",
    "http://\u2167.test/",
    "http://xn--\u00e9.test/",
    "http://\u00e9_.test/",
    "http+x://\u00b2/",
    "http+x://\u00e9.test/",
]


@compat
@pytest.mark.parametrize("url", IDNA)
@only("http")
def test_a_host_beyond_ascii_is_encoded(client, server, url):
    return attempt(client.lib.Request("GET", url).prepare)


@compat
@only("http")
def test_the_host_field_leaves_a_default_port_out(client, server):
    client.session.proxies = {"http": server.url}
    for url in [
        "http://example.test/",
        "http://example.test:80/",
        "http://example.test:8080/",
        "http://[::1]/",
    ]:
        attempt(client.get, url)
    return
