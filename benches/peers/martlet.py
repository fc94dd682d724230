"""martlet: `Session` and `AsyncSession`, with everything that they do by default."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import martlet

REQUIREMENT = "martlet"  # the wheel in .build/wheels


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], bytes]]:
    with martlet.Session() as session:
        if ca:
            session.verify = ca
        yield lambda url: session.get(url).content


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    async with martlet.AsyncSession() as session:
        if ca:
            session.verify = ca

        async def fetch(url: str) -> bytes:
            return (await session.get(url)).content

        yield fetch
