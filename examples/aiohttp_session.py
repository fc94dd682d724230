"""aiohttp's session on martlet's engine: the program stays as it is, but for one import.

python examples/aiohttp_session.py
"""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from martlet.integrations.aiohttp import ClientSession
from martlet.testing import Server


async def lines() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"line %d\n" % number


async def main(url: str) -> None:
    async with ClientSession(url + "/", raise_for_status=True) as session:
        async with session.get("get", params={"page": "1"}) as r:
            print(f"{r.status} {r.reason}: {r.url.relative()}, {r.content_type}")

        async with session.post("anything", data=lines()) as r:
            print("sent in pieces:", (await r.json())["data"].splitlines())

        async with session.get("bytes/3000000") as r:
            total = 0
            async for piece in r.content.iter_chunked(65536):
                total += len(piece)
            print(f"read in pieces: {total:,} bytes")

        try:
            await session.get("hang", timeout=aiohttp.ClientTimeout(sock_read=0.2))
        except aiohttp.SocketTimeoutError as error:
            print(f"/hang: {error}")
        try:
            await session.get("status/404")
        except aiohttp.ClientResponseError as error:
            print(f"/status/404: {error.status}, {error.message}")


if __name__ == "__main__":
    with Server() as server:
        asyncio.run(main(server.url))
