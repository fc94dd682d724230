"""Many loops, threads and sessions on the one engine."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import martlet
from martlet.testing import Server


def test_one_session_works_under_a_second_run(server: Server, run: Any) -> None:
    session = martlet.AsyncSession()

    async def main() -> int:
        return (await session.get(server.url + "/bytes/1")).status_code

    assert [run(main), run(main), run(main)] == [200, 200, 200]
    session.close()


def test_one_session_works_under_two_loops_at_once(server: Server) -> None:
    session = martlet.AsyncSession()

    async def main() -> int:
        replies = await asyncio.gather(*(session.get(server.url + "/bytes/10") for _ in range(100)))
        return sum(len(reply.content) for reply in replies)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: asyncio.run(main()), range(4))) == [1000] * 4
    session.close()


def test_a_burst_finds_the_connections_of_the_one_before_again(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            for _ in range(2):
                await asyncio.gather(*(session.get(server.url + "/delay/0.3") for _ in range(300)))
            assert server.stats()["opened"] <= 300
            assert server.stats()["closed_by_client"] == 0

    asyncio.run(main())


def test_what_tasks_do_with_a_burst_of_responses_is_spread_over_turns_of_the_loop(
    server: Server, run_in_asyncio: Any
) -> None:
    turns = 0

    async def one(session: martlet.AsyncSession) -> int:
        await session.get(server.url + "/bytes/1")
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return turns

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            ticker = asyncio.create_task(turning())
            tasks = [asyncio.create_task(one(session)) for _ in range(20)]
            await asyncio.sleep(0)
            for _ in range(20):  # the loop does not turn: the responses have come, and lie there
                martlet.get(server.url + "/bytes/1")
            seen = await asyncio.gather(*tasks)
            ticker.cancel()
            assert len(set(seen)) > 10

    run_in_asyncio(main)


def test_sync_threads_and_an_async_session_share_the_engine(server: Server) -> None:
    with martlet.Session() as session, ThreadPoolExecutor(8) as pool:

        async def main() -> list[int]:
            async with martlet.AsyncSession() as asession:
                loop = asyncio.get_running_loop()
                sync = [loop.run_in_executor(pool, session.get, server.url + "/bytes/5") for _ in range(50)]
                replies = await asyncio.gather(
                    *sync, *(asession.get(server.url + "/bytes/5") for _ in range(50))
                )
                return [len(reply.content) for reply in replies]

        assert asyncio.run(main()) == [5] * 100


def test_200_threads_share_one_session(server: Server) -> None:
    with martlet.Session() as session:
        barrier = threading.Barrier(200)

        def fetch(number: int) -> int:
            barrier.wait()
            return sum(len(session.get(f"{server.url}/bytes/{number}").content) for _ in range(3))

        with ThreadPoolExecutor(200) as pool:
            assert list(pool.map(fetch, range(200))) == [3 * number for number in range(200)]


def test_a_stream_may_move_to_another_thread_and_loop(server: Server) -> None:
    session = martlet.AsyncSession()

    async def begin() -> martlet.Response:
        return await session.get(server.url + "/bytes/100000", stream=True)

    response = asyncio.run(begin())
    first = next(response.iter_content(10))

    async def finish() -> bytes:
        return await response.aread()

    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(lambda: asyncio.run(finish())).result()
    assert len(first) + len(rest) == 100000
    session.close()


def test_a_second_reader_of_a_stream_is_refused(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/drip?bytes=100&seconds=10", stream=True)
            reading = asyncio.ensure_future(response.aread())
            await asyncio.sleep(0.02)
            with pytest.raises((martlet.exceptions.StreamConsumedError, RuntimeError)):
                await response.aread()
            reading.cancel()
            await asyncio.wait([reading])

    asyncio.run(main())


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in /proc")
def test_a_loop_closed_without_notice_releases_its_descriptor_and_ends_its_requests(server: Server) -> None:
    session = martlet.AsyncSession()

    def one() -> weakref.ref[Any]:
        loop = asyncio.new_event_loop()
        task = loop.create_task(session.get(server.url + "/hang"))
        seen = server.stats()["requests"]
        while server.stats()["requests"] == seen:
            loop.run_until_complete(asyncio.sleep(0.001))
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # what is tested is that it is destroyed
        loop.close()
        return weakref.ref(loop)

    one()
    gc.collect()
    assert server.wait_open(0)
    before = _descriptors()
    for _ in range(5):
        one()
        gc.collect()
        assert server.wait_open(0)
    assert _descriptors() <= before
    session.close()


def test_a_session_never_closed_warns(server: Server) -> None:
    kept = [martlet.Session()]
    kept[0].get(server.url + "/bytes/1")
    with pytest.warns(ResourceWarning, match="unclosed"):
        kept.clear()


def test_a_session_closed_or_never_used_does_not_warn(
    server: Server, recwarn: pytest.WarningsRecorder
) -> None:
    unused = martlet.Session()
    del unused
    session = martlet.Session()
    session.get(server.url + "/bytes/1")
    session.close()
    del session
    gc.collect()
    assert not recwarn.list


def test_a_loop_that_cannot_watch_the_engine_says_so(server: Server) -> None:
    class Blind(asyncio.SelectorEventLoop):
        def add_reader(self, fd: Any, callback: Any, *args: Any) -> None:
            raise OSError(24, "Too many open files")

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            with pytest.raises(OSError, match="Too many open files"):
                await session.get(server.url + "/bytes/1")

    loop = Blind()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_cookies_set_on_both_sides_at_once_are_all_sent(server: Server) -> None:
    async def main() -> dict[str, str]:
        async with martlet.AsyncSession() as session:
            session.cookies.set("before", "1", domain="127.0.0.1", path="/")
            task = asyncio.ensure_future(session.get(server.url + "/cookies/set?reply=1"))
            await asyncio.sleep(0)
            # The loop does not turn meanwhile: the engine has the reply's cookie, Python does not know yet.
            while "reply" not in str(session._martlet_client.cookies_export()):
                martlet.get(server.url + "/bytes/1")
            session.cookies.set("after", "1", domain="127.0.0.1", path="/")
            await asyncio.gather(task, session.get(server.url + "/bytes/1"))
            return (await session.get(server.url + "/cookies")).json()["cookies"]  # type: ignore[no-any-return]

    assert asyncio.run(main()) == {"before": "1", "reply": "1", "after": "1"}


def test_a_stream_that_outlives_its_session_gives_its_connection_up(server: Server) -> None:
    with martlet.Session() as session:
        response = session.get(server.url + "/bytes/2", stream=True)
    assert response.content
    assert server.wait_open(0, 5)
