"""Whose code a frame is, and what it was executing.

"Yours" is what is neither Python's standard library nor installed in site-packages nor martlet's.
"""

from __future__ import annotations

import linecache
import os
import sys
from asyncio import events
from functools import lru_cache
from itertools import islice
from traceback import FrameSummary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from .pulse import Step, Trace

INSTALLED = ("site-packages", "dist-packages")
STANDARD = (os.path.dirname(os.__file__) + os.sep, "<frozen ")
HERE = os.path.dirname(__file__) + os.sep
MARTLET = os.path.dirname(os.path.dirname(__file__)) + os.sep


@lru_cache(maxsize=1024)
def is_yours(filename: str) -> bool:
    """Whether the file is of the program itself."""
    return not filename.startswith((*STANDARD, MARTLET)) and not is_installed(filename)


@lru_cache(maxsize=1024)
def is_installed(filename: str) -> bool:
    """Whether the file is of a package that was installed, or of martlet."""
    parts = filename.replace("\\", "/").split("/")
    return filename.startswith(MARTLET) or any(name in parts for name in INSTALLED)


def within_callback(trace: Trace) -> Trace:
    """The stack from the loop's callback on, and without the frames of the watch, which may be the innermost:
    it hears of garbage collection.
    """
    inner, outer = 0, len(trace)
    while inner < outer - 1 and trace[inner][0].co_filename.startswith(HERE):
        inner += 1
    while outer - 1 > inner and trace[outer - 1][0].co_filename == events.__file__:
        outer -= 1
    return trace[inner:outer]


def place_in(trace: Trace) -> int:
    """Where in the stack, innermost first, to put the blame: your innermost frame, else a package's, else
    the innermost of all.
    """
    for is_to_blame in (is_yours, is_installed):
        for at, (code, _, _) in enumerate(trace):
            if is_to_blame(code.co_filename):
                return at
    return 0


def summary_of(step: Step) -> FrameSummary:
    """The frame as tracebacks show it."""
    code, instruction, _ = step
    first, _, _, _ = position(code, instruction)
    return FrameSummary(code.co_filename, first, code.co_name, lookup_line=False)


def position(code: CodeType, instruction: int) -> tuple[int, int, int | None, int | None]:
    """First and last line, first column and the one behind the last, in bytes. Python 3.10 has no columns."""
    if sys.version_info >= (3, 11):
        for first, last, start, end in islice(code.co_positions(), instruction // 2, instruction // 2 + 1):
            if first is not None:
                return first, last or first, start, end
    for begin, end_, line in code.co_lines():
        if begin <= instruction < end_ and line is not None:
            return line, line, None, None
    return code.co_firstlineno, code.co_firstlineno, None, None


def source_at(code: CodeType, instruction: int) -> str:
    """The expression that the instruction works out; in Python 3.10 its line. Empty if there is no source."""
    first, last, start, end = position(code, instruction)
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(first, last + 1)]
    if start is not None and end is not None and lines:
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
    return b"".join(lines).decode(errors="replace").strip()
