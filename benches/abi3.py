"""Large bodies under the two kinds of wheel: built for one Python version, and for the stable ABI (abi3).

    python -m benches.abi3 WHEEL...     the orchestrating side: one venv and one child per wheel, prints JSON
    python -m benches.abi3 child URL    inside a venv

The limited API lacks the calls that make a str or bytes in place, so what it costs shows on large bodies:
23 MB of ASCII, of text with accents, and of JSON. The figures are medians in milliseconds: the GET with its
body in a `bytes`, then `r.text`, then `r.json()`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from . import venvs
from .rounds import run_child

SIZE = 23_000_000
ROUNDS = 9
JSON_TYPE = "application/json"


def documents() -> dict[str, tuple[str, bytes]]:
    """Path -> content type and body, each of about `SIZE` bytes and always the same."""
    row = {"id": 1234567, "name": "Ada Lovelace", "score": 98.25, "tags": ["first", "second"], "none": None}
    rows = [row | {"id": 1000000 + number} for number in range(SIZE // (len(json.dumps(row)) + 2))]
    plain = "The quick brown fox jumps over the lazy dog.\n"
    accents = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\n"
    return {
        "/ascii": ("text/plain; charset=utf-8", (plain * (SIZE // len(plain))).encode()),
        "/accents": ("text/plain; charset=utf-8", (accents * (SIZE // len(accents.encode()))).encode()),
        "/json": (JSON_TYPE, json.dumps(rows).encode()),
    }


@contextmanager
def served(bodies: dict[str, tuple[str, bytes]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, body = bodies[self.path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def child(url: str) -> dict[str, float]:
    import martlet

    times: dict[str, list[float]] = {}

    def timed(name: str, start: float) -> None:
        times.setdefault(name, []).append((time.perf_counter() - start) * 1e3)

    with martlet.Session() as session:
        for _ in range(ROUNDS):
            for path in ("ascii", "accents", "json"):
                start = time.perf_counter()
                response = session.get(f"{url}/{path}")
                timed(f"{path}: GET", start)
                start = time.perf_counter()
                if path == "json":
                    response.json()
                    timed("json: json()", start)
                else:
                    assert response.text.isascii() == (path == "ascii")
                    timed(f"{path}: text", start)
    return {name: median(values) for name, values in times.items()}


def compare(wheels: list[Path]) -> dict[str, dict[str, float]]:
    """The figures for each wheel, by the tag in its name (cp311-cp311, cp310-abi3)."""
    figures = {}
    with served(documents()) as url:
        for wheel in wheels:
            tag = "-".join(wheel.stem.split("-")[2:4])
            python = venvs.create(venvs.BUILD / "venvs" / f"martlet-{tag}", wheel)
            figures[tag] = run_child(python, "benches.abi3", "child", url)
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(child(sys.argv[2])))
    else:
        print(json.dumps(compare([Path(argument) for argument in sys.argv[1:]]), indent=2))
