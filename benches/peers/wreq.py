"""wreq: its Client, asynchronous and blocking, each response a context manager as in its documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import wreq
import wreq.blocking

REQUIREMENT = "wreq==0.13.0"


def options(ca: str | None) -> dict[str, Any]:
    return {"tls_verify": Path(ca)} if ca else {}


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], Any]]:
    client = wreq.blocking.Client(**options(ca))

    def fetch(url: str) -> Any:
        with client.get(url) as response:
            return response.bytes()

    yield fetch
    client.close()


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    client = wreq.Client(**options(ca))

    async def fetch(url: str) -> Any:
        async with client.get(url) as response:
            return await response.bytes()

    yield fetch
    client.close()
