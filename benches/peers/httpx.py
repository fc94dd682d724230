"""httpx, its limit of 100 connections lifted when there are more, and its time-out of 5 s: many wait long.

Its other limit, 20 idle connections, stays up to there: it is quicker with few of them.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx

REQUIREMENT = "httpx==0.28.1 charset-normalizer==3.5.2"


def options(ca: str | None, connections: int) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=max(100, connections), max_keepalive_connections=20)
    if connections > 100:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    trust = ssl.create_default_context(cafile=ca) if ca else True
    return {"verify": trust, "limits": limits, "timeout": None}


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], bytes]]:
    with httpx.Client(**options(ca, connections)) as client:
        yield lambda url: client.get(url).content


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    async with httpx.AsyncClient(**options(ca, connections)) as client:

        async def fetch(url: str) -> bytes:
            return (await client.get(url)).content

        yield fetch
