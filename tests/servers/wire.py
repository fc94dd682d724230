"""HTTP/1.1 as bytes: what a test's server reads, and what a script has it answer.

Nothing here interprets more than framing needs. A `Recorded` request keeps the bytes as they came; its
properties are views of them.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

PATIENCE = 20.0
"""Seconds after which waiting for something that must happen is a failure of the test."""


class Ending(enum.Enum):
    """Steps of a script that end the connection, or wait for its end."""

    CLOSE = enum.auto()
    """Close politely: close_notify under TLS, then FIN."""
    CUT = enum.auto()
    """Close the TCP connection; under TLS without close_notify."""
    RESET = enum.auto()
    """Close with a TCP reset."""
    HANG = enum.auto()
    """Send nothing more until the client goes away."""


CLOSE, CUT, RESET, HANG = Ending


@dataclass(frozen=True)
class Wait:
    """A step that waits until the test sets the event."""

    event: threading.Event


@dataclass(frozen=True)
class Tell:
    """A step that sets the event, for a test that waits until the script is here."""

    event: threading.Event


@dataclass(frozen=True)
class Relay:
    """A step that makes the connection a tunnel to this port of the loopback, until either side ends it."""

    port: int


Step: TypeAlias = "bytes | Wait | Tell | Relay | Ending"
Reply: TypeAlias = "bytes | Iterable[Step]"
Answer: TypeAlias = "Reply | Callable[[Recorded], Reply]"


@dataclass(frozen=True)
class Recorded:
    """One request as the server saw it."""

    connection: int
    """Which connection of the server it came on, counted from 0."""
    head: bytes
    """Request line and header fields, with the empty line."""
    raw_body: bytes = b""
    """The body as it came, with its chunk framing."""

    @property
    def lines(self) -> list[str]:
        return self.head.decode("latin-1").split("\r\n")[:-2]

    @property
    def method(self) -> str:
        return self.lines[0].split(" ")[0]

    @property
    def target(self) -> str:
        return self.lines[0].split(" ")[1]

    @property
    def path(self) -> str:
        """Path of the target, without a query; also of a target in absolute form."""
        target = self.target
        if "://" in target:
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        return target.partition("?")[0]

    @property
    def fields(self) -> list[tuple[str, str]]:
        pairs = (line.partition(":") for line in self.lines[1:])
        return [(name, value.strip()) for name, _, value in pairs]

    def header(self, name: str) -> str | None:
        """The first field of that name, in any case."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)

    @property
    def body(self) -> bytes:
        """The body without chunk framing."""
        if (self.header("Transfer-Encoding") or "").lower() != "chunked":
            return self.raw_body
        data, rest = b"", self.raw_body
        while True:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if length == 0:
                return data
            data, rest = data + rest[:length], rest[length + 2 :]


class Gone(Exception):
    """The client closed the connection, or broke it."""


@dataclass
class Reader:
    """Requests out of a stream of bytes."""

    receive: Callable[[int], bytes]
    buffer: bytearray = field(default_factory=bytearray)

    def head(self) -> bytes:
        """The next head, up to and with its empty line. Raises `Gone` at the end of the stream."""
        return self._until(b"\r\n\r\n")

    def body(self, head: bytes) -> bytes:
        """The body that belongs to a head, with its framing."""
        request = Recorded(0, head)
        if (request.header("Transfer-Encoding") or "").lower() == "chunked":
            return self._chunked()
        return self._exactly(int(request.header("Content-Length") or 0))

    def wait_for_end(self) -> None:
        """Reads and drops until the client goes away."""
        while self.receive(65536):
            pass

    def _chunked(self) -> bytes:
        raw = b""
        while True:
            line = self._until(b"\r\n")
            raw += line
            length = int(line.split(b";")[0], 16)
            if length == 0:
                break
            raw += self._exactly(length + 2)
        while raw[-4:] != b"\r\n\r\n":
            raw += self._until(b"\r\n")
        return raw

    def _fill(self) -> None:
        data = self.receive(65536)
        if not data:
            raise Gone
        self.buffer += data

    def _until(self, mark: bytes) -> bytes:
        while (end := self.buffer.find(mark)) < 0:
            self._fill()
        return self._take(end + len(mark))

    def _exactly(self, length: int) -> bytes:
        while len(self.buffer) < length:
            self._fill()
        return self._take(length)

    def _take(self, length: int) -> bytes:
        taken = bytes(self.buffer[:length])
        del self.buffer[:length]
        return taken


def reply(
    status: int = 200,
    body: bytes = b"",
    *headers: tuple[str, str],
    reason: str | None = None,
    length: bool = True,
    version: str = "1.1",
) -> bytes:
    """A whole reply. `length=False` leaves Content-Length out; otherwise it comes after the given headers."""
    if reason is None:
        reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = [f"HTTP/{version} {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def tunnel(request: Recorded) -> list[Step]:
    """What a proxy answers to CONNECT: the way to the port is open. Whatever the host is called, it is the
    loopback's.
    """
    return [
        reply(200, reason="Connection established", length=False),
        Relay(int(request.target.rpartition(":")[2])),
    ]


def redirect(status: int, location: str, body: bytes = b"", *headers: tuple[str, str]) -> bytes:
    """A reply that leads to `location`; its characters are sent as UTF-8."""
    return reply(status, body, ("Location", location.encode().decode("latin-1")), *headers)


def chunked(
    *pieces: bytes, headers: Iterable[tuple[str, str]] = (), end: bytes = b"0\r\n\r\n"
) -> list[bytes]:
    """A chunked reply as steps: the head, then a step for each chunk, then the end."""
    head = reply(200, b"", *headers, ("Transfer-Encoding", "chunked"), length=False)
    return [head, *(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), end]
