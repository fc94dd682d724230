"""Where the engine gets a streamed request body from: a file, an iterable, an async iterable.

The engine asks for one piece at a time and asks for the next when the peer has taken it. Who waits for the
operation answers: a blocked thread itself; on an event loop, an async iterable is asked there, and anything
that may block (files, plain iterables) in a helper thread.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Any

    from ._martlet import Operation
    from .models import PreparedRequest

PIECE = 64 * 1024
"""Bytes read from a file at a time."""


def supply(request: PreparedRequest) -> Supply | AsyncSupply:
    """What answers the engine's questions for the body of `request`."""
    body: Any = request.body
    if hasattr(body, "__aiter__"):
        return AsyncSupply(body)
    if not hasattr(body, "read") and (whole := _memory(body)) is not None:
        return Supply([whole], None)  # iterating it would give numbers
    return Supply(body, request._body_position)  # pyright: ignore[reportPrivateUsage]


class Supply:
    """A file or a plain iterable."""

    def __init__(self, body: Any, position: object) -> None:
        self._body = body
        self._position = position
        self._pieces: Iterator[Any] | None = None
        used_up = hasattr(body, "__next__") or hasattr(body, "read")
        self.rewindable = isinstance(position, int) or (position is None and not used_up)

    def piece(self) -> bytes | None:
        """The next piece; None at the end. Text goes out as UTF-8."""
        if hasattr(self._body, "read"):
            piece = self._body.read(PIECE)
            return _as_bytes(piece) if piece else None
        if self._pieces is None:
            self._pieces = iter(self._body)
        for piece in self._pieces:
            if piece:
                return _as_bytes(piece)
        return None

    def rewind(self) -> None:
        """Goes back to where the body stood when the request was prepared."""
        if isinstance(self._position, int):
            self._body.seek(self._position)
        elif self._position is None:
            self._pieces = None

    def answer(self, operation: Operation[Any], rewind: bool) -> None:
        """Answers from a helper thread."""
        from ._threads import in_helper

        in_helper(lambda: _answer(operation, self, rewind))


class AsyncSupply:
    """An async iterable: asked in the event loop that waits for the operation."""

    rewindable = False

    def __init__(self, body: Any) -> None:
        self._pieces: AsyncIterator[Any] = body.__aiter__()

    def piece(self) -> bytes | None:
        """There is no event loop to ask it in."""
        raise TypeError("an async iterable can only be sent by an AsyncSession")

    rewind = piece

    async def _answer(self, operation: Operation[Any]) -> None:
        try:
            async for piece in self._pieces:
                if piece:
                    operation._supply(_as_bytes(piece))
                    return
            operation._supply(None)
        except BaseException as error:
            operation._fail(error)
            if not isinstance(error, Exception):
                raise

    def answer(self, operation: Operation[Any], rewind: bool) -> None:
        """Answers from a task of the loop."""
        from ._loops import in_loop

        in_loop(self._answer(operation))


def _answer(operation: Operation[Any], supply: Supply, rewind: bool) -> None:
    try:
        if rewind:
            supply.rewind()
            operation._rewound()
        else:
            operation._supply(supply.piece())
    except BaseException as error:
        operation._fail(error)


def _memory(body: Any) -> bytes | None:
    """The bytes of what has a buffer: bytearray, memoryview, array."""
    try:
        return bytes(memoryview(body))
    except TypeError:
        return None


def _as_bytes(piece: Any) -> bytes:
    if isinstance(piece, str):
        return piece.encode()
    return piece if isinstance(piece, bytes) else bytes(memoryview(piece))
