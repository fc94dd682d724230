"""Which event loops start and stop while somebody watches.

Every loop of asyncio says so itself: its `run_forever` calls `asyncio._set_running_loop` with itself and,
at the end, with None. While there is a watcher that function is ours and tells it; afterwards it is asyncio's
again. uvloop takes the function over when it is imported: if that was before, its `run_forever` tells
instead.
Nothing here is called between a loop's start and its end.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from asyncio import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Watcher(Protocol):
        """Is told, in the loop's own thread. Each may be called twice for the same start or end."""

        def loop_starts(self, loop: Any) -> None: ...
        def loop_stops(self, loop: Any) -> None: ...


_changing = threading.Lock()
_watchers: tuple[Watcher, ...] = ()
_is_in_place = False
_set_running_loop: Any = events._set_running_loop


def add(watcher: Watcher) -> None:
    """Tells `watcher` from now on, and at once of the loop that runs in this thread."""
    global _watchers
    with _changing:
        if not _watchers:
            _install()
        _watchers = (*_watchers, watcher)
    running = events._get_running_loop()
    if running is not None:
        watcher.loop_starts(running)


def remove(watcher: Watcher) -> None:
    """Tells it no more."""
    global _watchers
    with _changing:
        _watchers = tuple(each for each in _watchers if each is not watcher)
        if not _watchers:
            _uninstall()


def _telling_set_running_loop(loop: Any) -> None:
    """Stays with a uvloop that was imported meanwhile; without watchers it does what asyncio's does."""
    ending = events._get_running_loop() if loop is None else None
    _set_running_loop(loop)
    for watcher in _watchers:
        if loop is not None:
            watcher.loop_starts(loop)
        elif ending is not None:
            watcher.loop_stops(ending)


def _install() -> None:
    global _set_running_loop, _is_in_place
    if not _is_in_place:
        _is_in_place = True
        _set_running_loop = events._set_running_loop
        for module in (asyncio, events):
            module._set_running_loop = _telling_set_running_loop  # type: ignore[attr-defined]
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None:
        uvloop.Loop.run_forever = _telling_run_forever(uvloop.Loop.run_forever)


def _uninstall() -> None:
    global _is_in_place
    if events._set_running_loop is _telling_set_running_loop:  # else somebody else's is around it: ours stays
        _is_in_place = False
        for module in (asyncio, events):
            module._set_running_loop = _set_running_loop  # type: ignore[attr-defined]
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None and hasattr(uvloop.Loop.__dict__.get("run_forever"), "martlet_watches"):
        del uvloop.Loop.run_forever


def _telling_run_forever(run_forever: Any) -> Any:
    def telling(self: Any) -> None:
        for watcher in _watchers:
            watcher.loop_starts(self)
        try:
            run_forever(self)
        finally:
            for watcher in _watchers:
                watcher.loop_stops(self)

    telling.martlet_watches = True  # type: ignore[attr-defined]
    return telling
