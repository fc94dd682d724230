"""Verbs and methods: what the request line says, and when an empty body has a length."""

from __future__ import annotations

import pytest

from .harness import attempt, compat

VERBS = ["get", "options", "head", "post", "put", "patch", "delete"]


@compat
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_sends_its_method(client, server, verb):
    response = getattr(client, verb)(server.url + "/path")
    assert server.requests[0].method == verb.upper()
    return response


@compat
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_a_function_of_the_package(client, server, verb):
    response = client.once(verb, server.url + "/path")
    assert server.requests[0].method == verb.upper()
    return response


@compat
def test_a_function_of_the_package_closes_its_connection(client, server):
    client.once("get", server.url + "/")
    client.once("request", "GET", server.url + "/")
    server.wait_until_closed()
    assert len(server.connections()) == 2


@compat
@pytest.mark.parametrize("method", ["get", "Get", "POST", "FOO", "PROPFIND", "x-y", b"GET", b"post"])
def test_a_method_is_sent_in_upper_case(client, server, method):
    return client.request(method, server.url + "/")


@compat
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
def test_an_empty_body_has_a_length_unless_the_method_is_get_or_head(client, server, method):
    client.request(method, server.url + "/")
    expected = None if method in ("GET", "HEAD") else "0"
    assert server.requests[0].header("Content-Length") == expected


@compat
def test_parameters_may_be_given_by_position(client, server):
    client.post(server.url + "/post", {"data": "1"})
    client.post(server.url + "/post", None, {"json": 1})
    client.put(server.url + "/put", b"data")
    client.patch(server.url + "/patch", b"data")
    client.request(
        "PUT", server.url + "/request", {"params": "1"}, b"data", {"X-Headers": "1"}, {"cookies": "1"}
    )
    client.once("get", server.url + "/get", {"params": "1"})
    client.once("post", server.url + "/post", {"data": "1"}, {"json": "1"})


@compat
@pytest.mark.parametrize("arguments", [(), ("GET",), ("GET", None), (None, "http://127.0.0.1:1/")])
def test_missing_arguments(client, server, arguments):
    return (
        attempt(client.session.request, *arguments)
        if len(arguments) < 2
        else attempt(client.request, *arguments)
    )


@compat
def test_head_does_not_follow_redirects_unless_told_to(client, server):
    from servers.wire import redirect

    server.on("/from", redirect(302, "/to"))
    quiet = client.head(server.url + "/from")
    followed = client.head(server.url + "/from", allow_redirects=True)
    options = client.options(server.url + "/from")
    assert [quiet.status_code, followed.status_code, options.status_code] == [302, 200, 200]
    return [quiet, followed, options]


@compat
def test_a_request_method_of_none_is_refused(client, server):
    prepared = client.lib.Request(None, server.url).prepare()
    return [prepared.method, repr(prepared), repr(client.lib.Request())]
