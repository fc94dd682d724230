"""Request bodies that are no multipart forms: data of every kind, JSON, files and iterators."""

from __future__ import annotations

import array
import collections
import io
import warnings

import pytest

from servers.wire import CLOSE, HANG, redirect, reply

from .harness import attempt, compat, only

DATA = {
    "dict": {"a": "1", "b": "x y"},
    "dict of lists": {"a": [1, 2]},
    "dict with None": {"a": None, "b": 1},
    "dict of bytes": {b"a": b"\xff"},
    "dict of unicode": {"\u00e9": "\u65e5"},
    "ordered dict": collections.OrderedDict([("b", 1), ("a", 2)]),
    "list of tuples": [("a", 1), ("a", 2)],
    "tuple of tuples": (("a", 1), ("b", 2)),
    "str": "caf\u00e9",
    "ascii str": "a=1",
    "str with newlines": "a\r\nb",
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"abc"),
    "memoryview": memoryview(b"abc"),
    "array": array.array("B", b"abc"),
    "empty dict": {},
    "empty list": [],
    "empty str": "",
    "empty bytes": b"",
    "None": None,
    "False": False,
    "zero": 0,
    "large": b"x" * 300_000,
}


@compat
@pytest.mark.parametrize("name", DATA)
def test_data_of_every_kind(client, server, name):
    return client.post(server.url + "/", data=DATA[name])


@compat
@pytest.mark.parametrize("data", [5, 1.5, True, object, ["ab"], ["abc"], [1, 2], {1, 2}], ids=repr)
def test_data_of_no_known_kind(client, server, data):
    return attempt(client.post, server.url + "/", data=data)


JSON = {
    "dict": {"b": 1, "a": "\u00e9\u65e5\U0001f426"},
    "list": [1, 2.5, None, True, "x"],
    "empty list": [],
    "empty dict": {},
    "zero": 0,
    "False": False,
    "str": "x",
    "empty str": "",
    "None": None,
    "big integer": {"n": 10**40, "m": -(2**63)},
    "floats": [0.1, 1e300, 1e-7, -0.0, 1.0],
    "nested": {"a": [{"b": [[]]}], "c": {}},
    "number keys": {1: "a", 2.5: "b", None: "c", False: "d"},
    "tuple": (1, (2,)),
    "escapes": '"\\/\b\f\n\r\t\x00\x7f\u2028\ud800',
    "str subclass": type("Text", (str,), {})("x"),
}


@compat
@pytest.mark.parametrize("name", JSON)
def test_json_of_every_kind(client, server, name):
    return client.post(server.url + "/", json=JSON[name])


@compat
@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"bytes", {(1,): 1}, 1j])
@only("http")
def test_json_that_cannot_be_written(client, server, value):
    outcome = attempt(client.post, server.url + "/", json={"a": value})
    assert isinstance(outcome, Exception)
    assert not server.requests
    return outcome


@compat
def test_data_wins_over_json_unless_it_is_empty(client, server):
    client.post(server.url + "/", data={"a": "1"}, json={"b": 1})
    client.post(server.url + "/", data={}, json={"b": 1})
    client.post(server.url + "/", data="", json=[])
    assert [request.body for request in server.requests] == [b"a=1", b'{"b": 1}', b"[]"]


@compat
@pytest.mark.parametrize("verb", ["get", "delete", "options", "head", "put", "patch"])
def test_every_verb_may_have_a_body(client, server, verb):
    return getattr(client, verb)(server.url + "/", data=b"abc")


@compat
@pytest.mark.parametrize(
    "make",
    [
        lambda: iter([b"ab", b"c"]),
        lambda: (piece for piece in (b"ab", b"c")),
        lambda: iter(["ab", "\u00e9"]),
        lambda: iter([b"ab", b"", b"c"]),
        lambda: iter([]),
        lambda: iter([b""]),
        lambda: iter([bytearray(b"ab"), memoryview(b"c")]),
        lambda: iter([b"x" * 100_000, b"y" * 70_000]),
        lambda: map(str.encode, "abc"),
    ],
    ids=["iterator", "generator", "str", "empty piece", "nothing", "one empty", "buffers", "large", "map"],
)
def test_an_iterator_is_sent_in_chunks(client, server, make):
    client.post(server.url + "/", data=make())
    assert server.requests[0].header("Transfer-Encoding") == "chunked"
    assert server.requests[0].header("Content-Length") is None


@compat
def test_an_iterable_object_is_sent_in_chunks(client, server):
    class Pieces:
        def __iter__(self):
            return iter([b"a", b"b"])

    client.post(server.url + "/", data=Pieces())


@compat
def test_an_iterable_that_tells_its_length_is_sent_with_it(client, server):
    class Sized:
        def __iter__(self):
            return iter([b"ab", b"c"])

        def __len__(self):
            return 3

    client.post(server.url + "/", data=Sized())
    assert server.requests[0].header("Content-Length") == "3"


@compat
@pytest.mark.parametrize("pieces", [[b"ab", 5], [None], [b"ab", object()]], ids=repr)
def test_an_iterator_of_what_cannot_be_sent(client, server, pieces):
    return type(attempt(client.post, server.url + "/", data=iter(pieces))).__name__


@compat
@pytest.mark.parametrize("after", [0, 2])
def test_an_iterator_that_raises_lets_its_exception_through(client, server, after):
    class Broken(Exception):
        pass

    def pieces():
        yield from [b"piece"] * after
        raise Broken

    outcome = attempt(client.post, server.url + "/", data=pieces())
    assert type(outcome) is Broken
    server.wait_until_closed()
    assert not server.requests
    return client.get(server.url + "/next")


class File(io.BytesIO):
    """A file that has a name and no descriptor."""

    name = "/some/where/file.bin"


@compat
@pytest.mark.parametrize("position", [0, 4, 10, 12])
def test_a_file_is_sent_from_where_it_stands(client, server, tmp_path, position):
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(position)
        client.post(server.url + "/", data=file)
    in_memory = File(b"0123456789")
    in_memory.seek(position)
    client.post(server.url + "/", data=in_memory)


@compat
@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 1_000_000])
def test_a_file_of_any_size_is_sent_with_its_length(client, server, size):
    client.post(server.url + "/", data=io.BytesIO(b"z" * size))


@compat
def test_a_text_file_in_memory_is_sent_as_utf_8(client, server):
    return client.post(server.url + "/", data=io.StringIO("coffee"))


@compat
def test_a_file_opened_as_text_is_warned_about(client, server, tmp_path):
    path = tmp_path / "data"
    path.write_text("abc")
    with path.open() as file, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client.post(server.url + "/", data=file)
    return [warning.category.__name__ for warning in caught]


@compat
def test_a_file_that_only_reads_is_sent_in_chunks(client, server):
    class Readable:
        def __init__(self):
            self.pieces = [b"ab", b"c", b""]

        def read(self, size=-1):
            return self.pieces.pop(0)

        def __iter__(self):
            return iter([b"by iteration"])

    return client.post(server.url + "/", data=Readable())


@compat
def test_an_object_with_len_and_read_is_sent_with_that_length(client, server):
    class Measured(io.BytesIO):
        len = 4

    return client.post(server.url + "/", data=Measured(b"abcd"))


@compat
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_file_is_sent_again_from_its_place_on_a_redirect(client, server, status):
    server.on("/from", redirect(status, "/to"))
    file = io.BytesIO(b"skipped, sent")
    file.seek(9)
    return client.post(server.url + "/from", data=file)


@compat
def test_a_file_that_cannot_go_back_is_an_error_on_a_redirect(client, server):
    class OneWay(io.BytesIO):
        def seek(self, *_):
            raise OSError("no way back")

    server.on("/from", redirect(307, "/to"))
    return attempt(client.post, server.url + "/from", data=OneWay(b"abc"))


@compat
def test_a_reply_that_comes_before_the_body_is_taken(client, server):
    server.on("/", reply(413, b"too large", ("Connection", "close")), before_body=True)
    return client.post(server.url + "/", data=b"abc").status_code


@compat
@only("http")
def test_a_connection_closed_while_the_body_is_sent_is_an_error(client, server):
    server.on("/", [CLOSE], before_body=True)
    outcome = attempt(client.post, server.url + "/", data=b"x" * 5_000_000)
    return [type(outcome).__name__, isinstance(outcome, client.lib.exceptions.ConnectionError)]


@compat
def test_a_generator_is_not_sent_again_by_itself(client, server):
    server.on("/put", [CLOSE])
    client.get(server.url + "/")
    return attempt(client.put, server.url + "/put", data=iter([b"one", b"two"]))


@compat
def test_a_body_that_nobody_reads_runs_into_the_timeout(client, server):
    server.on("/", [HANG])
    return attempt(client.post, server.url + "/", data=b"abc", timeout=(20, 0.2))


@compat
def test_the_body_of_a_prepared_request_may_be_replaced(client, server):
    prepared = client.prepare("POST", server.url + "/", data={"a": "1"})
    prepared.body = b"other"
    prepared.headers["Content-Length"] = "5"
    return client.send(prepared)
