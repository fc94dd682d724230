"""The same call made of requests and, by each of its roads, of martlet; and what comes of it, to compare."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests

import martlet
from martlet import roads
from roads.peer import Peer

# Made equal, so that everything else can be compared to the byte.
HEADERS = {"User-Agent": "test", "Accept-Encoding": "gzip, deflate"}

# How a response's body is read: blocking, and awaited.
Reader = tuple[Callable[[Any], Any], Callable[[Any], Any]]


async def _pieces(pieces: Any) -> list[Any]:
    return [piece async for piece in pieces]


async def _raw(response: Any) -> Any:
    return await asyncio.to_thread(read_raw, response)


async def _content(response: Any) -> Any:
    return await response.aread()


def read_raw(response: Any) -> Any:
    return response.raw.read(2), response.raw.read(), response.raw.status, response.raw.version


WHOLE: Reader = (lambda response: response.content, _content)
RAW: Reader = (read_raw, _raw)


def pieces(size: int | None) -> Reader:
    """By `iter_content`."""
    return (
        lambda response: list(response.iter_content(size)),
        lambda response: _pieces(response.aiter_content(size)),
    )


def lines(**how: Any) -> Reader:
    """By `iter_lines`."""
    return (
        lambda response: list(response.iter_lines(**how)),
        lambda response: _pieces(response.aiter_lines(**how)),
    )


@dataclass
class Call:
    """One call: `kwargs` are made anew each time, since bodies are used up."""

    method: str
    path: str
    kwargs: Callable[[Any], dict[str, Any]] = lambda library: {}
    read: Reader = WHOLE


def _told(response: Any, body: Any) -> dict[str, Any]:
    return {
        "status": (response.status_code, response.reason, response.ok),
        "url": response.url,
        "headers": list(response.headers.items()),
        "encoding": response.encoding,
        "body": body,
        "cookies": sorted(response.cookies.items()),
        "history": [(each.status_code, each.url, each.content) for each in response.history],
        "request": (
            response.request.method,
            response.request.url,
            [(name, _still(value)) for name, value in response.request.headers.items()],
        ),
        "redirect": (response.is_redirect, response.is_permanent_redirect, bool(response.next)),
        "links": response.links,
    }


def _failed(error: Exception) -> dict[str, Any]:
    return {
        "error": [base.__name__ for base in type(error).__mro__],
        "request": getattr(error, "request", None) is not None,
        "response": getattr(getattr(error, "response", None), "status_code", None),
    }


def _still(text: Any) -> Any:
    """The text without what is random in it: boundaries, client nonces."""
    if not isinstance(text, str):
        return text
    text = re.sub(r"[0-9a-f]{32}(?=--|\r\n|$)", "BOUNDARY", text)
    return re.sub(r'(cnonce|response)="[0-9a-f]+"', r"\1", text)


def _seen(peer: Peer) -> list[tuple[list[str], str]]:
    """What the server was sent."""
    return [
        ([_still(line) for line in head.decode("latin-1").split("\r\n")], _still(body.decode("latin-1")))
        for head, body in peer.seen
    ]


def outcome(make: Callable[[], Any], peer: Peer) -> dict[str, Any]:
    """What came of it, with what the server saw and the session kept."""
    peer.seen.clear()
    try:
        told, jar = make()
    except Exception as error:
        told, jar = _failed(error), []
    return {**told, "jar": jar, "seen": _seen(peer)}


def arguments(library: Any, peer: Peer, call: Call) -> dict[str, Any]:
    kwargs = call.kwargs(library)
    if call.read is not WHOLE:
        kwargs["stream"] = True
    return {"timeout": 5, "verify": peer.certificates or True, **kwargs}


def blocking(library: Any, peer: Peer, call: Call) -> Any:
    """The call through a Session of `library`."""
    with library.Session() as session:
        session.headers.update(HEADERS)
        url = call.path if "://" in call.path else peer.url + call.path
        response = session.request(call.method, url, **arguments(library, peer, call))
        return _told(response, call.read[0](response)), sorted(session.cookies.items())


def awaited(library: Any, peer: Peer, call: Call) -> Any:
    """The call through an AsyncSession of martlet."""

    async def main() -> Any:
        async with martlet.AsyncSession() as session:
            session.headers.update(HEADERS)
            url = call.path if "://" in call.path else peer.url + call.path
            response = await session.request(call.method, url, **arguments(library, peer, call))
            return _told(response, await call.read[1](response)), sorted(session.cookies.items())

    return asyncio.run(main())


ROADS = {
    "quick": (blocking, False),
    "compatible": (blocking, True),
    "quick, awaited": (awaited, False),
    "compatible, awaited": (awaited, True),
}


def by_road(road: str, peer: Peer, call: Call, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What comes of the call by one of martlet's roads.

    A call that is not plain leaves the quick one by itself.
    """
    how, compatible = ROADS[road]
    if compatible:
        monkeypatch.setattr(roads, "is_untouched", lambda *classes: False)
    return outcome(lambda: how(martlet, peer, call), peer)


def by_requests(peer: Peer, call: Call) -> dict[str, Any]:
    """What comes of the call in requests."""
    return outcome(lambda: blocking(requests, peer, call), peer)
