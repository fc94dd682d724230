"""Small things that responses, cookies, sessions and requests do beside being sent."""

from __future__ import annotations

import io
import pickle

import pytest

from servers.wire import CLOSE, chunked, redirect, reply

from .harness import attempt, compat, only, sync_only

COOKIES = [
    "k=v; Path=/p; HttpOnly; SameSite=Lax",
    "s=1; Secure; Max-Age=100",
    "d=1; Domain=127.0.0.1; Comment=said; Version=1",
    "p=1; Port=80; Discard",
    'q="a b"; Unknown=x; Unknown2',
]


@compat
@pytest.mark.parametrize("cookie", COOKIES)
def test_all_that_a_cookie_says_can_be_asked(client, server, cookie):
    server.on("/p/q", reply(200, b"", ("Set-Cookie", cookie)))
    response = client.get(server.url + "/p/q")
    return [
        [
            (each.name, each.value, each.domain, each.domain_specified, each.domain_initial_dot),
            (each.path, each.path_specified, each.port, each.port_specified, each.version, each.secure),
            (each.discard, each.comment, each.comment_url, each.rfc2109, each.expires is None),
            [each.get_nonstandard_attr(name) for name in ("HttpOnly", "SameSite", "Unknown", "Unknown2")],
            (each.has_nonstandard_attr("HttpOnly"), each.is_expired(), repr(each)[:10]),
        ]
        for jar in (response.cookies, client.session.cookies)
        for each in jar
    ]


@compat
def test_cookies_know_no_ports(client, server):
    other = server.another()
    server.on("/", reply(200, b"", ("Set-Cookie", "a=1")))
    client.get(server.url + "/")
    client.get(other.url + "/")
    assert other.requests[0].header("Cookie") == "a=1"


@compat
@sync_only
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_iterated_in_pieces_of_128_bytes(client, server, stream):
    server.on("/", reply(200, bytes(300)))
    assert [len(piece) for piece in client.get(server.url + "/", stream=stream)] == [128, 128, 44]


@compat
@sync_only
@pytest.mark.parametrize("read", [0, 2, None])
def test_a_with_block_closes_a_response(client, server, read):
    server.on("/", reply(200, b"x" * 1_000_000))
    with client.get(server.url + "/", stream=True) as response:
        if read is None:
            assert len(response.content) == 1_000_000
        elif read:
            assert len(next(response.iter_content(read))) == read
    client.get(server.url + "/other")
    return len(server.connections())


@compat
def test_a_response_of_a_streamed_redirect_gives_its_connection_back(client, server):
    server.on("/from", redirect(302, "/to", b"moved"))
    response = client.get(server.url + "/from", stream=True, allow_redirects=False)
    following = response.next
    assert client.content(response) == b"moved"
    return [client.send(following), len(server.connections())]


@compat
def test_a_header_of_ones_own_goes_with_a_redirect_to_another_host(client, server):
    other = server.another()
    server.on("/from", redirect(302, other.url + "/to"))
    client.get(server.url + "/from", headers={"X-Api-Key": "kept", "Authorization": "taken"})
    request = other.requests[0]
    assert (request.header("X-Api-Key"), request.header("Authorization")) == ("kept", None)


@compat
@only("http")
@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "other.test", "*", "", None])
@pytest.mark.parametrize("place", ["call", "session"])
def test_no_proxy_may_stand_beside_the_proxies(client, server, monkeypatch, no_proxy, place):
    proxy = server.another()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    proxies = {"no_proxy": no_proxy}
    if place == "session":
        client.session.proxies = proxies
        client.get(server.url + "/")
    else:
        client.get(server.url + "/", proxies=proxies)
    client.get(server.url + "/", proxies={"http": proxy.url, "no_proxy": no_proxy})
    return [len(server.requests), len(proxy.requests)]


@compat
@only("http")
@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("place", ["call", "session"])
def test_a_proxy_of_nothing_switches_the_others_off(client, server, monkeypatch, value, place):
    proxy = server.another()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    if place == "session":
        client.session.proxies = {"http": value}
        client.get(server.url + "/")
    else:
        client.get(server.url + "/", proxies={"http": value})
        client.session.proxies = {"http": proxy.url}
        client.get(server.url + "/", proxies={"http": value})
    return [len(server.requests), len(proxy.requests)]


@compat
@only("http")
def test_settings_of_proxies_for_a_prepared_request_that_is_sent(client, server, monkeypatch):
    proxy = server.another()
    prepared = client.lib.Request("GET", server.url + "/").prepare()
    prepared.headers["User-Agent"] = prepared.headers["Accept-Encoding"] = "x"
    client.send(prepared)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    client.send(prepared)
    client.send(prepared, proxies={})
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client.send(prepared)
    client.send(prepared, proxies={"http": proxy.url})
    client.session.trust_env = False
    client.send(prepared)


OBJECTS = {
    "Request": lambda client, url: client.lib.Request("POST", url, json={"a": 1}, params={"q": "1"}),
    "PreparedRequest": lambda client, url: client.prepare("POST", url, data={"a": "1"}, cookies={"c": "1"}),
    "jar": lambda client, url: client.session.cookies,
    "headers": lambda client, url: client.session.headers,
    "HTTPAdapter": lambda client, url: client.lib.adapters.HTTPAdapter(max_retries=3, pool_maxsize=7),
    "HTTPBasicAuth": lambda client, url: client.lib.auth.HTTPBasicAuth("u", "p"),
    "HTTPError": lambda client, url: client.lib.HTTPError("said", response=client.get(url)),
    "Response": lambda client, url: client.get(url),
}


@compat
@only("http")
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_survive_pickling(client, server, name):
    client.session.cookies.set("a", "1", domain="127.0.0.1", path="/")
    made = OBJECTS[name](client, server.url + "/")
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)
    if name == "HTTPAdapter":
        return [again.max_retries.total, again._pool_maxsize, again.config]
    if name == "Request":
        return [again.method, again.url, again.json, again.params, again.headers, repr(again)]
    if name == "HTTPBasicAuth":
        return [again == made, again.username]
    return again


@compat
@only("http")
def test_a_prepared_request_made_by_hand_is_sent(client, server):
    prepared = client.lib.PreparedRequest()
    prepared.prepare_method("put")
    prepared.prepare_url(server.url + "/a b", {"q": ["1", "2"]})
    prepared.prepare_headers({"X": "1", "User-Agent": "own", "Accept-Encoding": "identity"})
    prepared.prepare_cookies({"c": "1"})
    prepared.prepare_body({"k": "v"}, None)
    prepared.prepare_auth(("u", "p"))
    prepared.prepare_hooks(None)
    return [client.send(prepared), prepared.path_url, repr(prepared)]


BODIES = {
    "file at its end": lambda: _at_the_end(b"abc"),
    "file of nothing": lambda: io.BytesIO(),
    "generator of nothing": lambda: iter(()),
    "generator of empty pieces": lambda: iter([b"", b"a", b""]),
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "tuple of pairs": lambda: (("a", "1"), ("a", "2")),
    "dict of lists": lambda: {"a": ["1", None, "2"], "b": ()},
}


def _at_the_end(content):
    file = io.BytesIO(content)
    file.seek(len(content))
    return file


@compat
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_bodies_at_the_edges(client, server, name, method):
    return attempt(client.request, method, server.url + "/", data=BODIES[name]())


@compat
def test_reading_by_lines_gives_the_connection_back(client, server):
    server.on("/", chunked(b"a\r", b"\nb", b"\n\nc"))
    lines = [list(client.lines(client.get(server.url + "/", stream=True))) for _ in range(2)]
    assert len(server.connections()) == 1
    return lines


@compat
def test_a_response_of_http_1_0_ends_with_its_connection(client, server):
    server.on("/", [reply(200, b"abc", length=False, version="1.0"), CLOSE])
    response = client.get(server.url + "/", stream=True)
    return [list(client.chunks(response, 2)), client.get(server.url + "/").content]


@compat
@only("http")
def test_the_urls_of_a_session_are_matched_by_prefixes_of_any_kind(client, server):
    session = client.session
    for prefix in ("http://127.0.0.1", "HTTP://127.0.0.1:1", "x", ""):
        session.mount(prefix, client.lib.adapters.HTTPAdapter())
    urls = ("http://127.0.0.1:1/", "http://127.0.0.1/", "http://other.test/", "xyz", "anything")
    found = [session.get_adapter(url=url) for url in urls]
    places = list(session.adapters.values())
    return [list(session.adapters), [places.index(adapter) for adapter in found]]
