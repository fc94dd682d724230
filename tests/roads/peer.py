"""A server that answers from a table, byte for byte, and keeps what it was sent, over TCP or TLS."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

CLOSE = "close"
HANG = "hang"

Part = bytes | str


def reply(body: bytes = b"", *fields: str, status: str = "200 OK", length: bool = True) -> bytes:
    """A reply with these header lines, in latin-1, and the length of its body."""
    lines = [f"HTTP/1.1 {status}", *fields, *([f"Content-Length: {len(body)}"] if length else [])]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + body


def chunked(*chunks: bytes, fields: tuple[str, ...] = ()) -> bytes:
    """A reply in these chunks."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return reply(body, "Transfer-Encoding: chunked", *fields, length=False)


def challenge(head: bytes) -> list[Part]:
    """A Digest challenge, and a welcome to whoever answers it."""
    if b"authorization: digest" in head.lower():
        return [reply(b"in")]
    fields = ('WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"', "Set-Cookie: d=1; Path=/")
    return [reply(b"no", *fields, status="401 Unauthorized")]


def _deflated(window: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(b"deflated") + packer.flush()


PACKED = gzip.compress(b"hello " * 50)

REPLIES: dict[str, list[Part] | Callable[[bytes], list[Part]]] = {
    "/ok": [reply(b"abcdef", "Content-Type: text/plain; charset=utf-8")],
    "/dir/see": [reply(b"see")],
    "/empty": [reply()],
    "/chunks": [chunked(b"ab", b"cde")],
    "/lines": [chunked(b"a\nb\r", b"\nc\n\nd", b"e\n")],
    "/gzip": [reply(PACKED, "Content-Encoding: gzip")],
    "/gzip-twice": [reply(gzip.compress(PACKED), "Content-Encoding: gzip, gzip")],
    "/gzip-chunks": [chunked(PACKED[:20], PACKED[20:], fields=("Content-Encoding: gzip",))],
    "/gzip-members": [reply(gzip.compress(b"a") + gzip.compress(b"b"), "Content-Encoding: gzip")],
    "/gzip-empty": [reply(b"", "Content-Encoding: gzip")],
    "/gzip-broken": [reply(b"not gzip", "Content-Encoding: gzip")],
    "/deflate": [reply(zlib.compress(b"deflated"), "Content-Encoding: deflate")],
    "/deflate-raw": [reply(_deflated(-15), "Content-Encoding: deflate")],
    "/coding-unknown": [reply(b"abc", "Content-Encoding: unknown")],
    "/short": [reply(b"abc", "Content-Length: 10", length=False), CLOSE],
    "/chunk-broken": [reply(b"zz\r\nab\r\n", "Transfer-Encoding: chunked", length=False), CLOSE],
    "/chunk-cut": [reply(b"5\r\nab", "Transfer-Encoding: chunked", length=False), CLOSE],
    "/nothing": [CLOSE],
    "/not-http": [b"garbage\r\n\r\n", CLOSE],
    "/until-close": [b"HTTP/1.0 200 OK\r\nX: 1\r\n\r\nabc", CLOSE],
    "/hang": [HANG],
    "/hang-in-body": [reply(b"abc", "Content-Length: 10", length=False), HANG],
    "/odd-head": [b"HTTP/1.1 200\r\nX-F: a\r\n b\r\nX-N:v\r\nX-S: w  \r\nContent-Length: 0\r\n\r\n"],
    "/latin": [reply(b"", "X-L: \xe9\xfc", status="200 Gr\xfc\xdfe")],
    "/repeated": [reply(b"", "X: 1", "x: 2", "Y: 0", "X: 3")],
    "/cookies": [
        reply(b"", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/dir", "Set-Cookie: s=3; Secure; Path=/")
    ],
    "/digest": challenge,
    "/moved": [reply(b"moved", "Location: /ok?x y#f", "Set-Cookie: m=1; Path=/", status="302 Found")],
    "/moved-kept": [reply(b"moved", "Location: /ok", status="307 Kept")],
    "/moved-other": [reply(b"", "Location: /ok", status="303 Other")],
    "/moved-for-ever": [reply(b"", "Location: /ok", status="301 Gone")],
    "/moved-twice": [reply(b"", "Location: /moved", status="308 Twice")],
    "/moved-nowhere": [reply(b"", status="302 Nowhere")],
    "/moved-elsewhere": [reply(b"", "Location: other://x/", status="302 Elsewhere")],
    "/loop": [reply(b"", "Location: /loop", status="302 Loop")],
    "/missing": [reply(b"nothing here", status="404 Nope")],
    "/failed": [reply(b"", status="500")],
    "/links": [reply(b"", "Link: <http://a.test/2>; rel=next, <http://a.test/9>; rel=last")],
    "/continue": [b"HTTP/1.1 100 Continue\r\n\r\n", reply(b"ok")],
    "/no-content": [reply(b"", "Content-Length: 5", status="204 None", length=False)],
    "/not-modified": [reply(b"", "Content-Length: 5", status="304 Same", length=False)],
    "/utf-16": [reply('{"a": 1}'.encode("utf-16"), "Content-Type: application/json")],
    "/json": [reply(b'{"a": 12345678901234567890123}', "Content-Type: application/json")],
    "/json-broken": [reply(b"{nope", "Content-Type: application/json")],
    "/early-hints": [b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", reply(b"final")],
    "/gzip-cut": [reply(PACKED[:-12], "Content-Encoding: gzip")],
    "/moved-with-much": [reply(b"x" * 100_000, "Location: /ok", status="302 Much")],
}


@dataclass
class Peer:
    """The server. `seen` holds each request as (head, body), in the order they came."""

    url: str
    certificates: str | None
    seen: list[tuple[bytes, bytes]] = field(default_factory=list)


@contextmanager
def serving(tls: bool, directory: Path) -> Iterator[Peer]:
    """Runs the server for a while."""
    context, certificates = None, None
    if tls:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        certificates = str(directory / "ca.pem")
        authority.cert_pem.write_to_path(certificates)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme = "https" if tls else "http"
        peer = Peer(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", certificates)
        done = threading.Event()
        threading.Thread(target=_accept, args=(listener, context, peer, done), daemon=True).start()
        yield peer
        done.set()


def _accept(
    listener: socket.socket, context: ssl.SSLContext | None, peer: Peer, done: threading.Event
) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, context, peer, done), daemon=True).start()


def _serve(
    connection: socket.socket, context: ssl.SSLContext | None, peer: Peer, done: threading.Event
) -> None:
    with suppress(OSError, EOFError), connection:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection:
            received = b""
            while True:
                head, body, received = _receive(connection, received)
                peer.seen.append((head, body))
                found = REPLIES[head.split(b" ")[1].decode().partition("?")[0]]
                for part in found(head) if callable(found) else found:
                    if part == CLOSE:
                        if isinstance(connection, ssl.SSLSocket):
                            connection.unwrap()
                        return
                    if part == HANG:
                        done.wait(5)
                        return
                    connection.sendall(part)  # type: ignore[arg-type]


def _receive(connection: socket.socket, received: bytes) -> tuple[bytes, bytes, bytes]:
    def more() -> bytes:
        data = connection.recv(65536)
        if not data:
            raise EOFError
        return data

    while b"\r\n\r\n" not in received:
        received += more()
    head, _, received = received.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        while not received.endswith(b"0\r\n\r\n"):
            received += more()
        return head, received, b""
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(received) < int(length[1]):
        received += more()
    size = int(length[1]) if length else 0
    return head, received[:size], received[size:]
