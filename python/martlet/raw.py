"""`response.raw`: a `urllib3.HTTPResponse` over the engine's reader, the body still as it came over the wire.

Everything about it is urllib3's, its exceptions too, but for what lies beneath: `_Body` reads the engine's
stream, and what urllib3 has no decoder for is decoded by the engine's.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict

from . import _martlet
from .exceptions import RequestException
from .original import Original
from .urls import path_and_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What only the engine decodes for certain; urllib3 needs modules for them.
_OWN_CODINGS = ("br", "zstd")


class _Body:
    """The body of a response as the file that urllib3 reads from."""

    def __init__(self, engine: _martlet.Raw) -> None:
        self._engine = engine
        self._rest = b""
        self.untouched = True

    def read(self, amt: int | None = None) -> bytes:
        """`amt` bytes, fewer at the end; None for all."""
        if amt is not None and amt < 0:
            amt = None
        rest, self._rest = self._rest[:amt], b"" if amt is None else self._rest[amt:]
        if amt is not None and len(rest) == amt:
            return rest
        return rest + self._take(None if amt is None else amt - len(rest))

    def read1(self, amt: int = -1) -> bytes:
        """What has arrived, at most `amt` bytes of it; a chunk of the wire where there are chunks."""
        data = self._rest or self._take(0)
        cut = len(data) if amt < 0 else amt
        self._rest = data[cut:]
        return data[:cut]

    def _take(self, amt: int | None) -> bytes:
        """So many bytes of the engine; 0 for what comes next."""
        self.untouched = False
        engine = self._engine
        try:
            return engine.chunk(False).wait() if amt == 0 else engine.read(amt, False).wait()
        except RequestException as error:
            if getattr(error, "kind", None) == "timeout":
                raise TimeoutError(str(error)) from error  # urllib3 makes a ReadTimeoutError of it
            raise

    def readinto(self, buffer: Any) -> int:
        """Fills `buffer`; how many bytes it got."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be had."""
        return not self._rest and self._engine.closed

    def isclosed(self) -> bool:
        """Whether nothing more is to be had."""
        return self.closed

    def close(self) -> None:
        """Drops the connection, unless the body was read to its end."""
        self._rest = b""
        self._engine.close()

    def flush(self) -> None:
        """Nothing to do: `io.IOBase` asks for it."""


class _Decoder:
    """A content coding undone by the engine, in the shape of urllib3's decoders."""

    has_unconsumed_tail = False

    def __init__(self, codings: str) -> None:
        self._decoder = _martlet.Decoder(codings)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """What can be decoded with `data`."""
        return self._decoder.decompress(data)

    def flush(self) -> bytes:
        """The last of it."""
        return self._decoder.flush()


class RawResponse(HTTPResponse):
    """A body on its way, for `shutil.copyfileobj(r.raw, file)` and the like."""

    def __init__(self, engine: _martlet.Raw) -> None:
        self._body_of_engine = _Body(engine)
        original = Original(engine)
        method, url, *_ = engine.request()
        super().__init__(
            body=self._body_of_engine,  # type: ignore[arg-type]
            headers=HTTPHeaderDict(engine.headers()),
            status=original.status,
            version=original.version,
            reason=original.reason,
            preload_content=False,
            decode_content=False,
            original_response=original,  # type: ignore[arg-type]
            request_method=method,
            request_url=path_and_query(url),
        )
        codings = self.headers.get("content-encoding", "").lower()
        if any(coding.strip() in _OWN_CODINGS for coding in codings.split(",")):
            self._decoder = _Decoder(codings)  # type: ignore[assignment]

    def stream(
        self, amt: int | None = 2**16, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """The body in pieces of `amt` bytes; chunks of the wire are given as they come."""
        if not self.chunked or not self._has_own_body():
            yield from super().stream(amt, decode_content)
            return
        while data := self.read1(amt, decode_content):
            yield data

    def is_untouched_over(self, engine: _martlet.Raw | None) -> bool:
        """Whether nobody has read from this or put something in between: then who holds the engine's handle
        may read on there.
        """
        body = self._body_of_engine
        return self._has_own_body() and body._engine is engine and body.untouched

    def _has_own_body(self) -> bool:
        read_from: Any = self._fp
        return read_from is self._body_of_engine

    def __del__(self) -> None:
        # IOBase would close here; the engine looks after a response dropped unread by itself.
        pass


def stream_foreign(raw: Any, chunk_size: int | None) -> Iterator[bytes]:
    """The pieces of a `raw` that is urllib3's, its errors turned into ours."""
    try:
        yield from raw.stream(chunk_size, decode_content=True)
    except Exception as error:
        from .urllib3_errors import raised_for_body

        ours = raised_for_body(error)
        if ours is None:
            raise
        raise ours from error
