"""JSON documents for who awaits them: parsed off the loop, built in slices between which the loop has its
turn, so that no document holds it up.
"""

from __future__ import annotations

from . import _martlet
from .offload import pause, turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SMALL = 64 * 1024
"""Documents below this many bytes are read in less than a slice."""

SLICE: int | None = None
"""Tests set this to have a slice end after so many objects, instead of after its time."""


NAP = 0.0003
"""Seconds of sleep after every other slice, which is a millisecond where loops count in those.

On a busy machine a thread that never sleeps is made to wait. 23 MB beside other work: p99 of the loop's lag
7-18 ms without it, 5-6 with it, and 3-5 of an idle loop.
"""


async def aread_json(content: Any, encoding: Any) -> Any:
    """The document; `NotImplemented` where `json.loads` has to be asked, as `read_json` says it."""
    if type(content) is not bytes or len(content) < SMALL:
        return _martlet.read_json(content, encoding)
    parsing = _martlet.parse_json(content, encoding)
    document = None if parsing is None else await parsing
    if document is None:
        return NotImplemented
    slices = 0
    try:
        while (step := document.build(SLICE)) is not True:
            if step is False:
                slices += 1
                await (turn() if slices % 2 else pause(NAP))
            elif document.add(await (await step)):
                break
    except (ValueError, MemoryError):
        return NotImplemented
    return document.take()
