"""What a response shows: status, text, JSON, links, errors, and what it is as a Python object."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from servers.wire import CLOSE, redirect, reply

from .harness import attempt, compat, only

TEXT = "\u00e9t\u00e9 caf\u00e9 no\u00ebl \u65e5".encode()

TYPES = [
    "text/plain",
    "text/html; charset=utf-8",
    "text/html;charset=UTF8",
    "TEXT/HTML",
    "application/json",
    "application/json; charset=latin-1",
    "application/octet-stream",
    "application/vnd.api+json",
    "",
    "text/html; charset",
    "text/html; charset=",
    "text/plain; CHARSET='ISO-8859-2'",
    'text/plain; charset="utf-16"',
    "application/xml; charset=bogus",
    "text/xml; a=b; charset=cp1252; c=d",
    "nonsense",
    "; charset=utf-8",
]


@compat
@pytest.mark.parametrize("kind", TYPES)
def test_the_encoding_comes_from_the_content_type(client, server, kind):
    headers = [("Content-Type", kind)] if kind else []
    server.on("/", reply(200, TEXT, *headers))
    response = client.get(server.url + "/")
    return [response.encoding, client.text(response), response.apparent_encoding]


BODIES = {
    "ascii": b"plain text that says nothing",
    "utf-8": TEXT * 5,
    "utf-8 with a mark": b"\xef\xbb\xbf" + TEXT,
    "utf-16": "text in utf-16 \u65e5".encode("utf-16"),
    "utf-32": "text in utf-32".encode("utf-32"),
    "latin-1": "\u00e9t\u00e9, le caf\u00e9 de No\u00ebl est pr\u00eat".encode("latin-1"),
    "cyrillic": "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440".encode("cp1251"),
    "shift-jis": "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3067\u3059".encode("shift-jis"),
    "noise": bytes(range(256)),
    "empty": b"",
}


@compat
@pytest.mark.parametrize("name", BODIES)
@only("http")
def test_text_without_an_encoding_is_guessed(client, server, name):
    server.on("/", reply(200, BODIES[name]))
    response = client.get(server.url + "/")
    return [response.encoding, response.apparent_encoding, client.text(response)]


@compat
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "bogus", None, "ascii"])
@only("http")
def test_the_encoding_may_be_set(client, server, encoding):
    server.on("/", reply(200, TEXT, ("Content-Type", "text/plain")))
    response = client.get(server.url + "/")
    response.encoding = encoding
    return [response.encoding, client.text(response)]


DOCUMENTS = {
    "object": b'{"b": 1, "a": [null, true, 1.5, "\xc3\xa9"]}',
    "escapes": rb'"\u00e9\ud83d\udc26\n"',
    "big integer": b"1" * 60,
    "floats": b"[0.1, 1e400, -0.0, 1E5]",
    "NaN": b"[NaN, Infinity, -Infinity]",
    "repeated key": b'{"a": 1, "a": 2}',
    "deep": b"[" * 500 + b"]" * 500,
    "white space": b" \r\n\t[1 , 2] \n",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "utf-16-le": '{"a": 1}'.encode("utf-16-le"),
    "utf-32-be": '{"a": 1}'.encode("utf-32-be"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "latin-1": b'{"a": "\xe9"}',
    "empty": b"",
    "short": b"1",
    "bad": b"{bad",
    "trailing": b"{} x",
    "trailing comma": b"[1,]",
    "control character": b'"a\nb"',
    "lone surrogate": rb'"\ud800"',
    "text": b"not json at all",
    "html": b"<!doctype html>\n<html>",
}


@compat
@pytest.mark.parametrize("kind", ["application/json", None, "text/plain; charset=latin-1"])
@pytest.mark.parametrize("name", DOCUMENTS)
@only("http")
def test_json_is_read_as_by_the_standard_library(client, server, name, kind):
    server.on("/", reply(200, DOCUMENTS[name], *([("Content-Type", kind)] if kind else [])))
    outcome = attempt(client.json, client.get(server.url + "/"))
    return [outcome, str(outcome)] if isinstance(outcome, Exception) else repr(outcome)


@compat
def test_json_passes_its_keywords_on(client, server):
    server.on("/", reply(200, b'{"a": 1.50, "b": 2}'))
    response = client.get(server.url + "/")
    pairs = client.json(response, object_pairs_hook=list, parse_float=str, parse_int=float)
    assert pairs == [("a", "1.50"), ("b", 2.0)]


@compat
def test_json_errors_are_those_of_the_standard_library_too(client, server):
    server.on("/", reply(200, b'{"a":\n bad}'))
    error = attempt(client.json, client.get(server.url + "/"))
    assert isinstance(error, json.JSONDecodeError | client.lib.exceptions.RequestException)
    again = pickle.loads(pickle.dumps(error))
    return [
        error,
        error.msg,
        error.doc,
        error.pos,
        error.lineno,
        error.colno,
        str(again),
        type(again).__name__,
    ]


LINKS = [
    '<http://a/?p=2>; rel=next, <http://a/?p=9>; rel="last"; title="x"',
    "</relative>; rel='prev'",
    "<http://a/>",
    "<http://a/>; rel=next; rel=last",
    "<http://a/;x=1,2>; rel=next",
    "nonsense",
    "",
    "<http://a/>; rel=next;",
    "<>; rel=empty",
]


@compat
@pytest.mark.parametrize("link", LINKS)
def test_links_are_taken_from_the_header(client, server, link):
    server.on("/", reply(200, b"", ("Link", link)))
    return client.get(server.url + "/").links


@compat
@pytest.mark.parametrize(
    "status", [200, 204, 299, 300, 304, 399, 400, 404, 418, 499, 500, 503, 599, 600, 999]
)
def test_raise_for_status_raises_from_400_to_599(client, server, status):
    server.on("/path", reply(status, b""))
    response = client.get(server.url + "/path?q=1")
    outcome = attempt(response.raise_for_status)
    assert isinstance(outcome, Exception) == (400 <= status < 600)
    if isinstance(outcome, Exception):
        assert outcome.response is response
        assert outcome.request is response.request
    return [outcome, str(outcome), bool(response), response.ok, repr(response)]


@compat
@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 404 Not Found",
        b"HTTP/1.1 404",
        b"HTTP/1.1 404 ",
        b"HTTP/1.1 404 a reason  of our own ",
        b"HTTP/1.1 404 \xc3\xa9",
        b"HTTP/1.1 404 \xff",
        b"HTTP/1.0 404 Old",
        b"HTTP/1.1  404  Two",
        b"HTTP/1.1\t404\tTabs",
    ],
    ids=repr,
)
def test_the_reason_is_the_servers(client, server, line):
    server.on("/", [line + b"\r\nContent-Length: 2\r\n\r\nok", CLOSE])
    response = attempt(client.get, server.url + "/")
    if isinstance(response, Exception):
        return response
    return [response.reason, str(attempt(response.raise_for_status)), client.content(response)]


@compat
@pytest.mark.parametrize("status", [100, 101, 204, 304])
def test_a_status_without_a_body_has_none(client, server, status):
    if status in (100, 101):
        server.on("/", [b"HTTP/1.1 %d X\r\nA: b\r\n\r\n" % status, reply(200, b"ok"), CLOSE])
    else:
        server.on("/", reply(status, b"", ("Content-Length", "10"), length=False))
    return attempt(client.get, server.url + "/")


@compat
def test_a_reply_to_head_has_a_length_and_no_body(client, server):
    server.on("/", reply(200, b"", ("Content-Length", "1000"), length=False))
    responses = [client.head(server.url + "/") for _ in range(2)]
    assert len(server.connections()) == 1
    return responses


@compat
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_body_without_a_length_ends_with_the_connection(client, server, version):
    server.on("/", [reply(200, b"abc", length=False, version=version), CLOSE])
    return [client.get(server.url + "/"), client.get(server.url + "/")]


@compat
def test_an_http_1_0_server_may_keep_the_connection(client, server):
    server.on("/", reply(200, b"ok", ("Connection", "keep-alive"), version="1.0"))
    client.get(server.url + "/")
    return client.get(server.url + "/")


@compat
def test_a_chunked_reply_is_put_together(client, server):
    server.on(
        "/",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;ext=1\r\nabc\r\n0a \r\n0123456789\r\n"
        b"0\r\nX-Trailer: 1\r\n\r\n",
    )
    responses = [client.get(server.url + "/") for _ in range(2)]
    assert responses[0].content == b"abc0123456789"
    return responses


@compat
def test_a_response_is_what_it_says(client, server):
    response = client.get(server.url + "/")
    kinds = {
        name: type(getattr(response, name)).__name__ for name in ("headers", "cookies", "elapsed", "request")
    }
    return [
        kinds,
        repr(response),
        list(response) if not hasattr(response, "aread") else [response.content],
        response.is_redirect,
        response.is_permanent_redirect,
        response.next,
        sorted(name for name in dir(response) if not name.startswith(("_", "a"))),
    ]


@compat
def test_a_response_survives_pickling_and_copying(client, server):
    server.on("/from", redirect(302, "/to", b"moved"))
    response = client.get(server.url + "/from")
    again = pickle.loads(pickle.dumps(response))
    assert again.raw is None
    return [again, copy.copy(response).status_code, again.history]


@compat
def test_a_response_may_be_made_by_hand(client, server):
    response = client.lib.models.Response()
    assert response.status_code is None
    response.status_code = 404
    response._content = b'{"a": 1}'
    response.url = "http://example.test/"
    response.reason = "Not Found"
    response.encoding = "utf-8"
    response.headers["X"] = "1"
    return [
        response.content,
        response.text,
        response.json(),
        response.ok,
        str(attempt(response.raise_for_status)),
    ]


@compat
def test_elapsed_ends_with_the_head(client, server):
    import threading

    from servers.wire import Wait

    go = threading.Event()
    server.on("/", [reply(200, b"", ("Content-Length", "2"), length=False), Wait(go), b"ok"])
    response = client.get(server.url + "/", stream=True)
    elapsed = response.elapsed
    go.set()
    assert client.content(response) == b"ok"
    assert response.elapsed == elapsed


@compat
def test_status_codes_have_names(client, server):
    codes = client.lib.codes
    names = ["ok", "OK", "okay", "\\o/", "\u2713", "not_found", "teapot", "im_a_teapot", "permanent_redirect"]
    missing = attempt(getattr, codes, "missing")
    return [
        [getattr(codes, name) for name in names],
        codes["not_found"],
        codes["missing"],
        repr(codes),
        missing,
    ]
