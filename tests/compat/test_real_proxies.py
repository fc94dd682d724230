"""The same through real proxies: tinyproxy and squid, which both ask for a user and a password.

Where a case sends several plain requests each has a session of its own (`client.once`): tinyproxy closes the
connection after a reply without saying so in it, and whether a client notices in time is chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import martlet
from servers import misbehaving, proxies
from servers.wire import chunked, redirect, reply

from .harness import attempt, compat, only

BODY = bytes(range(256)) * 8000


@pytest.fixture(scope="module", params=list(proxies.PROXIES))
def proxy(request) -> Iterator[proxies.Proxy]:
    if reason := proxies.reason_to_skip(request.param):
        pytest.skip(reason)
    with proxies.running(request.param) as proxy:
        yield proxy


def by(url):
    return {"http": url, "https": url}


def unseen(server):
    """That the target was not shown what is the proxy's."""
    return all(seen.header("Proxy-Authorization") is None for seen in server.requests)


@compat
def test_the_right_credentials_open_the_way(client, server, proxy):
    url = server.url + "/a%20b?c=d"
    response = client.get(url, params={"e": "\u00e9"}, headers={"X-Own": "1"}, proxies=by(proxy.url))
    assert unseen(server)
    return [response.status_code, response.content, response.url, response.request]


@compat
def test_credentials_may_be_the_sessions_and_for_the_target_too(client, server, proxy):
    client.session.proxies = by(proxy.url)
    client.post(server.url + "/", data={"k": "v"}, auth=("target", "secret"))
    assert unseen(server)
    assert server.requests[0].header("Authorization") == "Basic dGFyZ2V0OnNlY3JldA=="
    assert server.requests[0].body == b"k=v"


@compat
@pytest.mark.parametrize("userinfo", [None, "user:wrong", "other:secret", "user"])
def test_wrong_credentials_or_none_are_refused(client, server, proxy, userinfo):
    outcome = attempt(client.get, server.url + "/", proxies=by(proxy.url_with(userinfo)))
    assert not server.requests
    if server.scheme == "https":
        assert isinstance(outcome, client.lib.exceptions.ProxyError)
        return outcome
    assert outcome.status_code in (401, 407)  # tinyproxy says 401 of wrong credentials
    return [outcome.status_code, outcome.reason, sorted(outcome.headers), outcome.content != b""]


@compat
def test_a_host_that_the_proxy_denies(client, server, proxy):
    url = f"{server.scheme}://{proxies.DENIED}/"
    outcome = attempt(client.get, url, proxies=by(proxy.url))
    if server.scheme == "https":
        assert isinstance(outcome, client.lib.exceptions.ProxyError)
        return outcome
    return [outcome.status_code, outcome.reason, sorted(outcome.headers), outcome.content != b""]


@compat
def test_a_target_that_the_proxy_cannot_reach(client, server, proxy):
    with misbehaving.refusing_port() as port:
        outcome = attempt(client.get, f"{server.scheme}://127.0.0.1:{port}/", proxies=by(proxy.url))
    if server.scheme == "https":
        assert isinstance(outcome, client.lib.exceptions.ProxyError)
        return type(outcome).__name__
    assert outcome.status_code >= 500
    return [outcome.status_code, outcome.reason, sorted(outcome.headers)]


@compat
def test_a_session_works_on_after_a_refusal(client, server, proxy):
    attempt(client.get, server.url + "/", proxies=by(proxy.url_with("user:wrong")))
    assert client.get(server.url + "/", proxies=by(proxy.url)).content == b"ok"


@compat
@only("http")
def test_redirects_from_http_to_https(client, server, proxy, authority):
    other = server.another("https")
    client.session.verify = authority.ca_file
    server.on("/from", redirect(302, other.url + "/middle"))
    other.on("/middle", redirect(307, server.another("https").url + "/to"))
    response = client.get(server.url + "/from", proxies=by(proxy.url))
    assert unseen(server)
    assert unseen(other)
    return [response.url, response.content, [hop.status_code for hop in response.history]]


@compat
@only("https")
def test_a_tunnel_is_used_again(client, server, proxy):
    for _ in range(3):
        client.get(server.url + "/", proxies=by(proxy.url))
    assert len(server.connections()) == 1


@compat
def test_bodies_of_every_size_come_and_go(client, server, proxy):
    server.on("/down", reply(200, BODY))
    server.on("/chunks", chunked(BODY[:100], BODY[100:]))
    through = by(proxy.url)
    assert client.once("get", server.url + "/down", proxies=through).content == BODY
    assert client.once("get", server.url + "/chunks", proxies=through).content == BODY
    client.once("post", server.url + "/up", data=BODY, proxies=through)
    assert server.requests[-1].body == BODY


@compat
def test_bodies_are_streamed(client, server, proxy, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(BODY)
    server.on("/", reply(200, BODY))
    with path.open("rb") as file:
        client.once("put", server.url + "/up", data=file, proxies=by(proxy.url))
    assert server.requests[-1].body == BODY
    response = client.get(server.url + "/", stream=True, proxies=by(proxy.url))
    assert b"".join(client.chunks(response, 10_000)) == BODY


@compat
@pytest.mark.parametrize("size", [1, 70_000])
def test_an_iterator_is_sent_in_chunks(client, server, proxy, size):
    pieces = [BODY[:size], b"end"]
    client.post(server.url + "/", data=iter(pieces), proxies=by(proxy.url))
    assert server.requests[0].body == b"".join(pieces)
    server.requests.clear()  # how squid cuts the chunks anew depends on when they come


@compat
def test_a_streamed_response_may_be_closed_unread(client, server, proxy):
    server.on("/", reply(200, BODY))
    client.session.proxies = by(proxy.url)
    client.close_response(client.get(server.url + "/", stream=True))
    server.wait_until_closed()
    assert client.get(server.url + "/other").content == b"ok"


@compat
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_the_environments_proxy_is_gone_through(client, server, proxy, monkeypatch, name):
    # Without credentials, so that it shows: it refuses.
    monkeypatch.setenv(name, proxy.url_with(None))
    outcome = attempt(client.get, server.url + "/")
    refused = isinstance(outcome, Exception) or outcome.status_code == 407
    assert refused == (name.lower() in (f"{server.scheme}_proxy", "all_proxy"))
    monkeypatch.setenv(name, proxy.url)
    assert client.get(server.url + "/").content == b"ok"


PASSED = {
    "*": True,
    "localhost": True,
    "host": False,
    ".localhost": True,
    "other.test, localhost ,x": True,
    "localhost:PORT": True,
    "localhost:1": False,
    "127.0.0.0/8": False,
}


@compat
@pytest.mark.parametrize("no_proxy", PASSED)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_names_hosts_to_reach_without_it(client, server, proxy, monkeypatch, no_proxy, name):
    monkeypatch.setenv("ALL_PROXY", proxy.url_with(None))
    monkeypatch.setenv(name, no_proxy.replace("PORT", str(server.port)))
    outcome = attempt(client.get, server.url.replace("127.0.0.1", "localhost") + "/")
    assert (getattr(outcome, "content", None) == b"ok") == PASSED[no_proxy]


@compat
@pytest.mark.parametrize(
    "no_proxy", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", "10.0.0.0/8", "127.0.0.1:PORT"]
)
def test_no_proxy_names_addresses_and_networks(client, server, proxy, monkeypatch, no_proxy):
    monkeypatch.setenv("ALL_PROXY", proxy.url_with(None))
    monkeypatch.setenv("NO_PROXY", no_proxy.replace("PORT", str(server.port)))
    outcome = attempt(client.get, server.url + "/")
    return getattr(outcome, "content", None) == b"ok"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_many_requests_share_the_tunnels_of_a_loop(serve, authority, proxy, scheme):
    server = serve(tls=scheme == "https")

    async def fetch() -> list[bytes]:
        bodies = []
        async with martlet.AsyncSession() as session:
            session.proxies, session.verify = by(proxy.url), authority.ca_file
            for _ in range(5):
                round_of = [session.get(f"{server.url}/{number}") for number in range(8)]
                bodies += [response.content for response in await asyncio.gather(*round_of)]
        return bodies

    assert asyncio.run(fetch()) == [b"ok"] * 40
    assert len(server.requests) == 40
    if scheme == "https":
        assert len(server.connections()) <= 8


def test_many_threads_share_a_session(tls_server, authority, proxy):
    with martlet.Session() as session, ThreadPoolExecutor(8) as threads:
        session.proxies, session.verify = by(proxy.url), authority.ca_file
        responses = threads.map(lambda _: session.get(tls_server.url + "/"), range(40))
        assert [response.content for response in responses] == [b"ok"] * 40
    assert len(tls_server.connections()) <= 8
