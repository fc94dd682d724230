"""`params=`: how they are written into the URL, and merged with a query that is there."""

from __future__ import annotations

import pytest

from .harness import attempt, compat, only

PARAMS = {
    "dict": {"a": "1", "b": "x y"},
    "list of tuples": [("a", 1), ("a", 2)],
    "tuple of tuples": (("a", 1), ("b", 2)),
    "list value": {"a": [1, 2], "b": "3"},
    "tuple value": {"a": ("x", "y")},
    "set value of one": {"a": {"x"}},
    "None value": {"a": None, "b": "1"},
    "None in a list value": {"a": [None, "1"]},
    "only None": {"a": None},
    "bytes": b"a=1&b=2",
    "str": "a=1&b=\u00e9",
    "str with question mark": "?a=1",
    "str with spaces": "a b&c d",
    "unicode": {"\u00e9": "\u65e5"},
    "bytes in a dict": {b"a": b"\xff"},
    "empty dict": {},
    "empty str": "",
    "empty list value": {"a": []},
    "empty string value": {"a": ""},
    "bool, float, int": {"t": True, "f": 1.5, "i": -3},
    "reserved": {"a": "&=+/?#%", "b": "~-._!*'()"},
    "newline": {"a": "\r\n"},
    "nul": {"a": "\x00"},
    "list of bytes": {"a": [b"x", "y"]},
    "nested dict": {"a": {"b": 1, "c": 2}},
    "generator value": {"a": iter("xy")},
    "emoji": {"q": "\U0001f426"},
}


@compat
@pytest.mark.parametrize("name", PARAMS)
def test_params_of_every_kind(client, server, name):
    params = PARAMS[name] if name != "generator value" else {"a": iter("xy")}
    return client.get(server.url + "/path", params=params)


@compat
@pytest.mark.parametrize(
    "query", ["?z=1", "?", "?z=1&", "#part", "?z=1#part", "?z=%7E%zz", "?a=1&a=2", "?=&&="]
)
def test_params_come_after_a_query_and_before_a_fragment(client, server, query):
    return [
        client.get(server.url + "/path" + query, params={"a": "1"}),
        client.get(server.url + query, params="raw"),
        client.get(server.url + query, params={}),
    ]


@compat
@pytest.mark.parametrize("params", [5, 1.5, ["ab", "cd"], ["abc"], [("a",)], object, [1, 2]])
@only("http")
def test_params_of_no_known_kind(client, server, params):
    return attempt(client.get, server.url + "/", params=params)


@compat
@pytest.mark.parametrize("params", [5, 1.5, True, 0], ids=repr)
@pytest.mark.parametrize("query", ["?q", "?", "#?q", "?a=b#f"])
def test_a_number_for_params_is_taken_behind_a_query_alone(client, server, params, query):
    return attempt(client.get, f"{server.url}/{query}", params=params)


@compat
def test_params_of_session_and_call_are_merged(client, server):
    client.session.params = {"a": "session", "b": "session", "c": "session"}
    client.get(server.url + "/", params={"b": "call", "c": None, "d": "call"})
    client.get(server.url + "/", params=[("b", "list")])
    client.get(server.url + "/", params="raw=1")
    client.get(server.url + "/")
    assert server.requests[0].target == "/?a=session&b=call&d=call"


@compat
def test_session_params_are_not_repeated_on_a_redirect(client, server):
    from servers.wire import redirect

    client.session.params = {"a": "1"}
    server.on("/from", redirect(302, "/to"))
    assert client.get(server.url + "/from", params={"b": "2"}).url.endswith("/to")
