"""Runs a case under aiohttp's own session and under martlet's, and compares.

    @pair
    async def test_params(session, server):
        async with session.get(server.url + "/", params={"a": "1"}) as r:
            return await r.text()

What the case returned, and the bytes that its servers saw, must be equal. `attempt` makes a value of an
exception.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import re
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest

from martlet.integrations.aiohttp import ClientSession
from servers.recording import RecordingServer

SIDES: dict[str, type[aiohttp.ClientSession]] = {"aiohttp": aiohttp.ClientSession, "martlet": ClientSession}
PATIENCE = 30
"""Seconds after which a case hangs."""


@contextmanager
def quiet() -> Iterator[None]:
    """aiohttp warns of arguments that it will drop in its next major version; they hold until then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
        gc.collect()


async def attempt(awaitable: Awaitable[Any]) -> Any:
    """What comes of it; of an exception, its class."""
    try:
        return await awaitable
    except (Exception, asyncio.CancelledError) as error:
        if type(error).__module__.split(".")[0] not in ("aiohttp", "builtins", "asyncio"):
            raise AssertionError("neither aiohttp's nor Python's") from error
        return type(error)


async def pieces(*given: bytes) -> Any:
    """A body that comes in pieces."""
    for piece in given:
        yield piece


def described(server: RecordingServer) -> list[tuple[int, str, bytes]]:
    """What a server saw, without what differs between any two runs: its port, boundaries."""
    seen = []
    for request in server.requests:
        head = request.head.decode("latin-1").replace(str(server.port), "PORT")
        boundary = re.search(r"boundary=(\w+)", head)
        body = request.raw_body
        if boundary is not None:
            head = head.replace(boundary[1], "BOUNDARY")
            body = body.replace(boundary[1].encode(), b"BOUNDARY")
        seen.append((request.connection, head, body))
    return seen


def pair(case: Callable[..., Awaitable[Any]]) -> Callable[..., None]:
    """Makes a test of a case. Its `server` and `session` are of the side that runs; others are fixtures."""
    signature = inspect.signature(case)
    own = [value for name, value in signature.parameters.items() if name not in ("server", "session", "make")]

    @functools.wraps(case)
    def test(**arguments: Any) -> None:
        outcomes = {side: run(case, made, arguments) for side, made in SIDES.items()}
        martlets, aiohttps = outcomes["martlet"], outcomes["aiohttp"]
        assert martlets == aiohttps, f"martlet:\n{martlets}\naiohttp:\n{aiohttps}"

    test.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    return test


def run(
    case: Callable[..., Awaitable[Any]], made: type[aiohttp.ClientSession], arguments: dict[str, Any]
) -> tuple[Any, Any]:
    """What the case gave with sessions of that class, and what its server saw."""
    wanted = inspect.signature(case).parameters

    async def whole(server: RecordingServer) -> Any:
        given: dict[str, Any] = {"server": server, "make": made}
        if "session" not in wanted:
            return await case(**{name: value for name, value in given.items() if name in wanted}, **arguments)
        async with made() as session:
            given["session"] = session
            return await case(**{name: value for name, value in given.items() if name in wanted}, **arguments)

    with RecordingServer() as server, quiet():
        result = asyncio.run(asyncio.wait_for(whole(server), PATIENCE))
        server.wait_until_closed()
        return result, described(server)


both = pytest.mark.parametrize("make", SIDES.values(), ids=SIDES)
"""For a test of each side by itself."""
