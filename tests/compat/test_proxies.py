"""Proxies for HTTP: which is chosen, what it is told, and when there is none."""

from __future__ import annotations

import pytest

from servers import misbehaving
from servers.wire import redirect, reply

from .harness import attempt, compat, only

TARGET = "http://target.test/path?q=1#part"


@compat
@only("http")
def test_a_proxy_is_told_the_whole_url(client, server):
    response = client.get(TARGET, proxies={"http": server.url})
    assert server.requests[0].lines[0] == "GET http://target.test/path?q=1 HTTP/1.1"
    assert server.requests[0].header("Host") == "target.test"
    return response


@compat
@only("http")
@pytest.mark.parametrize(
    "key", ["http://target.test", "http", "all://target.test", "all", "https", "http://other"]
)
def test_proxies_by_key(client, server, key):
    with misbehaving.refusing_port() as port:
        direct = f"http://127.0.0.1:{port}/"
        return [
            attempt(client.get, TARGET, proxies={key: server.url})
            if "other" not in key and key != "https"
            else None,
            type(attempt(client.get, direct, proxies={"https": server.url})).__name__,
        ]


@compat
@only("http")
def test_the_narrower_key_wins(client, server):
    others = [server.another() for _ in range(3)]
    keys = ["http://target.test", "http", "all://target.test", "all"]
    proxies = {key: each.url for key, each in zip(keys, server.all, strict=True)}
    for key in keys:
        client.get(TARGET, proxies=dict(proxies))
        del proxies[key]
    assert [len(each.requests) for each in (server, *others)] == [1, 1, 1, 1]


@compat
@only("http")
def test_credentials_of_a_proxy_go_to_the_proxy(client, server):
    proxy = server.url.replace("://", "://us%20er:pass@")
    client.get(TARGET, proxies={"http": proxy}, auth=("target", "secret"))
    request = server.requests[0]
    assert request.header("Proxy-Authorization") == "Basic dXMgZXI6cGFzcw=="
    assert request.header("Authorization") == "Basic dGFyZ2V0OnNlY3JldA=="


@compat
@only("http")
def test_a_proxy_without_a_scheme_is_http(client, server):
    return client.get(TARGET, proxies={"http": server.authority})


@compat
@only("http")
@pytest.mark.parametrize(
    "proxy", ["http:///", "http://", "http:/bad", "socks5://127.0.0.1:1", "foo://x:1", ""]
)
def test_a_proxy_that_is_none(client, server, proxy):
    outcome = attempt(client.get, server.url + "/", proxies={"http": proxy}, timeout=20)
    return outcome if not isinstance(outcome, Exception) else type(outcome).__name__


@compat
@only("http")
def test_a_proxy_that_refuses_is_a_proxy_error(client, server):
    with misbehaving.refusing_port() as port:
        error = attempt(client.get, TARGET, proxies={"http": f"http://127.0.0.1:{port}"})
    assert isinstance(error, client.lib.exceptions.ProxyError)
    return error


@compat
@only("http")
@pytest.mark.parametrize("status", [407, 502, 403])
def test_what_a_proxy_answers_is_the_answer(client, server, status):
    server.otherwise(reply(status, b"says the proxy"))
    return client.get(TARGET, proxies={"http": server.url})


@compat
@only("http")
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_the_environments_proxy_is_used(client, server, monkeypatch, name):
    monkeypatch.setenv(name, server.url)
    response = client.get(TARGET)
    assert server.requests[0].target.startswith("http://target.test/")
    return response


@compat
@only("http")
@pytest.mark.parametrize(
    "no_proxy",
    [
        "*",
        "127.0.0.1",
        "127.0.0.0/8",
        "127.0.0.1:1",
        "localhost",
        "",
        " 127.0.0.1 , x",
        "10.0.0.0/8",
        "0.0.1",
    ],
)
def test_whom_no_proxy_lets_through(client, server, monkeypatch, no_proxy):
    proxy = server.another()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    client.get(server.url + "/")
    client.get(server.url.replace("127.0.0.1", "localhost") + "/")


@compat
@only("http")
@pytest.mark.parametrize(
    "no_proxy", ["target.test", ".test", "test", "get.test", "other.test", "target.test:80"]
)
def test_which_names_no_proxy_lets_through(client, server, monkeypatch, no_proxy):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    outcome = attempt(client.get, TARGET, timeout=20)
    return [isinstance(outcome, Exception), len(server.requests)]


@compat
@only("http")
def test_given_proxies_win_over_the_environments(client, server, monkeypatch):
    own = server.another()
    monkeypatch.setenv("HTTP_PROXY", server.url)
    client.get(TARGET, proxies={"http": own.url})
    client.session.proxies = {"http": own.url}
    client.get(TARGET)
    client.session.trust_env = False
    client.get(TARGET)
    return [len(server.requests), len(own.requests)]


@compat
@only("http")
def test_the_environment_is_read_at_every_request(client, server, monkeypatch):
    proxy = server.another()
    client.get(server.url + "/1")
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    client.get(server.url + "/2")
    monkeypatch.delenv("HTTP_PROXY")
    client.get(server.url + "/3")
    assert [seen.target for seen in server.requests] == ["/1", "/3"]
    assert [seen.target for seen in proxy.requests] == [server.url + "/2"]


@compat
@only("http")
def test_a_redirect_goes_through_the_proxy_again(client, server):
    proxy = server.url.replace("://", "://u:p@")
    server.on("/path", redirect(302, "http://other.test/to"))
    response = client.get(TARGET, proxies={"http": proxy})
    assert [seen.target for seen in server.requests] == [
        "http://target.test/path?q=1",
        "http://other.test/to",
    ]
    return response


@compat
@only("http")
def test_a_proxys_connection_serves_several_hosts(client, server):
    for host in ("a.test", "b.test", "a.test"):
        client.get(f"http://{host}/", proxies={"http": server.url})
    assert len(server.connections()) == 1


@compat
@only("http")
def test_cookies_belong_to_the_host_behind_the_proxy(client, server):
    server.on("/set", reply(200, b"", ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Domain=target.test")))
    client.session.proxies = {"http": server.url}
    for url in (
        "http://www.target.test/set",
        "http://www.target.test/",
        "http://target.test/",
        "http://other.test/",
    ):
        client.get(url)
    return client.session.cookies
