"""Documents and forms written in slices: equal to what `json.dumps` and requests write, or left to them."""

from __future__ import annotations

import asyncio
import collections
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from differential.strategies import pairs
from martlet import _martlet, bodies, building

LONG = 70_000
"""Characters of a text that is not encoded in place."""


def written(data: Any, json: Any, objects: int) -> bytes | None:
    """The body, made in slices of so many objects; None if it is not plain."""

    async def write() -> bytes | None:
        with mock.patch.object(building, "SLICE", objects):
            made = await building.abuild(data, json)
        if made is None:
            return None
        return made.body.encode() if isinstance(made.body, str) else made.body

    return asyncio.run(write())


# -- equal to json.dumps

characters = st.characters(exclude_categories=())  # surrogates' halves as well
texts = st.text(characters, max_size=6)
plain_floats = st.floats(allow_nan=False, allow_infinity=False)
keys = texts | st.none() | st.booleans() | st.integers() | plain_floats
scalars = texts | st.none() | st.booleans() | st.integers() | plain_floats
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
)


@given(documents, st.integers(0, 5))
@example([1e16, 1e15, 1e-5, 1e-4, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 100.0, 1e22], 1)
@example([2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**100, 0, -1], 1)
@example(["\ud800", "\udc00\ud800", "😀", "\U0010ffff", "\x7f\x80\xff\u0100", '"\\\b\f\n\r\t\0/'], 1)
@example({"": [], "a": {}, "b": (), "c": [[], {}, [{}]], 1: 1, None: 1, False: 1, 1.5: 1}, 1)
def test_a_document_is_what_json_dumps_writes(document: Any, objects: int) -> None:
    if document is not None:
        assert written(None, document, objects) == json.dumps(document, allow_nan=False).encode()


def nested(depth: int) -> list[Any]:
    document: list[Any] = []
    for _ in range(depth - 1):
        document = [document]
    return document


def test_every_power_of_two_is_written_as_python_shows_it() -> None:
    document = [2.0**exponent for exponent in range(-1074, 1024)]
    assert written(None, document, 100) == json.dumps(document).encode()


def test_a_long_text_is_escaped_as_a_short_one() -> None:
    parts = ["x", "é", "漢", "😀", "\ud800", '"\n', "\x7f"]
    document = [part * LONG for part in parts] + ["".join(parts) * LONG, {"k" * LONG: 1}]
    assert written(None, document, 1) == json.dumps(document).encode()


def test_a_document_of_many_parts_is_put_together() -> None:
    document = [{"id": number, "name": f"né {number}" * 10} for number in range(20_000)]
    assert written(None, document, 1000) == json.dumps(document).encode()


def test_a_document_a_hundred_deep_is_plain() -> None:
    assert written(None, nested(100), 7) == json.dumps(nested(100)).encode()


class Mapping(dict[Any, Any]):
    pass


def in_itself() -> list[Any]:
    document: list[Any] = []
    document.append(document)
    return document


ODD: dict[str, Callable[[], Any]] = {
    "a subclass of dict": lambda: Mapping(a=1),
    "OrderedDict": lambda: collections.OrderedDict(a=1),
    "a subclass of list": lambda: type("Items", (list,), {})([1]),
    "101 deep": lambda: nested(101),
    "NaN": lambda: float("nan"),
    "Infinity as a key": lambda: {float("inf"): 1},
    "a tuple as a key": lambda: {(1, 2): 1},
    "an object": object,
    "a set": lambda: {1},
    "bytes": lambda: b"x",
    "what is in itself": in_itself,
    "an integer of too many digits": lambda: 10**5000,
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_not_plain_is_for_json_dumps(name: str) -> None:
    for document in (ODD[name](), [1, ODD[name]()], {"a": [ODD[name]()]}):
        assert written(None, document, 1) is None


@pytest.mark.parametrize("kind", [str, int, float])
def test_a_subclass_of_a_scalar_is_written_as_the_scalar(kind: type) -> None:
    class Own(kind):  # type: ignore[misc]
        def __repr__(self) -> str:
            return "own"

        __str__ = __repr__

    document = {"a": Own("12"), "b": [Own("12")]}
    assert written(None, document, 1) == json.dumps(document).encode()


@pytest.mark.parametrize(
    "point", ["json.dumps", "json.JSONEncoder", "json.encoder.c_make_encoder", "json.JSONEncoder.iterencode"]
)
def test_a_replaced_encoder_is_asked(point: str) -> None:
    with mock.patch(point):
        assert written(None, [1], 1) is None
    assert written(None, [1], 1) == b"[1]"


# -- equal to requests


def body_of_requests(data: Any) -> Any:
    body = requests.Request("POST", "http://a.test/", data=data).prepare().body
    return body.encode() if isinstance(body, str) else body


@given(pairs, st.integers(0, 5))
@example({"a": ["x y", None, 1, 2.5, True, b"\xff"], "b": None, b"c": ("é",), 1: "", "": []}, 1)
def test_a_form_is_what_requests_writes(data: Any, objects: int) -> None:
    made = written(data, None, objects)
    expected = body_of_requests(data)
    # An empty form is left to requests' steps.
    assert made == expected or (made is None and not expected)


def test_a_long_value_of_a_form_is_encoded_as_a_short_one() -> None:
    data = [("a", "é &" * LONG), (b"b", b"\xff~" * LONG), ("c" * LONG, ["漢" * LONG, "😀" * LONG, 1])]
    assert written(data, None, 1) == body_of_requests(data)


@pytest.mark.parametrize(
    "data",
    [
        Mapping(a=1),
        [("a", {"b": 1})],
        [("a", [["b"]])],
        [("a", object())],
        [("a", 1, 2)],
        [("a",)],
        ["ab"],
        [(None, 1)],
        [("a", "\ud800")],
        {("a", 1)},
        [("a", None)],
    ],
    ids=str,
)
def test_what_is_no_plain_form_is_for_requests_steps(data: Any) -> None:
    assert written(data, None, 1) is None


@given(st.text(characters))
@example("a\ud800é")
@example("é漢😀\U0010ffff\x7f\x80\u07ff\u0800\uffff")
def test_the_length_of_a_text_is_that_of_its_utf8(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        with pytest.raises(UnicodeEncodeError):
            bodies.super_len(text)
    else:
        assert bodies.super_len(text) == len(text.encode())


# -- slices


@pytest.mark.parametrize("of", [lambda text: (None, [text, 1]), lambda text: ({"a": text, "b": 1}, None)])
def test_a_long_text_is_not_encoded_within_a_slice(of: Any) -> None:
    """A slice of few objects gets past it; not past a shorter one, which counts for many."""
    build = _martlet.build_body(*of("x" * LONG), 3)
    assert build is not None
    build.written().close()
    build = _martlet.build_body(*of("x" * 50_000), 3)
    assert build is not None
    with pytest.raises(ValueError, match="not complete"):
        build.written()


def test_a_slice_ends_with_its_time() -> None:
    build = _martlet.build_body(None, [[number] for number in range(300_000)])
    assert build is not None
    slices = 1
    while not build.build():
        slices += 1
    assert slices > 5


def test_the_loop_sleeps_after_every_other_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    turns: list[None] = []

    async def pause(seconds: float) -> None:
        naps.append(seconds)

    async def turn() -> None:
        turns.append(None)

    monkeypatch.setattr(building, "pause", pause)
    monkeypatch.setattr(building, "turn", turn)
    assert written(None, [*range(100)], 10) == json.dumps([*range(100)]).encode()
    assert len(turns) >= len(naps) >= len(turns) - 1 > 2


# -- changed, given up


def paused(document: Any, objects: int = 3) -> Any:
    build = _martlet.build_body(None, document, objects)
    assert build is not None
    return build


def finished(build: Any) -> Any:
    while not build.build(1):
        pass

    async def take() -> Any:
        return json.loads(await build.written())

    return asyncio.run(take())


def test_a_list_that_changes_meanwhile_is_sent_in_parts_of_both() -> None:
    document: list[Any] = [[number] for number in range(10)]
    build = paused(document)
    document.clear()
    assert finished(build) == [[0], [1]]
    document[:] = [0] * 10
    build = paused(document)
    document[:] = ["changed"] * 20
    assert finished(build) == [0] * 3 + ["changed"] * 17


@pytest.mark.parametrize("change", [dict.clear, lambda inner: inner.update(new=1)], ids=["fewer", "more"])
def test_a_dict_that_changes_its_size_meanwhile_is_refused_as_by_iterating(change: Any) -> None:
    document = {"a": {str(number): number for number in range(10)}}
    build = paused(document)
    change(document["a"])
    with pytest.raises(RuntimeError, match="dictionary changed size during iteration"):
        finished(build)


def test_a_dict_that_keeps_its_size_meanwhile_is_sent_in_parts_of_both() -> None:
    document = {str(number): "old" for number in range(10)}
    build = paused(document)
    for key in document:
        document[key] = "new"
    assert list(finished(build).values()) == ["old"] * 3 + ["new"] * 7
    document = {str(number): "old" for number in range(1000)}
    build = paused(document)
    for number in range(1000):
        del document[str(number)]
        document[f"new {number}"] = "new"
    assert set(finished(build).values()) <= {"old", "new"}


def test_a_build_is_taken_once() -> None:
    build = paused([1], 10)
    assert build.build(1) is True
    build.written().close()
    with pytest.raises(ValueError, match="not complete"):
        build.written()
    unfinished = paused([*range(10)])
    with pytest.raises(ValueError, match="not complete"):
        unfinished.written()
