"""Runs a case of httpx over its own transport and over ours, with `Client` and `AsyncClient`, and compares.

    @beside
    async def test_get(face, server):
        return await face.get(server.url + "/")

What the case returned, and the bytes that the server saw, must be equal. The case is a coroutine for each
kind of client: beneath a sync one nothing in it ever waits.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import inspect
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from servers.authority import Authority
from servers.recording import RecordingServer

PACKAGES = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]
for _name in PACKAGES:  # before our transports are loaded: what is there then, they derive from
    importlib.import_module(_name)
KINDS = ("sync", "asyncio", "trio")


class Face:
    """One client. Its methods are awaited, whatever is beneath."""

    def __init__(self, lib: Any, kind: str, ours: bool, authority: Authority) -> None:
        self.lib = lib
        self.ours = ours
        self.is_sync = kind == "sync"
        self.authority = authority
        self.client = self.make()
        self._bodies: list[Any] = []

    def transport(self, **settings: Any) -> Any:
        """A transport of this side; it trusts the tests' authority unless told otherwise."""
        if self.ours:
            from martlet.integrations import httpx as integration

            kind = integration.Transport if self.is_sync else integration.AsyncTransport
            settings.setdefault("verify", self.authority.ca_file)
        else:
            kind = self.lib.HTTPTransport if self.is_sync else self.lib.AsyncHTTPTransport
            import ssl

            settings.setdefault("verify", ssl.create_default_context(cafile=self.authority.ca_file))
        return kind(**settings)

    def make(self, transport: Any = None, **settings: Any) -> Any:
        kind = self.lib.Client if self.is_sync else self.lib.AsyncClient
        return kind(transport=transport or self.transport(), **settings)

    async def do(self, call: Any) -> Any:
        """What a call of the client gives: at once, or awaited."""
        return await call if inspect.isawaitable(call) else call

    async def send(self, request: Any) -> Any:
        return await self.do(self.client.send(request))

    async def request(self, method: str, url: str, **settings: Any) -> Any:
        return await self.do(self.client.request(method, url, **settings))

    async def get(self, url: str, **settings: Any) -> Any:
        return await self.request("GET", url, **settings)

    async def post(self, url: str, **settings: Any) -> Any:
        return await self.request("POST", url, **settings)

    @asynccontextmanager
    async def stream(self, method: str, url: str, **settings: Any) -> AsyncIterator[Any]:
        if self.is_sync:
            with self.client.stream(method, url, **settings) as response:
                yield response
        else:
            async with self.client.stream(method, url, **settings) as response:
                yield response

    async def raw_pieces(self, response: Any) -> AsyncIterator[bytes]:
        if self.is_sync:
            for piece in response.iter_raw():
                yield piece
        else:
            async for piece in response.aiter_raw():
                yield piece

    def body(self, pieces: Iterable[bytes]) -> Any:
        """The pieces as the kind of iterable that this client streams."""
        if self.is_sync:
            return (piece for piece in pieces)
        self._bodies.append(_each(pieces))
        return self._bodies[-1]

    async def read(self, response: Any) -> bytes:
        return response.read() if self.is_sync else await response.aread()

    async def close(self) -> None:
        await self.do(self.client.close() if self.is_sync else self.client.aclose())
        for body in self._bodies:  # httpx leaves the caller's generators as they are
            await body.aclose()


async def _each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def attempt(call: Any) -> Any:
    """What a call gives, or the exception it raised as a value."""
    try:
        return await call
    except AssertionError:
        raise
    except Exception as error:
        return error


def run_in(kind: str, main: Callable[[], Any]) -> Any:
    """Runs an async function in the loop of that kind; for a sync client any will do."""
    if kind == "trio":
        import trio

        return trio.run(main)
    return asyncio.run(main())


def described(value: Any) -> Any:
    """A value as plain data: responses by what they say, exceptions by their names."""
    if isinstance(value, Exception):
        return f"raised {type(value).__name__}"
    if hasattr(value, "status_code"):
        try:
            body = value.content
        except RuntimeError:  # streamed
            body = None
        phrase = value.reason_phrase
        return (value.status_code, phrase, value.http_version, value.headers.raw, str(value.url), body)
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    return value


def run_case(
    case: Any, lib: Any, kind: str, ours: bool, server: RecordingServer, authority: Authority, arguments: Any
) -> str:
    """One run: its value and what the server saw, as text."""

    async def main() -> Any:
        face = Face(lib, kind, ours, authority)
        try:
            return described(await case(face, server, **arguments))
        finally:
            await face.close()

    value = run_in(kind, main)
    server.wait_until_closed()
    seen = [(each.connection, each.head, each.raw_body) for each in server.requests]
    return repr((value, seen)).replace(str(server.port), "PORT")


def beside(case: Any) -> Any:
    """Makes a test of a case: for each package and kind of client, stock and ours, over HTTP."""

    def compare(run: Callable[[bool], str]) -> None:
        stock = run(False)
        ours = run(True)
        if ours != stock:
            pytest.fail(f"stock: {stock}\nours:  {ours}", pytrace=False)

    return _test_of(case, compare)


def ours_alone(case: Any) -> Any:
    """Makes a test of a case that is about our transports only."""
    return _test_of(case, lambda run: run(True))


def _test_of(case: Any, judge: Callable[[Callable[[bool], str]], Any]) -> Any:
    wanted = [name for name in inspect.signature(case).parameters if name not in ("face", "server")]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("package", PACKAGES)
    @functools.wraps(case)
    def test(**fixtures: Any) -> None:
        lib = importlib.import_module(fixtures["package"])
        kind, serve, authority = (fixtures[name] for name in ("kind", "serve", "authority"))
        arguments = {name: fixtures[name] for name in wanted}
        judge(lambda ours: run_case(case, lib, kind, ours, serve(), authority, arguments))

    names = dict.fromkeys(["package", "kind", "serve", "authority", *wanted])
    parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    test.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return test
