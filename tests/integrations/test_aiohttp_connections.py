"""Connections under aiohttp's session over the engine: kept, limited, given up; and what tells of it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import aiohttp
import pytest

from servers import wire
from servers.recording import RecordingServer

from .aiohttp_pair import attempt, both, pair, pieces

Session = aiohttp.ClientSession


@pair
async def test_connections_are_used_again(session: Session, server: RecordingServer) -> Any:
    for _ in range(3):
        await (await session.get(server.url)).read()
        async with session.get(server.url):
            pass
        async with session.head(server.url):
            pass
        async with session.post(server.url, data=pieces(b"x")) as r:
            await r.text()
    assert session.connector is not None
    return [len(kept) for kept in session.connector._conns.values()]


@both
def test_limits_hold(server: RecordingServer, make: type[Session]) -> None:
    go = threading.Event()
    server.otherwise([wire.Wait(go), wire.reply(200, b"ok")])

    async def main() -> None:
        async with make(connector=aiohttp.TCPConnector(limit=2)) as session:
            tasks = [asyncio.create_task(session.get(f"{server.url}/{number}")) for number in range(5)]
            await asyncio.to_thread(server.wait_for_requests, 2)
            assert len(server.requests) == 2
            go.set()
            assert [await (await task).read() for task in tasks] == [b"ok"] * 5

    asyncio.run(main())
    assert len(server.connections()) == 2


@pair
async def test_force_close(server: RecordingServer, make: Any) -> Any:
    async with make(connector=aiohttp.TCPConnector(force_close=True)) as session:
        for _ in range(2):
            await (await session.get(server.url)).read()
            await asyncio.to_thread(server.wait_until_closed)


@pair
async def test_a_cancelled_request_closes_its_connection(session: Session, server: RecordingServer) -> Any:
    server.on("/", [wire.HANG])
    task = asyncio.create_task(session.get(server.url))
    await asyncio.to_thread(server.wait_for_requests, 1)
    task.cancel()
    found = await attempt(task)
    await asyncio.to_thread(server.wait_until_closed)
    return found


@pair
@pytest.mark.parametrize("way", ["close", "release"])
async def test_an_unread_body_closes_its_connection(
    session: Session, server: RecordingServer, way: str
) -> Any:
    server.on("/", [wire.reply(200, b"half", ("Content-Length", "8"), length=False), wire.HANG])
    r = await session.get(server.url)
    getattr(r, way)()
    await asyncio.to_thread(server.wait_until_closed)
    return r.closed, await attempt(r.read())


@pair
async def test_a_failing_upload_closes_its_connection(session: Session, server: RecordingServer) -> Any:
    async def failing() -> Any:
        yield b"some"
        raise KeyError("mine")

    try:
        await session.post(server.url, data=failing())
    except aiohttp.ClientConnectionError as error:
        await asyncio.to_thread(server.wait_until_closed)
        return type(error), repr(error.__cause__), len(server.requests)


@pair
async def test_a_closed_session_sends_nothing(session: Session, server: RecordingServer) -> Any:
    r = await session.get(server.url)
    await session.close()
    return session.closed, await attempt(session.get(server.url)), await r.read()


@pair
async def test_traces_tell_what_they_tell(server: RecordingServer, make: Any) -> Any:
    told: list[Any] = []
    config = aiohttp.TraceConfig()
    for name in ("start", "end", "exception", "redirect", "chunk_sent", "headers_sent"):
        said = getattr(config, f"on_request_{name}")

        async def note(_session: Any, _context: Any, params: Any, name: str = name) -> None:
            told.append((name, len(getattr(params, "chunk", b""))))

        said.append(note)

    async def received(_session: Any, _context: Any, params: Any) -> None:
        told.append(("received", params.chunk))

    config.on_response_chunk_received.append(received)
    server.on("/moved", wire.reply(307, b"", ("Location", "/")))
    async with make(trace_configs=[config]) as session:
        await (await session.post(server.url + "/moved", data=b"bytes")).read()
        await (await session.post(server.url + "/", data=pieces(b"one", b"two"))).read()
    return told


@pair
async def test_middlewares_see_requests_and_responses(server: RecordingServer, make: Any) -> Any:
    async def again(request: Any, handler: Any) -> Any:
        request.headers["X-Try"] = "1"
        first = await handler(request)
        first.release()
        request.headers["X-Try"] = "2"
        return await handler(request)

    async with make(middlewares=[again]) as session, session.post(server.url, data=b"x") as r:
        return await r.read()
