"""`files=`: multipart forms to the byte."""

from __future__ import annotations

import io

import pytest

from .harness import attempt, compat, only


def named(content=b"xyz", name="/dir/named.txt"):
    file = io.BytesIO(content)
    file.name = name
    return file


FILES = {
    "file object": lambda: {"f": io.BytesIO(b"xyz")},
    "file with a name": lambda: {"f": named()},
    "file with an odd name": lambda: {"f": named(name="<stdin>")},
    "file with a number for a name": lambda: {"f": named(name=3)},
    "pair": lambda: {"f": ("n.txt", io.BytesIO(b"xyz"))},
    "pair of bytes": lambda: {"f": ("n.txt", b"xyz")},
    "triple": lambda: {"f": ("n.txt", io.BytesIO(b"xyz"), "text/plain")},
    "quadruple": lambda: {"f": ("n.txt", b"xyz", "text/plain", {"X-H": "1", "Expires": "0"})},
    "quadruple with own type": lambda: {
        "f": ("n", b"x", "a/b", {"Content-Type": "c/d", "content-location": "u"})
    },
    "str": lambda: {"f": "plain \u00e9"},
    "bytes": lambda: {"f": b"\x00\xff\r\n--"},
    "bytearray": lambda: {"f": bytearray(b"abc")},
    "empty": lambda: {"f": b""},
    "no filename": lambda: {"f": (None, "value")},
    "empty filename": lambda: {"f": ("", "value")},
    "unicode filename": lambda: {"f": ("\u00e9 \u65e5.txt", b"x")},
    "quotes and lines in the filename": lambda: {"f": ('a"b\\c\r\nd', b"x")},
    "bytes filename": lambda: {"f": (b"n.txt", b"x")},
    "field name beyond ascii": lambda: {"\u00e9": b"x"},
    "quotes in the field name": lambda: {'a"b\r\n': b"x"},
    "list": lambda: [("f", ("a", b"1")), ("f", ("b", b"2")), ("g", "3")],
    "tuple": lambda: (("f", ("a", b"1")),),
    "list value": lambda: {"f": ["n.txt", b"x"]},
    "no content": lambda: {"f": None},
    "no content in a pair": lambda: {"f": ("n.txt", None)},
    "nothing": dict,
    "empty list": list,
    "large": lambda: {"f": ("big", io.BytesIO(b"0123456789" * 30_000))},
    "type of none": lambda: {"f": ("n.txt", b"x", None)},
}


@compat
@pytest.mark.parametrize("name", FILES)
def test_files_of_every_kind(client, server, name):
    client.post(server.url + "/", files=FILES[name]())
    client.put(server.url + "/", files=FILES[name](), data={"k": "v"})


DATA = {
    "dict": {"k": "v", "l": ["1", "2"], "n": None},
    "numbers": {"i": 1, "f": 1.5, "t": True},
    "bytes": {b"k": b"\xff"},
    "list": [("k", "v"), ("k", "w")],
    "unicode": {"\u00e9": "\u65e5"},
    "empty": {},
    "empty value": {"k": ""},
    "tuple value": {"k": ("a", "b")},
}


@compat
@pytest.mark.parametrize("name", DATA)
def test_fields_come_before_files(client, server, name):
    client.post(server.url + "/", data=DATA[name], files={"f": ("n", b"x")})


@compat
def test_files_win_over_json(client, server):
    client.post(server.url + "/", files={"f": b"x"}, json={"a": 1})


@compat
@pytest.mark.parametrize(
    "data", ["text", b"bytes", io.BytesIO(b"x"), iter([b"x"])], ids=lambda d: type(d).__name__
)
def test_files_do_not_go_with_a_body(client, server, data):
    outcome = attempt(client.post, server.url + "/", data=data, files={"f": b"x"})
    assert not server.requests
    return [outcome, str(outcome)]


@compat
@pytest.mark.parametrize(
    "files",
    [
        5,
        "text",
        ["ab"],
        [("f",)],
        {"f": 5},
        {"f": ()},
        {"f": ("a",)},
        {"f": (1, 2, 3, 4, 5)},
        {"f": ("n", 5)},
    ],
    ids=repr,
)
@only("http")
def test_files_of_no_known_kind(client, server, files):
    outcome = attempt(client.post, server.url + "/", files=files)
    return outcome if isinstance(outcome, Exception) else [request.raw_body for request in server.requests]


@compat
def test_a_given_content_type_is_kept(client, server):
    headers = {"Content-Type": "multipart/form-data; boundary=mine"}
    client.post(server.url + "/", files={"f": b"x"}, headers=headers)


@compat
def test_a_file_is_read_from_where_it_stands(client, server, tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(4)
        client.post(server.url + "/", files={"f": file})
    body = server.requests[0].body
    assert b'filename="data.bin"' in body
    assert b"\r\n\r\n456789\r\n" in body
    assert server.requests[0].header("Content-Length") == str(len(body))


@compat
def test_a_file_that_fails_to_read_lets_its_exception_through(client, server):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise RuntimeError("disk on fire")

    outcome = attempt(client.post, server.url + "/", files={"f": Broken(b"x")})
    assert not server.requests
    return outcome


@compat
def test_a_form_is_sent_again_on_a_redirect(client, server):
    from servers.wire import redirect

    server.on("/from", redirect(307, "/to"))
    client.post(server.url + "/from", files={"f": ("n", io.BytesIO(b"xyz"))}, data={"k": "v"})
    first, second = server.requests
    assert first.body == second.body
