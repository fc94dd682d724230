"""What an awaitable costs that does nothing: the price of the bridge between the loop and the engine.

`martlet._martlet.nothing()` goes to the engine's thread and comes back. Beside it: a bare asyncio future
that a callback of the same loop resolves, the least that any await of something pending can cost. Run inside
martlet's venv (`python -m benches.bridge`), prints JSON: wall and processor microseconds of each, one after
another and 64 at once.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable

from martlet import _martlet

SECONDS = 1.0
AT_ONCE = 64


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def empty() -> None:
    await _martlet.nothing()


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


async def main() -> dict[str, dict[str, float]]:
    kinds = {"bridge": empty, "future": bare_future}
    return {
        f"{name}-{tasks}": await cost(nothing, tasks)
        for tasks in (1, AT_ONCE)
        for name, nothing in kinds.items()
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
