"""An adapter without a network, for requests and for martlet: it answers from a script and notes what it was
sent.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from types import ModuleType, SimpleNamespace
from typing import Any

import urllib3


@dataclass
class Reply:
    """What to answer with."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    reason: str = "Some"


@dataclass
class Seen:
    """What was sent."""

    method: str
    url: str
    headers: dict[str, Any]
    body: Any
    settings: dict[str, Any]


def raw_of(reply: Reply) -> urllib3.HTTPResponse:
    """The reply as urllib3 would hand it over."""
    message = Message()
    for name, value in reply.headers:
        message[name] = value
    return urllib3.HTTPResponse(
        body=io.BytesIO(reply.body),
        headers=urllib3.HTTPHeaderDict(reply.headers),
        status=reply.status,
        reason=reply.reason,
        version=11,
        preload_content=False,
        decode_content=False,
        original_response=SimpleNamespace(msg=message, isclosed=lambda: False, close=lambda: None),
    )


def scripted(library: ModuleType, answer: Callable[[Seen], Reply]) -> Any:
    """An adapter of `library` that answers by calling `answer`; `.seen` lists what it was sent."""

    class Scripted(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[Seen] = []

        def send(self, request: Any, **settings: Any) -> Any:
            body = request.body.read() if hasattr(request.body, "read") else request.body
            seen = Seen(request.method, request.url, dict(request.headers), body, settings)
            self.seen.append(seen)
            return self.build_response(request, raw_of(answer(seen)))

    return Scripted()


def session_over(library: ModuleType, answer: Callable[[Seen], Reply]) -> tuple[Any, list[Seen]]:
    """A session of `library` with the scripted adapter mounted, and what it will have sent."""
    adapter = scripted(library, answer)
    session = library.Session()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session, adapter.seen


def redirecting(status: int, *locations: str) -> Any:
    """Redirects to each location in turn, then 200."""
    left = list(locations)

    def answer(seen: Seen) -> Reply:
        if left:
            headers = [("Location", left.pop(0)), ("Set-Cookie", f"n{len(left)}=1; Path=/")]
            return Reply(status, headers, b"" if status == 304 else b"moved")
        return Reply(body=b"end")

    return answer


def challenged(seen: Seen) -> Reply:
    if "Authorization" in seen.headers:
        return Reply(body=b"welcome")
    return Reply(401, [("WWW-Authenticate", 'Digest realm="r", nonce="n"'), ("Set-Cookie", "k=v; Path=/")])
