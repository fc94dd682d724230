"""Errors: servers that misbehave, and input that is refused before anything is sent."""

from __future__ import annotations

import pytest

from servers import misbehaving
from servers.misbehaving import BROKEN_HEADS, CUT_BODIES
from servers.wire import CLOSE, reply

from .harness import attempt, compat, only


@compat
@pytest.mark.parametrize("name", BROKEN_HEADS)
def test_a_reply_without_a_head_is_a_connection_error(client, server, name):
    server.on("/", BROKEN_HEADS[name])
    error = attempt(client.get, server.url + "/")
    assert isinstance(error, client.lib.exceptions.ConnectionError)
    return error


@compat
@pytest.mark.parametrize("name", CUT_BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_body_that_breaks_off_is_an_error(client, server, name, stream):
    server.on("/", CUT_BODIES[name])
    if not stream:
        error = attempt(client.get, server.url + "/")
    else:
        response = client.get(server.url + "/", stream=True)
        error = attempt(lambda: b"".join(client.chunks(response, 4)))
    assert isinstance(error, client.lib.exceptions.RequestException)
    return error


@compat
@pytest.mark.parametrize("name", ["closes without a reply", "resets without a reply", "sends noise"])
def test_a_session_works_on_after_an_error(client, server, name):
    server.on("/broken", BROKEN_HEADS[name])
    error = attempt(client.get, server.url + "/broken")
    assert isinstance(error, client.lib.exceptions.ConnectionError)
    client.get(server.url + "/")
    return client.get(server.url + "/")


@compat
def test_nobody_listens(client, server):
    with misbehaving.refusing_port() as port:
        error = attempt(client.get, f"{server.scheme}://127.0.0.1:{port}/", timeout=20)
    bases = [base.__name__ for base in type(error).__mro__]
    return [bases, error.response, error.request is None, isinstance(error, OSError), error.errno]


@compat
@only("http")
def test_a_name_that_nobody_knows(client, server):
    error = attempt(client.get, "http://no-such-host.invalid/", timeout=20)
    assert isinstance(error, client.lib.exceptions.ConnectionError)
    return error


@compat
def test_https_to_a_server_that_speaks_http(client, server):
    if server.scheme == "https":
        return None
    server.otherwise([reply(200, b"plain"), CLOSE])
    error = attempt(client.get, server.url.replace("http", "https") + "/", timeout=0.3)
    return isinstance(error, client.lib.exceptions.RequestException)


@compat
@only("https")
def test_http_to_a_server_that_speaks_https(client, server):
    return type(attempt(client.get, server.url.replace("https", "http") + "/", timeout=20)).__name__


@compat
@pytest.mark.parametrize("number", [99, 101])
def test_how_many_fields_a_reply_may_have(client, server, number):
    fields = [(f"X-{at}", "v") for at in range(number - 1)]
    server.on("/", reply(200, b"ok", *fields))
    outcome = attempt(client.get, server.url + "/")
    assert isinstance(outcome, Exception) == (number > 100)
    return outcome


@compat
@pytest.mark.parametrize("length", [65_000, 65_536, 70_000])
def test_how_long_a_line_of_a_reply_may_be(client, server, length):
    server.on("/", reply(200, b"ok", ("X", "x" * length)))
    return attempt(client.get, server.url + "/")


@compat
@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 2\r\nContent-Length: 2",
        "Content-Length: 2, 2",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: -1",
        "Content-Length: x",
        "Content-Length: ",
        "Content-Length: +2",
        "Content-Length: 0x2",
        "Content-Length: 99\r\nTransfer-Encoding: identity",
    ],
)
def test_lengths_of_every_kind(client, server, fields):
    server.on("/", [f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok".encode(), CLOSE])
    return attempt(client.get, server.url + "/")


@compat
@pytest.mark.parametrize(
    "coding", ["chunked", "Chunked", "gzip, chunked", "chunked, gzip", "identity", "xchunked"]
)
def test_transfer_codings_of_every_kind(client, server, coding):
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n".encode()
    server.on("/", [head + b"2\r\nok\r\n0\r\n\r\n", CLOSE])
    return attempt(client.get, server.url + "/")


@compat
def test_chunked_wins_over_a_length(client, server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.on("/", [head + b"2\r\nok\r\n0\r\n\r\n", CLOSE])
    return client.get(server.url + "/")


@compat
@pytest.mark.parametrize("hook", [{"other": print}, 5, "x"], ids=repr)
def test_hooks_of_no_known_kind(client, server, hook):
    return attempt(client.get, server.url + "/", hooks=hook)


@compat
def test_an_argument_nobody_knows(client, server):
    error = attempt(client.get, server.url + "/", unknown=1)
    assert isinstance(error, TypeError)
    assert not server.requests


TREE = [
    "RequestException",
    "InvalidJSONError",
    "JSONDecodeError",
    "HTTPError",
    "ConnectionError",
    "ProxyError",
    "SSLError",
    "Timeout",
    "ConnectTimeout",
    "ReadTimeout",
    "URLRequired",
    "TooManyRedirects",
    "MissingSchema",
    "InvalidSchema",
    "InvalidURL",
    "InvalidHeader",
    "InvalidProxyURL",
    "ChunkedEncodingError",
    "ContentDecodingError",
    "StreamConsumedError",
    "RetryError",
    "UnrewindableBodyError",
    "RequestsWarning",
    "FileModeWarning",
    "RequestsDependencyWarning",
]


@compat
@only("http")
@pytest.mark.parametrize("name", TREE)
def test_the_tree_of_exceptions_is_requests(client, server, name):
    kind = getattr(client.lib.exceptions, name)
    if name != "JSONDecodeError" and not name.endswith("Warning"):
        made = kind("message", request=None, response=None)
        assert str(made) == "message"
    return [base.__name__ for base in kind.__mro__]
