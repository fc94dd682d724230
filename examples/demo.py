"""`make demo`: six ways to fetch in a Python program, and what each does to the rest of it.

Starts martlet's own server on loopback and runs examples/01 to 06 as the programs they are. Then it measures
each way: `PAUSE` is what the server takes to answer, `WAYS` says how the way makes many requests. While one
does, a task on the same event loop wakes every millisecond; "held up" is the longest that it was late.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from martlet.testing import Server

HERE = Path(__file__).resolve().parent
STORY_PAUSE = 0.3
PAUSE = 0.02
TICK = 0.001


@dataclass(frozen=True)
class Way:
    """A program, and how it makes `count` requests: a function of its module, the URL and the count."""

    program: str
    name: str
    count: int
    many: Callable[[Any, str, int], Any]

    def load(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("way", HERE / self.program)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def one_after_another(program: Any, url: str, count: int) -> None:
    for _ in range(count):
        program.fetch(url)


async def awaited(program: Any, url: str, count: int) -> None:
    for _ in range(count):
        await program.fetch(url)
        await asyncio.sleep(0)  # whoever waits for the loop has a turn between two requests


async def gathered(program: Any, url: str, count: int) -> None:
    await asyncio.gather(*(program.fetch(url) for _ in range(count)))


async def in_pairs(program: Any, url: str, count: int) -> None:
    for _ in range(count // 2):
        await program.fetch_both(url, url)


WAYS = (
    Way("01_requests_style.py", "martlet.get", 50, one_after_another),
    Way("02_blocked_loop.py", "martlet.get in a coroutine", 50, awaited),
    Way("03_to_thread.py", "asyncio.to_thread", 200, gathered),
    Way("04_run_in_executor.py", "run_in_executor, two at once", 100, in_pairs),
    Way("05_thread_pool.py", "ThreadPoolExecutor(16)", 400, lambda p, url, n: list(p.fetch_all([url] * n))),
    Way("06_async_session.py", "AsyncSession, 100 in flight", 1000, lambda p, url, n: p.fetch_all(url, n)),
)


async def held_up(work: Callable[[], Awaitable[Any] | Any]) -> tuple[float, float]:
    """Seconds that the work took, and the longest by which a task waking every `TICK` was late meanwhile."""
    late = 0.0

    async def background() -> None:
        nonlocal late
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late = max(late, time.perf_counter() - due)

    ticking = asyncio.create_task(background())
    await asyncio.sleep(10 * TICK)
    start = time.perf_counter()
    result = work()
    if isinstance(result, Awaitable):
        await result
    took = time.perf_counter() - start
    await asyncio.sleep(2 * TICK)
    ticking.cancel()
    return took, late


def tell(number: int, way: Way, url: str) -> None:
    print(f"\n({number}) {way.name}\n$ python examples/{way.program} {url}", flush=True)
    subprocess.run([sys.executable, HERE / way.program, url], check=True, timeout=30)


def measure(url: str) -> Iterator[tuple[Way, float, float]]:
    for way in WAYS:
        print(f"  {way.name}: {way.count:,} GETs ...", end="", flush=True)
        program = way.load()
        with contextlib.redirect_stdout(io.StringIO()):
            took, late = asyncio.run(held_up(lambda: way.many(program, url, way.count)))  # noqa: B023
        print(f" {took:.2f} s", flush=True)
        yield way, way.count / took, late


def main() -> None:
    with Server() as server:
        for number, way in enumerate(WAYS, 1):
            tell(number, way, f"{server.url}/delay/{STORY_PAUSE}")
        print(f"\nEach way again, from a server that takes {PAUSE * 1000:.0f} ms to answer:")
        rows = list(measure(f"{server.url}/delay/{PAUSE}"))

    print(f"\n    {'way':<30} {'requests/s':>10}   background task held up")
    for number, (way, rate, late) in enumerate(rows, 1):
        print(f"({number}) {way.name:<30} {rate:>10,.0f}   {late * 1000:>10,.1f} ms")
    print(
        "\n(1) and (5) have no loop of their own: they ran on the background task's, which waited for them."
    )


if __name__ == "__main__":
    main()
