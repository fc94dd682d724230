"""What is sent: URLs, parameters, headers, bodies, files."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from .arena import Arena
from .strategies import anything, header_values, headers, json, methods, names, pairs, scalars, text, values

OWN = {"user-agent", "accept-encoding"}
"""Headers that urllib3 adds itself when they are unset (row nothing-added)."""


@given(path=text(), query=text() | st.none(), fragment=text() | st.none())
def test_urls(arena: Arena, path: str, query: str | None, fragment: str | None) -> None:
    url = "/" + path
    url += "" if query is None else "?" + query
    url += "" if fragment is None else "#" + fragment
    arena.compare(lambda client, arena: client.get(arena.server.url + url))


@given(path=anything)
def test_urls_of_any_characters(arena: Arena, path: str) -> None:
    arena.compare(lambda client, arena: client.get(arena.server.url + path))


@given(
    url=text(max_size=20) | anything, scheme=st.sampled_from(["http://", "https://", "http:", "HTTP://", ""])
)
def test_urls_that_are_prepared_and_not_sent(arena: Arena, url: str, scheme: str) -> None:
    assume("[" not in url and "]" not in url)  # rows brackets and zone
    arena.compare(lambda client, arena: client.lib.Request("GET", scheme + url).prepare().url)


@given(params=pairs | text() | st.binary(max_size=10) | scalars, query=text(max_size=5), own=pairs)
def test_params(arena: Arena, params: Any, query: str, own: Any) -> None:
    def play(client: Any, arena: Arena) -> Any:
        client.session.params = own
        return client.get(f"{arena.server.url}/?{query}", params=params)

    arena.compare(play)


@given(given=headers, own=st.dictionaries(names, header_values | st.none(), max_size=3))
def test_headers(arena: Arena, given: dict[str, Any], own: dict[str, Any]) -> None:
    assume(
        not any(str(name).lower() in OWN | {"host", "content-length", "transfer-encoding"} for name in given)
    )
    assume(not any(name.lower() in OWN | {"host"} for name in own))

    def play(client: Any, arena: Arena) -> Any:
        client.session.headers.update(own)
        return client.get(arena.server.url + "/", headers=given)

    arena.compare(play)


@given(method=methods, data=pairs | text() | anything | st.binary() | scalars)
@example(method="POST", data={"": ""})
def test_forms_and_bodies(arena: Arena, method: str, data: Any) -> None:
    assume(not _says_nothing(data))  # row empty-form
    arena.compare(lambda client, arena: client.request(method, arena.server.url + "/", data=data))


def _says_nothing(data: Any) -> bool:
    """Whether it is a form with nothing in it but keys."""
    given = (
        data.values()
        if isinstance(data, dict)
        else [pair[1] for pair in data]
        if isinstance(data, list)
        else ()
    )
    return bool(given) and all(
        value in (None, [], (), [None], (None,), [None] * 2, [None] * 3) for value in given
    )


@given(
    method=methods,
    pieces=st.lists(st.binary(max_size=20), max_size=4),
    kind=st.sampled_from(["file", "generator", "list iterator", "bytearray"]),
    position=st.integers(0, 10),
)
def test_streamed_bodies(arena: Arena, method: str, pieces: list[bytes], kind: str, position: int) -> None:
    def body() -> Any:
        if kind == "file":
            file = io.BytesIO(b"".join(pieces))
            file.seek(position)
            return file
        if kind == "generator":
            return (piece for piece in pieces)
        return iter(pieces) if kind == "list iterator" else bytearray(b"".join(pieces))

    arena.compare(lambda client, arena: client.request(method, arena.server.url + "/", data=body()))


@given(method=methods, value=json, data=st.sampled_from([None, {}, "", b"", [], {"a": "1"}]))
def test_json(arena: Arena, method: str, value: Any, data: Any) -> None:
    arena.compare(lambda client, arena: client.request(method, arena.server.url + "/", json=value, data=data))


# Not drawn: line ends in what is a header of a part (row lines-in-a-part).
_name = text(max_size=6)
_content = st.binary(max_size=20) | text()
_part_headers = st.dictionaries(names, text(max_size=6), max_size=2)
_file = (
    _content
    | st.tuples(_name | st.none(), _content)
    | st.tuples(_name, _content, st.sampled_from(["text/plain", "", "a/b; c=d", None]))
    | st.tuples(_name, _content, st.just("text/plain"), _part_headers)
)


@given(
    files=st.lists(st.tuples(_name, _file), min_size=1, max_size=3)
    | st.dictionaries(_name, _file, max_size=3),
    data=st.none()
    | st.dictionaries(_name, values, max_size=3)
    | st.lists(st.tuples(_name, values), max_size=3),
    as_files=st.booleans(),
)
def test_files(arena: Arena, files: Any, data: Any, as_files: bool) -> None:
    assume(files or not _says_nothing(data))  # row empty-form

    def opened(part: Any) -> Any:
        """The same part, its content to be read from a file."""
        if isinstance(part, tuple):
            return (part[0], opened(part[1]), *part[2:])
        return io.BytesIO(part) if isinstance(part, bytes) else part

    def play(client: Any, arena: Arena) -> Any:
        given = files
        if as_files and isinstance(files, list):
            given = [(name, opened(part)) for name, part in files]
        elif as_files:
            given = {name: opened(part) for name, part in files.items()}
        return client.post(arena.server.url + "/", files=given, data=data)

    arena.compare(play)


@given(
    user=text(max_size=6) | st.binary(max_size=4),
    password=text(max_size=6) | st.binary(max_size=4),
    inside=st.none() | text("abz019:%-._~!$&'()*+,;=\u00e9", max_size=8),
    header=st.none() | st.just("Mine"),
)
def test_credentials(arena: Arena, user: Any, password: Any, inside: str | None, header: str | None) -> None:
    def play(client: Any, arena: Arena) -> Any:
        given = {} if header is None else {"Authorization": header}
        url = arena.server.url if inside is None else arena.server.url.replace("://", f"://{inside}@")
        first = client.get(url + "/", headers=given)
        return [first, client.get(url + "/", headers=given, auth=(user, password))]

    arena.compare(play)
