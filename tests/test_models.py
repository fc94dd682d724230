"""Preparing a request: the same bytes as requests, or the same exception."""

from __future__ import annotations

import copy
import io
import pickle
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

import martlet

URL = "http://a.test/p"


def letters() -> Iterator[bytes]:
    yield b"a"


class Odd:
    def __str__(self) -> str:
        return "http://a.test/odd"


class Sized:
    """A stream that knows its length but cannot be rewound."""

    len = 7

    def __iter__(self) -> Iterator[bytes]:
        yield b"a" * 7


PREPARED: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing but a method and a URL": dict,
    "method in lower case": lambda: {"method": "post"},
    "method as bytes": lambda: {"method": b"put"},
    "method unknown": lambda: {"method": "brew"},
    "url as bytes": lambda: {"url": b"http://a.test/\xc3\xa9"},
    "url as an object": lambda: {"url": Odd()},
    "url after blanks": lambda: {"url": "  http://A.test"},
    "url of another scheme": lambda: {"url": "mailto:a@b", "params": {"x": 1}},
    "url with a unix scheme": lambda: {"url": "http+unix://%2Ftmp%2Fs/x y"},
    "url with query and fragment": lambda: {"url": "http://a.test/?a=1#f", "params": {"b": "2"}},
    "url with user and password": lambda: {"url": "http://us%20er:p%40ss@a.test/"},
    "url with a user alone": lambda: {"url": "http://user@a.test/"},
    "params in a dict": lambda: {"params": {"a": "x y", "b": None, "c": [1, None, "é"], "d": True, "e": []}},
    "params in pairs": lambda: {"params": [("a", 1), ("a", 2.5)]},
    "params in a tuple of pairs": lambda: {"params": (("a", b"1"), (b"b", "2"))},
    "params in text": lambda: {"params": "a=1&b=é"},
    "params in bytes": lambda: {"params": b"a=1"},
    "params nested": lambda: {"params": {"a": [[1, 2], (3,)], 5: {"x": 1}}},
    "params of reserved characters": lambda: {"params": {"a": "&=+/?#%"}},
    "headers in any case": lambda: {"headers": OrderedDict([("x-B", "1"), ("A", b"2"), ("X-b", "3")])},
    "headers with bytes names": lambda: {"headers": {b"X": b"v"}},
    "headers empty": lambda: {"headers": {"X": ""}},
    "cookies in a dict": lambda: {"cookies": OrderedDict([("b", "2"), ("a", "1"), ("q", 'x y"z')])},
    "cookies under a cookie header": lambda: {"cookies": {"a": "1"}, "headers": {"cookie": "h=1"}},
    "form in a dict": lambda: {"method": "POST", "data": {"a": "x y", "b": None, "c": ["1", 2]}},
    "form in pairs": lambda: {"method": "POST", "data": [("a", 1), ("a", 2)]},
    "form in a tuple of pairs": lambda: {"method": "POST", "data": (("a", 1),)},
    "form with its own content type": lambda: {"data": {"a": 1}, "headers": {"CONTENT-TYPE": "x/y"}},
    "text": lambda: {"method": "POST", "data": "café"},
    "bytes": lambda: {"method": "POST", "data": b"\x00\xff"},
    "nothing to post": lambda: {"method": "POST", "data": {}},
    "nothing to delete": lambda: {"method": "DELETE"},
    "nothing to head": lambda: {"method": "HEAD"},
    "content length given": lambda: {"method": "POST", "headers": {"content-length": "5"}},
    "json": lambda: {"method": "POST", "json": {"b": 1, "a": "é", "n": 2**70}},
    "json empty list": lambda: {"method": "POST", "json": []},
    "json zero": lambda: {"method": "POST", "json": 0},
    "json false": lambda: {"method": "POST", "json": False},
    "json none": lambda: {"method": "POST", "json": None},
    "json beside data": lambda: {"method": "POST", "json": {"a": 1}, "data": {"b": 2}},
    "json beside empty data": lambda: {"method": "POST", "json": {"a": 1}, "data": ""},
    "json with its own content type": lambda: {"json": {}, "headers": {"content-type": "x/y"}},
    "json nan": lambda: {"json": float("nan")},
    "json of what cannot be": lambda: {"json": object()},
    "file in memory": lambda: {"method": "POST", "data": io.BytesIO(b"abc")},
    "file of text": lambda: {"method": "POST", "data": io.StringIO("abcé")},
    "file empty": lambda: {"method": "POST", "data": io.BytesIO(b"")},
    "iterator": lambda: {"method": "POST", "data": letters()},
    "iterable with len": lambda: {"method": "POST", "data": Sized()},
    "bytearray": lambda: {"method": "POST", "data": bytearray(b"abc")},
    "memoryview": lambda: {"method": "POST", "data": memoryview(b"abc")},
    "a number as data": lambda: {"method": "POST", "data": 5},
    "auth in a tuple": lambda: {"auth": ("u", "p")},
    "auth in latin-1": lambda: {"auth": ("é", "p")},
    "auth in bytes": lambda: {"auth": (b"u", b"p")},
    "auth beyond latin-1": lambda: {"auth": ("日", "p")},
    "auth in a list": lambda: {"auth": ["u", "p"]},
    "auth over a header": lambda: {"auth": ("u", "p"), "headers": {"authorization": "x"}},
    "auth beside the url": lambda: {"auth": ("u", "p"), "url": "http://x:y@a.test/"},
    "multipart file": lambda: {"files": {"f": io.BytesIO(b"xyz")}},
    "multipart pair": lambda: {"files": {"f": ("n.txt", io.BytesIO(b"xyz"))}},
    "multipart three": lambda: {"files": {"f": ("n.txt", "text", "text/plain")}},
    "multipart four": lambda: {
        "files": {"f": ("n", b"x", "a/b", {"X-H": "1", "Content-Location": "l", "E": ""})}
    },
    "multipart without a name": lambda: {"files": {"f": (None, "v")}},
    "multipart odd names": lambda: {"files": {'f"\r\n': ('é"\n.txt', b"x")}},
    "multipart bytes name": lambda: {"files": [("f", (b"n", b"x"))], "data": {b"k": b"v"}},
    "multipart of text and numbers": lambda: {"files": {"f": "plain", "g": bytearray(b"b")}},
    "multipart beside a form": lambda: {
        "files": [("f", ("n", b"1")), ("f", ("m", b"2"))],
        "data": {"k": "v", "l": ["1", None, 2], "n": None},
    },
    "multipart none": lambda: {"files": {"f": None}},
    "multipart beside json": lambda: {"files": {"f": "x"}, "json": {"a": 1}},
    "multipart with its own content type": lambda: {"files": {"f": "x"}, "headers": {"Content-Type": "x/y"}},
    "multipart beside text": lambda: {"files": {"f": "x"}, "data": "text"},
    "multipart beside a stream": lambda: {"files": {"f": "x"}, "data": letters()},
    "no scheme": lambda: {"url": "a.test/x"},
    "no url": lambda: {"url": None},
    "no host": lambda: {"url": "http://"},
    "bad host": lambda: {"url": "http://*.test"},
    "header value a number": lambda: {"headers": {"X": 1}},
    "header value none": lambda: {"headers": {"X": None}},
    "header value with a blank before": lambda: {"headers": {"X": " a"}},
    "header value with a line break": lambda: {"headers": {"X": "a\r\nB: c"}},
    "header value with a line break in bytes": lambda: {"headers": {"X": b"a\nb"}},
    "header name with a colon": lambda: {"headers": {"X:": "a"}},
    "header name empty": lambda: {"headers": {"": "a"}},
    "header name a number": lambda: {"headers": {1: "a"}},
    "hook unknown": lambda: {"hooks": {"request": print}},
}


def outcome(library: ModuleType, arguments: dict[str, Any]) -> Any:
    given = {"method": "GET", "url": URL, **arguments}
    try:
        prepared = library.Request(**given).prepare()
    except Exception as error:
        return type(error).__name__, str(error)
    body, kind = prepared.body, prepared.headers.get("Content-Type", "")
    boundary = re.search(rb"--([0-9a-f]{32})--\r\n$", body) if isinstance(body, bytes) else None
    if boundary:
        body = body.replace(boundary[1], b"B")
        kind = kind.replace(boundary[1].decode(), "B")
    elif not isinstance(body, str | bytes | int):
        body = type(body)
    headers = [(name, kind if name == "Content-Type" else value) for name, value in prepared.headers.items()]
    return prepared.method, prepared.url, headers, body


@pytest.mark.parametrize("given", PREPARED)
def test_prepared_as_by_requests(given: str) -> None:
    make = PREPARED[given]
    assert outcome(martlet, make()) == outcome(requests, make())


@pytest.mark.parametrize(("url", "path"), [("http://a.test", "/"), ("http://a.test/a?b#c", "/a?b")])
def test_path_url_is_what_stands_in_the_request_line(library: ModuleType, url: str, path: str) -> None:
    assert library.Request("GET", url).prepare().path_url == path


def test_an_auth_callable_sees_the_body_and_its_changes_are_kept(library: ModuleType) -> None:
    def sign(request: Any) -> Any:
        assert request.body == "abc"
        request.headers["X-Sign"] = "s"
        request.body = "abcd"
        return request

    prepared = library.Request("POST", URL, data="abc", auth=sign).prepare()
    assert (prepared.headers["X-Sign"], prepared.headers["Content-Length"]) == ("s", "4")


def test_an_auth_may_give_back_another_request(library: ModuleType) -> None:
    def swap(request: Any) -> Any:
        other = request.copy()
        other.url = "http://b.test/"
        return other

    assert library.Request("GET", URL, auth=swap).prepare().url == "http://b.test/"


def test_a_copy_has_headers_and_cookies_of_its_own(library: ModuleType) -> None:
    first = library.Request("POST", URL, data=b"x", headers={"A": "1"}, cookies={"a": "1"}).prepare()
    second = first.copy()
    second.headers["A"] = "2"
    second._cookies.clear()
    assert (first.headers["A"], len(first._cookies), second.body, second.hooks is first.hooks) == (
        "1",
        1,
        b"x",
        True,
    )
    assert library.PreparedRequest().copy().headers is None


def test_a_jar_that_was_given_is_the_jar_that_is_kept(library: ModuleType) -> None:
    jar = CookieJar()
    assert library.Request("GET", URL, cookies=jar).prepare()._cookies is jar
    assert len(library.Request("GET", URL).prepare()._cookies) == 0


def test_the_position_of_a_file_is_noted_and_only_the_rest_is_sent(
    library: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(4)
        prepared = library.Request("POST", URL, data=file).prepare()
        assert (prepared.headers["Content-Length"], prepared._body_position) == ("6", 4)
        file.read()
        library.utils.rewind_body(prepared)
        assert file.tell() == 4


def test_a_text_file_is_warned_about(library: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("abc")
    with path.open() as file, pytest.warns(library.FileModeWarning):
        library.Request("POST", URL, data=file).prepare()


@pytest.mark.parametrize("body", [b"bytes", None])
def test_a_body_that_cannot_seek_cannot_be_rewound(library: ModuleType, body: Any) -> None:
    prepared = library.Request("POST", URL).prepare()
    prepared.body = body
    with pytest.raises(library.exceptions.UnrewindableBodyError):
        library.utils.rewind_body(prepared)


def test_requests_show_their_method_and_pickle(library: ModuleType) -> None:
    request = library.Request("POST", URL, data=b"x", headers={"A": "1"}, cookies={"a": "1"})
    prepared = request.prepare()
    assert (repr(request), repr(prepared)) == ("<Request [POST]>", "<PreparedRequest [POST]>")
    for twin in (pickle.loads(pickle.dumps(prepared)), copy.copy(prepared)):
        assert (twin.method, twin.url, dict(twin.headers), twin.body) == (
            "POST",
            URL,
            dict(prepared.headers),
            b"x",
        )
    assert pickle.loads(pickle.dumps(request)).url == URL


def test_a_prepared_request_begins_empty(library: ModuleType) -> None:
    prepared = library.PreparedRequest()
    assert vars(prepared) == {
        "method": None,
        "url": None,
        "headers": None,
        "_cookies": None,
        "body": None,
        "hooks": {"response": []},
        "_body_position": None,
    }


def test_a_subclass_may_override_each_step() -> None:
    class Fixed(martlet.PreparedRequest):
        def prepare_url(self, url: Any, params: Any) -> None:
            self.url = "http://fixed.test/"

    prepared = Fixed()
    prepared.prepare(method="GET", url="nonsense")
    assert prepared.url == "http://fixed.test/"


def test_an_async_iterable_is_streamed() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"

    prepared = martlet.Request("POST", URL, data=pieces()).prepare()
    assert prepared.headers["Transfer-Encoding"] == "chunked"
    assert hasattr(prepared.body, "__aiter__")
