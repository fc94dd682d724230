"""`ajson()`: a large document is parsed off the loop and built in slices, with the loop's turn in between."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import random
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

import martlet.offload
import martlet.testing
from handles import in_slices, response_of
from loop.runners import ALL
from martlet import _martlet, jsons


def big_document() -> Any:
    chance = random.Random(1)
    return [
        {
            "id": i,
            "name": f"né {i}",
            "score": chance.random(),
            "tags": ["a", "b\n", None, True],
            "more": {"x": [{}]},
        }
        for i in range(2000)
    ]


def count_turns(run: Any, content: bytes) -> tuple[Any, int]:
    """The document, and how many turns the loop gave to others while it was built."""
    turns = 0

    async def main() -> Any:
        nonlocal turns
        response = response_of(content, "utf-8")
        done = False

        async def count() -> None:
            nonlocal turns
            while not done:
                turns += 1
                await martlet.offload.turn()

        counting = count()
        parse = _martlet.parse_json(content, "utf-8")
        assert parse is not None
        building: Any = await parse
        turns = 0
        with mock.patch.object(_martlet, "parse_json", return_value=Ready(building)):
            if run is ALL["trio"]:
                import trio

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(lambda: counting)
                    document = await response.ajson()
                    done = True
            else:
                task = asyncio.ensure_future(counting)
                document = await response.ajson()
                done = True
                await task
        return document

    return run(main), turns


class Ready:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Iterator[Any]:
        yield from ()
        return self.value


@pytest.mark.parametrize("name", ALL)
def test_the_loop_has_its_turn_between_slices(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = big_document()
    content = json.dumps(document).encode()
    assert len(content) > jsons.SMALL
    monkeypatch.setattr(jsons, "SLICE", 500)
    found, turns = count_turns(ALL[name], content)
    assert found == document
    # 12 values and 6 keys for each of the records.
    assert turns >= 2000 * 18 // 500 - 1


def test_a_slice_ends_with_its_time() -> None:
    content = json.dumps([[i] for i in range(300_000)]).encode()

    async def count() -> int:
        parsing = _martlet.parse_json(content, "utf-8")
        assert parsing is not None
        build: Any = await parsing
        slices = 1
        while not build.build():
            slices += 1
        return slices

    assert asyncio.run(count()) > 5


def test_a_partly_built_document_can_be_looked_at() -> None:
    """As a debugger or the garbage collector may, between two slices."""

    async def look() -> None:
        parsing = _martlet.parse_json(json.dumps(big_document()).encode(), "utf-8")
        assert parsing is not None
        build: Any = await parsing
        while not build.build(5000):
            for thing in gc.get_objects():
                if type(thing) in (list, dict):
                    assert len(copy.copy(thing)) == len(thing)

    asyncio.run(look())


def test_a_document_given_up_half_way_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "SLICE", 1000)
    content = json.dumps(big_document()).encode()

    async def main() -> None:
        response = response_of(content, "utf-8")
        for turns in (0, 1, 3, 20):
            task = asyncio.ensure_future(response.ajson())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        parsing = _martlet.parse_json(content, "utf-8")
        assert parsing is not None
        build = await parsing
        assert build is not None
        assert not build.build()
        del build, parsing, response, task
        gc.collect()
        assert not [
            thing for thing in gc.get_objects() if type(thing) is dict and thing.keys() >= {"id", "tags"}
        ]

    asyncio.run(main())


def test_the_body_is_let_go_of_with_the_document() -> None:
    content = json.dumps(big_document()).encode()
    before = sys.getrefcount(content)
    assert in_slices(content, "utf-8", 10_000)
    _martlet.nothing().wait()
    assert sys.getrefcount(content) == before


def test_documents_read_at_once_do_not_mix() -> None:
    documents = [[{"number": number, "at": at} for at in range(6000)] for number in range(4)]

    async def main() -> Any:
        return await asyncio.gather(
            *(response_of(json.dumps(document).encode(), "utf-8").ajson() for document in documents)
        )

    assert asyncio.run(main()) == documents


@pytest.mark.parametrize("name", ALL)
def test_ajson_is_read_from_a_server_in_any_loop(name: str) -> None:
    document = big_document()

    async def main() -> Any:
        async with martlet.AsyncSession() as session:
            response = await session.post(server.url + "/anything", json=document)
            return await response.ajson()

    with martlet.testing.Server() as server:
        assert json.loads(ALL[name](main)["data"]) == document


@pytest.mark.parametrize("objects", [None, 1, 1000])
def test_a_long_text_is_made_elsewhere(objects: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "SLICE", objects)
    long = ["x" * 200_000, "é" * 200_000, "漢" * 100_000 + "\n", "😀" * 50_000, "\ud800" + "y" * 200_000]
    for document in (*long, long, {"a": {text: text for text in long}, "b": 1}):
        assert in_slices(json.dumps(document).encode(), "utf-8", objects) == document
    assert in_slices(json.dumps(long[:4], ensure_ascii=False).encode(), "utf-8", objects) == long[:4]
    waited = 0

    async def count() -> None:
        nonlocal waited
        parsing = _martlet.parse_json(json.dumps([long[0], 1]).encode(), "utf-8")
        assert parsing is not None
        build: Any = await parsing
        while (step := build.build()) is not True:
            waited += step is not False
            assert build.add(await (await step)) is False
        assert build.take() == [long[0], 1]

    asyncio.run(count())
    assert waited == 1


def test_an_object_with_many_keys_is_read() -> None:
    document = {f"key {number}": number for number in range(50_000)}
    assert in_slices(json.dumps(document).encode(), "utf-8", 10_000) == document


def test_the_loop_sleeps_after_every_other_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not after each: it would take twice as long."""
    naps: list[float] = []
    turns: list[None] = []

    async def pause(seconds: float) -> None:
        naps.append(seconds)

    async def turn() -> None:
        turns.append(None)

    monkeypatch.setattr(jsons, "pause", pause)
    monkeypatch.setattr(jsons, "turn", turn)
    assert in_slices(json.dumps([*range(100)]).encode(), "utf-8", 10) == [*range(100)]
    assert len(turns) >= len(naps) >= len(turns) - 1 > 3
