"""A proxy that opens tunnels, in the event loop of the test; it notes what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Tunnel:
    """What the proxy was asked, and where it is."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""


@asynccontextmanager
async def tunnel() -> AsyncIterator[Tunnel]:
    """A proxy on loopback that lets everybody through to everywhere."""
    seen = Tunnel()
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.asked.append(head)
        host, _, port = head.split()[1].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        tasks.update(asyncio.create_task(one) for one in (pump(reader, back), pump(there, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield seen
    finally:
        server.close()
        await asyncio.gather(*tasks)
