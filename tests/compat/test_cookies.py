"""Cookies: which are kept, which are sent where, and the jar."""

from __future__ import annotations

import pytest

from servers.wire import reply

from .harness import attempt, compat

SET = [
    "a=1",
    "a=1; Path=/",
    "a=1; Path=/dir",
    "a=1; Path=/other",
    "a=1; path=dir",
    'a="quo ted"',
    "a=",
    "=1",
    "a",
    "a=b=c",
    "a=1; Secure",
    "a=1; HttpOnly; SameSite=Lax",
    "a=1; Max-Age=100",
    "a=1; Max-Age=0",
    "a=1; Max-Age=-1",
    "a=1; Max-Age=x",
    "a=1; Expires=Wed, 09 Jun 2100 10:18:14 GMT",
    "a=1; expires=Wed, 09-Jun-2100 10:18:14 GMT",
    "a=1; Expires=Wed, 09 Jun 1999 10:18:14 GMT",
    "a=1; Expires=nonsense",
    "a=1; Expires=Wed, 09 Jun 1999 10:18:14 GMT; Max-Age=100",
    "a=1; Domain=127.0.0.1",
    "a=1; Domain=.127.0.0.1",
    "a=1; Domain=example.test",
    "a=1; Domain=",
    "a=1; Version=1",
    "a=1; Port=80",
    "a=1; Comment=x; Unknown=y",
    "a=\u00e9",
    "a=1, b=2",
    "a=1; b=2",
    " a = 1 ;Path = /",
    "a=1;Path=/dir;Path=/",
    "",
    ";",
    "$a=1",
]


@compat
@pytest.mark.parametrize("cookie", SET)
def test_a_cookie_is_kept_and_sent_as_by_the_standard_library(client, server, cookie):
    server.on("/dir/set", reply(200, b"", ("Set-Cookie", cookie.encode().decode("latin-1"))))
    response = client.get(server.url + "/dir/set")
    for path in ("/dir/set", "/dir/", "/", "/other/x", "/directory"):
        client.get(server.url + path)
    client.get(server.url.replace("127.0.0.1", "localhost") + "/dir/")
    kept = [
        (c.name, c.value, c.domain, c.path, c.secure, c.expires is None, c.discard)
        for c in client.session.cookies
    ]
    return [[(c.name, c.value) for c in response.cookies], kept]


@compat
def test_a_cookie_is_replaced_and_removed_by_the_server(client, server):
    server.on("/1", reply(200, b"", ("Set-Cookie", "a=1"), ("Set-Cookie", "b=1"), ("Set-Cookie", "c=1")))
    server.on("/2", reply(200, b"", ("Set-Cookie", "b=2"), ("Set-Cookie", "a=; Max-Age=0")))
    client.get(server.url + "/1")
    client.get(server.url + "/2")
    client.get(server.url + "/3")
    assert server.requests[2].header("Cookie") == "b=2; c=1"
    return client.session.cookies


@compat
def test_longer_paths_come_first(client, server):
    cookies = [
        ("Set-Cookie", f"c{n}={n}; Path={path}") for n, path in enumerate(["/", "/a/b", "/a", "/a/b/c"])
    ]
    server.on("/a/b/c/set", reply(200, b"", *cookies))
    client.get(server.url + "/a/b/c/set")
    client.get(server.url + "/a/b/c/d")
    assert server.requests[1].header("Cookie") == "c3=3; c1=1; c2=2; c0=0"


@compat
def test_secure_cookies_are_sent_over_https_only(client, server):
    other = server.another("https" if server.scheme == "http" else "http")
    server.on("/", reply(200, b"", ("Set-Cookie", "a=1; Secure"), ("Set-Cookie", "b=1")))
    client.get(server.url + "/")
    client.get(server.url + "/")
    attempt(client.get, other.url + "/")


@compat
@pytest.mark.parametrize(
    "cookies",
    [
        {"b": "2", "a": "1", "q": 'x y"z'},
        {"a": ""},
        {"a": None},
        {"a": "\u00e9"},
        {"a": "\u65e5"},
        {"a b": "c;d"},
        {},
        {"a": 1},
        [("a", "1")],
        "a=1",
        5,
    ],
    ids=repr,
)
def test_cookies_of_a_call_are_sent_and_not_kept(client, server, cookies):
    outcome = attempt(client.get, server.url + "/", cookies=cookies)
    client.get(server.url + "/")
    assert not list(client.session.cookies)
    return outcome


@compat
def test_cookies_of_session_and_call_are_merged(client, server):
    client.session.cookies.update({"both": "session", "session": "1"})
    client.get(server.url + "/", cookies={"both": "call", "call": "1"})
    client.get(server.url + "/")
    return client.session.cookies.get_dict()


@compat
def test_a_jar_may_be_given_to_a_call(client, server):
    jar = client.lib.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="127.0.0.1", path="/here")
    jar.set("b", "2", domain="example.test")
    jar.set("c", "3")
    client.get(server.url + "/here", cookies=jar)
    client.get(server.url + "/there", cookies=jar)
    assert sorted(server.requests[0].header("Cookie").split("; ")) == ["a=1", "c=3"]


@compat
def test_a_jar_of_the_standard_library_may_be_the_sessions(client, server):
    import http.cookiejar

    client.session.cookies = http.cookiejar.CookieJar()
    server.on("/", reply(200, b"", ("Set-Cookie", "a=1")))
    client.get(server.url + "/")
    client.get(server.url + "/")
    assert server.requests[1].header("Cookie") == "a=1"
    return [(cookie.name, cookie.value) for cookie in client.session.cookies]


@compat
def test_the_policy_of_a_jar_is_followed(client, server):
    import http.cookiejar

    policy = http.cookiejar.DefaultCookiePolicy(blocked_domains=["127.0.0.1"])
    client.session.cookies.set_policy(policy)
    server.on("/", reply(200, b"", ("Set-Cookie", "a=1")))
    client.get(server.url + "/")
    client.get(server.url + "/")
    assert [request.header("Cookie") for request in server.requests] == [None, None]


@compat
@pytest.mark.parametrize(
    ("name", "value"), [("a", "\u65e5"), ("\u65e5", "1"), ("a", "\u00ff"), ("", "\u0130")]
)
def test_cookies_of_the_session_that_cannot_be_sent(client, server, name, value):
    client.session.cookies.update({name: value})
    return attempt(client.get, server.url + "/")


@compat
def test_a_dict_may_be_made_the_sessions_cookies(client, server):
    client.session.cookies = client.lib.cookies.cookiejar_from_dict({"a": "1"})
    client.get(server.url + "/")
    assert server.requests[0].header("Cookie") == "a=1"


@compat
def test_a_given_cookie_header_wins(client, server):
    client.session.cookies["session"] = "1"
    client.get(server.url + "/", headers={"Cookie": "mine=1"}, cookies={"call": "1"})
    client.get(server.url + "/", headers={"cookie": "mine=1"})
    assert [request.header("Cookie") for request in server.requests] == ["mine=1", "mine=1"]


@compat
def test_the_jar_is_a_mapping_with_more_keys_than_names(client, server):
    jar = client.lib.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="x.test", path="/")
    jar.set("a", "2", domain="y.test", path="/p")
    jar.set("b", "3")
    conflict = attempt(lambda: jar["a"])
    results = [
        conflict,
        jar.get("a", domain="y.test"),
        jar.get("missing", "default"),
        jar.get_dict(domain="x.test"),
        jar.list_domains(),
        jar.list_paths(),
        jar.multiple_domains(),
        "b" in jar,
        "missing" in jar,
        len(jar),
        sorted(jar.keys()),
        sorted(jar.values()),
        sorted(jar.items()),
        jar.copy() is not jar,
        repr(jar)[:18],
    ]
    jar.set("b", None)
    missing = attempt(lambda: jar["b"])
    jar.clear()
    return [*results, missing, len(jar)]
