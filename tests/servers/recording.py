"""A server that records the exact bytes of each request and answers from a script.

Plain sockets, a thread for each connection. A script is bytes and steps between them (`servers.wire`): a
test orders things by events, never by time. What happened can be asked for (`requests`, `connections()`)
and waited for (`wait_for_requests`, `wait_until_closed`).
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .wire import (
    CLOSE,
    CUT,
    HANG,
    PATIENCE,
    RESET,
    Answer,
    Gone,
    Reader,
    Recorded,
    Relay,
    Reply,
    Tell,
    Wait,
    reply,
)


@dataclass
class Connection:
    """What is known of one connection."""

    number: int
    peer: str
    """The client's address."""
    open: bool = True
    closed_by: str | None = None
    """"client" or "server", once it is closed."""
    handshake_error: ssl.SSLError | OSError | None = None
    """Why TLS could not be agreed on."""
    requests: list[Recorded] = field(default_factory=list)


def _ok(request: Recorded) -> bytes:
    """What is answered when a test does not care."""
    return (
        reply(200, b"ok")
        if request.method != "HEAD"
        else reply(200, b"", ("Content-Length", "2"), length=False)
    )


@dataclass
class _Rule:
    answers: tuple[Answer, ...]
    before_body: bool
    used: int = 0


class RecordingServer:
    """Listens on 127.0.0.1 from its creation until `stop`, or the end of a `with`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Recorded] = []
        self.failures: list[BaseException] = []
        self._context = context
        self._rules: dict[str, _Rule] = {}
        self._otherwise = _Rule((_ok,), before_body=False)
        self._connections: list[Connection] = []
        self._sockets: dict[int, socket.socket] = {}
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    # What a test sets up.

    @property
    def scheme(self) -> str:
        return "https" if self._context else "http"

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:8080`, without a slash at the end."""
        return f"{self.scheme}://{self.authority}"

    def on(self, path: str, *answers: Answer, before_body: bool = False) -> None:
        """Answers requests for `path` (without query) with each of `answers` in turn; the last one again
        and again.

        `before_body=True` answers as soon as the head is there, and reads the body afterwards.
        """
        self._rules[path] = _Rule(answers, before_body)

    def otherwise(self, *answers: Answer) -> None:
        """Answers every other path; 200 "ok" unless told otherwise."""
        self._otherwise = _Rule(answers, before_body=False)

    def forget(self) -> None:
        """Forgets the requests so far and what to answer, for a test that plays many calls to one server."""
        with self._changed:
            self.requests = []
            self._rules = {}
            self._otherwise = _Rule((_ok,), before_body=False)

    # What a test asks.

    def connections(self) -> list[Connection]:
        with self._changed:
            return list(self._connections)

    def open_connections(self) -> int:
        return sum(connection.open for connection in self.connections())

    def wait_for_requests(self, count: int, timeout: float = PATIENCE) -> list[Recorded]:
        """Waits until that many requests have been read whole."""
        self.wait_until(lambda: len(self.requests) >= count, timeout)
        return self.requests

    def wait_for_connections(self, count: int, timeout: float = PATIENCE) -> None:
        """Waits until that many connections have been accepted."""
        self.wait_until(lambda: len(self._connections) >= count, timeout)

    def wait_until_closed(self, timeout: float = PATIENCE) -> None:
        """Waits until no connection is open."""
        self.wait_until(lambda: not any(connection.open for connection in self._connections), timeout)

    def wait_until(self, reached: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Waits for a condition of this server's counts; AssertionError if it takes longer than `timeout`."""
        with self._changed:
            if not self._changed.wait_for(reached, timeout):
                raise AssertionError(f"not within {timeout} s: {self!r}, {self._connections}")

    def __repr__(self) -> str:
        return (
            f"<RecordingServer {self.url}: {len(self.requests)} requests on {len(self._connections)}"
            f" connections, {self.open_connections()} open>"
        )

    # Its life.

    def stop(self) -> None:
        """Ends every connection and thread. Raises what went wrong in one of them."""
        with self._changed:
            self._stopping = True
            for connected in self._sockets.values():
                # Of the class beneath: ssl's own would take the TLS state away from the reading thread.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connected, socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        for thread in self._threads:
            thread.join(PATIENCE)
        if self.failures:
            raise self.failures[0]

    def __enter__(self) -> RecordingServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=self._guarded, args=(target, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, target: Callable[..., None], *arguments: Any) -> None:
        try:
            target(*arguments)
        except Exception as error:
            self.failures.append(error)

    def _accept(self) -> None:
        with self._listener:
            while True:
                accepted, peer = self._listener.accept()
                with self._changed:
                    if self._stopping:
                        accepted.close()
                        return
                    connection = Connection(len(self._connections), peer[0])
                    self._connections.append(connection)
                    self._sockets[connection.number] = accepted
                    self._changed.notify_all()
                self._start(self._serve, connection, accepted)

    def _serve(self, connection: Connection, connected: socket.socket) -> None:
        closed_by = "client"
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                connected = self._shake_hands(connection, connected, self._context)
            reader = Reader(connected.recv)
            while self._exchange(connection, reader, connected):
                pass
            closed_by = "server"
        except (Gone, OSError):
            pass
        finally:
            connected.close()
            with self._changed:
                self._sockets.pop(connection.number, None)
                connection.open = False
                connection.closed_by = "server" if self._stopping else closed_by
                self._changed.notify_all()

    def _shake_hands(
        self, connection: Connection, connected: socket.socket, context: ssl.SSLContext
    ) -> socket.socket:
        try:
            secured = context.wrap_socket(connected, server_side=True)
        except OSError as error:
            connection.handshake_error = error
            raise
        with self._changed:
            self._sockets[connection.number] = secured
        return secured

    def _exchange(self, connection: Connection, reader: Reader, connected: socket.socket) -> bool:
        """Reads one request and answers it; false if the script closed the connection."""
        head = reader.head()
        rule = self._rules.get(Recorded(0, head).path, self._otherwise)
        body = b"" if rule.before_body else reader.body(head)
        request = Recorded(connection.number, head, body)
        with self._changed:
            answer = rule.answers[min(rule.used, len(rule.answers) - 1)]
            rule.used += 1
            self.requests.append(request)
            connection.requests.append(request)
            self._changed.notify_all()
        going_on = self._play(answer(request) if callable(answer) else answer, reader, connected)
        if going_on and rule.before_body:
            reader.body(head)
        return going_on

    def _play(self, script: Reply, reader: Reader, connected: socket.socket) -> bool:
        for step in [script] if isinstance(script, bytes) else script:
            if isinstance(step, bytes):
                connected.sendall(step)
            elif isinstance(step, Tell):
                step.event.set()
            elif isinstance(step, Wait):
                if not step.event.wait(PATIENCE):
                    raise AssertionError("a script waited for an event that nobody set")
            elif isinstance(step, Relay):
                self._relay(step, reader, connected)
                raise Gone
            elif step is HANG:
                reader.wait_for_end()
                raise Gone
            else:
                self._end(step, connected)
                return False
        return True

    @staticmethod
    def _relay(step: Relay, reader: Reader, connected: socket.socket) -> None:
        """Passes bytes on in both directions until one side ends; the other is then closed too."""
        with socket.create_connection(("127.0.0.1", step.port), timeout=PATIENCE) as target:
            target.sendall(reader.buffer)
            ways = {connected: target, target: connected}
            while True:
                for readable in select.select(list(ways), [], [])[0]:
                    data = readable.recv(65536)
                    if not data:
                        return
                    ways[readable].sendall(data)

    @staticmethod
    def _end(step: object, connected: socket.socket) -> None:
        assert step in (CLOSE, CUT, RESET), step
        if step is RESET:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif step is CLOSE and isinstance(connected, ssl.SSLSocket):
            # Without blocking: this sends close_notify and does not wait for the peer's.
            connected.settimeout(0)
            with contextlib.suppress(OSError, ValueError):
                connected.unwrap()
