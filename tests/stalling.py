"""Ways to stall an event loop under watch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import martlet
from loop.runners import run_asyncio, run_uvloop
from martlet.watching import Stall

THRESHOLD = 0.05
LONG = 0.4
"""What a test stalls for: several times the threshold."""

ATTEMPTS = 4
"""A machine that is busy may not wake the watching thread for half a second, which then sees nothing."""

RUNNERS = {"asyncio": run_asyncio, "uvloop": run_uvloop}


def long_ones(stalls: list[Stall]) -> list[Stall]:
    """Those that a test makes, not those of a machine that was busy."""
    return [stall for stall in stalls if stall.length > LONG / 2]


def stalls_of(main: Callable[[], Awaitable[Any]], run: Any = run_asyncio) -> list[Stall]:
    for _ in range(ATTEMPTS):
        with martlet.watch(THRESHOLD, report=None) as watched:
            run(main)
        if found := long_ones(watched.stalls):
            return found
    return []


def stall_in(block: Callable[[], Any], run: Any = run_asyncio, threshold: float = THRESHOLD) -> Stall:
    """The longest stall of a loop that calls `block` between two waits."""

    async def main() -> None:
        await asyncio.sleep(0.01)
        block()
        await asyncio.sleep(0.01)

    for _ in range(ATTEMPTS):
        with martlet.watch(threshold, report=None) as watched:
            run(main)
        if watched.stalls:
            break
    return max(watched.stalls, key=lambda stall: stall.length)
