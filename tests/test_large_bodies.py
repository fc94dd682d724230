"""Large `json=` documents, forms and texts under an AsyncSession: what is sent is what requests sends, and
the loop has its turn while it is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

import martlet
import martlet.testing
from loop.runners import ALL
from martlet import _martlet, bodies, building, offload
from martlet.exceptions import InvalidJSONError
from martlet.models import PreparedRequest

LONG = 70_000
"""Characters of a text that is not encoded in place."""

MANY = 100_000
"""Objects that are not written in the first slice."""

LARGE: dict[str, dict[str, Any]] = {
    "a document": {"json": [{"a": [number, "é", None]} for number in range(MANY)]},
    "a long string": {"json": {"a": "é\ud800" * LONG}},
    "a dict": {"data": {"a": [f"é {number}" for number in range(MANY)], "b": None}},
    "pairs": {"data": [("a", number) for number in range(MANY)]},
    "a long value": {"data": {"a": "é" * LONG}},
    "a text": {"data": "é漢" * LONG},
    "a text with a type": {"data": "é" * LONG, "headers": {"Content-Type": "text/plain"}},
}
ROADS: dict[str, dict[str, Any]] = {
    "quick": {},
    "hook": {"hooks": {"response": lambda response, **_: None}},
    "auth": {"auth": lambda request: request},
}


class Mapping(dict[Any, Any]):
    """Not for the engine to write."""


def in_itself() -> list[Any]:
    document: list[Any] = []
    document.append(document)
    return document


@pytest.fixture(scope="module")
def server() -> Iterator[martlet.testing.Server]:
    with martlet.testing.Server() as running:
        yield running


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", LARGE)
def test_what_is_sent_is_what_requests_sends(name: str, road: str, server: martlet.testing.Server) -> None:
    async def main() -> martlet.Response:
        async with martlet.AsyncSession() as session:
            return await session.post(server.url + "/anything", **LARGE[name], **ROADS[road])

    expected = requests.Request("POST", server.url + "/anything", **LARGE[name]).prepare()
    response = asyncio.run(main())
    assert type(response.request.body) is type(expected.body)
    assert response.request.body == expected.body
    length = response.request.headers["Content-Length"]
    assert length == expected.headers["Content-Length"] == str(response.json()["length"])
    assert response.request.headers.get("Content-Type") == expected.headers.get("Content-Type")


@pytest.mark.parametrize("road", ["quick", "hook"])
def test_a_session_that_blocks_sends_the_same(road: str, server: martlet.testing.Server) -> None:
    with martlet.Session() as session:
        for call in LARGE.values():
            response = session.post(server.url + "/anything", **call, **ROADS[road])
            assert response.request.body == requests.Request("POST", server.url, **call).prepare().body


def test_a_large_body_follows_a_redirect(server: martlet.testing.Server) -> None:
    async def main() -> martlet.Response:
        async with martlet.AsyncSession() as session:
            url = server.url + "/redirect-to?status=307&url=/anything"
            return await session.post(url, **LARGE["a document"])

    response = asyncio.run(main())
    assert response.history
    assert json.loads(response.json()["data"]) == LARGE["a document"]["json"]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(
    ("odd", "error"),
    [(float("nan"), InvalidJSONError), (in_itself(), InvalidJSONError), (object(), TypeError)],
)
def test_what_json_dumps_refuses_behind_the_first_slice_is_refused(
    odd: Any, error: type[Exception], road: str
) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            await session.post("http://127.0.0.1:1/", json=[*range(MANY), odd], **ROADS[road])

    with pytest.raises(error):
        asyncio.run(main())


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("data", ["a\ud800" * LONG, {"a": "b\ud800" * LONG}], ids=["text", "form"])
def test_a_long_text_without_utf8_raises_what_requests_raises(data: Any, road: str) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            await session.post("http://127.0.0.1:1/", data=data, **ROADS[road])

    with pytest.raises(UnicodeEncodeError) as expected:
        requests.Request("POST", "http://a.test/", data=data).prepare()
    with pytest.raises(UnicodeEncodeError) as raised:
        asyncio.run(main())
    assert str(raised.value) == str(expected.value)


def test_what_json_dumps_alone_can_write_is_sent(
    server: martlet.testing.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not walked a second time."""
    monkeypatch.delattr(building, "abuild")
    document = [*range(MANY), Mapping(a=1)]

    async def main() -> Any:
        async with martlet.AsyncSession() as session:
            return (await session.post(server.url + "/anything", json=document)).json()

    assert asyncio.run(main())["data"] == json.dumps(document)


@pytest.mark.parametrize("point", ["prepare_body", "prepare"])
def test_an_overridden_step_is_given_what_the_caller_gave(
    point: str, server: martlet.testing.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    original = getattr(PreparedRequest, point)

    def own(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.extend((*args, *kwargs.values()))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(PreparedRequest, point, own)
    document = LARGE["a document"]["json"]

    async def main() -> Any:
        async with martlet.AsyncSession() as session:
            return (await session.post(server.url + "/anything", json=document)).json()["data"]

    assert json.loads(asyncio.run(main())) == document
    assert any(each is document for each in seen)
    assert not any(isinstance(each, bodies.Written) for each in seen)


def test_an_overridden_prepare_request_is_given_what_the_caller_gave(server: martlet.testing.Server) -> None:
    document = LARGE["a document"]["json"]
    seen: list[Any] = []

    class Own(martlet.AsyncSession):
        def prepare_request(self, request: martlet.Request) -> PreparedRequest:
            seen.append((request.data, request.json))
            return super().prepare_request(request)

    async def main() -> None:
        async with Own() as session:
            await session.post(server.url + "/anything", json=document)

    asyncio.run(main())
    assert seen == [({}, document)]


# -- the loop has its turn


async def count_turns(run: Any, call: Callable[[], Any]) -> int:
    """How many turns the loop gives to others while `call()` is awaited."""
    turns, done = 0, False

    async def count() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await offload.turn()

    if run is ALL["trio"]:
        import trio

        async with trio.open_nursery() as nursery:
            nursery.start_soon(count)
            await call()
            done = True
        return turns
    task = asyncio.ensure_future(count())
    await call()
    done = True
    await task
    return turns


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", ["a document", "a dict", "pairs"])
def test_the_loop_has_its_turn_between_slices(name: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 500)

    async def main() -> int:
        return await count_turns(ALL[name], lambda: building.abuild(*call))

    call = (LARGE[body].get("data"), LARGE[body].get("json"))
    assert ALL[name](main) >= MANY // 500 - 1


@pytest.mark.parametrize("road", ["quick", "hook"])
@pytest.mark.parametrize("body", ["a document", "a dict", "pairs"])
def test_a_large_body_is_sent_by_way_of_slices(
    body: str, road: str, server: martlet.testing.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Any] = []
    complete = building.complete

    class Counted:
        def __init__(self, build: Any) -> None:
            self.made = build

        def build(self, objects: int | None) -> bool | None:
            steps.append(self.made.build(1000))
            return steps[-1]  # type: ignore[no-any-return]

    async def counted(build: Any) -> bool:
        return await complete(Counted(build))  # type: ignore[arg-type]

    monkeypatch.setattr(building, "complete", counted)

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            await session.post(server.url + "/bytes/1", **LARGE[body], **ROADS[road])

    asyncio.run(main())
    # Fewer only by what the first slice has taken.
    assert steps.count(False) > MANY // 1000 // 3
    assert steps[-1] is True


def test_a_call_with_a_long_text_alone_is_the_engines_operation() -> None:
    with contextlib.closing(martlet.AsyncSession()) as session:
        for name in ("a long string", "a long value", "a text"):
            operation: Any = session.post("http://127.0.0.1:1/", **LARGE[name])
            assert type(operation) is _martlet.Operation
            operation.close()


# -- changed, given up


def test_a_call_raises_what_a_changed_dict_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 10)
    document = {str(number): number for number in range(MANY)}

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            call = asyncio.ensure_future(session.post("http://127.0.0.1:1/", json=document))
            await asyncio.sleep(0)
            document["new"] = 1
            await call

    with pytest.raises(RuntimeError, match="dictionary changed size during iteration"):
        asyncio.run(main())


def test_a_body_given_up_half_way_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 1000)
    document = LARGE["a document"]["json"]
    data = LARGE["pairs"]["data"]
    gc.collect()
    before = [sys.getrefcount(each) for each in (document, document[MANY // 2], data)]

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            for call in ({"json": document}, {"data": data}):
                for turns in (0, 1, 5, 20):
                    task = asyncio.ensure_future(session.post("http://127.0.0.1:1/", **call))  # type: ignore[arg-type]
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    del task

    asyncio.run(main())
    # Helper threads hand back what they let go of; whoever comes next counts it down.
    for _ in range(1000):
        gc.collect()
        _martlet.nothing().wait()
        if [sys.getrefcount(each) for each in (document, document[MANY // 2], data)] == before:
            break
    assert [sys.getrefcount(each) for each in (document, document[MANY // 2], data)] == before


def test_bodies_built_at_once_do_not_mix(server: martlet.testing.Server) -> None:
    documents = [[{"number": number, "at": at} for at in range(20_000)] for number in range(4)]

    async def main() -> list[Any]:
        async with martlet.AsyncSession() as session:
            calls = (session.post(server.url + "/anything", json=document) for document in documents)
            return [json.loads(each.json()["data"]) for each in await asyncio.gather(*calls)]

    assert asyncio.run(main()) == documents


@pytest.mark.parametrize("name", ALL)
def test_a_large_body_is_sent_from_any_loop(name: str, server: martlet.testing.Server) -> None:
    async def main() -> Any:
        async with martlet.AsyncSession() as session:
            response = await session.post(server.url + "/anything", **LARGE["a document"])
            text = await session.post(server.url + "/anything", **LARGE["a text"])
            hooked = await session.post(server.url + "/anything", **LARGE["a document"], **ROADS["hook"])
            return [each.json()["length"] for each in (response, text, hooked)]

    document = len(json.dumps(LARGE["a document"]["json"]))
    assert ALL[name](main) == [document, len(LARGE["a text"]["data"].encode()), document]
