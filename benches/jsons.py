"""What reading JSON costs: `json()` of martlet beside that of requests, and what `ajson()` does to the loop.

Documents of several sizes and kinds, responses made by hand, alternating rounds; processor microseconds of
the best round. Then a document of 23 MB through `await r.ajson()` beside an idle control: how late a task
that sleeps 1 ms at a time wakes up, without the passes of the garbage collector, which are told apart. Run
inside martlet's venv (`python -m benches.jsons`), prints JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import requests

import martlet

ROUNDS = 9
SECONDS = 0.05
BEAT = 0.001


def record(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "id": number,
        "uuid": f"{chance.getrandbits(128):032x}",
        "name": f"user name {number}",
        "score": chance.random() * 100,
        "place": [chance.uniform(-90, 90), chance.uniform(-180, 180)],
        "active": number % 2 == 0,
        "tags": [f"tag {number % 7}", "second", "third"],
        "more": {"count": number * 3, "none": None, "text": "\u00e9" if number % 10 == 0 else "line\nbreak"},
    }


def documents() -> dict[str, bytes]:
    chance = random.Random(1)
    made: dict[str, Any] = {
        "100 B": {
            "id": 1,
            "name": "a user",
            "ok": True,
            "x": [1, 2, 3],
            "f": 1.5,
            "z": None,
            "mail": "a@a.test",
        },
        "1 KB": [record(number, chance) for number in range(4)],
        "100 KB": [record(number, chance) for number in range(400)],
        "23 MB": [record(number, chance) for number in range(86_000)],
        "integers": [chance.getrandbits(30) for _ in range(90_000)],
        "floats": [chance.random() for _ in range(50_000)],
        "strings": [f"some words and number {number}" for number in range(40_000)],
    }
    return {name: json.dumps(document).encode() for name, document in made.items()}


def response_of(library: Any, content: bytes) -> Any:
    response = library.Response()
    response.status_code, response._content, response._content_consumed = 200, content, True
    response.encoding = "utf-8"
    return response


def best(call: Callable[[], object]) -> float:
    gc.collect()
    count, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        call()
        count += 1
    return (time.process_time() - start) / count * 1e6


def beside_requests() -> dict[str, dict[str, float]]:
    found = {}
    for name, content in documents().items():
        theirs, ours = response_of(requests, content), response_of(martlet, content)
        rounds = [(best(theirs.json), best(ours.json)) for _ in range(ROUNDS)]
        requests_us, martlet_us = (min(side) for side in zip(*rounds, strict=True))
        found[name] = {
            "requests_us": requests_us,
            "martlet_us": martlet_us,
            "ratio": requests_us / martlet_us,
        }
    return found


class Collector:
    """The passes of the garbage collector: when each began and how long it took."""

    def __init__(self) -> None:
        self.passes: list[tuple[float, float]] = []
        self.began = 0.0

    def __call__(self, phase: str, _info: object) -> None:
        now = time.perf_counter()
        if phase == "start":
            self.began = now
        else:
            self.passes.append((self.began, now - self.began))

    def between(self, start: float, end: float) -> float:
        return sum(took for began, took in self.passes if start <= began < end)


async def lag(work: Callable[[], Awaitable[object]]) -> dict[str, float]:
    collector, late, done = Collector(), [], asyncio.Event()
    gc.callbacks.append(collector)

    async def beat() -> None:
        while not done.is_set():
            start = time.perf_counter()
            await asyncio.sleep(BEAT)
            end = time.perf_counter()
            late.append((end - start - BEAT - collector.between(start, end)) * 1e3)

    beating = asyncio.ensure_future(beat())
    start = time.perf_counter()
    result = await work()
    took = time.perf_counter() - start
    done.set()
    await beating
    gc.callbacks.remove(collector)
    del result
    late.sort()
    passes = [took for _, took in collector.passes]
    return {
        "ms": took * 1e3,
        "p99_ms": late[int(len(late) * 0.99)],
        "max_ms": late[-1],
        "collector_ms": sum(passes) * 1e3,
        "collector_max_ms": max(passes, default=0.0) * 1e3,
    }


async def lags() -> list[dict[str, dict[str, float]]]:
    content = documents()["23 MB"]
    response_of(martlet, b"")
    rounds = []
    for _ in range(3):
        control = await lag(lambda: asyncio.sleep(0.7))
        rounds.append({"control": control, "ajson": await lag(response_of(martlet, content).ajson)})
    return rounds


if __name__ == "__main__":
    print(json.dumps({"json": beside_requests(), "lag": asyncio.run(lags())}, indent=1))
