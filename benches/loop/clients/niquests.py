"""niquests' AsyncSession, with a pool of as many connections as there are requests in flight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import niquests

CANNOT: dict[str, str] = {}


class Client:
    def __init__(self, session: niquests.AsyncSession) -> None:
        self.session = session

    async def body(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, response.content

    async def json(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, response.json()

    async def text(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, response.text

    async def lines(self, url: str) -> tuple[Any, Any]:
        count = 0
        response = await self.session.get(url, stream=True)
        async for _line in response.iter_lines():
            count += 1
        return response, count

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        with open(path, "rb") as file:  # noqa: ASYNC230 -- as in its documentation
            response = await self.session.post(url, data=file)
        return response, response.content


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    async with niquests.AsyncSession(pool_maxsize=connections) as session:
        if ca:
            session.verify = ca
        yield Client(session)
