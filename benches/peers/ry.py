"""ry: its Client and BlockingClient, which wrap reqwest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import ry

REQUIREMENT = "ry==0.0.105"


def options(ca: str | None) -> dict[str, Any]:
    return {"tls_certs_only": ry.Certificate.from_pem_bundle(Path(ca).read_bytes())} if ca else {}


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], Any]]:
    client = ry.BlockingClient(**options(ca))
    yield lambda url: client.get(url).bytes()


@asynccontextmanager
async def async_client(ca: str | None, connections: int) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    client = ry.Client(**options(ca))

    async def fetch(url: str) -> Any:
        return await (await client.get(url)).bytes()

    yield fetch
