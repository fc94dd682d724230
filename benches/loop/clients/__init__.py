"""A file for each client, its name the name of its package. It says:

- `opened(ca, connections)`: an async context manager that yields a `Client`; one serves a whole measurement.
- `Client`: what its users write, following its documentation. `body`, `json`, `text`, `lines`, `upload`; each
  returns what its caller would keep, the response beside what was made of it, so that nothing of it is freed
  before the measurement is over.
- `CANNOT`: the scenarios it has no way to do, and why.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

NAMES = ("martlet", "requests", "aiohttp", "httpx", "niquests", "pyreqwest", "ry", "wreq")

NO_GUESS = "does not guess charsets"
PIECE = 65536


async def counted(pieces: AsyncIterator[Any]) -> int:
    """How many lines there are in the pieces, for clients that do not take lines apart themselves."""
    rest, count = b"", 0
    async for piece in pieces:
        *lines, rest = (rest + bytes(piece)).split(b"\n")
        for _line in lines:
            count += 1
    return count + bool(rest)


def read(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece
