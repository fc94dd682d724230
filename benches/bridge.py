"""What martlet costs before anything is sent: the bridge between the loop and the engine, and the road to it.

`martlet._martlet.nothing()` goes to the engine's thread and comes back. Beside it: the same with an empty
Response made for it, and a bare asyncio future that a callback of the same loop resolves, the least that any
await of something pending can cost; one after another and 64 at once. Then, on the calling thread alone: the
check whether a call may take the road in Rust, and a GET made ready on it and not sent. Run inside martlet's
venv (`python -m benches.bridge`), prints JSON: wall and processor microseconds of each; with an argument, of
the empty Response alone.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable

import martlet
from martlet import _martlet, roads

SECONDS = 1.0
AT_ONCE = 64


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def empty() -> None:
    await _martlet.nothing()


async def empty_response() -> None:
    await _martlet.nothing()
    martlet.Response.__new__(martlet.Response)


async def bare_future() -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future


async def cost(nothing: Callable[[], Awaitable[None]], tasks: int) -> dict[str, float]:
    async def work() -> int:
        count = 0
        while time.perf_counter() < end:
            await nothing()
            count += 1
        return count

    start, cpu = time.perf_counter(), cpu_seconds()
    end = start + SECONDS
    count = sum(await asyncio.gather(*(work() for _ in range(tasks))))
    return {
        "wall_us": (time.perf_counter() - start) / count * 1e6,
        "cpu_us": (cpu_seconds() - cpu) / count * 1e6,
    }


def cost_of_calls(call: Callable[[], object]) -> dict[str, float]:
    count, start, cpu = 0, time.perf_counter(), cpu_seconds()
    while time.perf_counter() - start < SECONDS:
        for _ in range(100):
            call()
        count += 100
    return {
        "wall_us": (time.perf_counter() - start) / count * 1e6,
        "cpu_us": (cpu_seconds() - cpu) / count * 1e6,
    }


async def main() -> dict[str, dict[str, float]]:
    kinds = {
        "an awaitable that does nothing": empty,
        "an awaitable that does nothing, and an empty Response": empty_response,
        "a bare future of asyncio": bare_future,
    }
    awaited = {
        f"{name}, {tasks} at once": await cost(nothing, tasks)
        for tasks in (1, AT_ONCE)
        for name, nothing in kinds.items()
    }
    async with martlet.AsyncSession() as session:
        return awaited | {
            "the check for the road in Rust": cost_of_calls(
                lambda: roads.is_untouched(martlet.AsyncSession, martlet.AsyncSession)
            ),
            "a GET made ready, not sent": cost_of_calls(lambda: session.get("http://127.0.0.1:1/").close()),
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(cost(empty_response, AT_ONCE) if sys.argv[1:] else main())))
