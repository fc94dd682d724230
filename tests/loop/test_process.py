"""Forks, exits and signals: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import pytest

from martlet.testing import Server
from servers.digest import Digest
from servers.recording import RecordingServer

unix_only = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


def python(code: str, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    """Runs a program with all warnings shown."""
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def check(result: subprocess.CompletedProcess[str], status: int = 0) -> str:
    assert (result.returncode, result.stderr) == (status, "")
    return result.stdout


@unix_only
def test_a_forked_child_uses_a_new_session_and_the_parents_own(server: Server) -> None:
    output = check(
        python(
            """
            import os, sys, martlet
            url = sys.argv[1]
            session = martlet.Session()
            session.get(url + "/cookies/set?a=1")
            child = os.fork()
            if child == 0:
                status = session.get(url + "/cookies").json()
                with martlet.Session() as own:
                    own.get(url + "/bytes/1")
                print(status, flush=True)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            assert session.get(url + "/bytes/1").ok  # the parent's connection was not touched
            session.close()
            """,
            server.url,
        )
    )
    assert "'a': '1'" in output


@unix_only
def test_a_forked_child_uses_the_parents_digest(serve: Callable[..., RecordingServer]) -> None:
    server = serve()
    server.otherwise(Digest())
    check(
        python(
            """
            import os, sys, martlet
            auth = martlet.auth.HTTPDigestAuth("user", "secret")
            session = martlet.Session()
            assert session.get(sys.argv[1], auth=auth).ok
            child = os.fork()
            if child == 0:
                os._exit(0 if session.get(sys.argv[1], auth=auth).ok else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert session.get(sys.argv[1], auth=auth).ok
            session.close()
            """,
            server.url,
        )
    )


@unix_only
def test_a_fork_during_async_requests_leaves_both_sides_working(server: Server) -> None:
    check(
        python(
            """
            import asyncio, os, sys, martlet
            url = sys.argv[1]

            async def fetch(session, count):
                replies = await asyncio.gather(*(session.get(url + "/delay/0.1") for _ in range(count)))
                assert all(reply.ok for reply in replies)

            async def main():
                async with martlet.AsyncSession() as session:
                    tasks = asyncio.ensure_future(fetch(session, 10))
                    await asyncio.sleep(0.03)
                    child = os.fork()
                    if child == 0:
                        with martlet.Session() as own:
                            os._exit(0 if own.get(url + "/bytes/1").ok else 1)
                    await tasks
                    assert os.waitpid(child, 0)[1] == 0
                    await fetch(session, 3)

            asyncio.run(main())
            """,
            server.url,
        )
    )


@unix_only
def test_an_inherited_stream_is_refused_in_the_child_and_works_in_the_parent(server: Server) -> None:
    check(
        python(
            """
            import os, sys, martlet
            session = martlet.Session()
            response = session.get(sys.argv[1] + "/bytes/1000000", stream=True)
            child = os.fork()
            if child == 0:
                try:
                    response.content
                except RuntimeError as error:
                    os._exit(0 if "fork" in str(error) else 1)
                os._exit(2)
            assert os.waitpid(child, 0)[1] == 0
            assert len(response.content) == 1000000
            session.close()
            """,
            server.url,
        )
    )


@unix_only
def test_multiprocessing_by_fork_works_with_the_parents_session(server: Server) -> None:
    output = check(
        python(
            """
            import multiprocessing, sys, martlet
            session = martlet.Session()
            session.get(sys.argv[1] + "/bytes/1")

            def size(number):
                return len(session.get(f"{sys.argv[1]}/bytes/{number}").content)

            with multiprocessing.get_context("fork").Pool(3) as pool:
                print(sum(pool.map(size, range(20))))
            session.close()
            """,
            server.url,
        )
    )
    assert output.strip() == "190"


EXITS = {
    "a session not closed": "session.get(url + '/bytes/1')",
    "a stream not read": "response = session.get(url + '/bytes/10000000', stream=True)",
    "a daemon thread in a call": """
        import threading
        threading.Thread(target=session.get, args=(url + '/hang',), daemon=True).start()
        wait()
    """,
    "an async request in flight": """
        import asyncio
        loop = asyncio.new_event_loop()
        asession = martlet.AsyncSession()
        task = loop.create_task(asession.get(url + '/hang'))
        loop.run_until_complete(asyncio.sleep(0.01))
        task._log_destroy_pending = False
    """,
    "the loop already closed": """
        import asyncio
        loop = asyncio.new_event_loop()
        asession = martlet.AsyncSession()
        task = loop.create_task(asession.get(url + '/hang'))
        loop.run_until_complete(asyncio.sleep(0.01))
        task._log_destroy_pending = False
        loop.close()
    """,
    "a watch left on": """
        martlet.watch(0.001, report=None).__enter__()
        wait()
    """,
    "a request at exit": """
        import atexit
        atexit.register(lambda: print(session.get(url + '/bytes/1').status_code))
    """,
}


@pytest.mark.parametrize("how", EXITS)
def test_leaving_the_interpreter_is_quick_and_quiet(server: Server, how: str) -> None:
    code = (
        "import sys, time, martlet\n"
        "url = sys.argv[1]\n"
        "session = martlet.Session()\n"
        "def wait():\n    time.sleep(0.02)\n" + textwrap.dedent(EXITS[how]) + "\nsys.exit(7)\n"
    )
    for _ in range(17):  # of seven ways: 119 exits
        check(python(code, server.url, timeout=10), status=7)


def test_a_watch_that_is_left_on_ends_before_the_interpreter_does() -> None:
    code = """
        import atexit, threading
        atexit.register(lambda: print([thread.name for thread in threading.enumerate()]))  # runs last
        import martlet
        martlet.watch(report=None).__enter__()
    """
    assert check(python(code)) == "['MainThread']\n"


@unix_only
def test_ctrl_c_ends_a_blocking_get_at_once(server: Server) -> None:
    code = """
        import sys, martlet
        try:
            martlet.get(sys.argv[1] + "/hang")
        except KeyboardInterrupt:
            sys.exit(9)
    """
    times = []
    for number in range(1, 4):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), server.url])
        assert server.wait_requests(number, 20)
        begun = time.perf_counter()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 9
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.2


@unix_only
def test_ctrl_c_ends_an_asyncio_program(server: Server) -> None:
    code = """
        import asyncio, sys, martlet

        async def main():
            async with martlet.AsyncSession() as session:
                await session.get(sys.argv[1] + "/hang")

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            sys.exit(9)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), server.url])
    assert server.wait_requests(1, 20)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 9


def test_importing_martlet_and_a_first_session_load_nothing_dear() -> None:
    output = check(
        python(
            """
            import sys, martlet
            session = martlet.Session()
            session.headers["X"] = "1"
            print(sorted({"urllib3", "http.cookiejar", "asyncio", "requests", "ssl"} & set(sys.modules)))
            """
        )
    )
    assert output.strip() == "[]"


def test_an_awaited_call_after_the_engine_was_shut_down_is_an_error(server: Server) -> None:
    code = """
        import atexit, sys

        async def fetch():
            import martlet
            async with martlet.AsyncSession() as session:
                await session.get(sys.argv[1])

        def last():
            import asyncio
            try:
                asyncio.run(fetch())
            except RuntimeError as error:
                print("shutting down" in str(error))

        atexit.register(last)  # before martlet's own: runs after it
        import martlet
        martlet.get(sys.argv[1])
    """
    assert check(python(code, server.url + "/bytes/1", timeout=10)).strip() == "True"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")
def test_the_table_of_descriptors_is_large_before_a_burst(server: Server) -> None:
    code = """
        import asyncio, pathlib, resource, sys, time
        import martlet

        def room():
            status = pathlib.Path("/proc/self/status").read_text()
            return int(status.partition("FDSize:")[2].split()[0])

        async def main():
            async with martlet.AsyncSession() as session:
                await session.get(sys.argv[1])
                most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
                wanted = 16_384 if most == resource.RLIM_INFINITY else min(most, 16_384)
                end = time.monotonic() + 10
                while room() < wanted and time.monotonic() < end:
                    await asyncio.sleep(0)
                print(room() >= wanted)

        asyncio.run(main())
    """
    assert check(python(code, server.url + "/bytes/1")).strip() == "True"
