"""pyreqwest: a client from its builder, as in its README."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pyreqwest.client import ClientBuilder, SyncClientBuilder

REQUIREMENT = "pyreqwest==0.15.1"


def built(builder: Any, ca: str | None) -> Any:
    builder = builder.error_for_status(True)
    return (builder.add_root_certificate_pem(Path(ca).read_bytes()) if ca else builder).build()


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], Any]]:
    with built(SyncClientBuilder(), ca) as client:
        yield lambda url: client.get(url).build().send().bytes()


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    async with built(ClientBuilder(), ca) as client:

        async def fetch(url: str) -> Any:
            response = await client.get(url).build().send()
            return await response.bytes()

        yield fetch
