"""`response.raw`: the body as it came over the wire, as a file to read from, with the names of
`urllib3.HTTPResponse`.

Whoever reads first, decoded or not, owns the body.
"""

from __future__ import annotations

import io

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._martlet import Raw

DEFAULT_CHUNK = 65536


class RawHeaders:
    """The headers as they came: every one of them, in order, found in any case."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def getlist(self, name: str, default: Any = ()) -> list[str]:
        """Every value of the header."""
        found = [value for key, value in self._pairs if key.lower() == name.lower()]
        return found or list(default)

    get_all = getheaders = getallmatchingheaders = iget = getlist

    def get(self, name: str, default: Any = None) -> Any:
        """The values of the header joined by ", "."""
        return ", ".join(self.getlist(name)) if name in self else default

    def items(self) -> list[tuple[str, str]]:
        """Every name with its value."""
        return list(self._pairs)

    iteritems = items

    def keys(self) -> list[str]:
        """Each name once, in the case it came in first."""
        first: dict[str, str] = {}
        for name, _ in self._pairs:
            first.setdefault(name.lower(), name)
        return list(first.values())

    def values(self) -> list[str]:
        """The values of each name, joined."""
        return [self[name] for name in self.keys()]

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise KeyError(name)
        return ", ".join(self.getlist(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())})"


class _Original:
    """What cookie jars look at in `http.client.HTTPResponse`."""

    def __init__(self, headers: RawHeaders) -> None:
        self.msg = headers

    def isclosed(self) -> bool:
        """False: the connection is the engine's business."""
        return False

    def close(self) -> None:
        """Nothing to close here."""


class RawResponse(io.IOBase):
    """The body under a response, for `shutil.copyfileobj(r.raw, file)` and the like."""

    decode_content = False

    def __init__(self, engine: Raw) -> None:
        self._engine = engine
        self._read_so_far = 0
        self.headers = RawHeaders(engine.headers())
        self._original_response = _Original(self.headers)
        self.status = engine.status_code
        self.reason = engine.reason.decode("latin-1")
        self.version = engine.version

    def read(
        self, amt: int | None = None, decode_content: bool | None = None, cache_content: bool = False
    ) -> bytes:
        """`amt` bytes, fewer at the end; all that is left by default.

        `decode_content` undoes Content-Encoding.
        """
        decode = self.decode_content if decode_content is None else decode_content
        amount = None if amt is None or amt < 0 else amt
        data = self._engine.read(amount, decode).wait()
        self._read_so_far += len(data)
        return data

    def read1(self, amt: int = -1) -> bytes:
        """At most `amt` bytes."""
        return self.read(DEFAULT_CHUNK if amt < 0 else amt)

    def readinto(self, buffer: Any) -> int:
        """Fills `buffer`; how many bytes it got."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def stream(self, amt: int | None = DEFAULT_CHUNK, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body in pieces of `amt` bytes; None for what has arrived."""
        decode = self.decode_content if decode_content is None else decode_content
        while data := (self._engine.chunk(decode).wait() if amt is None else self.read(amt, decode)):
            yield data

    read_chunked = stream

    def readable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """How many bytes were read."""
        return self._read_so_far

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be had."""
        return self._engine.closed

    def isclosed(self) -> bool:
        """Whether nothing more is to be had."""
        return self.closed

    def close(self) -> None:
        """Drops the connection, unless the body was read to its end."""
        self._engine.close()

    def release_conn(self) -> None:
        """Gives the connection back if the body was read to its end."""
        self._engine.release()

    def drain_conn(self) -> None:
        """Gives up the rest of the body."""
        self._engine.close()

    def getheaders(self) -> RawHeaders:
        """The headers."""
        return self.headers

    def getheader(self, name: str, default: Any = None) -> Any:
        """One header."""
        return self.headers.get(name, default)

    def get_redirect_location(self) -> str | bool:
        """Where a redirect leads, else False."""
        if self.status in (301, 302, 303, 307, 308):
            return self.headers.getlist("location", [""])[0] or False
        return False

    def __del__(self) -> None:
        # IOBase would close here; the engine looks after a response dropped unread by itself.
        pass


def stream_foreign(raw: Any, chunk_size: int | None) -> Iterator[bytes]:
    """The pieces of a `raw` that came from urllib3, its errors turned into ours."""
    try:
        yield from raw.stream(chunk_size, decode_content=True)
    except Exception as error:
        ours = _translated(error)
        if ours is None:
            raise
        raise ours from error


def _translated(error: Exception) -> Exception | None:
    from urllib3 import exceptions as theirs

    from . import exceptions

    for kind, ours in (
        (theirs.ProtocolError, "ChunkedEncodingError"),
        (theirs.DecodeError, "ContentDecodingError"),
        (theirs.ReadTimeoutError, "ConnectionError"),
        (theirs.SSLError, "SSLError"),
    ):
        if isinstance(error, kind):
            made: Exception = getattr(exceptions, ours)(error)
            return made
    return None
