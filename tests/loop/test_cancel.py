"""Cancelling, closing and dropping: the connection is closed at once and its place is free."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from typing import Any

import pytest

import martlet
from loop.runners import sleep
from martlet.testing import Server

SOON = 5.0  # how long a slow machine may take; what is promised is 0.05 s, and is measured as a median


def test_cancelling_a_task_closes_its_connection(server: Server, run_in_asyncio: Any) -> None:
    times: list[float] = []

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            for number in range(1, 6):
                task = asyncio.create_task(session.get(server.url + "/hang"))
                while server.stats()["requests"] < number:
                    await asyncio.sleep(0.001)
                begun = time.perf_counter()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert server.wait_open(0, SOON)
                times.append(time.perf_counter() - begun)

    run_in_asyncio(main)
    assert sorted(times)[2] < 0.05


def test_trio_cancels_by_its_scopes(server: Server) -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            with trio.move_on_after(0.05) as scope:
                await session.get(server.url + "/hang")
            assert scope.cancelled_caught
            assert server.wait_open(0, SOON)
            assert (await session.get(server.url + "/bytes/1")).ok

    trio.run(main)


def test_a_cancel_message_reaches_the_awaiting_code(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:

            async def fetch() -> None:
                await session.get(server.url + "/hang")

            task = asyncio.create_task(fetch())
            await asyncio.sleep(0.01)
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert caught.value.args == ("enough",)

    asyncio.run(main())


def test_a_task_cancelled_before_its_first_step_sends_nothing(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            task = asyncio.create_task(session.get(server.url + "/bytes/1"))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert server.stats()["requests"] == 0

    asyncio.run(main())


def test_a_streamed_response_dropped_unread_closes_its_connection(server: Server, run: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/drip?bytes=1000000&seconds=100", stream=True)
            assert response.status_code == 200
            del response
            gc.collect()
            assert server.wait_open(0, SOON)

    run(main)


def test_a_cancelled_read_closes_the_stream(server: Server, run_in_asyncio: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/drip?bytes=1000000&seconds=100", stream=True)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(response.aread(), 0.05)
            assert server.wait_open(0, SOON)
            # What is left cannot be told from a whole body any more.
            with pytest.raises(martlet.exceptions.StreamConsumedError):
                await response.aread()

    run_in_asyncio(main)


def test_what_was_read_for_a_cancelled_task_is_missed(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/bytes/1000000", stream=True)
            pieces = response.aiter_content(100_000)
            await pieces.__anext__()
            task = asyncio.ensure_future(pieces.__anext__())
            await asyncio.sleep(0)
            for _ in range(20):  # the loop does not turn: the piece has been read, and lies there
                martlet.get(server.url + "/bytes/1")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(martlet.exceptions.StreamConsumedError):
                await response._handle("raw").read(100_000, True)

    asyncio.run(main())


def test_a_response_that_came_for_a_cancelled_task_closes_its_connection_before_the_loop_turns(
    server: Server, run_in_asyncio: Any
) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            url = server.url + "/drip?bytes=1000000&seconds=100"
            task = asyncio.create_task(session.get(url, stream=True))
            await asyncio.sleep(0)  # it is sent
            for _ in range(20):  # the loop does not turn: the head of the response has come, and lies there
                martlet.get(server.url + "/bytes/1")
            assert server.wait_requests(21)
            task.cancel()
            assert server.wait_open(0, SOON)
            with pytest.raises(asyncio.CancelledError):
                await task

    run_in_asyncio(main)


def test_a_thousand_cancellations_at_any_moment_leave_nothing_behind(server: Server) -> None:
    paths = ("/bytes/1", "/bytes/100000", "/redirect/2", "/stream/20", "/delay/0.003", "/gzip")
    choose = random.Random(20261121)

    async def one(session: martlet.AsyncSession) -> None:
        response = await session.get(server.url + choose.choice(paths), stream=choose.random() < 0.3)
        await response.aread()

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            for _ in range(20):
                tasks = [asyncio.create_task(one(session)) for _ in range(50)]
                for task in tasks:
                    await asyncio.sleep(choose.random() * 0.0005)
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            # What was not cancelled in time came through; the session goes on as before.
            assert (await session.get(server.url + "/bytes/1")).ok
        assert server.wait_open(0, SOON)

    asyncio.run(main())
    assert server.stats()["open"] == 0


def test_awaiting_code_may_catch_the_cancellation_and_go_on(server: Server, run_in_asyncio: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:

            async def fetch() -> int:
                try:
                    await session.get(server.url + "/hang")
                except asyncio.CancelledError:
                    return (await session.get(server.url + "/bytes/7")).status_code
                return 0

            task = asyncio.create_task(fetch())
            await sleep(0.02)
            task.cancel()
            assert await task == 200

    run_in_asyncio(main)
