"""How late a loop is: a task that wakes every `TICK`, and by how much it wakes too late.

Python's garbage collector stops the whole interpreter, whoever made the garbage. Its passes are noted by
`gc.callbacks`, and what of a tick's lateness lies within a pass is taken off the tick and reported apart. The
tick itself stays: a pass in the middle of a long stall does not hide the stall.

Beside each tick stands the processor time of the loop's own thread. A tick that is late without it waited:
for the core that others had, or for the interpreter's lock.

Figures are in milliseconds. A stall is one late tick, however long it is: it shows in the maximum.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any

TICK = 0.001

Interval = tuple[float, float]
Tick = tuple[
    float, float, float
]  # when it was due, when it came, processor seconds of the thread since the last


class Passes:
    """The passes of the garbage collector while this is entered, as intervals of `time.perf_counter`."""

    def __init__(self) -> None:
        self.intervals: list[Interval] = []
        self.begun = 0.0

    def note(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self.begun = time.perf_counter()
        else:
            self.intervals.append((self.begun, time.perf_counter()))

    def __enter__(self) -> Passes:
        gc.callbacks.append(self.note)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self.note)


async def tick(ticks: list[Tick]) -> None:
    """Notes each tick."""
    while True:
        used = time.thread_time()
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        ticks.append((due, time.perf_counter(), time.thread_time() - used))


def within(interval: Interval, passes: Iterable[Interval]) -> float:
    """How much of the interval lies in the passes."""
    return sum(max(0.0, min(interval[1], end) - max(interval[0], start)) for start, end in passes)


def figures(ticks: Sequence[Tick], passes: Sequence[Interval]) -> dict[str, float]:
    """p50, p99 and maximum of the lateness without the collector's passes; and these."""
    late, collecting = [], []
    first = 0
    for due, came, _used in ticks:
        while first < len(passes) and passes[first][1] <= due:
            first += 1
        last = first
        while last < len(passes) and passes[last][0] < came:
            last += 1
        collected = within((due, came), passes[first:last])
        late.append((came - due - collected) * 1e3)
        collecting.append(collected * 1e3)
    late.sort()
    return {
        "ticks": len(late),
        "p50": late[len(late) // 2],
        "p99": late[len(late) * 99 // 100],
        "max": late[-1],
        "own_max": max(used for _due, _came, used in ticks) * 1e3,
        "gc_max": max(collecting),
        "gc_total": sum(end - start for start, end in passes) * 1e3,
    }


async def watched(work: Awaitable[Any]) -> tuple[Any, dict[str, float]]:
    """The result of the work, and how late the loop was meanwhile."""
    ticks: list[Tick] = []
    with Passes() as passes:
        ticking = asyncio.create_task(tick(ticks))
        await asyncio.sleep(0)
        begun = time.perf_counter()
        try:
            result = await work
            seconds = time.perf_counter() - begun
            await asyncio.sleep(2 * TICK)
        finally:
            ticking.cancel()
    return result, figures(ticks, passes.intervals) | {"seconds": seconds}
