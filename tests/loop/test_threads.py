"""Many threads, one Session."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import martlet
from martlet.testing import Server

CROWD = 12
"""More calls at once than threads drive the engine themselves for (`CROWD` in bridge/blocking.rs)."""

IN_A_CROWD = f"""
    import os, pathlib, sys, threading, martlet

    def threads():
        return [name.read_text().strip() for name in pathlib.Path("/proc/self/task").glob("*/comm")]

    def crowd(path, session):
        get = lambda: session.get(sys.argv[1] + path)
        waiting = [threading.Thread(target=get, daemon=True) for _ in range({CROWD})]
        for thread in waiting:
            thread.start()
        return waiting
"""


def script(code: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", textwrap.dedent(IN_A_CROWD) + textwrap.dedent(code)]


@contextmanager
def a_crowd(server: Server, session: martlet.Session) -> Iterator[None]:
    """A crowd of calls waits meanwhile, and is answered afterwards."""
    statuses: list[int] = []

    def wait() -> None:
        statuses.append(session.get(f"{server.url}/gate/{CROWD + 1}").status_code)

    threads = [threading.Thread(target=wait) for _ in range(CROWD)]
    requests = server.stats()["requests"]
    for thread in threads:
        thread.start()
    assert server.wait_requests(requests + CROWD)
    try:
        yield
    finally:
        assert session.get(f"{server.url}/gate/{CROWD + 1}").status_code == 200
        for thread in threads:
            thread.join()
    assert statuses == [200] * CROWD


def test_threads_that_read_the_session_at_once_do_not_wait_for_each_other_for_good(server: Server) -> None:
    # While one thread reads the session's cookies, Python may let the others run: here it certainly does.
    code = """
        import sys, threading, time, martlet
        from martlet.cookies import RequestsCookieJar

        export = RequestsCookieJar._export

        def slow(jar):
            time.sleep(0.02)
            return export(jar)

        RequestsCookieJar._export = slow
        statuses = []
        with martlet.Session() as session:
            session.cookies.set("a", "1")
            fetch = lambda: statuses.append(session.get(sys.argv[1]).status_code)
            threads = [threading.Thread(target=fetch) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        print(statuses)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), server.url + "/get"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == (f"{[200] * 8}\n", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at Linux's list of threads")
def test_a_crowd_of_calls_is_the_engines_threads_and_a_few_are_not(server: Server) -> None:
    code = """
        with martlet.Session() as session:
            session.get(sys.argv[1] + "/get")
            before = "martlet" in threads()
            for thread in crowd("/gate/12", session):
                thread.join()
            print(before, "martlet" in threads())
    """
    done = subprocess.run(
        [*script(code), server.url], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr) == ("False True\n", "")


def pieces() -> Iterator[bytes]:
    yield from (b"one ", b"two ", b"three")


CALLS: dict[str, tuple[Any, Any]] = {
    "small": (lambda session, url: session.get(url + "/bytes/1000"), 1000),
    "large": (lambda session, url: session.get(url + "/bytes/3000000"), 3_000_000),
    "redirected": (lambda session, url: session.get(url + "/redirect/3"), None),
    "an iterator sent": (lambda session, url: session.post(url + "/post", data=pieces()), None),
    "a file sent": (lambda session, url: session.post(url + "/post", data=io.BytesIO(b"file")), None),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_in_a_crowd_is_answered_like_any_other(server: Server, call: str) -> None:
    make, length = CALLS[call]
    with martlet.Session() as session:
        alone = make(session, server.url)
        with a_crowd(server, session):
            response = make(session, server.url)
    assert (response.status_code, response.url) == (200, alone.url)
    assert length is None or len(response.content) == length
    assert (response.content == alone.content) or response.json() == alone.json()


def test_a_stream_is_read_and_given_up_in_a_crowd(server: Server) -> None:
    with martlet.Session() as session, a_crowd(server, session):
        with session.get(server.url + "/stream/20", stream=True) as response:
            assert len(list(response.iter_lines())) == 20
        open_before = server.stats()["open"]
        session.get(server.url + "/bytes/9000000", stream=True).close()
        assert server.wait_open(open_before - 1)


def test_what_goes_wrong_in_a_crowd_is_raised(server: Server) -> None:
    def failing() -> Iterator[bytes]:
        yield b"one"
        raise ZeroDivisionError

    with martlet.Session() as session, a_crowd(server, session):
        with pytest.raises(martlet.ReadTimeout):
            session.get(server.url + "/hang", timeout=0.05)
        with pytest.raises(ZeroDivisionError):
            session.post(server.url + "/post", data=failing())
        with pytest.raises(martlet.TooManyRedirects):
            session.get(server.url + "/redirect/40")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_ctrl_c_ends_a_call_in_a_crowd_and_closes_its_connection(server: Server) -> None:
    code = """
        session = martlet.Session()
        crowd("/hang", session)
        try:
            session.get(sys.argv[1] + "/gate/2")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            sys.stdin.read()
            os._exit(9)
    """
    process = subprocess.Popen([*script(code), server.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert server.wait_requests(CROWD + 1, 20)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"interrupted\n"
    assert server.wait_open(CROWD)
    process.stdin.close()
    assert process.wait(10) == 9
    process.stdout.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at Linux's list of threads")
def test_a_forked_child_has_no_crowd(server: Server) -> None:
    code = """
        session = martlet.Session()
        crowd("/hang", session)
        while sys.stdin.readline() != "fork\\n":
            pass
        child = os.fork()
        if child == 0:
            status = session.get(sys.argv[1] + "/get").status_code
            os._exit(0 if (status, "martlet" in threads()) == (200, False) else 1)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    fork_while_a_crowd_waits(code, server)


def fork_while_a_crowd_waits(code: str, server: Server) -> None:
    """Runs the code, which forks when it is told to and ends as its child does."""
    process = subprocess.Popen([*script(code), server.url], stdin=subprocess.PIPE, text=True)
    assert server.wait_requests(CROWD, 20)
    process.communicate("fork\n", timeout=20)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_forked_child_may_have_a_crowd_of_its_own(server: Server) -> None:
    code = f"""
        session = martlet.Session()
        crowd("/hang", session)
        while sys.stdin.readline() != "fork\\n":
            pass
        child = os.fork()
        if child == 0:
            for thread in crowd("/gate/{CROWD}", session):
                thread.join()
            os._exit(0)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    fork_while_a_crowd_waits(code, server)


def test_more_threads_wait_at_once_than_there_are_seats(server: Server) -> None:
    # Beyond 16 rows of 32 (`ROWS` in bridge/bell.rs) threads share a seat.
    count = 530
    statuses: list[int] = []
    with martlet.Session() as session:

        def wait() -> None:
            statuses.append(session.get(f"{server.url}/gate/{count}").status_code)

        threads = [threading.Thread(target=wait) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * count
