"""niquests, with a pool of as many connections as there are requests in flight (the default keeps 10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import niquests

REQUIREMENT = "niquests==3.21.2"


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], bytes]]:
    with niquests.Session(pool_maxsize=connections) as session:
        if ca:
            session.verify = ca
        yield lambda url: session.get(url).content


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    async with niquests.AsyncSession(pool_maxsize=connections) as session:
        if ca:
            session.verify = ca

        async def fetch(url: str) -> bytes:
            return (await session.get(url)).content

        yield fetch
