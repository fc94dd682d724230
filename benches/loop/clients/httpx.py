"""httpx, its limits lifted, with the guessing of charsets that its documentation shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from charset_normalizer import detect

from ...peers.httpx import options
from . import PIECE

CANNOT: dict[str, str] = {}


async def read(path: str) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(PIECE):
            yield piece


class Client:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def body(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, response.content

    async def json(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        response = await self.client.get(url)
        return response, response.text

    async def lines(self, url: str) -> tuple[Any, Any]:
        count = 0
        async with self.client.stream("GET", url) as response:
            async for _line in response.aiter_lines():
                count += 1
            return response, count

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        response = await self.client.post(url, content=read(path))
        return response, response.content


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    def guess(body: bytes) -> str:
        return detect(body)["encoding"] or "utf-8"

    async with httpx.AsyncClient(**options(ca, connections), default_encoding=guess) as client:
        yield Client(client)
