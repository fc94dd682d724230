"""A stand-in for the engine's handle of a response: what `martlet.Response` reads, without an engine."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

from martlet import Response, jsons


class Done:
    """An operation that is done already."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def wait(self) -> Any:
        return self.result

    def __await__(self) -> Any:
        yield from ()
        return self.result


class Handle:
    """A response in the engine. `chunks` is a streamed body; `body` one that is there already."""

    def __init__(
        self,
        status: int = 200,
        headers: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        chunks: list[bytes] | None = None,
        **more: Any,
    ) -> None:
        self.status_code = status
        self.reason = more.get("reason", b"OK")
        self.version = 11
        self.url = more.get("url", "http://a.test/")
        self.elapsed = 0.25
        self.client = more.get("client")
        self.closed = self.released = False
        self.asked: list[Any] = []
        self._headers = headers or []
        self._body = body
        self._chunks = list(chunks or [])
        self._history = more.get("history", [])
        self._next = more.get("next")

    def headers(self) -> list[tuple[str, str]]:
        return self._headers

    def headers_by_name(self) -> dict[str, tuple[str, str]]:
        by_name: dict[str, tuple[str, str]] = {}
        for name, value in self._headers:
            first, before = by_name.get(name.lower(), (name, None))
            by_name[name.lower()] = (first, value if before is None else f"{before}, {value}")
        return by_name

    def request(self) -> tuple[str, str, list[tuple[str, str]], bytes | None]:
        return ("GET", self.url, [("A", "1")], None)

    def history(self) -> list[Handle]:
        return self._history

    def next(self) -> Any:
        return self._next

    def body(self) -> bytes | None:
        return self._body

    def read(self, amount: int | None, decode: bool) -> Done:
        self.asked.append(("read", amount, decode))
        left = b"".join(self._chunks)
        amount = len(left) if amount is None else amount
        self._chunks = [left[amount:]] if left[amount:] else []
        return Done(left[:amount])

    def chunk(self, decode: bool) -> Done:
        self.asked.append(("chunk", decode))
        return Done(self._chunks.pop(0) if self._chunks else b"")

    def close(self) -> None:
        self.closed = True

    def release(self) -> None:
        self.released = True


def response_over(handle: Handle) -> Response:
    """The response that the engine would give: a handle, and nothing else."""
    response = object.__new__(Response)
    response._engine = handle  # type: ignore[assignment]
    return response


def response_of(content: bytes, encoding: str | None = None) -> Response:
    """A response that was read already, made by hand."""
    response = Response()
    response.status_code = 200
    response._content = content
    response._content_consumed = True
    response.encoding = encoding
    return response


def in_slices(content: bytes, encoding: str | None = None, objects: int | None = 3) -> Any:
    """As `ajson` reads a large document."""

    async def read() -> Any:
        return await response_of(content, encoding).ajson()

    with mock.patch.object(jsons, "SMALL", 0), mock.patch.object(jsons, "SLICE", objects):
        return asyncio.run(read())
