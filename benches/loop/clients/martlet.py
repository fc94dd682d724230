"""martlet through its awaited methods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import martlet

CANNOT: dict[str, str] = {}


class Client:
    def __init__(self, session: martlet.AsyncSession) -> None:
        self.session = session

    async def body(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, await response.aread()

    async def json(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, await response.ajson()

    async def text(self, url: str) -> tuple[Any, Any]:
        response = await self.session.get(url)
        return response, await response.atext()

    async def lines(self, url: str) -> tuple[Any, Any]:
        count = 0
        async with await self.session.get(url, stream=True) as response:
            async for _line in response.aiter_lines():
                count += 1
        return response, count

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        with open(path, "rb") as file:  # noqa: ASYNC230 -- as in its documentation
            response = await self.session.post(url, data=file)
        return response, await response.aread()


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    async with martlet.AsyncSession() as session:
        if ca:
            session.verify = ca
        yield Client(session)
