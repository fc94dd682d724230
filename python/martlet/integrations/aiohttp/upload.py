"""How the pieces of a body that aiohttp writes get to the engine, which asks for one after the other.

aiohttp's payloads write into a `StreamWriter`; `BodyWriter` is one, whose other end is not a transport but a
`Pipe`. It holds back the writing payload while the peer takes nothing. Chunks are framed by the engine: one
for each piece that was written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp.http import StreamWriter
from aiohttp.http_writer import _serialize_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multidict import CIMultiDict
    from typing_extensions import Self

    from .protocol import EngineProtocol

FULL = 64 * 1024
"""Bytes that wait for the engine, above which a payload is held back: as much as aiohttp writes in one go."""


class Pipe:
    """Pieces of a body on their way to the engine, which takes them as from any async iterable.

    joined: pieces may be put together, where it makes no difference to the bytes sent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, joined: bool) -> None:
        self.size = 0
        self._loop = loop
        self._joined = joined
        self._pieces: deque[bytes] = deque()
        self._ended = False
        self._failure: BaseException | None = None
        self._taker: asyncio.Future[None] | None = None
        self._giver: asyncio.Future[None] | None = None

    def put(self, piece: Any) -> None:
        """Adds a piece; bytes are not copied."""
        if piece:
            self._pieces.append(bytes(piece))
            self.size += len(piece)
            _wake(self._taker)

    def end(self) -> None:
        """Says that this was all."""
        self._ended = True
        _wake(self._taker)

    def fail(self, error: BaseException) -> None:
        """Says that there will be no more, since this happened."""
        self._failure = error
        _wake(self._taker)

    def take_all(self) -> bytes:
        """Everything that was put in, which is all there is. One piece of bytes is not copied."""
        return b"".join(self._pieces)

    async def room(self, most: int = FULL) -> None:
        """Waits until no more than `most` bytes are left in here; for ever, if nobody takes them."""
        while self.size > most or self._failure is not None:
            self._giver = self._loop.create_future()
            await self._giver

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise StopAsyncIteration
            self._taker = self._loop.create_future()
            await self._taker
        if self._joined:
            piece = b"".join(self._pieces)
            self._pieces.clear()
        else:
            piece = self._pieces.popleft()
        self.size -= len(piece)
        _wake(self._giver)
        return piece


class BodyWriter(StreamWriter):
    """What aiohttp's payloads write into. `whole`: all of the body is put together before it is sent."""

    def __init__(self, protocol: EngineProtocol, pipe: Pipe, *, whole: bool, **hooks: Any) -> None:
        super().__init__(protocol, protocol._loop, **hooks)
        self._pipe = pipe
        self._whole = whole

    def enable_chunking(self) -> None:
        """Does nothing: the engine frames the chunks."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Counts the head's bytes, which the engine writes. ValueError if it holds a line end or NUL."""
        if self._on_headers_sent is not None:
            await self._on_headers_sent(headers)
        self.output_size += len(_serialize_headers(status_line, headers))
        self._headers_written = True

    def _write(self, chunk: Any) -> None:
        self.buffer_size += len(chunk)
        self.output_size += len(chunk)
        self._pipe.put(chunk)

    def _writelines(self, chunks: Iterable[Any]) -> None:
        self._write(b"".join(chunks))

    async def drain(self) -> None:
        """Waits until the engine has taken most of what was written."""
        if not self._whole:
            await self._pipe.room()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Writes the last piece, and waits until the engine has taken it."""
        await super().write_eof(chunk)
        self._pipe.end()
        if not self._whole:
            await self._pipe.room(0)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
