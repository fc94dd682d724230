"""The engine as integrations use it: single exchanges, exact to the byte."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from martlet.engine import Engine, Outgoing
from martlet.exceptions import RequestException
from martlet.exchange import arun, run
from servers import misbehaving
from servers.recording import RecordingServer
from servers.wire import redirect, reply


def sent(server: RecordingServer, outgoing: Outgoing) -> list[str]:
    """The lines that the server saw."""
    run(Engine().exchange(outgoing)).close()
    return server.requests[-1].lines


def test_nothing_goes_out_but_what_is_given_and_a_host(server: RecordingServer) -> None:
    fields = [(b"b", b"1"), (b"A", b"2"), (b"b", b"3")]
    lines = sent(server, Outgoing("POST", server.url + "/a", "/x|y?[z]", fields))
    assert lines == ["POST /x|y?[z] HTTP/1.1", f"Host: {server.authority}", "b: 1", "A: 2", "b: 3"]


def test_a_body_is_said_to_be_as_long_as_it_is(server: RecordingServer) -> None:
    host = (b"Host", b"h")
    assert "Content-Length: 3" in sent(server, Outgoing("PUT", server.url + "/", "/", [host], b"abc"))
    pieces = iter([b"a", b"bc"])
    assert "Transfer-Encoding: chunked" in sent(
        server, Outgoing("PUT", server.url + "/", "/", [host], pieces)
    )
    assert server.requests[-1].raw_body == b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"


def test_a_reply_is_given_as_it_is_and_read_by_who_got_it(server: RecordingServer) -> None:
    server.on("/", redirect(302, "/next", b"moved", ("Set-Cookie", "k=v")))
    outgoing = Outgoing("GET", server.url + "/", "/", [])

    async def main(engine: Engine) -> Any:
        got = await arun(engine.exchange(outgoing))
        return got.status_code, await got.read(None, False)

    engine = Engine()
    for _ in range(2):
        got = run(engine.exchange(outgoing))
        assert (got.status_code, got.read(None, False).wait()) == (302, b"moved")
        assert asyncio.run(main(engine)) == (302, b"moved")
    assert [request.header("Cookie") for request in server.requests] == [None] * 4
    engine.close()
    server.wait_until_closed()


def test_no_more_connections_are_open_than_allowed(server: RecordingServer) -> None:
    server.on("/", reply(200, b"x" * 100))
    engine = Engine(max_open=1, max_idle=0)
    for _ in range(3):
        run(engine.exchange(Outgoing("GET", server.url + "/", "/", []))).read(None, False).wait()
    assert len(server.connections()) == 3
    assert "open: 0" in repr(engine)


def test_errors_say_what_went_wrong_and_when() -> None:
    with misbehaving.refusing_port() as port, pytest.raises(RequestException) as caught:
        run(Engine().exchange(Outgoing("GET", f"http://127.0.0.1:{port}/", "/", [])))
    assert (vars(caught.value)["kind"], vars(caught.value)["phase"]) == ("connection", "connect")


@pytest.mark.parametrize("settings", [{"idle_expiry": -1.0}, {"local_address": "nowhere"}], ids=repr)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a"):
        Engine(**settings)
