"""One sync face for the three clients, so that a case is written once.

A face has requests' verbs. What reads a response has an async twin in martlet (`aread` for `content` and
so on), so a case reads streamed responses through the face: `face.content(r)`, `face.chunks(r, 10)`.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest


class Face:
    """requests, or martlet's sync side: the calls go through as they are."""

    def __init__(self, lib: Any, trust: str | None) -> None:
        self.lib = lib
        """The package: `face.lib.Request`, `face.lib.exceptions`."""
        self.trust = trust
        """The CA file for HTTPS servers, None for HTTP."""
        self._sessions: list[Any] = []
        self.session = self.new_session()

    # Sessions.

    def new_session(self) -> Any:
        """Another session that trusts the test's authority; closed with the face."""
        session = self._make_session()
        if self.trust is not None:
            session.verify = self.trust
        self._sessions.append(session)
        return session

    def _make_session(self) -> Any:
        return self.lib.Session()

    def close(self) -> None:
        for session in self._sessions:
            self.wait(session.close())

    # Requests of the session.

    def request(self, method: str, url: Any, *arguments: Any, **keywords: Any) -> Any:
        return self.wait(self.session.request(method, url, *arguments, **keywords))

    def get(self, url: Any, **keywords: Any) -> Any:
        return self.wait(self.session.get(url, **keywords))

    def options(self, url: Any, **keywords: Any) -> Any:
        return self.wait(self.session.options(url, **keywords))

    def head(self, url: Any, **keywords: Any) -> Any:
        return self.wait(self.session.head(url, **keywords))

    def post(self, url: Any, *arguments: Any, **keywords: Any) -> Any:
        return self.wait(self.session.post(url, *arguments, **keywords))

    def put(self, url: Any, *arguments: Any, **keywords: Any) -> Any:
        return self.wait(self.session.put(url, *arguments, **keywords))

    def patch(self, url: Any, *arguments: Any, **keywords: Any) -> Any:
        return self.wait(self.session.patch(url, *arguments, **keywords))

    def delete(self, url: Any, **keywords: Any) -> Any:
        return self.wait(self.session.delete(url, **keywords))

    def send(self, prepared: Any, **keywords: Any) -> Any:
        return self.wait(self.session.send(prepared, **keywords))

    def prepare(self, *arguments: Any, **keywords: Any) -> Any:
        """A Request of these arguments, prepared by the session."""
        return self.session.prepare_request(self.lib.Request(*arguments, **keywords))

    def once(self, verb: str, *arguments: Any, **keywords: Any) -> Any:
        """The function of that name, which has no session: `requests.get`, `martlet.aio.get`."""
        if self.trust is not None:
            keywords.setdefault("verify", self.trust)
        return self.wait(getattr(self._functions(), verb)(*arguments, **keywords))

    def _functions(self) -> Any:
        return self.lib

    # Reading a response.

    def content(self, response: Any) -> bytes:
        return response.content

    def text(self, response: Any) -> str:
        return response.text

    def json(self, response: Any, **keywords: Any) -> Any:
        return response.json(**keywords)

    def chunks(self, response: Any, *arguments: Any, **keywords: Any) -> Iterator[Any]:
        return response.iter_content(*arguments, **keywords)

    def lines(self, response: Any, **keywords: Any) -> Iterator[Any]:
        return response.iter_lines(**keywords)

    def close_response(self, response: Any) -> None:
        response.close()

    def wait(self, value: Any) -> Any:
        return value


class AsyncFace(Face):
    """martlet's async side, each call run to its end on a loop of the face's own."""

    def __init__(self, lib: Any, trust: str | None) -> None:
        self._loop = asyncio.new_event_loop()
        super().__init__(lib, trust)

    def _make_session(self) -> Any:
        return self.lib.AsyncSession()

    def _functions(self) -> Any:
        return self.lib.aio

    def close(self) -> None:
        try:
            super().close()
        finally:
            # A helper thread may still hold what it was called with.
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def wait(self, value: Any) -> Any:
        return self._loop.run_until_complete(_awaited(value)) if inspect.isawaitable(value) else value

    def content(self, response: Any) -> bytes:
        return self.wait(response.aread())

    def text(self, response: Any) -> str:
        return self.wait(response.atext())

    def json(self, response: Any, **keywords: Any) -> Any:
        return self.wait(response.ajson(**keywords))

    def chunks(self, response: Any, *arguments: Any, **keywords: Any) -> Iterator[Any]:
        # As in requests, wrong arguments raise here and not at the first step.
        return self._stepped(response.aiter_content(*arguments, **keywords))

    def lines(self, response: Any, **keywords: Any) -> Iterator[Any]:
        return self._stepped(response.aiter_lines(**keywords))

    def close_response(self, response: Any) -> None:
        self.wait(response.aclose())

    def _stepped(self, pieces: AsyncIterator[Any]) -> Iterator[Any]:
        while True:
            try:
                piece = self.wait(pieces.__anext__())
            except StopAsyncIteration:
                return
            yield piece


async def _awaited(value: Any) -> Any:
    return await value


def _requests(trust: str | None) -> Face:
    return Face(importlib.import_module("requests"), trust)


class OverriddenFace(Face):
    """martlet's sync side where a session overrides something, which leads the calls the compatible road."""

    def _make_session(self) -> Any:
        return importlib.import_module(".overridden", __package__).Session()


def _session(trust: str | None) -> Face:
    return Face(_martlet(), trust)


def _overridden(trust: str | None) -> Face:
    return OverriddenFace(_martlet(), trust)


def _async_session(trust: str | None) -> Face:
    return AsyncFace(_martlet(), trust)


def _martlet() -> Any:
    """Skips where martlet is not installed; anything else that is wrong with it is an error."""
    if importlib.util.find_spec("martlet") is None:
        pytest.skip("martlet is not installed: `make test` does that")
    return importlib.import_module("martlet")


SIDES: dict[str, Callable[[str | None], Face]] = {
    "requests": _requests,
    "Session": _session,
    "Session, overridden": _overridden,
    "AsyncSession": _async_session,
}
