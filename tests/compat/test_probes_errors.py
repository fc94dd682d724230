"""What hangs on each kind of exception beside its class: errno, request, response, whether it pickles."""

from __future__ import annotations

import pickle
import warnings

import pytest

from servers import misbehaving
from servers.misbehaving import BROKEN_HEADS, CUT_BODIES
from servers.wire import HANG, chunked, redirect, reply

from .harness import attempt, compat, only


def refused(client, server):
    with misbehaving.refusing_port() as port:
        client.get(f"{server.scheme}://127.0.0.1:{port}/", timeout=20)


def refused_by_a_proxy(client, server):
    with misbehaving.refusing_port() as port:
        client.get(server.url, proxies={"all": f"http://127.0.0.1:{port}"}, timeout=20)


def unreachable(client, server):
    with misbehaving.unreachable_port() as port:
        client.get(f"{server.scheme}://127.0.0.1:{port}/", timeout=0.1)


def without_a_head(client, server):
    server.on("/", BROKEN_HEADS["closes without a reply"])
    client.get(server.url + "/")


def that_is_no_http(client, server):
    server.on("/", BROKEN_HEADS["speaks another protocol"])
    client.get(server.url + "/")


def cut(client, server):
    server.on("/", CUT_BODIES["content-length"])
    client.get(server.url + "/")


def cut_in_chunks(client, server):
    server.on("/", CUT_BODIES["between chunks"])
    client.get(server.url + "/")


def silent(client, server):
    server.on("/", [HANG])
    client.get(server.url + "/", timeout=0.2)


def silent_in_the_body(client, server):
    server.on("/", [*chunked(b"half", end=b""), HANG])
    client.get(server.url + "/", timeout=0.2)


def no_gzip(client, server):
    server.on("/", misbehaving.CORRUPT_GZIP)
    client.get(server.url + "/")


def no_json(client, server):
    client.json(client.get(server.url + "/"))


def not_found(client, server):
    server.on("/", reply(404))
    client.get(server.url + "/").raise_for_status()


def going_round(client, server):
    server.on("/", redirect(302, "/"))
    client.get(server.url + "/")


def leading_nowhere(client, server):
    server.on("/", redirect(302, "foo://x/"))
    client.get(server.url + "/")


def consumed(client, server):
    response = client.get(server.url + "/", stream=True)
    list(client.chunks(response, 10))
    list(client.chunks(response, 10))


CALLS = {
    call.__name__: call
    for call in (
        refused,
        refused_by_a_proxy,
        unreachable,
        without_a_head,
        that_is_no_http,
        cut,
        cut_in_chunks,
        silent,
        silent_in_the_body,
        no_gzip,
        no_json,
        not_found,
        going_round,
        leading_nowhere,
        consumed,
    )
} | {
    "no scheme": lambda client, server: client.get("example.test"),
    "no host": lambda client, server: client.get("http://"),
    "no adapter": lambda client, server: client.get("foo://example.test"),
    "no header": lambda client, server: client.get(server.url + "/", headers={"X": "a\n"}),
    "no proxy": lambda client, server: client.get(server.url + "/", proxies={"all": "http://"}),
    "no numbers in JSON": lambda client, server: client.post(server.url + "/", json=float("nan")),
    "no timeout": lambda client, server: client.get(server.url + "/", timeout="foo"),
    "no certificate": lambda client, server: client.get(server.url + "/", cert="/no/such/file"),
    "no files": lambda client, server: client.post(server.url + "/", files={"f": b"x"}, data="text"),
}


OF_A_PORT = ("refused", "unreachable")
"""Those whose request goes to a port that is another each time."""


@compat
@pytest.mark.parametrize("name", CALLS)
def test_what_hangs_on_an_exception(client, server, name):
    error = attempt(CALLS[name], client, server)
    assert isinstance(error, Exception)
    if name in OF_A_PORT:
        assert error.request.url
        error.request = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = pickle.loads(pickle.dumps(type(error)(*map(str, error.args)))) if name != "no_json" else error
    assert type(again) is type(error)
    return [
        error,
        str(error) == "",
        getattr(error, "errno", "none"),
        getattr(error, "strerror", "none"),
        getattr(error, "filename", "none"),
        len(error.args),
        type(error.request).__name__ if hasattr(error, "request") else "none",
    ]


@compat
@only("http")
def test_an_error_of_a_status_carries_its_response_whole(client, server):
    server.on("/", reply(503, b"sorry", ("Retry-After", "1"), reason="Busy"))
    error = attempt(client.get(server.url + "/?q=1").raise_for_status)
    assert error.response.request is error.request
    assert error.request.url == server.url + "/?q=1"
    return [error.response, str(error).replace(server.authority, "HOST"), error.args[0] == str(error)]
