"""wreq's Client. It has no iteration by lines: they are taken from its pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import wreq

from ...peers.wreq import options
from . import NO_GUESS, counted, read

CANNOT = {"text-sjis": NO_GUESS}


class Client:
    def __init__(self, client: Any) -> None:
        self.client = client

    async def body(self, url: str) -> tuple[Any, Any]:
        async with self.client.get(url) as response:
            return response, await response.bytes()

    async def json(self, url: str) -> tuple[Any, Any]:
        async with self.client.get(url) as response:
            return response, await response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        async with self.client.get(url) as response:
            return response, await response.text()

    async def lines(self, url: str) -> tuple[Any, Any]:
        async with self.client.get(url) as response, response.stream() as pieces:
            return response, await counted(pieces)

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        async with self.client.post(url, body=read(path)) as response:
            return response, await response.bytes()


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    client = wreq.Client(**options(ca))
    yield Client(client)
    client.close()
