"""`martlet.watch()`: sees what blocks an event loop, and says where and what to write instead.

    with martlet.watch():
        asyncio.run(main())

    martlet.watch: the event loop stalled for 312 ms in requests.get
      File "app.py", line 12, in fetch
        return requests.get(url)
      and 9 more, within api.py, sessions.py, ...
      Instead: `await session.get(...)` of a `martlet.AsyncSession`

How it is seen is told in `pulse`, how it is named in `calls` and `table`.
"""

from __future__ import annotations

import gc
import math
import os
import sys
import threading
from collections import deque
from time import monotonic

from . import loops
from .pulse import Held, Pulse, Watchdog, pulse_of
from .stalls import Stall, stall_of, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any

    from typing_extensions import Self

    Report = Callable[[Stall], object] | logging.Logger | None

__all__ = ["Stall", "Watch", "to_stderr", "watch"]

PER_OBJECT = 50e-9
"""Seconds that a pass of the garbage collector takes, where all objects in memory are containers."""


def to_stderr(stall: Stall) -> None:
    """Where reports go by default, and then the summary."""
    print(stall, file=sys.stderr, flush=True)  # noqa: T201


def watch(threshold: float = 0.05, report: Report = to_stderr) -> Watch:
    """A context manager, `with` or `async with`, that reports each time an event loop stands still.

    It sees the loop that runs in this thread, and each loop of asyncio or uvloop that is started, in any
    thread, before it ends. A loop that waits for sockets or timers does not stand still, however long.

    Args:
        threshold: seconds from which on a stall is reported.
        report: a function that is called with each `Stall` when it has ended, in the watching thread; or a
            logger, which gets a warning each and the summary as info. None: they are only kept, in `.stalls`.

    Raises:
        TypeError: `threshold` is not a number.
        ValueError: `threshold` is not above 0.
    """
    return Watch(threshold, report)


class Watch:
    """What `watch()` gives: `stalls` are those that have ended, `summary()` tells them in short."""

    def __init__(self, threshold: float = 0.05, report: Report = to_stderr) -> None:
        self.threshold = _seconds(threshold)
        self.report = report
        self._pulses: list[Pulse] = []
        self._held: deque[Held] = deque()
        self._passes: deque[tuple[float, float]] = deque(maxlen=1000)
        self._stalls: list[Stall] = []
        self._untold: deque[Stall] = deque()
        self._settling = threading.Lock()
        self._has_seen_loop = self._hears_passes = False
        self._began = self._ended = self._pass_began = 0.0
        self._watchdog: Watchdog | None = None

    @property
    def stalls(self) -> list[Stall]:
        """Those that have ended so far, in that order."""
        self._settle()
        return self._stalls

    def summary(self) -> str:
        """Their count, the longest, the total, and the lines to blame."""
        seconds = (self._ended or monotonic()) - self._began
        return summary(self.stalls, self.threshold, seconds, self._has_seen_loop)

    def __enter__(self) -> Self:
        if self._watchdog is not None:
            raise RuntimeError("this watch is on already: use one martlet.watch() for each `with`")
        self._began, self._ended, self._process = monotonic(), 0.0, os.getpid()
        self._hear_passes()
        loops.add(self)
        self._watchdog = Watchdog(self._pulses, self.threshold, self._after_look)
        return self

    def __exit__(self, *args: object) -> None:
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None:
            return
        self._ended = monotonic()
        loops.remove(self)
        for pulse in self._pulses:
            pulse.stop()
        self._pulses.clear()
        is_forked = os.getpid() != self._process  # a child, which has no watching thread and nothing to tell
        if not is_forked:
            watchdog.end()
        if self._hears_passes:
            self._hears_passes = False
            gc.callbacks.remove(self._collects)
        if is_forked:
            return
        self._tell()
        if self.report is to_stderr:
            print(self.summary(), file=sys.stderr, flush=True)  # noqa: T201
        elif self.report is not None and not callable(self.report):
            self.report.info(self.summary())

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *args: object) -> None:
        self.__exit__(*args)

    # What loops, the garbage collector and the watching thread tell.

    def loop_starts(self, loop: Any) -> None:
        """In the loop's thread."""
        self._has_seen_loop = True
        pulse = next((pulse for pulse in self._pulses if pulse.loop is loop), None)
        if pulse is None:
            pulse = pulse_of(loop, self.threshold, self._held.append)
            self._pulses.append(pulse)
        pulse.start()

    def loop_stops(self, loop: Any) -> None:
        """In the loop's thread. It may be started again."""
        for pulse in self._pulses:
            if pulse.loop is loop:
                pulse.stop()

    def _hear_passes(self) -> None:
        """Of the garbage collector, once there are so many objects that a pass may be half of a stall. Each
        that is heard of takes microseconds, and a program that makes many objects has thousands a second.
        """
        if not self._hears_passes and not self._ended:
            objects = sys.getallocatedblocks()  # 0 where it is not known
            if not 0 < objects * PER_OBJECT < self.threshold / 2:
                self._hears_passes = True
                self._pass_began = monotonic()  # one may be in its middle
                gc.callbacks.append(self._collects)

    def _collects(self, phase: str, info: object) -> None:
        """For each pass of the garbage collector: keeps those that are long."""
        now = monotonic()
        if phase == "start":
            self._pass_began = now
        elif now - self._pass_began > self.threshold / 4:
            self._passes.append((self._pass_began, now))

    def _after_look(self) -> None:
        self._hear_passes()
        if self._held or self._untold:
            self._tell()
        for pulse in tuple(self._pulses):
            if not pulse.is_on and pulse.loop.is_closed():
                self._pulses.remove(pulse)

    def _settle(self) -> None:
        """Makes stalls of what was measured."""
        with self._settling:
            while self._held:
                stall = stall_of(self._held.popleft(), tuple(self._passes))
                self._stalls.append(stall)
                self._untold.append(stall)

    def _tell(self) -> None:
        """Reports what was not reported yet. Not on a loop that runs: a report may take its time."""
        self._settle()
        while self._untold:
            self._report(self._untold.popleft())

    def _report(self, stall: Stall) -> None:
        report = self.report
        try:
            if callable(report):
                report(stall)
            elif report is not None:
                report.warning("%s", stall)
        except Exception:  # the program is not to suffer from its being watched
            sys.excepthook(*sys.exc_info())


def _seconds(threshold: object) -> float:
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        kind = type(threshold).__name__
        raise TypeError(f"threshold is a number of seconds, as in martlet.watch(threshold=0.05), not {kind}")
    if not (threshold > 0 and math.isfinite(threshold)):
        raise ValueError(
            f"threshold is above 0 seconds, as in martlet.watch(threshold=0.05), not {threshold}"
        )
    return float(threshold)
