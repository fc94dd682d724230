"""What `martlet.watch()` calls a blocking call, and what it says to write instead."""

from __future__ import annotations

import concurrent.futures
import os
import queue
import socket
import subprocess
import sys
import threading
import time as clock
import urllib.request
from collections.abc import Callable, Iterator
from time import sleep as nap
from types import CodeType
from typing import Any

import pytest
import requests

import martlet
from martlet.testing import Server
from martlet.watching import table
from martlet.watching.calls import known_call
from stalling import LONG, stall_in


def within(seconds: float, then: Callable[[], Any]) -> None:
    threading.Timer(seconds, then).start()


def future_result() -> None:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    within(LONG, lambda: future.set_result(None))
    future.result()


def lock_acquire() -> None:
    lock = threading.Lock()
    lock.acquire()
    within(LONG, lock.release)
    lock.acquire()


def with_lock() -> None:
    my_lock = threading.Lock()
    my_lock.acquire()
    within(LONG, my_lock.release)
    with my_lock:
        pass


def queue_get() -> None:
    waiting: queue.Queue[int] = queue.Queue()
    within(LONG, lambda: waiting.put(1))
    waiting.get()


def file_read() -> None:
    reading, writing = os.pipe()
    within(LONG, lambda: os.close(writing))
    with open(reading, "rb") as file:
        file.read()


def socket_recv() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        within(LONG, lambda: theirs.send(b"x"))
        ours.recv(1)


def import_inside() -> None:
    from time import sleep

    sleep(LONG)


@pytest.mark.parametrize(
    ("block", "call", "instead"),
    [
        (lambda: nap(LONG), "time.sleep", "asyncio.sleep"),
        (lambda: clock.sleep(LONG), "time.sleep", "asyncio.sleep"),
        (import_inside, "time.sleep", "asyncio.sleep"),
        (lambda: threading.Event().wait(LONG), "threading.Event.wait", "asyncio.Event"),
        (future_result, "concurrent.futures.Future.result", "asyncio.wrap_future"),
        (lock_acquire, "lock.acquire", "asyncio.Lock"),
        (with_lock, "lock.acquire", "asyncio.Lock"),
        (queue_get, "queue.Queue.get", "await queue.get"),
        (
            lambda: subprocess.run(["sleep", str(LONG)], check=True),
            "subprocess.run",
            "create_subprocess_exec",
        ),
        (file_read, "file.read", "asyncio.to_thread"),
        (socket_recv, "socket.recv", "open_connection"),
    ],
)
def test_a_known_call_is_named(block: Callable[[], Any], call: str, instead: str) -> None:
    stall = stall_in(block)
    if sys.version_info < (3, 11):
        call = call.replace("Event.", "")  # no names of classes there
    assert stall.call == call
    assert instead in stall.advice
    assert stall.frame.filename == __file__


def step(source: str, filename: str, module: str) -> Any:
    """A frame in the function that the source defines, or in the source itself."""
    code = compile(source, filename, "exec")
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return (*inner, code)[0], 0, {"__name__": module}


@pytest.mark.parametrize(
    ("module", "functions", "call", "instead"), table.FUNCTIONS, ids=[entry[2] for entry in table.FUNCTIONS]
)
def test_a_function_of_the_table_is_named_by_its_frame_and_its_asynchronous_twin_is_not(
    module: str, functions: str, call: str, instead: str
) -> None:
    function = "fetch" if functions == "*" else functions.split()[-1]
    yours = step("fetch()", __file__, "test")
    found, advice = known_call((step(f"def {function}(): pass", os.__file__, module), yours))
    assert found == call.format(function=function, qualname=function)
    assert advice == instead.format(function=function, call=found)
    assert known_call((step(f"async def {function}(): pass", os.__file__, module), yours))[0] is None


@pytest.fixture
def slow() -> Iterator[str]:
    with Server() as server:
        yield f"{server.url}/delay/{LONG}"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("requests.get", "await session.get("),
        ("requests.Session.post", "await session.post("),
        ("martlet.get", "await martlet.aio.get("),
        ("martlet.Session.get", "await session.get("),
        ("urllib.request.urlopen", "await session.get("),
    ],
)
def test_a_blocking_client_is_named_as_it_is_called(name: str, instead: str, slow: str) -> None:
    with requests.Session() as theirs, martlet.Session() as ours:
        calls: dict[str, Callable[[str], Any]] = {
            "requests.get": requests.get,
            "requests.Session.post": theirs.post,
            "martlet.get": martlet.get,
            "martlet.Session.get": ours.get,
            "urllib.request.urlopen": lambda url: urllib.request.urlopen(url).close(),
        }
        stall = stall_in(lambda: calls[name](slow))
    assert (stall.call, stall.frame.filename) == (name, __file__)
    assert instead in stall.advice
