"""Servers that do what servers must not do: a table of scripts, and addresses where nobody answers.

Each script is an answer for `RecordingServer.on`. The names say what is wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
from collections.abc import Iterator

from .wire import CLOSE, CUT, HANG, RESET, Answer, chunked, reply

GZIPPED = gzip.compress(b"hello" * 100)

NEVER_ANSWERS: Answer = [HANG]

BROKEN_HEADS: dict[str, Answer] = {
    "closes without a reply": [CLOSE],
    "resets without a reply": [RESET],
    "closes within the status line": [b"HTTP/1.", CLOSE],
    "speaks another protocol": [b"220 mail.example ESMTP\r\n", CLOSE],
    "sends noise": [b"\x00\xff\xfe noise \r\n\r\n", CLOSE],
    "sends a status that is no number": [b"HTTP/1.1 two OK\r\n\r\n", CLOSE],
    "never ends the head": lambda _: itertools.chain(
        [b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-Field: value\r\n")
    ),
    "sends a line without end": lambda _: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nX: "], itertools.repeat(b"x" * 4096)
    ),
}
"""Replies whose head cannot be understood."""

CUT_BODIES: dict[str, Answer] = {
    "content-length": [reply(200, b"half", ("Content-Length", "8"), length=False), CLOSE],
    "content-length, cut": [reply(200, b"half", ("Content-Length", "8"), length=False), CUT],
    "content-length, reset": [reply(200, b"half", ("Content-Length", "8"), length=False), RESET],
    "content-length, nothing": [reply(200, b"", ("Content-Length", "8"), length=False), CLOSE],
    "chunk": [*chunked(end=b"8\r\nhalf"), CLOSE],
    "between chunks": [*chunked(b"half", end=b""), CLOSE],
    "chunk size": [*chunked(b"half", end=b"1"), CLOSE],
    "chunk size that is no number": [*chunked(b"half", end=b"zz\r\nxx\r\n0\r\n\r\n"), CLOSE],
    "negative chunk size": [*chunked(b"half", end=b"-1\r\nxx\r\n0\r\n\r\n"), CLOSE],
    "empty chunk size": [*chunked(b"half", end=b"\r\nxx\r\n0\r\n\r\n"), CLOSE],
}
"""Replies whose body ends too early or cannot be followed."""

CUT_GZIP: Answer = reply(200, GZIPPED[:-12], ("Content-Encoding", "gzip"))
"""A whole reply of the length it says, whose gzip stream has no end."""

CORRUPT_GZIP: Answer = reply(200, b"this is no gzip", ("Content-Encoding", "gzip"))

UNTIL_CLOSE_CUT: Answer = [reply(200, b"half", length=False), CUT]
"""A body that ends with the connection, which under TLS ends without close_notify."""


def with_bytes_after(extra: bytes) -> Answer:
    """A whole reply and, in one piece with it, bytes that nobody asked for."""
    return reply(200, b"ok") + extra


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections for as long as this lasts: bound, but nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def unreachable_port() -> Iterator[int]:
    """A port where connecting takes for ever: its queue of connections is full, and nobody accepts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
