"""requests in `asyncio.to_thread`, what is made of the body included, as careful users do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter

FEW_THREADS = "`asyncio.to_thread` has min(32, cores + 4) threads: never so many in flight"
CANNOT = {"in-flight": FEW_THREADS, "in-flight-tls": FEW_THREADS}


class Client:
    def __init__(self, session: requests.Session) -> None:
        self.session = session

    def sync_body(self, url: str) -> tuple[Any, Any]:
        response = self.session.get(url)
        return response, response.content

    def sync_json(self, url: str) -> tuple[Any, Any]:
        response = self.session.get(url)
        return response, response.json()

    def sync_text(self, url: str) -> tuple[Any, Any]:
        response = self.session.get(url)
        return response, response.text

    def sync_lines(self, url: str) -> tuple[Any, Any]:
        count = 0
        with self.session.get(url, stream=True) as response:
            for _line in response.iter_lines():
                count += 1
        return response, count

    def sync_upload(self, url: str, path: str) -> tuple[Any, Any]:
        with open(path, "rb") as file:
            response = self.session.post(url, data=file)
        return response, response.content

    async def body(self, url: str) -> tuple[Any, Any]:
        return await asyncio.to_thread(self.sync_body, url)

    async def json(self, url: str) -> tuple[Any, Any]:
        return await asyncio.to_thread(self.sync_json, url)

    async def text(self, url: str) -> tuple[Any, Any]:
        return await asyncio.to_thread(self.sync_text, url)

    async def lines(self, url: str) -> tuple[Any, Any]:
        return await asyncio.to_thread(self.sync_lines, url)

    async def upload(self, url: str, path: str) -> tuple[Any, Any]:
        return await asyncio.to_thread(self.sync_upload, url, path)


@asynccontextmanager
async def opened(ca: str | None, connections: int) -> AsyncIterator[Client]:
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
        if ca:
            session.verify = ca
        yield Client(session)
