"""Every call has the same outcome in requests and by each of martlet's roads, over HTTP and HTTPS.

Compared are status, headers with their case and order, body, history, cookies, exceptions, and the bytes that
the server was sent. What is different on purpose is in test_differences.py.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from roads.calls import RAW, ROADS, Call, by_requests, by_road, lines, pieces
from roads.peer import Peer


def given(**kwargs: Any) -> Any:
    return lambda library: dict(kwargs)


def letters() -> Iterator[Any]:
    yield b"a"
    yield ""
    yield "b\u00e9"


def unhappy() -> Iterator[bytes]:
    yield b"a"
    raise ZeroDivisionError


SENT = {
    "params": Call("GET", "/ok?z=1", given(params={"a": "x y", "b": [1, None, "\u00e9"], "c": None})),
    "params as text": Call("GET", "/ok", given(params="a=1&b=\u00e9")),
    "url to be quoted": Call("GET", "/ok?a b=\u00e9|%7E%zz#frag ment"),
    "headers": Call("GET", "/ok", given(headers={"x-B": "1", "ACCEPT": "y", "A": b"2", "X-L": "\u00e9"})),
    "header unset": Call("GET", "/ok", given(headers={"Accept": None, "Connection": None})),
    "host": Call("GET", "/ok", given(headers={"Host": "example.test"})),
    "cookies": Call("GET", "/ok", given(cookies={"b": "2", "a": "1"})),
    "cookie header": Call("GET", "/ok", given(headers={"Cookie": "h=1"}, cookies={"a": "1"})),
    "basic": Call("GET", "/ok", given(auth=("u", "p\u00e9"))),
    "basic by an object": Call("GET", "/ok", lambda library: {"auth": library.auth.HTTPBasicAuth("u", "p")}),
    "auth callable": Call("GET", "/ok", given(auth=lambda r: r.headers.update({"X-T": "t"}) or r)),
    "digest": Call("GET", "/digest?q", lambda library: {"auth": library.auth.HTTPDigestAuth("u", "p")}),
    "digest with a body": Call(
        "POST", "/digest", lambda library: {"auth": library.auth.HTTPDigestAuth("u", "p"), "data": b"body"}
    ),
    "form": Call("POST", "/ok", given(data={"a": "x y", "b": None, "c": ["1", 2]}, cookies={"k": "v"})),
    "form in pairs": Call("POST", "/ok", given(data=[("a", 1), ("a", 2)], auth=("u", "p"))),
    "text": Call("POST", "/ok", given(data="caf\u00e9")),
    "bytes": Call("POST", "/ok", given(data=b"\x00\xff", headers={"content-type": "x/y"})),
    "bytearray": Call("POST", "/ok", given(data=bytearray(b"abc"))),
    "json": Call("PUT", "/ok", given(json={"b": [1, None], "a": "\u00e9", "n": 2**70})),
    "json false": Call("POST", "/ok", given(json=False)),
    "nothing to post": Call("POST", "/ok"),
    "nothing to delete": Call("DELETE", "/ok"),
    "custom method": Call("brew", "/ok"),
    "head": Call("HEAD", "/ok"),
    "options": Call("OPTIONS", "/ok"),
    "file": Call("POST", "/ok", lambda library: {"data": io.BytesIO(b"0123456789")}),
    "file of text": Call("POST", "/ok", lambda library: {"data": io.StringIO("cafe")}),
    "generator": Call("POST", "/ok", lambda library: {"data": letters()}),
    "empty generator": Call("POST", "/ok", lambda library: {"data": iter([])}),
    "multipart": Call(
        "POST",
        "/ok",
        lambda library: {
            "files": [("f", ("n\u00e9.txt", io.BytesIO(b"xyz"), "text/plain", {"X-H": "1"})), ("g", "plain")],
            "data": {"k": "v", "l": ["1", "2"]},
        },
    ),
    "multipart file over again": Call("POST", "/moved-kept", lambda library: {"files": {"f": b"x"}}),
}

RECEIVED = {
    "reply with a length": Call("GET", "/ok"),
    "reply in chunks": Call("GET", "/chunks"),
    "reply until close": Call("GET", "/until-close"),
    "reply of nothing": Call("GET", "/empty"),
    "gzip": Call("GET", "/gzip"),
    "gzip twice": Call("GET", "/gzip-twice"),
    "gzip in chunks": Call("GET", "/gzip-chunks"),
    "gzip of several members": Call("GET", "/gzip-members"),
    "gzip of nothing": Call("GET", "/gzip-empty"),
    "deflate": Call("GET", "/deflate"),
    "deflate without a head": Call("GET", "/deflate-raw"),
    "unknown coding": Call("GET", "/coding-unknown"),
    "odd head": Call("GET", "/odd-head"),
    "latin-1 in the head": Call("GET", "/latin"),
    "repeated headers": Call("GET", "/repeated"),
    "cookies set": Call("GET", "/cookies"),
    "links": Call("GET", "/links"),
    "continue": Call("GET", "/continue"),
    "no content": Call("GET", "/no-content"),
    "not modified": Call("GET", "/not-modified"),
    "missing": Call("GET", "/missing"),
    "failed": Call("GET", "/failed"),
    "pieces of two": Call("GET", "/ok", read=pieces(2)),
    "pieces of one from chunks": Call("GET", "/chunks", read=pieces(1)),
    "pieces of ten from chunks": Call("GET", "/chunks", read=pieces(10)),
    "pieces as they come": Call("GET", "/chunks", read=pieces(None)),
    "pieces decoded": Call("GET", "/gzip", read=pieces(7)),
    "lines": Call("GET", "/lines", read=lines()),
    "lines by single bytes": Call("GET", "/lines", read=lines(chunk_size=1)),
    "lines at a delimiter": Call("GET", "/lines", read=lines(delimiter=b"\n")),
    "raw": Call("GET", "/gzip", read=RAW),
    "raw from chunks": Call("GET", "/chunks", read=RAW),
}

REDIRECTED = {
    "moved": Call("GET", "/moved#start"),
    "moved with a body": Call("POST", "/moved", given(data=b"x", headers={"Content-Type": "t"})),
    "moved, not followed": Call("POST", "/moved", given(data=b"x", allow_redirects=False)),
    "moved twice": Call("PUT", "/moved-twice", given(data={"a": 1}, cookies={"k": "v"})),
    "kept": Call("PATCH", "/moved-kept", given(json={"a": 1}, auth=("u", "p"))),
    "kept with a file": Call("POST", "/moved-kept", lambda library: {"data": io.BytesIO(b"abc")}),
    "other": Call("DELETE", "/moved-other", given(headers={"Authorization": "secret"})),
    "for ever": Call("POST", "/moved-for-ever", given(data=b"x")),
    "for ever, put": Call("PUT", "/moved-for-ever", given(data=b"x")),
    "head": Call("HEAD", "/moved-other"),
    "nowhere": Call("GET", "/moved-nowhere"),
    "elsewhere": Call("GET", "/moved-elsewhere"),
    "round and round": Call("GET", "/loop"),
}

REFUSED = {
    "short body": Call("GET", "/short"),
    "short body in pieces": Call("GET", "/short", read=pieces(2)),
    "broken chunk": Call("GET", "/chunk-broken"),
    "cut chunk": Call("GET", "/chunk-cut", read=pieces(None)),
    "broken gzip": Call("GET", "/gzip-broken"),
    "nothing": Call("GET", "/nothing"),
    "nothing to a post": Call("POST", "/nothing", given(data=b"x")),
    "not http": Call("GET", "/not-http"),
    "late head": Call("GET", "/hang", given(timeout=(20, 0.2))),
    "late body": Call("GET", "/hang-in-body", given(timeout=(20, 0.2))),
    "late body in pieces": Call("GET", "/hang-in-body", given(timeout=(20, 0.2)), read=pieces(3)),
    "closed port": Call("GET", "http://127.0.0.1:1/"),
    "no such host": Call("GET", "http://host.invalid/"),
    "no scheme": Call("GET", "other:x://y"),
    "unknown scheme": Call("GET", "other://x/"),
    "no host": Call("GET", "http://"),
    "bad port": Call("GET", "http://a.test:99999/"),
    "timeout of nothing": Call("GET", "/ok", given(timeout=0)),
    "timeout of three": Call("GET", "/ok", given(timeout=(1, 2, 3))),
    "timeout of text": Call("GET", "/ok", given(timeout="soon")),
    "header with a line break": Call("GET", "/ok", given(headers={"X": "a\r\nB: c"})),
    "header of a number": Call("GET", "/ok", given(headers={"X": 1})),
    "header beyond latin-1": Call("GET", "/ok", given(headers={"X": "\u65e5"})),
    "json that is none": Call("POST", "/ok", given(json=float("nan"))),
    "json of an object": Call("POST", "/ok", given(json=object())),
    "auth in a list": Call("GET", "/ok", given(auth=["u", "p"])),
    "unknown hook": Call("GET", "/ok", given(hooks={"before": print})),
    "iterator that raises": Call("POST", "/ok", lambda library: {"data": unhappy()}),
    "certificates that are not there": Call("GET", "https://127.0.0.1:1/", given(verify="/no/such/file")),
    "certificate of ours that is not there": Call("GET", "https://127.0.0.1:1/", given(cert="/no/such/file")),
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", [*SENT])
def test_the_server_is_sent_the_same(
    name: str, road: str, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = by_requests(peer, SENT[name])
    assert by_road(road, peer, SENT[name], monkeypatch) == expected


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", [*RECEIVED])
def test_replies_are_read_the_same(name: str, road: str, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = by_requests(peer, RECEIVED[name])
    assert by_road(road, peer, RECEIVED[name], monkeypatch) == expected


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", [*REDIRECTED])
def test_redirects_lead_the_same_way(
    name: str, road: str, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = by_requests(peer, REDIRECTED[name])
    assert by_road(road, peer, REDIRECTED[name], monkeypatch) == expected


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", [*REFUSED])
def test_what_goes_wrong_raises_the_same(
    name: str, road: str, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = by_requests(peer, REFUSED[name])
    assert "error" in expected
    assert by_road(road, peer, REFUSED[name], monkeypatch) == expected
