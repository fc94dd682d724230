"""Response: read from what the engine holds, or from what was put into it by hand."""

from __future__ import annotations

import asyncio
import copy
import datetime
import io
import json
import pickle
from types import ModuleType
from typing import Any

import pytest

import martlet
from handles import Handle, response_over
from scripted import Reply, raw_of

CHUNKED = [("Transfer-Encoding", "chunked")]


def by_hand(library: ModuleType, content: Any = b"", **attributes: Any) -> Any:
    """A response as mock libraries make it."""
    response = library.Response()
    response.status_code = 200
    response._content = content
    response._content_consumed = content is not False
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


def over_urllib3(library: ModuleType, body: bytes) -> Any:
    return by_hand(library, False, raw=raw_of(Reply(body=body)))


# -- made by hand, in requests and in martlet


def test_a_response_begins_with_requests_attributes(library: ModuleType) -> None:
    found = {
        name: value for name, value in vars(library.Response()).items() if name not in ("headers", "cookies")
    }
    assert found == {
        "_content": False,
        "_content_consumed": False,
        "_next": None,
        "status_code": None,
        "raw": None,
        "url": None,
        "encoding": None,
        "history": [],
        "reason": None,
        "elapsed": datetime.timedelta(0),
        "request": None,
    }


@pytest.mark.parametrize(
    ("status", "fine"), [(200, True), (304, True), (399, True), (400, False), (599, False), (600, True)]
)
def test_a_response_is_true_unless_it_is_an_error(library: ModuleType, status: int, fine: bool) -> None:
    response = by_hand(library, status_code=status)
    assert (bool(response), response.ok, repr(response)) == (fine, fine, f"<Response [{status}]>")


@pytest.mark.parametrize(
    ("status", "reason", "message"),
    [
        (404, "Not Found", "404 Client Error: Not Found for url: http://a.test/"),
        (500, "", "500 Server Error:  for url: http://a.test/"),
        (418, "th\u00e9".encode(), "418 Client Error: th\u00e9 for url: http://a.test/"),
        (418, b"th\xe9", "418 Client Error: th\u00e9 for url: http://a.test/"),
        (404, None, "404 Client Error: None for url: http://a.test/"),
    ],
)
def test_an_error_names_status_reason_and_url(
    library: ModuleType, status: int, reason: Any, message: str
) -> None:
    response = by_hand(library, status_code=status, reason=reason, url="http://a.test/")
    with pytest.raises(library.HTTPError) as caught:
        response.raise_for_status()
    assert (str(caught.value), caught.value.response) == (message, response)


def test_content_of_nothing_is_none(library: ModuleType) -> None:
    assert library.Response().content is None


def test_content_read_is_noted(library: ModuleType) -> None:
    response = by_hand(library, b"abc")
    response._content_consumed = False
    assert (response.content, response._content_consumed) == (b"abc", True)


def test_content_of_a_response_made_by_half(library: ModuleType) -> None:
    response = library.Response.__new__(library.Response)
    response._content = b"abc"
    assert (response.content, list(response.iter_content(2))) == (b"abc", [b"ab", b"c"])


def test_content_is_a_property(library: ModuleType) -> None:
    content = vars(library.Response)["content"]
    assert isinstance(content, property)
    assert library.Response.content is content
    response = by_hand(library, b"abc")
    assert content.fget(response) == content.__get__(response) == b"abc"
    with pytest.raises(AttributeError):
        response.content = b"other"


def test_a_subclass_says_what_its_content_is(library: ModuleType) -> None:
    class Own(library.Response):
        _content = property(lambda self: b"own", lambda self, value: None)

    response = Own()
    vars(response)["_content"] = b"other"
    assert response.content == b"own"


def test_text_is_decoded_by_the_encoding_or_by_what_is_guessed(library: ModuleType) -> None:
    assert by_hand(library, "\u00e9".encode(), encoding="utf-8").text == "\u00e9"
    assert by_hand(library, b"\xe9", encoding="latin-1").text == "\u00e9"
    assert by_hand(library, b"\xe9", encoding="utf-8").text == "\ufffd"
    assert by_hand(library, b"abc", encoding="no-such-codec").text == "abc"
    assert by_hand(library, b"").text == ""
    guessed = by_hand(
        library, "\u0434\u043e\u0431\u0440\u044b\u0439 \u0434\u0435\u043d\u044c".encode("cp1251") * 9
    )
    assert guessed.text == guessed.content.decode(guessed.apparent_encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_json_is_read_in_any_utf(library: ModuleType, encoding: str) -> None:
    document = {"a": [1, 2**70, None, "\u00e9"]}
    assert by_hand(library, json.dumps(document).encode(encoding)).json() == document


def test_json_takes_the_arguments_of_loads_and_nan(library: ModuleType) -> None:
    assert by_hand(library, b"[1.5]").json(parse_float=str) == ["1.5"]
    assert str(by_hand(library, b"[NaN]").json()) == "[nan]"
    assert by_hand(library, b'{"a": "\xe9\xe9\xe9\xe9"}').json()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[1,", b"\xff\xfe[1"])
def test_what_is_not_json_is_said_to_be_so(library: ModuleType, content: bytes) -> None:
    for encoding in (None, "utf-8"):
        with pytest.raises(library.JSONDecodeError):
            by_hand(library, content, encoding=encoding).json()


def test_links_are_found_by_relation_or_url(library: ModuleType) -> None:
    response = by_hand(library)
    response.headers["Link"] = "<http://a.test/2>; rel=next, <http://a.test/x>"
    assert response.links == {
        "next": {"url": "http://a.test/2", "rel": "next"},
        "http://a.test/x": {"url": "http://a.test/x"},
    }
    assert by_hand(library).links == {}


@pytest.mark.parametrize(
    ("status", "redirect", "permanent"),
    [(301, True, True), (302, True, False), (308, True, True), (200, False, False)],
)
def test_a_redirect_has_a_location(library: ModuleType, status: int, redirect: bool, permanent: bool) -> None:
    response = by_hand(library, status_code=status)
    assert (response.is_redirect, response.is_permanent_redirect) == (False, False)
    response.headers["location"] = "/x"
    assert (response.is_redirect, response.is_permanent_redirect) == (redirect, permanent)


def test_content_that_is_there_is_cut_into_slices(library: ModuleType) -> None:
    response = by_hand(library, b"abcde")
    assert list(response.iter_content(2)) == [b"ab", b"cd", b"e"]
    assert list(response.iter_content(None)) == [b"abcde"]
    assert list(response.iter_content()) == [b"a", b"b", b"c", b"d", b"e"]
    assert list(response) == [b"abcde"]


def test_chunk_sizes_are_whole_numbers(library: ModuleType) -> None:
    for size in (1.5, "1"):
        with pytest.raises(TypeError, match=f"chunk_size must be an int, it is instead a {type(size)}"):
            by_hand(library, b"abc").iter_content(size)


def test_a_streamed_body_is_read_once(library: ModuleType) -> None:
    response = over_urllib3(library, b"abcde")
    assert b"".join(response.iter_content(2)) == b"abcde"
    with pytest.raises(library.exceptions.StreamConsumedError):
        response.iter_content(2)
    with pytest.raises(RuntimeError, match="The content for this response was already consumed"):
        _ = response.content


def test_content_after_a_part_was_streamed_is_the_rest(library: ModuleType) -> None:
    response = over_urllib3(library, b"abcde")
    assert next(response.iter_content(2)) == b"ab"
    assert response.content == b"cde"


def test_a_raw_without_stream_is_read_as_a_file(library: ModuleType) -> None:
    response = by_hand(library, False, raw=io.BytesIO(b"abcde"))
    assert list(response.iter_content(2)) == [b"ab", b"cd", b"e"]


def test_pieces_are_decoded_across_their_borders(library: ModuleType) -> None:
    response = by_hand(library, "\u00e9\u65e5".encode(), encoding="utf-8")
    assert list(response.iter_content(1, decode_unicode=True)) == ["\u00e9", "\u65e5"]
    cut = by_hand(library, b"a\xc3", encoding="utf-8")
    assert "".join(cut.iter_content(1, decode_unicode=True)) == "a\ufffd"
    assert list(by_hand(library, b"ab").iter_content(1, decode_unicode=True)) == [b"a", b"b"]


@pytest.mark.parametrize("size", [1, 2, 3, 512, None])
@pytest.mark.parametrize("delimiter", [None, b"\n", b"\r\n"])
def test_lines_are_split_as_in_requests(size: int | None, delimiter: bytes | None) -> None:
    import requests

    body = b"a\nb\r\n\r\nlong line\n\nlast"
    ours, theirs = (
        list(by_hand(library, body).iter_lines(size, delimiter=delimiter)) for library in (martlet, requests)
    )
    assert ours == theirs
    assert list(by_hand(martlet, b"").iter_lines()) == []


def test_lines_may_be_text(library: ModuleType) -> None:
    response = by_hand(library, "\u00e9\n\u65e5".encode(), encoding="utf-8")
    assert list(response.iter_lines(decode_unicode=True)) == ["\u00e9", "\u65e5"]
    assert list(response.iter_lines(decode_unicode=True, delimiter="\n")) == ["\u00e9", "\u65e5"]


def test_a_response_pickles_and_copies_with_its_body(library: ModuleType) -> None:
    response = over_urllib3(library, b"abc")
    response.url, response.encoding = "http://a.test/", "utf-8"
    response.headers["X"] = "1"
    for twin in (pickle.loads(pickle.dumps(response)), copy.copy(response)):
        assert (twin.text, twin.url, twin.headers, twin.raw, twin._content_consumed) == (
            "abc",
            "http://a.test/",
            {"X": "1"},
            None,
            True,
        )


def test_closing_closes_and_releases(library: ModuleType) -> None:
    class Raw(io.BytesIO):
        released = 0

        def release_conn(self) -> None:
            self.released += 1

    read, unread = by_hand(library, b"x", raw=Raw()), by_hand(library, False, raw=Raw())
    for response in (read, unread):
        with response as same:
            assert same is response
    assert (read.raw.closed, unread.raw.closed) == (False, True)
    assert (read.raw.released, unread.raw.released) == (1, 1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ProtocolError", "ChunkedEncodingError"),
        ("DecodeError", "ContentDecodingError"),
        ("ReadTimeoutError", "ConnectionError"),
        ("SSLError", "SSLError"),
    ],
)
def test_errors_of_urllib3_while_reading_become_those_of_requests(
    library: ModuleType, kind: str, expected: str
) -> None:
    import urllib3

    arguments = (None, "url", "late") if kind == "ReadTimeoutError" else ("broken",)
    error = getattr(urllib3.exceptions, kind)(*arguments)

    class Raw:
        def stream(self, size: int, decode_content: bool) -> Any:
            yield b"a"
            raise error

    with pytest.raises(getattr(library.exceptions, expected)) as caught:
        _ = by_hand(library, False, raw=Raw()).content
    assert caught.value.args[0] is error


# -- over the engine's handle


def test_nothing_is_there_before_it_is_asked_for() -> None:
    response = response_over(Handle())
    assert vars(response) == {}
    assert response.status_code == 200
    assert vars(response) == {"status_code": 200}


def test_attributes_are_read_from_the_handle() -> None:
    sets = [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/"), ("X", "1"), ("x", "2")]
    response = response_over(
        Handle(404, [("Content-Type", "text/html; charset=x"), *sets], b"body", reason=b"Nicht da \xe9")
    )
    assert (response.status_code, response.reason, response.url) == (404, "Nicht da \u00e9", "http://a.test/")
    assert dict(response.headers)["X"] == "1, 2"
    assert response.headers["set-cookie"] == "a=1; Path=/, b=2; Path=/"
    assert (response.encoding, response.elapsed.total_seconds()) == ("x", 0.25)
    assert response.cookies.get_dict() == {"a": "1", "b": "2"}
    assert (response.request.method, response.request.headers) == ("GET", {"A": "1"})
    assert (response.content, response.history, response.next) == (b"body", [], None)
    assert response.raw.headers.getlist("SET-COOKIE") == ["a=1; Path=/", "b=2; Path=/"]


def test_attributes_can_be_set_over_what_the_handle_says() -> None:
    response = response_over(Handle(body=b"\xe9"))
    response.encoding = "latin-1"
    response.status_code = 201
    assert (response.text, response.status_code) == ("\u00e9", 201)


def test_history_of_the_handle_becomes_responses_each_knowing_those_before() -> None:
    hops = [Handle(302, body=b"1"), Handle(301, body=b"2")]
    response = response_over(Handle(history=hops, body=b"3"))
    assert [each.content for each in response.history] == [b"1", b"2"]
    assert response.history[1].history == [response.history[0]]


def test_next_is_the_request_the_engine_would_go_on_with() -> None:
    response = response_over(Handle(302, next=("GET", "http://b.test/", [], None)))
    assert response.next.url == "http://b.test/"


def test_an_attribute_of_nothing_is_an_attribute_error() -> None:
    response = object.__new__(martlet.Response)
    with pytest.raises(AttributeError, match="'Response' object has no attribute 'status_code'"):
        _ = response.status_code


def test_passwords_are_not_shown_in_errors() -> None:
    response = response_over(Handle(404, url="http://u:secret@a.test/p#f", reason=b""))
    with pytest.raises(martlet.HTTPError, match=r"404 Client Error:  for url: http://a\.test/p#f"):
        response.raise_for_status()


def test_pieces_have_the_size_asked_for_where_there_are_no_chunks() -> None:
    response = response_over(Handle(chunks=[b"abc", b"defg"]))
    assert list(response.iter_content(2)) == [b"ab", b"cd", b"ef", b"g"]


def test_small_pieces_are_cut_from_what_has_arrived_and_large_ones_are_asked_for() -> None:
    handle = Handle(chunks=[b"x" * 1000, b"x" * 100])
    assert [len(piece) for piece in response_over(handle).iter_content(100)] == [100] * 11
    assert handle.asked == [("chunk", True)] * 3
    handle = Handle(chunks=[b"x" * 100_000])
    assert [len(piece) for piece in response_over(handle).iter_content(70_000)] == [70_000, 30_000]
    assert set(handle.asked) == {("read", 70_000, True)}


def test_what_is_left_of_a_reading_in_pieces_comes_first_in_the_next() -> None:
    response = response_over(Handle(chunks=[b"abcdef", b"gh"]))
    assert next(response.iter_content(2)) == b"ab"
    assert next(response.iter_content(3)) == b"cde"
    assert response.content == b"fgh"


def test_chunks_of_the_wire_are_kept_apart() -> None:
    for size, pieces in (
        (None, [b"abc", b"de"]),
        (10, [b"abc", b"de"]),
        (2, [b"ab", b"c", b"de"]),
        (1, [b"a", b"b", b"c", b"d", b"e"]),
    ):
        response = response_over(Handle(headers=CHUNKED, chunks=[b"abc", b"de"]))
        assert list(response.iter_content(size)) == pieces


def test_what_a_cut_piece_left_over_is_read_next() -> None:
    response = response_over(Handle(headers=CHUNKED, chunks=[b"abcd", b"ef"]))
    assert next(response.iter_content(1)) == b"a"
    assert next(response.iter_content(2)) == b"bc"
    assert response.content == b"def"


def test_a_stream_of_the_engine_is_read_once() -> None:
    response = response_over(Handle(chunks=[b"ab"]))
    assert b"".join(response) == b"ab"
    with pytest.raises(martlet.exceptions.StreamConsumedError):
        response.iter_content()


def test_the_raw_body_is_read_undecoded_as_a_file() -> None:
    import shutil

    handle = Handle(chunks=[b"ab", b"c\nd"])
    response = response_over(handle)
    target = io.BytesIO()
    shutil.copyfileobj(response.raw, target)
    assert (target.getvalue(), response.raw.tell(), handle.asked[0][2]) == (b"abc\nd", 5, False)
    lines = response_over(Handle(chunks=[b"a\nb"])).raw
    assert (lines.readable(), list(lines)) == (True, [b"a\n", b"b"])
    assert b"".join(response_over(Handle(chunks=[b"ab", b"c"])).raw.stream(2)) == b"abc"
    assert response_over(Handle(chunks=[b"abc"])).raw.read(2, decode_content=True) == b"ab"


def test_closing_gives_the_handle_up_unless_raw_was_replaced() -> None:
    handle = Handle(chunks=[b"x"])
    with response_over(handle):
        pass
    assert handle.closed
    replaced = response_over(Handle(chunks=[b"x"]))
    replaced.raw = io.BytesIO(b"other")
    assert replaced.content == b"other"


def test_an_unpickled_response_is_whole_without_the_engine() -> None:
    response = response_over(Handle(200, [("Content-Type", "text/plain; charset=utf-8")], chunks=[b"abc"]))
    twin = pickle.loads(pickle.dumps(response))
    assert (twin.status_code, twin.text, twin.headers, twin.raw) == (200, "abc", response.headers, None)
    assert twin.elapsed == response.elapsed
    assert twin.request.method == "GET"


def test_the_twins_with_an_a_read_the_same() -> None:
    def streamed(headers: Any = None) -> martlet.Response:
        return response_over(Handle(headers=headers, chunks=[b'["\xc3', b'\xa9"]\n1']))

    async def read() -> None:
        assert await streamed().aread() == b'["\xc3\xa9"]\n1'
        assert await response_over(Handle(body=b"there")).aread() == b"there"
        response = streamed()
        response.encoding = "utf-8"
        assert await response.atext() == '["\u00e9"]\n1'
        assert await response_over(Handle(chunks=[b"[1]"])).ajson() == [1]
        assert [piece async for piece in streamed().aiter_content(6)] == [b'["\xc3\xa9"]', b"\n1"]
        assert [piece async for piece in streamed(CHUNKED).aiter_content(None)] == [b'["\xc3', b'\xa9"]\n1']
        response = streamed()
        response.encoding = "utf-8"
        assert [line async for line in response.aiter_lines(2, decode_unicode=True)] == ['["\u00e9"]', "1"]
        assert [piece async for piece in response_over(Handle(body=b"abc")).aiter_content(2)] == [b"ab", b"c"]
        handle = Handle(chunks=[b"x"])
        async with response_over(handle):
            pass
        assert handle.closed
        with pytest.raises(martlet.exceptions.StreamConsumedError):
            _ = [piece async for piece in response.aiter_content()]

    asyncio.run(read())


def test_a_body_of_somebody_elses_is_read_in_a_helper_thread() -> None:
    import threading

    threads: list[Any] = []

    class Raw(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            threads.append(threading.current_thread())
            return super().read(size)

    async def read() -> None:
        response = by_hand(martlet, False, raw=Raw(b"abc"))
        assert [piece async for piece in response.aiter_content(2)] == [b"ab", b"c"]
        assert threading.main_thread() not in threads

    asyncio.run(read())
