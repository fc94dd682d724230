"""Waiting without holding up an event loop, on asyncio or on trio: for blocking code of others, and for
pauses.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")


async def offload(function: Callable[..., T], *args: Any) -> T:
    """What `function(*args)` gives, called in one of the loop's helper threads, of which there are few."""
    trio = _running_trio()
    if trio is not None:
        result: T = await trio.to_thread.run_sync(function, *args)
        return result
    import asyncio

    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


async def pause(seconds: float) -> None:
    """Lets that time go by."""
    trio = _running_trio()
    if trio is not None:
        await trio.sleep(seconds)
        return
    import asyncio

    await asyncio.sleep(seconds)


async def turn() -> None:
    """Lets everything else that is ready have its turn, reading and timers included."""
    trio = _running_trio()
    if trio is not None:
        await trio.lowlevel.checkpoint()
        return
    import asyncio

    await asyncio.sleep(0)


def _running_trio() -> Any:
    """The module `trio` if it runs this task, else None."""
    trio: Any = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio
