"""aiohttp, its limits lifted, with the guessing of charsets that its documentation shows."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from charset_normalizer import detect

CANNOT: dict[str, str] = {}


class Client:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def body(self, url: str) -> tuple[Any, Any]:
        async with self.session.get(url) as response:
            return response, await response.read()

    async def json(self, url: str) -> tuple[Any, Any]:
        async with self.session.get(url) as response:
            return response, await response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        async with self.session.get(url) as response:
            return response, await response.text()

    async def lines(self, url: str) -> tuple[Any, Any]:
        count = 0
        async with self.session.get(url) as response:
            async for _line in response.content:
                count += 1
            return response, count

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        with open(path, "rb") as file:  # noqa: ASYNC230 -- as in its documentation
            async with self.session.post(url, data=file) as response:
                return response, await response.read()


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    trust = ssl.create_default_context(cafile=ca) if ca else True
    connector = aiohttp.TCPConnector(limit=connections, ssl=trust)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(),
        fallback_charset_resolver=lambda _response, body: detect(body)["encoding"] or "utf-8",
    ) as session:
        yield Client(session)
