"""When an event loop stalls, for how long, and what its thread was doing meanwhile.

A thread looks what the loop's thread is doing, once per three quarters of the threshold; nothing is done per
callback or per turn of the loop. Waiting in the selector: the loop is alive. In a callback: the stack is
noted, and counts for the time since the look before. A C function that keeps the interpreter's lock keeps
this thread waiting too; the interpreter hands the lock over when that call is done, before anything else
runs, so the stack is still that of the call, and counts for as long as it took. A loop that never waits has
its lock taken in the way that `Lookout` tells.

Since when the loop is in this turn, and when the turn ends, is not for the looking thread to say, which may
get its time late:

- asyncio's `_run_once` notes the time when it has waited and begins to call (`Turns`). A turn that lasts too
  long already gets a callback to run after it, which tells its end.
- Of a loop written in C nothing is to be seen (`Beats`): a timer runs on it, and a stall is when it is late.

A turn without a stack seen is no stall: the machine was busy, or another thread kept the lock. Stacks are
kept as code, instruction and module, never as frames, which would keep the program's objects alive.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import selectors
import sys
import threading
from asyncio import events
from contextlib import nullcontext
from dataclasses import dataclass
from time import monotonic

from .._martlet import Lookout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

    Step = tuple[CodeType, int, dict[str, Any]]
    """A frame: its code, the instruction that it is at, its module's namespace."""

    Trace = tuple[Step, ...]
    """A stack within one callback of the loop, innermost first."""

PAUSE = 0.75
"""Between two looks, in thresholds: into whatever is as long as the threshold one falls, and that after its
first quarter. The wake-ups of the looking thread are what a watch costs.
"""

BEATS = 2
"""Beats per threshold, for loops that have no `_run_once`."""

STACKS = 1000
"""Different stacks kept of one stall."""

MAKES_FRAMES = sys.version_info[:2] == (3, 11)
"""Whether `f_back` makes an object, for which the garbage collector may have a pass, in which code of the
program may run. Meanwhile the loop's thread may go on, and the object is then made of a frame that is no
more: so there is no pass during a look.
"""

WAITING = {selectors.__file__, asyncio.__file__.replace("__init__", "windows_events")}
"""Where asyncio waits for sockets and timers, called by `BaseEventLoop._run_once`."""


@dataclass(frozen=True)
class Held:
    """A stall, as measured: from when to when (`monotonic`), and each stack with its seconds."""

    start: float
    end: float
    traces: list[tuple[float, Trace]]
    thread: str


class Pulse:
    """One loop under watch. `held` is called in the loop's thread with each stall as it ends."""

    def __init__(self, loop: Any, threshold: float, held: Callable[[Held], None]) -> None:
        self.loop = loop
        self.threshold = threshold
        self.held = held
        self.is_on = False
        self.thread = 0

    def start(self) -> None:
        """The loop runs, in this thread."""
        if self.is_on:
            return
        self.is_on = True
        self.thread = threading.get_ident()
        self.alive = self.looked = monotonic()
        self.traces: list[tuple[float, Trace]] = []
        self._begin()

    def stop(self) -> None:
        """The loop ends, or the watch does. In another thread than the loop's this ends it unmeasured."""
        if not self.is_on:
            return
        self.is_on = False
        if self.thread == threading.get_ident():
            self._end(monotonic())

    def look(self, frame: FrameType | None, now: float) -> None:
        """Notes what the loop's thread, whose innermost frame this is, does now. Called by the looking
        thread.
        """
        steps: list[Step] = []
        while frame is not None and not self._is_beneath(frame):
            steps.append(_step(frame))
            frame = frame.f_back
        if self._waits(steps, frame):
            self.alive = now
            self.traces = []
        else:
            self._note(tuple(steps), frame, now)
        self.looked = now

    def _add(self, trace: Trace, seconds: float) -> None:
        traces = self.traces  # if the loop goes round meanwhile, this goes with the old list
        if traces and traces[-1][1] == trace:
            traces[-1] = (traces[-1][0] + seconds, trace)
        elif len(traces) < STACKS:
            traces.append((seconds, trace))

    def _measured(self, start: float, end: float, traces: list[tuple[float, Trace]]) -> None:
        if end - start >= self.threshold and traces:
            self.held(Held(start, end, traces, threading.current_thread().name))

    def _begin(self) -> None:
        raise NotImplementedError

    def _end(self, now: float) -> None:
        raise NotImplementedError

    def _is_beneath(self, frame: FrameType) -> bool:
        """Whether the frame is the loop's own, beneath the callback."""
        raise NotImplementedError

    def _waits(self, steps: list[Step], beneath: FrameType | None) -> bool:
        """Whether the loop waits, or does not run."""
        raise NotImplementedError

    def _note(self, trace: Trace, beneath: FrameType | None, now: float) -> None:
        """A callback runs, and this is its stack."""
        raise NotImplementedError


class Turns(Pulse):
    """A loop of asyncio."""

    def _begin(self) -> None:
        self.turn = 0.0
        self.short = self.threshold * (1 - PAUSE)  # a turn of which may not be looked at again in time
        self.long: dict[float, list[tuple[float, Trace]]] = {}  # turns whose end is awaited

    def _end(self, now: float) -> None:
        while self.long:
            turn, traces = self.long.popitem()
            self._measured(turn, now, traces)

    def _is_beneath(self, frame: FrameType) -> bool:
        return frame.f_code.co_name == "_run_once"

    def _waits(self, steps: list[Step], beneath: FrameType | None) -> bool:
        in_selector = steps and all(code.co_filename in WAITING for code, _, _ in steps)
        return beneath is None or bool(in_selector)

    def _note(self, trace: Trace, beneath: FrameType | None, now: float) -> None:
        assert beneath is not None
        if now - self.alive >= self.short:
            turn = beneath.f_locals.get("end_time", now)
            if turn != self.turn:
                self.turn = self.alive = turn
                self.traces = []
        self._add(trace or (_step(beneath),), now - max(self.looked, self.alive))
        if now - self.turn >= self.short and self.turn == self.alive and self.turn not in self.long:
            self.long[self.turn] = self.traces
            try:
                self.loop.call_soon_threadsafe(self._turned, self.turn)
            except RuntimeError:  # it was closed just now
                pass

    def _turned(self, turn: float) -> None:
        """Called in the turn after that one, which began when that one ended."""
        traces = self.long.pop(turn, None)
        if self.is_on and traces is not None:
            self._measured(turn, sys._getframe(2).f_locals.get("end_time", monotonic()), traces)


class Beats(Pulse):
    """Any other loop."""

    def _begin(self) -> None:
        self.base = 0
        self.due = self.alive
        self.handle = self.loop.call_soon(self._beat)

    def _end(self, now: float) -> None:
        self.handle.cancel()
        self._measure(now)

    def _beat(self) -> None:
        if not self.is_on:  # the watch ended in another thread
            return
        now = monotonic()
        caller = sys._getframe(1)
        if caller.f_code.co_filename != events.__file__:
            self.base = id(caller)
        self._measure(now)
        pause = self.threshold / BEATS
        self.alive = now
        self.due = now + pause
        self.traces = []
        self.handle = self.loop.call_later(pause, self._beat)

    def _measure(self, now: float) -> None:
        """A stall began after the loop was last seen alive and, else the beat had come, before it was due."""
        self._measured(max(self.alive, (self.alive + self.due) / 2), now, self.traces)

    def _is_beneath(self, frame: FrameType) -> bool:
        """A loop written in C has no frame: beneath is who runs it, and so who is beneath the beat."""
        return id(frame) == self.base or frame.f_code.co_name == "_run_once"

    def _waits(self, steps: list[Step], beneath: FrameType | None) -> bool:
        return all(code.co_filename in WAITING for code, _, _ in steps)

    def _note(self, trace: Trace, beneath: FrameType | None, now: float) -> None:
        if not any(code is Beats._beat.__code__ for code, _, _ in trace):
            self._add(trace, now - max(self.looked, self.alive))


def _step(frame: FrameType) -> Step:
    return frame.f_code, frame.f_lasti, frame.f_globals


def pulse_of(loop: Any, threshold: float, held: Callable[[Held], None]) -> Pulse:
    """The way to see this loop: asyncio's own, on their own clock, have turns."""
    kind: Any = type(loop)
    has_turns = (
        isinstance(loop, asyncio.BaseEventLoop)
        and kind.time is asyncio.BaseEventLoop.time
        and kind.run_forever.__module__.startswith("asyncio.")
    )
    return (Turns if has_turns else Beats)(loop, threshold, held)


class NoPass:
    """`with` it the garbage collector has none. One thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_to_resume = False

    def __enter__(self) -> None:
        self.lock.acquire()
        self.is_to_resume = gc.isenabled()
        gc.disable()

    def __exit__(self, *args: object) -> None:
        self._resume()
        self.lock.release()

    def _resume(self) -> None:
        if self.is_to_resume:
            self.is_to_resume = False
            gc.enable()

    def forked(self) -> None:
        """In the child, where the thread that was within is not."""
        self.lock = threading.Lock()
        self._resume()


_no_pass = NoPass()
if MAKES_FRAMES and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_no_pass.forked)


class Watchdog:
    """The thread that looks at pulses, and calls `after` when it has: there stalls are reported."""

    def __init__(self, pulses: list[Pulse], threshold: float, after: Callable[[], None]) -> None:
        self.pulses = pulses
        self.pause = threshold * PAUSE
        self.after = after
        self.lookout = Lookout()
        atexit.register(self.end)  # the thread asks things of the interpreter without its lock
        self.thread = threading.Thread(target=self._run, name="martlet-watch", daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Ends the thread, and waits for that, unless a report takes long: it may wait for this thread."""
        atexit.unregister(self.end)
        self.lookout.end()
        self.thread.join(timeout=1)

    def _run(self) -> None:
        while self.lookout.wait(self.pause):
            if self.pulses:
                self._look()
                self.after()

    def _look(self) -> None:
        with _no_pass if MAKES_FRAMES else nullcontext():
            self._look_at_frames()

    def _look_at_frames(self) -> None:
        frames = sys._current_frames()
        now = monotonic()
        for pulse in tuple(self.pulses):
            if pulse.is_on:
                pulse.look(frames.get(pulse.thread), now)
        frames.clear()  # this function's own frame is among them
