"""ry's Client. It has no iteration by lines: they are taken from its pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ry

from ...peers.ry import options
from . import NO_GUESS, counted, read

CANNOT = {"text-sjis": NO_GUESS}


class Client:
    def __init__(self, client: Any) -> None:
        self.client = client

    async def body(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, await response.bytes()

    async def json(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, await response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, await response.text()

    async def lines(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, await counted(response.stream())

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        response = await self.client.post(url, body=read(path))
        return response, await response.bytes()


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    yield Client(ry.Client(**options(ca)))
