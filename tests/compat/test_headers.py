"""Request headers: order, case, defaults, what unsets them and what is refused."""

from __future__ import annotations

import pytest

from servers.wire import CLOSE

from .harness import attempt, compat, differs

URLLIB3 = ["User-Agent", "Accept-Encoding", "Host"]


@compat
def test_default_headers_come_in_requests_order(client, server):
    client.get(server.url + "/")
    names = [name for name, _ in server.requests[0].fields]
    assert names == ["Host", "User-Agent", "Accept-Encoding", "Accept", "Connection"]


@compat
def test_given_headers_keep_their_case_and_order_after_the_defaults(client, server):
    client.get(server.url + "/", headers={"X-b": "1", "A": "2", "accept": "x", "x-UPPER": "3"})
    assert [name for name, _ in server.requests[0].fields][3:] == [
        "accept",
        "Connection",
        "X-b",
        "A",
        "x-UPPER",
    ]


@compat
@pytest.mark.parametrize("name", ["Accept", "Connection", "accept"])
def test_a_default_header_is_unset_by_none(client, server, name):
    client.get(server.url + "/", headers={name: None})
    assert server.requests[0].header(name) is None


def names_sent(server):
    return [[name for name, _ in request.fields] for request in server.requests]


@compat
@differs(
    "nothing-added",
    requests=[
        ["Host", "User-Agent", "Accept-Encoding", "Accept", "Connection"],
        ["Host", "Accept-Encoding", "User-Agent", "Accept", "Connection"],
        ["Host", "Accept-Encoding", "User-Agent", "Accept", "Connection"],
    ],
    martlet=[
        ["Host", "Accept-Encoding", "Accept", "Connection"],
        ["Host", "User-Agent", "Accept", "Connection"],
        ["Host", "User-Agent", "Accept", "Connection"],
    ],
)
def test_agent_and_codings_that_are_unset_by_none_are_not_sent(client, server):
    for name in ("User-Agent", "Accept-Encoding", "accept-encoding"):
        client.get(server.url + "/", headers={name: None})
    return names_sent(server)


@compat
@differs(
    "nothing-added",
    requests=[
        ["Host", "Accept-Encoding", "User-Agent"],
        ["Host", "Accept-Encoding", "User-Agent", "Content-Length"],
    ],
    martlet=[["Host"], ["Host", "Content-Length"]],
)
def test_all_defaults_may_be_unset(client, server):
    client.session.headers.clear()
    client.get(server.url + "/")
    client.post(server.url + "/", data=b"x")
    return names_sent(server)


@compat
@pytest.mark.parametrize("name", URLLIB3)
@pytest.mark.parametrize("value", ["mine", "", b"bytes"])
def test_headers_that_are_made_when_missing_may_be_given(client, server, name, value):
    client.get(server.url + "/", headers={name: value})


@compat
@pytest.mark.parametrize(
    "value",
    ["", "a", "\u00e9", "a  ", "a\tb", "\x7f", b"\xe9\xff", b"", "x" * 60000],
    ids=["empty", "a", "latin-1", "trailing", "tab", "delete", "bytes", "empty bytes", "long"],
)
def test_header_values_are_sent_as_given(client, server, value):
    client.get(server.url + "/", headers={"X": value, b"Y": value})


@compat
@pytest.mark.parametrize(
    "headers",
    [
        {"X": 1},
        {"X": 1.5},
        {"X": ["a"]},
        {"X": True},
        {"X": " leading"},
        {"X": "\tleading"},
        {"X": "a\nb"},
        {"X": "a\r\nEvil: 1"},
        {"X": "a\r"},
        {"X": b"a\nb"},
        {"X": "\u65e5"},
        {1: "x"},
        {"": "x"},
        {" X": "x"},
        {"X\n": "x"},
        {"X:": "x"},
        {"X Y": "x"},
        {"X\u65e5": "x"},
        {"X\u00e9": "x"},
        {b"X\n": b"x"},
        [("X", "a"), ("X", "b")],
        [("X",)],
        "X: a",
        5,
    ],
    ids=repr,
)
def test_odd_headers_are_treated_as_in_requests(client, server, headers):
    return attempt(client.get, server.url + "/", headers=headers)


@compat
def test_a_header_that_is_unset_keeps_its_place_for_when_it_is_set(client, server):
    client.session.headers.update({"X-First": None, "X-Second": "2", "X-Third": None})
    client.get(server.url + "/", headers={"X-Third": "3", "x-first": "1"})
    client.get(server.url + "/", headers={"X-Second": None, "x-second": "again", "X-More": "4"})
    client.get(server.url + "/")


@compat
def test_headers_of_session_and_call_are_merged(client, server):
    client.session.headers.update({"X-Session": "s", "X-Both": "s", "X-Unset": "s"})
    client.get(server.url + "/", headers={"x-both": "c", "X-UNSET": None, "X-Call": "c"})
    client.get(server.url + "/")
    first = server.requests[0]
    assert [first.header(n) for n in ("X-Session", "X-Both", "X-Unset", "X-Call")] == ["s", "c", None, "c"]


@compat
@differs(
    "nothing-added",
    requests=[["Host", "Accept-Encoding", "User-Agent", "X-Only", "X-More"]],
    martlet=[["Host", "X-Only", "X-More"]],
)
def test_session_headers_may_be_any_mapping(client, server):
    client.session.headers = {"X-Only": "1"}
    client.get(server.url + "/", headers={"X-More": "2"})
    return names_sent(server)


@compat
def test_a_given_length_or_coding_gives_way_to_the_body(client, server):
    client.post(server.url + "/", data=b"abc", headers={"Content-Length": "99"})
    client.post(server.url + "/", data={"a": "1"}, headers={"Content-Type": "x/y", "X": "1"})
    client.post(server.url + "/", json={"a": 1}, headers={"content-TYPE": "x/y"})


@compat
def test_the_request_of_a_response_shows_what_was_sent(client, server):
    response = client.post(
        server.url + "/", data={"a": "1"}, headers={"X": "1"}, cookies={"c": "1"}, auth=("u", "p")
    )
    shown = list(response.request.headers.items())
    assert shown == [field for field in server.requests[0].fields if field[0] != "Host"]
    return response


@compat
def test_response_headers_keep_case_and_order_and_join_repetitions(client, server):
    server.on(
        "/",
        b"HTTP/1.1 200 OK\r\nx-First: 1\r\nSet-Cookie: a=1\r\nX-A: 1\r\nX-First: 2\r\n"
        b"X-a: 2\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
    )
    response = client.get(server.url + "/")
    assert list(response.headers) == ["x-First", "Set-Cookie", "X-A", "Content-Length"]
    assert response.headers["X-FIRST"] == "1, 2"
    assert response.headers.get("missing") is None
    return response


@compat
@pytest.mark.parametrize(
    "field",
    [
        b"X-F: a\r\n b",
        b"X-F: a\r\n\tb\r\n c",
        b"X-F:v",
        b"X-F: w  ",
        b"X-F:",
        b"X-F:   ",
        b"X-F: \xc3\xa9",
        b"X-F: \xff",
        b"X-F: a:b: c",
        b"X-F: " + b"x" * 60000,
    ],
    ids=lambda field: repr(field[:24]),
)
def test_odd_response_headers_are_read_as_in_requests(client, server, field):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + field + b"\r\nX-2: 2\r\n\r\n"
    server.on("/", [head + b"ok", CLOSE])
    return attempt(client.get, server.url + "/")
