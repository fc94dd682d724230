"""pyreqwest: a client from its builder. It has no iteration by lines: they are taken from its pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pyreqwest.client import ClientBuilder

from ...peers.pyreqwest import built
from . import NO_GUESS, counted, read

CANNOT = {"text-sjis": NO_GUESS}


async def pieces(response: Any) -> AsyncIterator[Any]:
    while (piece := await response.body_reader.read_chunk()) is not None:
        yield piece


class Client:
    def __init__(self, client: Any) -> None:
        self.client = client

    async def body(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url).build().send()
        return response, await response.bytes()

    async def json(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url).build().send()
        return response, await response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url).build().send()
        return response, await response.text()

    async def lines(self, url: str) -> tuple[Any, Any]:
        async with self.client.get(url).build_streamed() as response:
            return response, await counted(pieces(response))

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        response = await self.client.post(url).body_stream(read(path)).build().send()
        return response, await response.bytes()


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    async with built(ClientBuilder(), ca) as client:
        yield Client(client)
