"""What the bridge needs from Python to wait in an event loop that it cannot serve by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from martlet._martlet import Operation

FORCE_THREADSAFE = False
"""Tests set this to have every asyncio loop woken by ``call_soon_threadsafe``."""

_kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def keep(loop: object, port: object) -> None:
    """Keep ``port`` alive for as long as ``loop``, which holds no reference to it."""
    _kept[loop] = port


def foreign_wait(operation: Operation[Any]) -> Coroutine[Any, Any, Any]:
    """The coroutine that waits for ``operation`` where no asyncio loop runs: in trio.

    Raises:
        RuntimeError: when no event loop runs at all.
    """
    import sys

    trio = sys.modules.get("trio")
    if trio is None or not trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "no running event loop: await this in asyncio or trio, or use martlet.Session for sync code"
        )
    return _trio_wait(trio, operation)


_tasks: set[Any] = set()


def in_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run `coroutine`, which handles its own exceptions, as a task of the loop that runs here."""
    import sys

    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        trio.lowlevel.spawn_system_task(lambda: coroutine, name="martlet")
        return
    import asyncio

    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)  # the loop itself holds tasks weakly
    task.add_done_callback(_tasks.discard)


async def _trio_wait(trio: Any, operation: Operation[Any]) -> Any:
    task = trio.lowlevel.current_task()

    def done(_: object) -> None:
        trio.lowlevel.reschedule(task)

    def abort(_: object) -> Any:
        operation._abandon()
        return trio.lowlevel.Abort.SUCCEEDED

    def watch(port: Any) -> None:
        trio.lowlevel.spawn_system_task(_trio_drain, trio, port, name="martlet")

    operation._begin_foreign(trio.lowlevel.current_trio_token(), watch, done)
    await trio.lowlevel.wait_task_rescheduled(abort)
    return operation._take_result()


async def _trio_drain(trio: Any, port: Any) -> None:
    while True:
        await trio.lowlevel.wait_readable(port.fileno())
        port.drain()
