"""What `AsyncSession.get(url)` returns is a coroutine to everything that takes one."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import warnings
from collections.abc import Awaitable, Coroutine
from typing import Any

import pytest

import martlet
from martlet.testing import Server


def test_a_get_can_be_awaited_in_every_loop(server: Server, run: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/bytes/1024")
            assert (response.status_code, len(response.content)) == (200, 1024)

    run(main)


def test_many_gets_at_once_in_every_loop(server: Server, run: Any) -> None:
    import sniffio  # trio brings it

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            sizes: list[int] = []

            async def fetch(size: int) -> None:
                sizes.append(len((await session.get(f"{server.url}/bytes/{size}")).content))

            if sniffio.current_async_library() == "trio":
                import trio

                async with trio.open_nursery() as nursery:
                    for size in range(100):
                        nursery.start_soon(fetch, size)
            else:
                await asyncio.gather(*map(fetch, range(100)))
            assert sorted(sizes) == list(range(100))

    run(main)


def test_asyncio_takes_it_wherever_it_takes_a_coroutine(server: Server, run_in_asyncio: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:

            def get() -> Any:
                return session.get(server.url + "/bytes/1")

            assert (await get()).ok
            assert (await asyncio.create_task(get())).ok
            assert (await asyncio.ensure_future(get())).ok
            assert (await asyncio.wait_for(get(), 10)).ok
            assert (await asyncio.shield(get())).ok
            assert all(await asyncio.gather(get(), get()))
            done, _ = await asyncio.wait([asyncio.ensure_future(get())])
            assert done.pop().result().ok
            for next_done in asyncio.as_completed([get(), get()]):
                assert (await next_done).ok

    run_in_asyncio(main)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup and timeout came with Python 3.11")
def test_task_group_and_timeout_take_it(server: Server, run_in_asyncio: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(session.get(server.url + "/bytes/1")) for _ in range(3)]
            assert all(task.result().ok for task in tasks)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await session.get(server.url + "/hang")

    run_in_asyncio(main)


def test_run_until_complete_takes_it(server: Server) -> None:
    loop = asyncio.new_event_loop()
    try:
        session = martlet.AsyncSession()
        assert loop.run_until_complete(session.get(server.url + "/bytes/1")).ok
        session.close()
    finally:
        loop.close()


def test_it_is_a_coroutine_by_the_abstract_base_classes(server: Server) -> None:
    session = martlet.AsyncSession()
    operation = session.get(server.url)
    assert isinstance(operation, Awaitable)
    assert isinstance(operation, Coroutine)
    assert asyncio.iscoroutine(operation)
    operation.close()
    session.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="inspect.markcoroutinefunction came with Python 3.12")
def test_the_methods_are_coroutine_functions() -> None:
    for name in ("request", "get", "post", "put", "patch", "delete", "head", "options", "send"):
        assert inspect.iscoroutinefunction(getattr(martlet.AsyncSession, name)), name
        if name != "send":
            assert inspect.iscoroutinefunction(getattr(martlet.aio, name)), name


def test_nothing_is_sent_before_the_first_await(server: Server) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            operation = session.get(server.url + "/bytes/1")
            await asyncio.sleep(0.01)
            assert server.stats()["requests"] == 0
            await operation
            assert server.stats()["requests"] == 1

    asyncio.run(main())


def test_one_that_is_never_awaited_warns_and_sends_nothing(server: Server) -> None:
    session = martlet.AsyncSession()
    kept = [session.get(server.url + "/bytes/1")]
    with pytest.warns(RuntimeWarning, match="was never awaited"):
        kept.clear()
    session.close()
    assert server.stats()["requests"] == 0


def test_awaiting_twice_is_an_error(server: Server, run: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            operation = session.get(server.url + "/bytes/1")
            await operation
            with pytest.raises(RuntimeError, match="already awaited"):
                await operation

    run(main)


def test_awaiting_without_a_loop_says_what_to_do(server: Server) -> None:
    session = martlet.AsyncSession()
    operation = session.get(server.url)
    with pytest.raises(RuntimeError, match=r"martlet\.Session"):
        operation.send(None)
    session.close()


def test_closing_it_unawaited_is_silent(server: Server) -> None:
    gc.collect()  # what other tests left
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session = martlet.AsyncSession()
        operation = session.get(server.url)
        operation.close()
        del operation
        gc.collect()
        session.close()


def test_the_context_of_the_task_is_kept(server: Server, run_in_asyncio: Any) -> None:
    import contextvars

    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")

    async def one(session: martlet.AsyncSession, own: str) -> None:
        name.set(own)
        await session.get(server.url + "/bytes/1")
        assert name.get() == own
        assert asyncio.current_task() is not None

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            await asyncio.gather(*(one(session, str(number)) for number in range(20)))

    run_in_asyncio(main)


def test_an_exception_that_ends_the_loop_loses_no_other_completion(server: Server) -> None:
    class Stop(BaseException):
        pass

    async def main(session: martlet.AsyncSession, ends: bool) -> None:
        await session.get(server.url + "/bytes/1")
        if ends:
            raise KeyboardInterrupt

    loop = asyncio.new_event_loop()
    session = martlet.AsyncSession()
    tasks = [loop.create_task(main(session, number == 0)) for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(asyncio.wait(tasks))
    assert sum(task.exception() is None for task in tasks) == 9
    session.close()
    loop.close()
