"""The event loops that the bridge works under, as ways to run an async function."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from martlet import _loops

Main = Callable[[], Awaitable[Any]]


def run_asyncio(main: Main) -> Any:
    return asyncio.run(main())  # type: ignore[arg-type]


def run_uvloop(main: Main) -> Any:
    uvloop = pytest.importorskip("uvloop")
    return uvloop.run(main())


def run_threadsafe(main: Main) -> Any:
    """asyncio as on Windows: without add_reader, woken by call_soon_threadsafe."""
    _loops.FORCE_THREADSAFE = True
    try:
        return asyncio.run(main())  # type: ignore[arg-type]
    finally:
        _loops.FORCE_THREADSAFE = False


def run_trio(main: Main) -> Any:
    trio = pytest.importorskip("trio")
    return trio.run(main)


ASYNCIO = {"asyncio": run_asyncio, "uvloop": run_uvloop, "threadsafe": run_threadsafe}
ALL = {**ASYNCIO, "trio": run_trio}


async def sleep(seconds: float) -> None:
    """Waits in whichever loop runs this."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import trio

        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)
