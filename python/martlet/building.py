"""Request bodies for who awaits them: written in slices between which the loop has its turn, so that no
document and no form holds it up.

The quick road takes the body as the engine has it, the compatible one as an object (`abuild`).
"""

from __future__ import annotations

from . import _martlet
from .bodies import Written
from .jsons import NAP
from .offload import pause, turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._martlet import BodyBuild

SLICE: int | None = None
"""Tests set this to have a slice end after so many objects, instead of after its time."""


async def complete(build: BodyBuild) -> bool:
    """Whether the body is complete; else it is not plain, and requests' own steps have to write it.

    RuntimeError for a dict that has changed its size between two slices.
    """
    slices = 0
    while (step := build.build(SLICE)) is False:
        slices += 1
        await (turn() if slices % 2 else pause(NAP))
    return step is True


async def abuild(data: Any, json: Any) -> Written | None:
    """The body that `data=` or `json=` come to; None if it is written in no time, or is not plain."""
    build = _martlet.build_body(data, json, SLICE)
    if build is None or not await complete(build):
        return None
    body: Any = await build.written()
    return Written(await body if build.text else body, build.content_type)
