"""What is compared: everything a caller can see of a response or an exception, and every byte the server
saw.

`describe` turns what a case returned into plain data; `normalise` takes out of it what differs from run to
run: ports, multipart boundaries, nonces, the names and versions in default headers.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from servers.wire import Recorded


def describe(value: Any, read: Callable[[Any], bytes]) -> Any:
    """Plain data for anything a case may return. `read` gives a response's content."""
    if isinstance(value, BaseException):
        return describe_exception(value)
    if isinstance(value, str | bytes | bool | int | float | type(None)):
        return value
    if isinstance(value, Recorded):
        return value.lines, value.raw_body
    if isinstance(value, datetime.timedelta):
        return "timedelta"
    kind = type(value).__name__
    if kind == "Response":
        return describe_response(value, read)
    if kind == "PreparedRequest":
        return describe_request(value)
    if kind == "RequestsCookieJar":
        return describe_cookies(value)
    if type(value) is dict:
        return {name: describe(each, read) for name, each in value.items()}
    if isinstance(value, Mapping):
        return [(describe(name, read), describe(each, read)) for name, each in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(describe(each, read) for each in value)
    if isinstance(value, Iterable):
        return [describe(each, read) for each in value]
    return kind


def describe_response(response: Any, read: Callable[[Any], bytes]) -> dict[str, Any]:
    """All that requests' users look at. Reads the body."""
    seen = _describe_hop(response, read)
    seen["history"] = [_describe_hop(hop, lambda hop: hop.content) for hop in response.history]
    return seen


def _describe_hop(response: Any, read: Callable[[Any], bytes]) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "reason": response.reason,
        "url": response.url,
        "headers": list(response.headers.items()),
        "content": read(response),
        "encoding": response.encoding,
        "ok": response.ok,
        "cookies": describe_cookies(response.cookies),
        "request": describe_request(response.request),
        "is_redirect": response.is_redirect,
        "is_permanent_redirect": response.is_permanent_redirect,
        "next": describe_request(getattr(response, "next", None)),  # a pickled one of requests' has none
        "links": response.links,
        "elapsed": type(response.elapsed).__name__,
        "past": [hop.status_code for hop in response.history],
        "repr": repr(response),
    }


def describe_request(request: Any) -> dict[str, Any] | None:
    if request is None:
        return None
    body = request.body
    return {
        "method": request.method,
        "url": request.url,
        "headers": None if request.headers is None else list(request.headers.items()),
        "body": body if isinstance(body, str | bytes | type(None)) else type(body).__name__,
    }


def describe_cookies(jar: Any) -> list[tuple[Any, ...]]:
    return sorted((c.domain, c.path, c.name, c.value, c.secure, c.expires, c.discard) for c in jar)


def describe_exception(error: BaseException) -> dict[str, Any]:
    """The class with all its bases by name, and what hangs on the exception. Not the message: martlet's
    own say more than requests'; a case whose message is part of the contract compares it itself.
    """
    bases = [base.__name__ for base in type(error).__mro__ if base is not object]
    request, response = getattr(error, "request", None), getattr(error, "response", None)
    return {
        "raises": bases,
        "request": None if request is None else (request.method, request.url),
        "response": None
        if response is None
        else (response.status_code, [h.status_code for h in response.history]),
    }


PATTERNS: list[tuple[str, str]] = [
    (r"[0-9a-f]{32,}", "HEX"),  # multipart boundaries and digests
    (r'cnonce="[0-9a-f]+"', 'cnonce="CNONCE"'),
    (r"python-urllib3/[0-9.]+", "python-urllib3/VERSION"),
]


class Normaliser:
    """Replaces in plain data what differs from run to run."""

    def __init__(self, ports: Iterable[int], defaults: Mapping[str, str]) -> None:
        patterns = list(PATTERNS)
        patterns += [(rf":{port}\b", f":PORT{number or ''}") for number, port in enumerate(ports)]
        # Which values the defaults have is a test of its own.
        names = {"User-Agent": "default agent", "Accept-Encoding": "default codings"}
        patterns += [(f"^(?:{name}: )?{re.escape(defaults[name])}$", mark) for name, mark in names.items()]
        self._text = [(re.compile(pattern), mark) for pattern, mark in patterns]
        self._bytes = [(re.compile(pattern.encode()), mark.encode()) for pattern, mark in patterns]

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            for pattern, mark in self._text:
                value = pattern.sub(mark, value)
        elif isinstance(value, bytes):
            for pattern, mark in self._bytes:
                value = pattern.sub(mark, value)
        elif isinstance(value, dict):
            return {self(name): self(each) for name, each in value.items()}
        elif isinstance(value, list | tuple):
            return [self(each) for each in value]
        return value


def describe_traffic(servers: Iterable[Any]) -> list[Any]:
    """For each server the requests as it saw them, with the number of the connection. Those that no request
    came over are not counted: whether one is opened before or after a request is refused is nobody's promise.
    """
    return [list(_numbered(server.requests)) for server in servers]


def _numbered(requests: Iterable[Recorded]) -> Iterator[tuple[int, Any, bytes]]:
    numbers: dict[int, int] = {}
    for seen in requests:
        yield numbers.setdefault(seen.connection, len(numbers)), _head(seen), seen.raw_body


def _head(seen: Recorded) -> list[str]:
    """The head; of a CONNECT without its version and `Host`, which in requests depend on Python's version."""
    if seen.method != "CONNECT":
        return seen.lines
    fields = [line for line in seen.lines[1:] if not line.startswith("Host:")]
    return [f"CONNECT {seen.target}", *fields]


def differences(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    """One line for each place where two outcomes differ: requests' value, then martlet's."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            yield from differences(theirs.get(name, ABSENT), ours.get(name, ABSENT), f"{where}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for at, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(their, our, f"{where}[{at}]")
    elif theirs != ours or type(theirs) is not type(ours):
        yield f"{where.lstrip('.')}\n  requests: {theirs!r}\n  martlet:  {ours!r}"


ABSENT = "(absent)"
