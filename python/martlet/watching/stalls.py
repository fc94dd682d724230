"""A stall of an event loop as it is reported: how long, where, in which known call, what to write instead."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

from .calls import known_call
from .stacks import is_yours, place_in, summary_of, within_callback
from .table import COLLECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from traceback import FrameSummary

    from .pulse import Held, Trace

OUTER_FRAMES = 6
"""Frames of yours around the one to blame that a report shows."""


@dataclass(frozen=True)
class Stall:
    """The event loop stood still for `length` seconds. As a text it is the report.

    Attributes:
        length: seconds; under uvloop give or take a quarter of the threshold.
        stack: from the callback that the loop called to the innermost frame. Of several callbacks, or lines,
            in one turn of the loop: where most of the time went.
        frame: the one to blame, the innermost that is neither of the standard library nor of an installed
            package nor of martlet, if there is such a one.
        call: the blocking call, if it is a known one: "requests.get", "time.sleep".
        advice: what to write instead.
        thread: the name of the loop's thread.
    """

    length: float
    stack: tuple[FrameSummary, ...]
    frame: FrameSummary
    call: str | None
    advice: str
    thread: str

    @property
    def line(self) -> str:
        """The text of the line to blame; empty where there is no source."""
        return self.frame.line or ""

    @property
    def place(self) -> str:
        """Its file and number: "app.py:12"."""
        return f"{os.path.basename(self.frame.filename)}:{self.frame.lineno}"

    def __str__(self) -> str:
        where = "" if self.thread == "MainThread" else f" of thread {self.thread}"
        what = f" in {self.call}" if self.call else ""
        at = next(number for number, frame in enumerate(self.stack) if frame is self.frame)
        lines = [f"martlet.watch: the event loop{where} stalled for {duration(self.length)}{what}"]
        outer = [frame for frame in self.stack[:at] if is_yours(frame.filename)]
        for frame in (*outer[-OUTER_FRAMES:], self.frame):
            lines.append(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}')
            lines += [f"    {frame.line}"] if frame.line else []
        if inner := self.stack[at + 1 :]:
            files = ", ".join(dict.fromkeys(os.path.basename(frame.filename) for frame in inner))
            lines.append(f"  and {len(inner)} more, within {files}")
        lines.append(f"  Instead: {self.advice}")
        return "\n".join(lines)


def duration(seconds: float) -> str:
    """In a report: "310 ms", "2.40 s"."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def stall_of(held: Held, passes: Iterable[tuple[float, float]]) -> Stall:
    """What was measured, told. `passes` are those of the garbage collector, from when to when."""
    trace = within_callback(_heaviest(held.traces))
    stack = tuple(summary_of(step) for step in reversed(trace))
    call, advice = known_call(trace)
    collecting = sum(max(0.0, min(end, held.end) - max(start, held.start)) for start, end in passes)
    length = held.end - held.start
    if collecting > length / 2 and call != "gc.collect":
        call, advice = "a pass of the garbage collector", COLLECT
    return Stall(length, stack, stack[len(stack) - 1 - place_in(trace)], call, advice, held.thread)


def _heaviest(traces: list[tuple[float, Trace]]) -> Trace:
    """Of the line to blame for the longest time, the stack seen for the longest time."""
    lines: defaultdict[object, float] = defaultdict(float)
    for weight, trace in traces:
        lines[_line(trace)] += weight
    worst = max(lines, key=lambda line: lines[line])
    return max((each for each in traces if _line(each[1]) == worst), key=lambda each: each[0])[1]


def _line(trace: Trace) -> object:
    frame = summary_of(trace[place_in(trace)])
    return frame.filename, frame.lineno


def summary(stalls: list[Stall], threshold: float, seconds: float, has_seen_loop: bool) -> str:
    """Count, longest and total; and the lines to blame, the one with most time first."""
    above, within = f"above {duration(threshold)}", f"in {duration(seconds)}"
    if not has_seen_loop:
        return f"martlet.watch: no event loop of asyncio or uvloop ran {within}"
    if not stalls:
        return f"martlet.watch: no stall {above} {within}"
    total = sum(stall.length for stall in stalls)
    longest = max(stall.length for stall in stalls)
    plural = "stall" if len(stalls) == 1 else "stalls"
    lines = [
        f"martlet.watch: {len(stalls)} {plural} {above} {within}: "
        f"longest {duration(longest)}, total {duration(total)}"
    ]
    places: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for stall in stalls:
        places[stall.place, stall.call or stall.line].append(stall.length)
    worst = sorted(places.items(), key=lambda entry: sum(entry[1]), reverse=True)
    for (place, what), lengths in worst[:5]:
        lines.append(f"  {duration(sum(lengths)):>8}  {len(lengths):>4} x  {place}  {what}")
    return "\n".join(lines)
