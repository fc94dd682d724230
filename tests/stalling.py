"""Ways to stall an event loop under watch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import martlet
from loop.runners import run_asyncio, run_uvloop
from martlet.watching import Stall

THRESHOLD = 0.05
LONG = 0.25
"""What a test stalls for: several times the threshold."""

RUNNERS = {"asyncio": run_asyncio, "uvloop": run_uvloop}


def long_ones(stalls: list[Stall]) -> list[Stall]:
    """Those that a test makes, not those of a machine that was busy."""
    return [stall for stall in stalls if stall.length > LONG / 2]


def stalls_of(main: Callable[[], Awaitable[Any]], run: Any = run_asyncio) -> list[Stall]:
    with martlet.watch(THRESHOLD, report=None) as watched:
        run(main)
    return long_ones(watched.stalls)


def stall_in(block: Callable[[], Any], run: Any = run_asyncio, threshold: float = THRESHOLD) -> Stall:
    """The longest stall of a loop that calls `block` between two waits."""

    async def main() -> None:
        await asyncio.sleep(0.01)
        block()
        await asyncio.sleep(0.01)

    with martlet.watch(threshold, report=None) as watched:
        run(main)
    return max(watched.stalls, key=lambda stall: stall.length)
