"""Timeouts: which are accepted, which exception each phase raises, and what they do not limit."""

from __future__ import annotations

import threading

import pytest

from servers import misbehaving
from servers.wire import HANG, Wait, chunked, redirect, reply

from .harness import attempt, compat, only

SHORT = 0.15
LATE = (20, SHORT)
"""Enough for connecting on any machine, and soon over for a reply."""


@compat
@pytest.mark.parametrize(
    "timeout", [20, 20.5, (20, 20), (20, None), (None, 20), (None, None), None, [20, 20]], ids=repr
)
def test_a_timeout_is_one_number_or_two(client, server, timeout):
    return attempt(client.get, server.url + "/", timeout=timeout)


@compat
@pytest.mark.parametrize(
    "timeout",
    ["foo", 0, -1, True, (1, 2, 3), (1,), (0, 1), (1, 0), (1, "x"), (), object, {"connect": 1}, 1j],
    ids=repr,
)
def test_a_timeout_that_is_none_is_refused_and_nothing_sent(client, server, timeout):
    outcome = attempt(client.get, server.url + "/", timeout=timeout)
    assert isinstance(outcome, Exception)
    assert not server.requests
    return outcome


@compat
def test_a_timeout_of_urllib3_is_taken(client, server):
    from urllib3 import Timeout

    server.on("/hang", [HANG])
    ok = client.get(server.url + "/", timeout=Timeout(connect=20, read=20))
    return [ok, attempt(client.get, server.url + "/hang", timeout=Timeout(connect=20, read=SHORT))]


@compat
@pytest.mark.parametrize("timeout", [1.0, LATE, (None, SHORT)], ids=repr)
def test_a_server_that_never_answers_is_a_read_timeout(client, server, timeout):
    server.on("/", [HANG])
    error = attempt(client.get, server.url + "/", timeout=timeout)
    assert isinstance(error, client.lib.exceptions.ReadTimeout)
    server.wait_until_closed()
    return error


@compat
def test_a_head_that_never_ends_is_a_read_timeout(client, server):
    server.on("/", [b"HTTP/1.1 200 OK\r\nX: y\r\n", HANG])
    return attempt(client.get, server.url + "/", timeout=LATE)


@compat
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_stops_is_a_connection_error(client, server, stream, framing):
    steps = {
        "length": [reply(200, b"half", ("Content-Length", "8"), length=False), HANG],
        "chunked": [*chunked(b"half", end=b""), HANG],
    }
    server.on("/", steps[framing])
    if not stream:
        return attempt(client.get, server.url + "/", timeout=LATE)
    response = client.get(server.url + "/", timeout=SHORT, stream=True)
    return attempt(lambda: list(client.chunks(response, 4)))


@compat
def test_the_read_timeout_is_for_each_wait_and_not_for_the_whole(client, server):
    pauses = [threading.Event() for _ in range(4)]
    head, *pieces = chunked(b"a", b"b", b"c")
    server.on("/", [head, *(step for pair in zip(map(Wait, pauses), pieces, strict=True) for step in pair)])
    response = client.get(server.url + "/", timeout=(20, 20), stream=True)
    for pause in pauses:
        pause.set()
    return client.content(response)


@compat
@only("http")
@pytest.mark.parametrize("timeout", [SHORT, (SHORT, None), (SHORT, 20)], ids=repr)
def test_connecting_that_takes_too_long_is_a_connect_timeout(client, server, timeout):
    with misbehaving.unreachable_port() as port:
        error = attempt(client.get, f"http://127.0.0.1:{port}/", timeout=timeout)
        assert isinstance(error, client.lib.exceptions.ConnectTimeout)
        return [error.args and type(error).__name__, isinstance(error, client.lib.exceptions.ConnectionError)]


@compat
def test_a_timeout_holds_for_every_hop(client, server):
    server.on("/from", redirect(302, "/hang"))
    server.on("/hang", [HANG])
    return attempt(client.get, server.url + "/from", timeout=LATE)


@compat
def test_a_session_works_on_after_a_timeout(client, server):
    server.on("/hang", [HANG])
    error = attempt(client.get, server.url + "/hang", timeout=LATE)
    assert isinstance(error, client.lib.exceptions.Timeout)
    response = client.get(server.url + "/", timeout=20)
    assert len(server.connections()) == 2
    return response
