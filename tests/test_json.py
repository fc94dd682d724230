"""JSON: `json()` and `ajson()` give what `json.loads` gives, error for error"""

from __future__ import annotations

import json
import math
import sys
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import martlet
from handles import in_slices, response_of
from martlet import _martlet

CONSTANTS = ("NaN", "Infinity", "-Infinity")


def outcome(read: Any, *args: Any) -> Any:
    """What comes of it: a value told apart to the last bit, or an exception told by all it says."""
    try:
        return told(read(*args))
    except json.JSONDecodeError as error:
        return ("JSONDecodeError", error.msg, error.doc, error.pos, error.lineno, error.colno)
    except (ValueError, RecursionError) as error:
        return (type(error).__name__, str(error))


def told(value: Any) -> Any:
    if isinstance(value, dict):
        return [dict, *((told(key), told(item)) for key, item in value.items())]
    if isinstance(value, list):
        return [list, *map(told, value)]
    return (type(value), repr(value))


def assert_as_loads(content: bytes, encoding: str | None = "utf-8", *, here: bool | None = None) -> None:
    """`here`: whether it is for martlet to read it, and not for `json.loads`, if that is known."""
    expected = outcome(json.loads, response_of(content, encoding).text)
    assert outcome(response_of(content, encoding).json) == expected
    if here is not None:
        assert (_martlet.read_json(content, encoding) is not NotImplemented) == here
    assert outcome(in_slices, content, encoding) == expected


# -- equal to json.loads

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.text(st.characters(codec=None), max_size=20)
)
DOCUMENTS = st.recursive(
    SCALARS, lambda items: st.lists(items) | st.dictionaries(st.text(max_size=12), items), max_leaves=30
)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUIET
@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 0, "\t"]))
def test_any_document_is_read_as_by_loads(document: Any, ascii: bool, indent: Any) -> None:
    text = json.dumps(document, ensure_ascii=ascii, indent=indent)
    content = text.encode("utf-8", "replace")
    assert told(_martlet.read_json(content, "utf-8")) == told(json.loads(content.decode()))
    assert outcome(in_slices, content, "utf-8") == told(json.loads(content.decode()))


PIECES = st.sampled_from(
    [
        '"',
        "\\",
        "\\u",
        "\\ud83d",
        "\\udc00",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "-",
        "0",
        "1",
        ".",
        "e",
        "E",
        "+",
        "9" * 30,
        "null",
        "true",
        "nul",
        "NaN",
        "-Infinity",
        "I",
        " ",
        "\n",
        "\x00",
        "\x1f",
        "\x7f",
        "\xa0",
        "\ufeff",
        "é",
        "😀",
    ]
)


@QUIET
@given(st.lists(PIECES, max_size=12).map("".join))
@example("[1.]")
@example('{"a":1,}')
@example("-")
def test_any_text_is_read_or_refused_as_by_loads(text: str) -> None:
    assert outcome(response_of(text.encode(), "utf-8").json) == outcome(json.loads, text)


@QUIET
@given(DOCUMENTS, st.data())
def test_a_damaged_document_is_read_or_refused_as_by_loads(document: Any, data: st.DataObject) -> None:
    text = json.dumps(document, ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 3)))
    content = (text[:start] + data.draw(PIECES | st.just("")) + text[end:]).encode("utf-8", "replace")
    assert outcome(response_of(content, "utf-8").json) == outcome(json.loads, content.decode())


@QUIET
@given(
    st.binary(max_size=20), st.sampled_from([None, "utf-8", "ISO-8859-1", "utf-16", "shift_jis", "none-such"])
)
def test_any_bytes_in_any_encoding_are_read_as_by_loads(content: bytes, encoding: str | None) -> None:
    response = response_of(content, encoding)
    assert outcome(response.json) == outcome(response._loads, content, {})


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-0",
        "-0.0",
        "0.1",
        "1e5",
        "1E-7",
        "1e400",
        "-1e400",
        "5e-324",
        "2.4703282292062327e-324",
        "1e-400",
        "9007199254740993.0",
        "0.30000000000000004",
        "123456789012345678",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        str(2**59),
        str(-(2**59) - 1),
        "1" * 400,
        "1" * 400 + ".5",
        "0." + "3" * 400,
        "1.7976931348623159e308",
        *CONSTANTS,
    ],
)
def test_a_number_is_exact(number: str) -> None:
    assert_as_loads(f"[{number}, {number}]".encode(), here=True)


@pytest.mark.parametrize(
    "text",
    [
        "01",
        "-01",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "--1",
        "-",
        "0x1",
        "1_000",
        "\u0661",
        "nan",
        "-NaN",
        "+Infinity",
        "- 1",
    ],
)
def test_what_is_no_number_is_refused_in_the_words_of_loads(text: str) -> None:
    assert_as_loads(f"[{text}]".encode(), here=False)


@pytest.mark.parametrize("digits", [4300, 4301])
def test_the_limit_of_digits_is_pythons(digits: int) -> None:
    content = b"[" + b"7" * digits + b"]"
    assert_as_loads(content)
    if hasattr(sys, "set_int_max_str_digits"):
        before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(1000 if digits == 4300 else 0)
        try:
            assert_as_loads(content)
        finally:
            sys.set_int_max_str_digits(before)


@pytest.mark.parametrize(
    "string",
    [
        r"\ud800",
        r"\udc00\ud800",
        r"\ud83d\ude00",
        r"\ud83d\ud83d\ude00",
        r"a\ud83dé\ude00",
        r"\uD83Dx",
        r"\u0000",
        "\x7f",
        r"\"\\\/\b\f\n\r\t",
        "é",
        "Ā",
        "漢",
        "😀",
        "é" * 100,
        "a" * 70_000 + "é",
        "漢" * 70_000,
        "a" * 70_000,
        r"\n" * 50_000,
    ],
)
def test_a_string_is_read_to_its_last_surrogate(string: str) -> None:
    assert_as_loads(f'["{string}", {{"{string}": "{string}"}}]'.encode(), here=True)


@pytest.mark.parametrize(
    "string", ["\n", "\x1f", "a" * 9 + "\t", r"\x", r"\u12", r"\u12g4", r"\u+123", "\\", r"\u 123"]
)
def test_a_string_that_is_none_is_refused_in_the_words_of_loads(string: str) -> None:
    assert_as_loads(f'["{string}"]'.encode(), here=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "[",
        "]",
        "{",
        "[1,]",
        "[,]",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{a:1}",
        "[1 2]",
        "1 2",
        "'a'",
        "[1}",
        '{"a":1]',
        "\ufeff[]",
        "[]\ufeff",
        "\xa0[]",
        "[]\x00",
        "[]//",
        '{"a":1 "b":2}',
        '{"a" 1}',
        "{1:2}",
        "[1],",
        "\n\n  [1,\n\n x]",
    ],
)
def test_what_is_not_json_is_refused_in_the_words_of_loads(text: str) -> None:
    assert_as_loads(text.encode(), here=False)


def test_a_repeated_key_keeps_its_first_place_and_its_last_value() -> None:
    document = response_of(b'{"a": 1, "b": 2, "a": 3, "\\u0061": 4}', "utf-8").json()
    assert list(document.items()) == [("a", 4), ("b", 2)]


def test_equal_keys_are_one_object() -> None:
    first, second = response_of(b'[{"a key": 1}, {"a key": 2}]', "utf-8").json()
    assert next(iter(first)) is next(iter(second))


def test_documents_with_nan_are_equal_as_they_are_from_loads() -> None:
    content = b"[NaN]"
    assert response_of(content, "utf-8").json() == json.loads(content)
    assert math.isnan(response_of(content, "utf-8").json()[0])


@pytest.mark.parametrize("depth", [50, 100, 101, 102, 500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
def test_nesting_is_as_deep_as_loads_allows(opening: str, closing: str, depth: int) -> None:
    content = (opening * depth + "1" + closing * depth).encode()

    def kind(read: Any) -> Any:
        try:
            return read() is not None
        except RecursionError:
            return RecursionError

    assert kind(response_of(content, "utf-8").json) == kind(lambda: json.loads(content))


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_every_utf_is_found_out_and_read(codec: str) -> None:
    document = {"é": [1, "漢字", "😀", None]}
    content = json.dumps(document, ensure_ascii=False).encode(codec)
    assert _martlet.read_json(content, None) == document
    assert in_slices(content) == document


@pytest.mark.parametrize(
    "content",
    [
        b'"\x00\x00\xd8"\x00',
        b'\xff\xfe"\x00\x00\xd8"\x00',
        b"\xef\xbb\xbf\xef\xbb\xbf[]",
        b"[\xff]",
        b"[1]\xe9",
    ],
)
def test_what_does_not_decode_is_read_as_any_text(content: bytes) -> None:
    response = response_of(content)
    assert _martlet.read_json(content, None) is NotImplemented
    assert outcome(response.json) == outcome(response._loads, content, {})


def test_a_body_in_latin_1_is_read_as_such() -> None:
    assert_as_loads(b'["\xe9\xff"]', "ISO-8859-1", here=True)


def test_keyword_arguments_and_a_replaced_loads_are_the_callers() -> None:
    content = json.dumps(["x" * 100] * 1000).encode() + b" "
    assert response_of(b"[1.5]", "utf-8").json(parse_float=str) == ["1.5"]
    assert in_slices(b"[1]", "utf-8") == [1]
    with mock.patch("json.loads", return_value="mocked"):
        assert response_of(content, "utf-8").json() == "mocked"
        assert in_slices(content, "utf-8") == "mocked"
    assert response_of(b"[1]", "utf-8").json() == [1]

    class Other(martlet.Response):
        text = "[2]"  # type: ignore[assignment]

    response = Other()
    response._content, response._content_consumed, response.encoding = b"[1]", True, "utf-8"
    assert response.json() == [2]
