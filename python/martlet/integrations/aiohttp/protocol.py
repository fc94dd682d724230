"""A place at the engine, in the shape that aiohttp's connector, request and response know: a protocol.

Nothing is parsed here. The engine's operations are begun and come back as callbacks, without a task: first
the reply's head, then pieces of its body. Rules:

- The engine is asked for more only while aiohttp's stream has room: what is not read stays with the peer.
- A body that came along with its head is handed on at once, and its connection is free again.
- Reading ahead begins one turn of the loop later, so that `read()` finds a body untouched and takes it whole.
- Closed before the end of the body, the operation is stopped and its connection dropped at once.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiohttp import ClientConnectionError, ClientPayloadError, ServerDisconnectedError, hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import set_exception, set_result
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from martlet.timeouts import Timeout

from .errors import Asked, translated
from .head import Limits, has_body, read_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import ClientTimeout
    from aiohttp.http import RawResponseMessage

    from martlet._martlet import Client, Operation, Raw

    from .upload import Pipe

_SHORTEST = 0.001
"""Seconds left for connecting when waiting for a place has taken them all: the engine makes the error."""


class EngineProtocol(ResponseHandler):
    """One place: at most one exchange at a time, one after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client) -> None:
        super().__init__(loop)
        self._client = client
        self.transport = PlaceTransport(self)
        self._connect_time: float | None = None
        self._asked: Asked | None = None
        self._operation: Operation[Any] | None = None
        self._raw: Raw | None = None
        self._pipe: Pipe | None = None
        self._coded_length: int | None = None
        self._chunked = self._wants_all = False

    # What the request asks.

    def set_connect_times(self, timeout: ClientTimeout, spent: float) -> None:
        """How long connecting may take, when `spent` seconds have gone into waiting for this place."""
        left = max(timeout.connect - spent, _SHORTEST) if timeout.connect else None
        times = [time for time in (left, timeout.sock_connect) if time]
        self._connect_time = min(times, default=None)

    def set_response_params(
        self,
        *,
        timer: Any = None,
        skip_payload: bool = False,
        read_until_eof: bool = False,
        auto_decompress: bool = True,
        read_timeout: float | None = None,
        read_bufsize: int = 2**18,
        timeout_ceil_threshold: float = 5,
        max_line_size: int = 8190,
        max_field_size: int = 8190,
        max_headers: int = 128,
    ) -> None:
        """How the reply is to be read; as aiohttp's protocol is told."""
        self._timer = timer
        self._skip_payload = skip_payload
        self._read_until_eof = read_until_eof
        self._decodes = auto_decompress
        self._read_timeout = read_timeout
        self._read_bufsize = read_bufsize
        self._limits = Limits(max_line_size, max_field_size, max_headers)

    def begin(self, asked: Asked, sent: Any, pipe: Pipe | None, settings: dict[str, Any]) -> None:
        """Has the engine send. `pipe`: where the body comes from, if it is not in `sent`."""
        self._payload = None
        self._wants_all = self._reading_paused = False
        self._asked, self._pipe = asked, pipe
        times = _times(self._connect_time, self._read_timeout or None)
        try:
            operation = self._client.send(sent, stream=True, timeout=times, **settings)
        except Exception as error:
            raise translated(error, asked) from None
        self._begin(operation, self._answered)

    def start_timeout(self) -> None:
        """Does nothing: the engine has the clock."""

    # The reply's head.

    def _answered(self, operation: Operation[Any]) -> None:
        self._operation = None
        try:
            raw: Raw = _outcome(operation)._engine
            message = read_head(raw, self._limits)
        except Exception as error:
            self.set_exception(self._translated(error))
            return
        self._should_close = message.should_close
        self.feed_data((message, self._body_of(message, raw)), 0)

    def _body_of(self, message: RawResponseMessage, raw: Raw) -> StreamReader:
        if self._skip_payload or not has_body(message, self._read_until_eof):
            raw.close()
            return EMPTY_PAYLOAD
        self._raw = raw
        self._chunked = message.chunked
        length = message.headers.get(hdrs.CONTENT_LENGTH, "")
        coded = self._decodes and message.compression is not None and length.isdecimal()
        self._coded_length = int(length) if coded else None
        self._payload = payload = StreamReader(self, self._read_bufsize, timer=self._timer, loop=self._loop)
        arrived = raw.arrived(self._decodes)
        if arrived is None:
            self._loop.call_soon(self._read_ahead, payload)
            return payload
        for piece in arrived:
            self._feed(payload, piece)
        self._raw = None
        payload.feed_eof()
        return payload

    # The reply's body.

    def read_whole(self, payload: StreamReader) -> None:
        """Takes what is left of this body in one piece: somebody reads it to its end."""
        self._wants_all = payload is self._payload

    def pause_reading(self) -> None:
        """Asks the engine for nothing more: the stream is full."""
        self._reading_paused = True

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Asks the engine for more."""
        self._reading_paused = False
        self._pull()

    def _read_ahead(self, payload: StreamReader) -> None:
        if payload is self._payload:
            self._pull()

    def _pull(self) -> None:
        raw = self._raw
        if raw is None or self._operation is not None or self._reading_paused:
            return
        operation = raw.read(None, self._decodes) if self._wants_all else raw.chunk(self._decodes)
        self._begin(operation, self._read_all if self._wants_all else self._read_some)

    def _read_some(self, operation: Operation[bytes]) -> None:
        piece = self._piece(operation)
        if piece:
            self._pull()
        elif piece is not None:
            self._end()

    def _read_all(self, operation: Operation[bytes]) -> None:
        if self._piece(operation) is not None:
            self._end()

    def _piece(self, operation: Operation[bytes]) -> bytes | None:
        """What was read, handed on to the stream; None if it was an error."""
        self._operation = None
        try:
            piece: bytes = _outcome(operation)
        except Exception as error:
            self._raw = None
            self._should_close = True
            if self._payload is not None:
                set_exception(self._payload, self._translated(error))
            return None
        if self._payload is not None and not self._payload.exception():
            self._feed(self._payload, piece)
        return piece

    def _feed(self, payload: StreamReader, piece: bytes) -> None:
        if self._chunked and piece:
            payload.begin_http_chunk_receiving()
            payload.feed_data(piece)
            payload.end_http_chunk_receiving()
        else:
            payload.feed_data(piece)

    def _end(self) -> None:
        self._raw = None
        if self._payload is not None:
            self._payload.total_compressed_bytes = self._coded_length
            self._payload.feed_eof()  # and by its callbacks the place goes back to the connector

    # Its end.

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """The exchange failed before there was a reply, here or while its body was written. The cause is set
        already.
        """
        self._should_close = True
        if self._pipe is not None:
            self._pipe.fail(exc)
        if self._exception is None:
            super().set_exception(exc)

    def close(self) -> None:
        """Gives the place up, and the connection too if the exchange is not over. Who waits is told."""
        self._exception = None
        if self._waiter is not None:
            super().set_exception(ServerDisconnectedError())
        elif self._payload is not None and self._payload._waiter is not None:
            set_exception(self._payload, ClientConnectionError("Connection closed"))
        self.transport = None
        self._payload = None
        self._stop()
        self._connection_lost_called = True
        if self._closed is not None:
            set_result(self._closed, None)

    abort = close

    def lose(self) -> None:
        """What happens when the peer goes away: the caller has closed the transport."""
        if self._raw is not None and self._payload is not None:
            set_exception(self._payload, ClientPayloadError("Response payload is not completed"))
        elif self._operation is not None:
            self.set_exception(ServerDisconnectedError())
        self._should_close = True
        self._stop()

    def _stop(self) -> None:
        operation, self._operation = self._operation, None
        raw, self._raw = self._raw, None
        pipe, self._pipe = self._pipe, None
        if operation is not None:
            operation.close()
        if raw is not None:
            raw.close()
        if pipe is not None:
            pipe.end()  # for who waits to take something out of it

    def _begin(self, operation: Operation[Any], done: Callable[[Operation[Any]], None]) -> None:
        self._operation = operation
        operation.send(None)
        operation.add_done_callback(done)

    def _translated(self, error: BaseException) -> BaseException:
        assert self._asked is not None
        return translated(error, self._asked)

    def unsent(self) -> int:
        """Bytes of the request's body that were written and not taken by the engine."""
        return 0 if self._pipe is None else self._pipe.size


class PlaceTransport(asyncio.Transport):
    """Stands where a connection has its transport. What it is asked about a socket it does not know."""

    def __init__(self, protocol: EngineProtocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._closing = False

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._closing

    def close(self) -> None:
        """Drops the connection that the exchange goes over, as if the peer had gone."""
        if not self._closing:
            self._closing = True
            self._protocol.lose()

    abort = close

    def get_write_buffer_size(self) -> int:
        """Bytes of the request's body that the engine has not taken."""
        return self._protocol.unsent()


@lru_cache(maxsize=64)
def _times(connect: float | None, read: float | None) -> Timeout:
    return Timeout(connect=connect, read=read)


def _outcome(operation: Operation[Any]) -> Any:
    """What the operation gave; raises what it ended with."""
    try:
        operation.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the operation called back before it was done")
