"""HTTPS through a proxy: what CONNECT says, what becomes of each answer to it, what goes through the tunnel.

In each case `server` is the proxy. The version and the `Host` of a CONNECT, which in requests depend on
Python's version, are compared in test_differences.py alone.
"""

from __future__ import annotations

import warnings

import pytest

from servers import misbehaving
from servers.misbehaving import BROKEN_HEADS
from servers.recording import RecordingServer
from servers.wire import CLOSE, chunked, redirect, reply, tunnel

from .harness import attempt, compat, only

TARGET = "https://target.test/path?q=1#part"


def through(client, server, authority):
    """A server behind a tunnel of `server`'s, whom the client's session trusts."""
    server.otherwise(tunnel)
    client.session.verify = authority.ca_file
    client.session.proxies = {"https": server.url}
    return server.another("https")


def connects(server):
    return [seen.target for seen in server.requests]


@compat
@only("http")
@pytest.mark.parametrize(
    "host",
    [
        "target.test",
        "target.test:8443",
        "TARGET.test:443",
        "target.test.",
        "b\u00fccher.test",
        "[::1]",
        "[::1]:8443",
        "127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("userinfo", ["", "us%20er:pass@", "user:@", "user@", "\u00e9:\u00e9@"])
def test_connect_names_host_and_port_and_shows_the_proxys_credentials(client, server, host, userinfo):
    server.otherwise(reply(502))
    proxy = server.url.replace("://", "://" + userinfo)
    error = attempt(
        client.get, f"https://{host}/path?q=1", proxies={"https": proxy}, auth=("target", "secret")
    )
    assert server.requests[0].method == "CONNECT"
    assert server.requests[0].header("Authorization") is None
    return error


@compat
@only("http")
@pytest.mark.parametrize("status", [300, 301, 400, 401, 403, 404, 405, 407, 500, 502, 503, 504, 600])
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_tunnel_is_a_proxy_error(client, server, status, stream):
    fields = ("Location", server.url), ("Proxy-Authenticate", 'Basic realm="r"')
    server.otherwise(reply(status, b"says the proxy", *fields))
    proxy = server.url.replace("://", "://u:p@")
    error = attempt(client.get, TARGET, proxies={"https": proxy}, stream=stream)
    assert isinstance(error, client.lib.exceptions.ProxyError)
    assert str(status) in str(error)
    return error


@compat
@only("http")
@pytest.mark.parametrize("name", [name for name in BROKEN_HEADS if name != "never ends the head"])
def test_an_answer_to_connect_that_is_none(client, server, name):
    server.otherwise(BROKEN_HEADS[name])
    error = attempt(client.get, TARGET, proxies={"https": server.url}, timeout=20)
    assert isinstance(
        error, client.lib.exceptions.ConnectionError
    )  # in martlet a ProxyError: row proxy-silent


@compat
@only("http")
def test_a_tunnel_that_ends_at_once(client, server):
    server.otherwise([reply(200, length=False), CLOSE])
    error = attempt(client.get, TARGET, proxies={"https": server.url}, timeout=20)
    assert isinstance(error, client.lib.exceptions.ConnectionError)


@compat
@only("http")
@pytest.mark.parametrize("url", [TARGET, "http://target.test/"])
def test_a_proxy_that_refuses_connections_is_a_proxy_error(client, server, url):
    with misbehaving.refusing_port() as port:
        proxy = f"http://127.0.0.1:{port}"
        error = attempt(client.get, url, proxies={"http": proxy, "https": proxy}, timeout=20)
    assert isinstance(error, client.lib.exceptions.ProxyError)
    return error


@compat
@only("http")
def test_a_proxy_that_nobody_knows_is_a_proxy_error(client, server):
    errors = [
        attempt(client.get, url, proxies={"all": "http://no-such-proxy.invalid:1"}, timeout=20)
        for url in (TARGET, "http://target.test/")
    ]
    assert all(isinstance(error, client.lib.exceptions.ProxyError) for error in errors)
    return errors


@compat
@only("http")
def test_a_request_goes_through_the_tunnel_as_without_one(client, server, authority):
    target = through(client, server, authority)
    proxies = {"https": server.url.replace("://", "://u:p@")}
    headers = {"X-Own": "1"}
    response = client.post(target.url + "/a?b=c#d", data={"k": "v"}, headers=headers, proxies=proxies)
    request = target.requests[0]
    assert request.lines[0] == "POST /a?b=c HTTP/1.1"
    assert request.header("Proxy-Authorization") is None
    assert server.requests[0].header("X-Own") is None
    return response


@compat
@only("http")
def test_a_tunnel_is_kept_and_used_again(client, server, authority):
    target = through(client, server, authority)
    for _ in range(3):
        client.get(target.url + "/")
    client.post(target.url + "/", data=b"abc")
    assert len(server.requests) == len(target.connections()) == 1


@compat
@only("http")
def test_each_host_has_a_tunnel_of_its_own(client, server, authority):
    target = through(client, server, authority)
    other = server.another("https")
    for url in (target.url, other.url, target.url.replace("127.0.0.1", "localhost"), target.url):
        client.get(url + "/")
    assert len(server.requests) == 3
    return connects(server)


@compat
@only("http")
def test_credentials_of_a_proxy_are_those_of_the_tunnel(client, server, authority):
    target = through(client, server, authority)
    for userinfo in ("a:1@", "b:2@", "", "a:1@"):
        proxy = server.url.replace("://", "://" + userinfo)
        client.get(target.url + "/", proxies={"https": proxy})
    return [seen.header("Proxy-Authorization") for seen in server.requests]


@compat
@only("http")
def test_a_tunnel_that_the_server_closed_is_replaced(client, server, authority):
    target = through(client, server, authority)
    target.on("/", [reply(200, b"ok"), CLOSE])
    for _ in range(2):
        assert client.get(target.url + "/").content == b"ok"
        server.wait_until_closed()
    assert len(server.requests) == 2


@compat
@only("http")
@pytest.mark.parametrize("wrong", ["expired", "stranger", "other name"])
def test_the_certificate_behind_a_tunnel_is_checked(client, server, authority, wrong):
    through(client, server, authority)
    context = {
        "expired": authority.expired_context,
        "stranger": authority.stranger_context,
        "other name": lambda: authority.server_context("example.test"),
    }[wrong]()
    target = server.add(RecordingServer(context))
    error = attempt(client.get, target.url + "/")
    assert isinstance(error, client.lib.exceptions.SSLError)
    assert not target.requests
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        response = client.get(target.url + "/", verify=False)
    return [error, response.content, [warning.category.__name__ for warning in caught]]


@compat
@only("http")
def test_a_client_shows_its_certificate_through_a_tunnel(client, server, authority):
    through(client, server, authority)
    target = server.add(RecordingServer(authority.server_context(client_certificates=True)))
    return client.get(target.url + "/", cert=authority.client_files())


@compat
@only("http")
def test_a_server_behind_a_tunnel_that_speaks_no_tls(client, server, authority):
    through(client, server, authority)
    target = server.another("http")
    target.otherwise([reply(400), CLOSE])
    error = attempt(client.get, target.url.replace("http:", "https:") + "/", timeout=0.3)
    return isinstance(error, client.lib.exceptions.RequestException)


@compat
@only("http")
def test_redirects_between_schemes_change_between_tunnel_and_plain_proxy(client, server, authority):
    target = through(client, server, authority)
    other = server.another("https")
    target.on("/from", redirect(302, "http://plain.test/plain"))
    server.on("/plain", redirect(302, other.url + "/to"))
    proxy = server.url.replace("://", "://u:p@")
    client.session.proxies = {"http": proxy, "https": proxy}
    response = client.get(target.url + "/from", auth=("target", "secret"), headers={"X-Own": "1"})
    assert [seen.method for seen in server.requests] == ["CONNECT", "GET", "CONNECT"]
    assert all(seen.header("Proxy-Authorization") == "Basic dTpw" for seen in server.requests)
    assert not any(seen.header("Proxy-Authorization") for seen in (*target.requests, *other.requests))
    return response


@compat
@only("http")
def test_a_redirect_chooses_the_proxy_of_its_own_scheme(client, server, authority):
    target = through(client, server, authority)
    plain = server.another()
    server.on("/path", redirect(302, target.url + "/to"))
    target.on("/to", redirect(302, plain.url + "/end"))
    client.session.proxies = {"https": server.url, "http://target.test": server.url}
    return client.get("http://target.test/path")


@compat
@only("http")
@pytest.mark.parametrize("way", ["up, of known length", "up, in chunks", "down"])
def test_bodies_are_streamed_through_a_tunnel(client, server, authority, way):
    target = through(client, server, authority)
    body = bytes(range(256)) * 4000
    pieces = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    if way == "up, of known length":
        client.post(target.url + "/", data=body)
    elif way == "up, in chunks":
        client.post(target.url + "/", data=iter(pieces))
    else:
        target.on("/", chunked(*pieces))
        response = client.get(target.url + "/", stream=True)
        assert b"".join(client.chunks(response, 5000)) == body


@compat
@only("http")
@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_the_environments_proxy_is_asked_for_a_tunnel(client, server, authority, monkeypatch, name):
    target = through(client, server, authority)
    client.session.proxies = {}
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv(name, server.url)
    response = client.get(target.url + "/")
    assert connects(server) == [target.authority]
    return response


@compat
@only("http")
def test_a_given_proxy_authorization_goes_where_it_goes_in_requests(client, server, authority):
    target = through(client, server, authority)
    headers = {"Proxy-Authorization": "given"}
    client.get(target.url + "/", headers=headers)
    server.otherwise(reply(200, b"plain"))
    client.get("http://plain.test/", headers=headers, proxies={"http": server.url})
    client.get("http://plain.test/", headers=headers, proxies={"http": server.url.replace("://", "://u:p@")})
