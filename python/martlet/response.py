"""`Response`: what came back. Its head is told in response_head.py; here is how its body is read.

A body is read whole or piece by piece, blocking or, by the twins with an `a` in front, awaited. A streamed
one (`stream=True`) is read once, by whoever comes first. Its pieces are those of requests: exactly
`chunk_size` bytes where the length is known beforehand, never across a chunk's end where the server sends
chunks. With `chunk_size=None` they are what has arrived.

The engine's responses are read through their handle. One made by hand, as mocks, caches and adapters do, is
read from its `_content` or its `raw`, as in requests.
"""

from __future__ import annotations

from ._martlet import read_json
from .charsets import (
    decode_text,
    detect_encoding,
    guess_json_utf,
    incremental_decoder,
    iter_slices,
    split_lines,
    stream_decode_response_unicode,
)
from .lazy import lazy
from .response_head import REDIRECT_STATI, ResponseHead
from .structures import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from typing import Any, ClassVar, Literal, overload

    from typing_extensions import Self

    from ._martlet import Operation

    whole = property
else:
    from ._martlet import whole

__all__ = ["CONTENT_CHUNK_SIZE", "ITER_CHUNK_SIZE", "REDIRECT_STATI", "Response"]

CONTENT_CHUNK_SIZE = 10 * 1024
ITER_CHUNK_SIZE = 512
LARGE_PIECE = 64 * 1024
"""Bytes of a piece that is worth a reading of its own."""


class Response(ResponseHead):
    """The server's response to a request."""

    __slots__ = ()

    if TYPE_CHECKING:
        __attrs__: ClassVar[list[str]]

    __attrs__ = [  # noqa: RUF012
        "_content",
        "status_code",
        "headers",
        "url",
        "history",
        "encoding",
        "reason",
        "cookies",
        "elapsed",
        "request",
    ]

    def __init__(self) -> None:
        from datetime import timedelta

        from .cookies import cookiejar_from_dict

        self._content = False
        self._content_consumed = False
        self._next = None
        self.status_code = None  # type: ignore[assignment]
        self.headers = CaseInsensitiveDict()
        self.raw = None
        self.url = None  # type: ignore[assignment]
        self.encoding = None
        self.history = []
        self.reason = None  # type: ignore[assignment]
        self.cookies = cookiejar_from_dict({})
        self.elapsed = timedelta(0)
        self.request = None  # type: ignore[assignment]

    @lazy
    def _content(self) -> bytes | Literal[False] | None:
        body = self._handle("_content").body()
        return False if body is None else body

    @lazy
    def _content_consumed(self) -> bool:
        if getattr(self, "_engine", None) is None and "_content" in self.__dict__:
            return True  # made by hand and by half, and asked for its content
        return self._handle("_content_consumed").body() is not None

    # -- the body, read whole

    @whole
    def content(self) -> bytes:
        """The body, decoded by its Content-Encoding. RuntimeError if it was streamed before."""
        if self._content is False:
            self._check_unread()
            if self._streams() and self.status_code:
                self._content = self._take_rest() + self._handle("content").read(None, True).wait()
            elif self.status_code == 0 or self.raw is None:
                self._content = None
            else:
                self._content = b"".join(self.iter_content(CONTENT_CHUNK_SIZE))
        self._content_consumed = True
        return self._content  # type: ignore[return-value]

    @property
    def apparent_encoding(self) -> str | None:
        """The encoding guessed from the body."""
        return detect_encoding(self.content)

    @property
    def text(self) -> str:
        """The body as text, in `encoding` if set, else in what is guessed.

        What does not decode is replaced.
        """
        content = self.content
        return decode_text(content, (self.encoding or self.apparent_encoding) if content else None)

    def json(self, **kwargs: Any) -> Any:
        """The body read as JSON; keyword arguments are those of `json.loads`. Raises JSONDecodeError."""
        content = self.content
        if not kwargs and type(self).text is Response.text:
            document = read_json(content, self.encoding)
            if document is not NotImplemented:
                return document
        return self._loads(content, kwargs)

    def _loads(self, content: Any, kwargs: dict[str, Any]) -> Any:
        import json

        from .exceptions import JSONDecodeError

        try:
            if not self.encoding and content and len(content) > 3:
                encoding = guess_json_utf(content)
                if encoding is not None:
                    try:
                        return json.loads(content.decode(encoding), **kwargs)
                    except UnicodeDecodeError:
                        pass  # not a UTF after all: as any text
            return json.loads(self.text, **kwargs)
        except json.JSONDecodeError as error:
            raise JSONDecodeError(error.msg, error.doc, error.pos) from None

    async def aread(self) -> bytes:
        """`content`, awaited."""
        if self._content is False:
            self._check_unread()
            if self._streams():
                self._content = self._take_rest() + await self._handle("aread").read(None, True)
            else:
                from .offload import offload

                await offload(lambda: self.content)
        self._content_consumed = True
        return self._content  # type: ignore[return-value]

    async def atext(self) -> str:
        """`text`, awaited: neither guessing an encoding nor decoding a large body holds up the loop."""
        from .texts import adecode, aguess

        content = await self.aread()
        encoding = self.encoding
        if content and not encoding:
            encoding = await aguess(content)
        return await adecode(content, encoding)

    async def ajson(self, **kwargs: Any) -> Any:
        """`json()`, awaited: a large document is parsed off the loop and built in slices of less than 1 ms.

        With keyword arguments, and for what is not JSON, it is `json.loads` that reads it, in one go.
        """
        from .jsons import aread_json

        content = await self.aread()
        if not kwargs and type(self).text is Response.text:
            document = await aread_json(content, self.encoding)
            if document is not NotImplemented:
                return document
        return self._loads(content, kwargs)

    # -- the body, read piece by piece

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    if TYPE_CHECKING:

        @overload
        def iter_content(
            self, chunk_size: int | None = 1, decode_unicode: Literal[False] = False
        ) -> Iterator[bytes]: ...
        @overload
        def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]: ...

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """The body in pieces of `chunk_size` bytes; None for what has arrived, or for all if it is there
        already.

        With `decode_unicode` as text, if the encoding is known. StreamConsumedError if it was streamed
        before.
        """
        self._check_pieces(chunk_size)
        pieces: Iterator[Any]
        if self._content_consumed:
            pieces = iter_slices(self._content, chunk_size)
        else:
            pieces = self._pieces(chunk_size)
        return stream_decode_response_unicode(pieces, self) if decode_unicode else pieces

    def iter_lines(
        self, chunk_size: int | None = ITER_CHUNK_SIZE, decode_unicode: bool = False, delimiter: Any = None
    ) -> Iterator[Any]:
        """The body line by line, or split at `delimiter`. Not to be used by two at once."""
        pending = None
        for chunk in self.iter_content(chunk_size=chunk_size, decode_unicode=decode_unicode):
            lines, pending = split_lines(pending, chunk, delimiter)
            yield from lines
        if pending is not None:
            yield pending

    def aiter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> AsyncGenerator[Any, None]:
        """`iter_content`, awaited. What is wrong with the arguments is said at the call, as there."""
        self._check_pieces(chunk_size)
        return self._apieces(chunk_size, decode_unicode)

    async def _apieces(self, chunk_size: int | None, decode_unicode: bool) -> AsyncGenerator[Any, None]:
        decoder = incremental_decoder(self.encoding) if decode_unicode and self.encoding else None
        if not self._content_consumed and not self._streams():
            await self.aread()
        if self._content_consumed:
            for piece in iter_slices(self._content, chunk_size):
                yield piece if decoder is None else decoder.decode(piece)
            return
        read, exact = self._reader(chunk_size)
        more: bytes | None = b""
        while more is not None:
            self._add_rest(more)
            while piece := self._take_rest(chunk_size, exact):
                text: Any = piece if decoder is None else decoder.decode(piece)
                if text:
                    yield text
            more = await read() or None
        last: Any = self._take_rest()
        if decoder is not None:
            last = decoder.decode(last, final=True)
        if last:
            yield last
        self._content_consumed = True

    async def aiter_lines(
        self, chunk_size: int | None = ITER_CHUNK_SIZE, decode_unicode: bool = False, delimiter: Any = None
    ) -> AsyncIterator[Any]:
        """`iter_lines`, awaited."""
        pending = None
        async for chunk in self.aiter_content(chunk_size=chunk_size, decode_unicode=decode_unicode):
            lines, pending = split_lines(pending, chunk, delimiter)
            for line in lines:
                yield line
        if pending is not None:
            yield pending

    def _pieces(self, chunk_size: int | None) -> Iterator[bytes]:
        if self._streams():
            read, exact = self._reader(chunk_size)
            more: bytes | None = b""
            while more is not None:
                self._add_rest(more)
                while piece := self._take_rest(chunk_size, exact):
                    yield piece
                more = read().wait() or None
            if piece := self._take_rest():
                yield piece
        elif hasattr(self.raw, "stream"):
            from .raw import stream_foreign

            yield from stream_foreign(self.raw, chunk_size)
        else:
            while piece := self.raw.read(chunk_size):
                yield piece
        self._content_consumed = True

    def _reader(self, chunk_size: int | None) -> tuple[Callable[[], Operation[bytes]], bool]:
        """What reads more, and whether its pieces are to be joined to have the size that is asked for: the
        chunks of the wire are kept apart.
        """
        engine = self._handle("raw")
        chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        if chunk_size is None or chunk_size <= 0 or chunked:
            return lambda: engine.chunk(True), False
        if chunk_size >= LARGE_PIECE:
            return lambda: engine.read(chunk_size, True), True
        # Not a reading for each of them: what has arrived is cut.
        return lambda: engine.chunk(True), True

    def _add_rest(self, more: bytes) -> None:
        rest: bytes | memoryview = getattr(self, "_rest", b"")
        self._rest = bytes(rest) + more if rest else more

    def _take_rest(self, size: int | None = None, exact: bool = False) -> bytes:
        """The first `size` bytes of what has been read and not yet used, or fewer unless `exact`."""
        rest: bytes | memoryview = getattr(self, "_rest", b"")
        if exact and size is not None and len(rest) < size:
            return b""
        if size is None or size <= 0 or len(rest) <= size:
            self._rest = b""
            return bytes(rest)
        # A view: cutting a large piece into small ones must not copy its rest each time.
        self._rest = memoryview(rest)[size:]
        return bytes(rest[:size])

    def _streams(self) -> bool:
        """Whether the body comes from the engine: nobody has read from `raw` or put something else there."""
        if getattr(self, "_engine", None) is None:
            return False
        raw = self.__dict__.get("raw")
        is_ours = getattr(raw, "is_untouched_over", None)
        return raw is None or (is_ours is not None and bool(is_ours(self._engine)))

    def _check_unread(self) -> None:
        if self._content_consumed:
            raise RuntimeError("The content for this response was already consumed")

    def _check_pieces(self, chunk_size: Any) -> None:
        if self._content_consumed and isinstance(self._content, bool):
            from .exceptions import StreamConsumedError

            raise StreamConsumedError()
        if chunk_size is not None and not isinstance(chunk_size, int):
            raise TypeError(f"chunk_size must be an int, it is instead a {type(chunk_size)}.")

    # -- its end

    def close(self) -> None:
        """Gives the connection back; drops it, if the body was not read to its end."""
        if self._streams():
            self._handle("close").close()
            return
        if not self._content_consumed:
            self.raw.close()
        release = getattr(self.raw, "release_conn", None)
        if release is not None:
            release()

    async def aclose(self) -> None:
        """`close`, for `async with`; it does not wait."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.aclose()

    # -- pickling and copying: everything is worked out first

    def __getstate__(self) -> dict[str, Any]:
        if not self._content_consumed:
            _ = self.content
        return {name: getattr(self, name, None) for name in self.__attrs__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._engine = None
        self._content_consumed = True
        self.raw = None
