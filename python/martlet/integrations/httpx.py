"""martlet beneath httpx: `Transport` for its `Client`, `AsyncTransport` for its `AsyncClient`.

    async with httpx.AsyncClient(transport=martlet.integrations.httpx.AsyncTransport()) as client:
        response = await client.get(url)

A call is one exchange of the engine, and nothing but that: redirects, cookies, credentials, default headers
and the undoing of content codings stay with httpx. Header fields go out in the caller's order and case, but
`Host` first, as from httpx's own transport; the target is what httpx made of the URL. Both ways bodies are
streamed.

The same classes serve `httpx` and `httpx2`: a request is answered with the classes of the package it came
from. They derive from the `BaseTransport`s of those packages that are loaded when this module is, or else of
the first that is installed; the other is not loaded for it, as `httpx2.alias_httpx()` wants.

Of the extensions of a request `timeout`, `target` and `sni_hostname` are honoured; `trace` is not called.
Those of a response are `http_version` and `reason_phrase`; the engine hands out no `network_stream`, so what
follows a 101 cannot be spoken.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from importlib import import_module
from itertools import chain, count

from martlet.engine import Engine, Outgoing
from martlet.exceptions import RequestException
from martlet.exchange import Emit, Pause, Wait, aemitting, arun, emitting, run
from martlet.timeouts import Timeout

from .proxies import proxy_url, refuse
from .trust import Trust, client_certificate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType
    from typing import Any

    from httpx import AsyncBaseTransport, BaseTransport, Request, Response

    from martlet._martlet import Raw
    from martlet.exchange import Steps

__all__ = ["AsyncTransport", "Transport"]

_PACKAGES = ("httpx", "httpx2")

# The exception of httpx for each (kind, phase) of the engine's errors; "" is every other phase.
_CONNECTING = {"": "ConnectError"}
_SENDING = {"send head": "WriteError", "send body": "WriteError"}
_RECEIVING = {"receive head": "ReadError", "receive body": "ReadError"}
_FROM_THE_PEER = {"": "RemoteProtocolError"}
_ERRORS: dict[str, dict[str, str]] = {
    "timeout": {
        "pool": "PoolTimeout",
        "send head": "WriteTimeout",
        "send body": "WriteTimeout",
        "receive head": "ReadTimeout",
        "receive body": "ReadTimeout",
        "": "ConnectTimeout",
    },
    "resolve": _CONNECTING,
    "connection": _SENDING | _RECEIVING | _CONNECTING,
    "tls": _SENDING | _RECEIVING | _CONNECTING,
    "proxy": {"": "ProxyError"},
    "protocol": _FROM_THE_PEER,
    "disconnected": _FROM_THE_PEER,
    "incomplete": _FROM_THE_PEER,
    "decode": _FROM_THE_PEER,
    # Of the rest, what is wrong before the reply is the caller's, and what is wrong in it the peer's.
    "other": dict.fromkeys(("prepare", "send head", "send body"), "LocalProtocolError") | _FROM_THE_PEER,
}
_RETRIED = ("resolve", "connect", "tls")
"""Phases that `retries=` is about, as in httpx: what fails in them has sent nothing."""

_VERSIONS = {10: b"HTTP/1.0", 11: b"HTTP/1.1", 20: b"HTTP/2"}
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ALL = 2**31
"""Idle connections kept where httpx says None: any number."""
_FOR_EVER = 10 * 365 * 24 * 3600.0
"""Seconds that they are kept where httpx says None."""
_AT_ONCE = 1e-6
"""Seconds for a time of 0, which to httpx is over at once."""


def _packages() -> list[ModuleType]:
    """Those of the packages that are loaded; else the first that is installed. ImportError without any."""
    loaded = [sys.modules[name] for name in _PACKAGES if name in sys.modules]
    for name in () if loaded else _PACKAGES:
        try:
            return [import_module(name)]
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    if not loaded:
        raise ImportError(f"{__name__} needs httpx or httpx2: pip install httpx2")
    return loaded


_MODULES = _packages()

if not TYPE_CHECKING:
    BaseTransport = type("BaseTransport", tuple({each.BaseTransport: 0 for each in _MODULES}), {})
    AsyncBaseTransport = type(
        "AsyncBaseTransport", tuple({each.AsyncBaseTransport: 0 for each in _MODULES}), {}
    )


class _Settings:
    """What both transports are made with: the arguments of `httpx.HTTPTransport`.

    verify: True, False, the path of a file or directory of certificates, or an `ssl.SSLContext`, of which is
    taken over what can be (see `martlet.integrations.trust`).
    cert: the client's certificate, as the path of a file with the key in it or as a pair of paths.
    trust_env: whether `SSL_CERT_FILE` and `SSL_CERT_DIR` count for `verify=True`.
    limits: a `Limits`; by default 100 connections, 20 idle ones kept, for 5 seconds.
    proxy: a `Proxy` or the URL of one, http or https.
    local_address: the address of this machine to connect from.
    retries: how often to try again to connect, at once and then after 0.5, 1, 2, ... seconds.

    NotImplementedError for what the engine does not do yet: HTTP/2 or no HTTP/1.1, `uds`, `socket_options`, a
    SOCKS proxy, one with headers or TLS settings of its own. ValueError and FileNotFoundError for settings
    that cannot be used.
    """

    def __init__(
        self,
        verify: Any = True,
        cert: Any = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Any = None,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Any = None,
    ) -> None:
        refuse(
            (http2, "HTTP/2 (http2=True)"),
            (not http1, "doing without HTTP/1.1 (http1=False)"),
            (uds is not None, "Unix sockets (uds=)"),
            (socket_options, "socket_options="),
        )
        self._trust = Trust(verify, trust_env)
        self._cert = client_certificate(cert)
        self._proxy, self._proxy_credentials = proxy_url(proxy, _MODULES[0])
        self._retries = retries
        most, idle, expiry = (
            (100, 20, 5.0)
            if limits is None
            else (limits.max_connections, limits.max_keepalive_connections, limits.keepalive_expiry)
        )
        self._engine = Engine(
            max_open=most,
            max_idle=_ALL if idle is None else idle,
            idle_expiry=_FOR_EVER if expiry is None else expiry,
            local_address=local_address,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} over {self._engine!r}>"

    def _steps(self, request: Request, for_loop: bool) -> Steps[Any]:
        """One call, as steps; `for_loop`: they are awaited."""
        kind: type = type(request)
        face = _face_of(kind)
        outgoing = face.outgoing(request, for_loop)
        if self._proxy_credentials is not None and request.url.scheme == "http":
            outgoing.headers.insert(1, (b"Proxy-Authorization", self._proxy_credentials))
        try:
            reply = yield from self._tried(outgoing, _times(request.extensions.get("timeout")))
        except RequestException as error:
            raise face.translated(error, request) from error
        finally:
            if hasattr(outgoing.body, "ag_running"):  # an async generator
                yield _Finish(outgoing.body)
        return face.response(reply, request, for_loop)

    def _tried(self, outgoing: Outgoing, timeout: Timeout) -> Steps[Raw]:
        """The exchange, with the retries of connecting."""
        pauses = chain((0.0,), (0.5 * 2**n for n in count()))
        left = self._retries
        while True:
            try:
                reply = yield from self._engine.exchange(
                    outgoing,
                    timeout=timeout,
                    verify=self._trust.verify(),
                    cert=self._cert,
                    proxy=self._proxy,
                )
            except RequestException as error:
                if left <= 0 or getattr(error, "phase", None) not in _RETRIED:
                    raise
            else:
                return reply
            left -= 1
            yield Pause(next(pauses))


class Transport(_Settings, BaseTransport):
    """The engine as the transport of a `httpx.Client`. Its arguments are those of `httpx.HTTPTransport`; some
    are not known yet (`_Settings`). Safe to share between clients and threads.
    """

    def handle_request(self, request: Request) -> Response:
        """One exchange. The response's body is not read yet. Raises httpx's `TransportError`s."""
        response: Response = run(self._steps(request, for_loop=False))
        return response

    def close(self) -> None:
        """Closes the connections that nobody uses, the others when they are done."""
        self._engine.close()


class AsyncTransport(_Settings, AsyncBaseTransport):
    """The engine as the transport of a `httpx.AsyncClient`, under asyncio and trio. Its arguments are those
    of `httpx.AsyncHTTPTransport`; some are not known yet (`_Settings`). Safe to share between clients and
    loops.

    Cancelling a task that waits here closes its connection. httpx's own multipart bodies are read in a helper
    thread, since their files would hold up the loop.
    """

    async def handle_async_request(self, request: Request) -> Response:
        """One exchange. The response's body is not read yet. Raises httpx's `TransportError`s."""
        response: Response = await arun(self._steps(request, for_loop=True))
        return response

    async def aclose(self) -> None:
        """Closes the connections that nobody uses, the others when they are done. Does not wait."""
        self._engine.close()


class _Finish:
    """The end of an async body, as a step: what is left of it is not wanted."""

    def __init__(self, pieces: Any) -> None:
        self._pieces = pieces

    async def arun(self) -> None:
        # Where the answer came first it may be running still, in a task of its own; the loop closes it then.
        if not self._pieces.ag_running:
            await self._pieces.aclose()


def _times(extension: Any) -> Timeout:
    """The times of a request. Connecting is one time here, look-up, TCP, proxy and TLS together."""
    given = extension or {}
    return Timeout(
        **{
            name: None if given.get(name) is None else max(given[name], _AT_ONCE)
            for name in ("connect", "read", "write", "pool")
        }
    )


class _Face:
    """One of the packages: what of it is needed to read its requests and to make its responses."""

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs
        self._sync_body = type("ResponseBody", (_SyncBody, theirs.SyncByteStream), {})
        self._async_body = type("AsyncResponseBody", (_AsyncBody, theirs.AsyncByteStream), {})

    def outgoing(self, request: Any, for_loop: bool) -> Outgoing:
        """The request as the engine sends it. UnsupportedProtocol, LocalProtocolError."""
        url, extensions = request.url, request.extensions
        if url.scheme not in ("http", "https"):
            what = f"'{url.scheme}' is not" if url.scheme else "there is none, instead of"
            raise self._theirs.UnsupportedProtocol(
                f"The URL's scheme has to be http or https: {what} one of them.", request=request
            )
        if (url.port or 0) > 65535:
            raise self._theirs.ConnectError(f"There is no port {url.port}.", request=request)
        if not _TOKEN.fullmatch(request.method):
            raise self._theirs.LocalProtocolError(f"{request.method!r} is no method.", request=request)
        fields = request.headers.raw
        if fields and fields[0][0].lower() != b"host":
            fields = sorted(fields, key=lambda field: field[0].lower() != b"host")
        path = url.raw_path.decode("ascii")
        return Outgoing(
            request.method,
            f"{url.scheme}://{url.netloc.decode('ascii')}{path}",
            _text(extensions.get("target")) or path,
            fields,
            self._body(request, for_loop),
            server_name=_text(extensions.get("sni_hostname")),
        )

    def _body(self, request: Any, for_loop: bool) -> Any:
        stream, headers = request.stream, request.headers
        if isinstance(stream, self._theirs.ByteStream):
            content = b"".join(stream)
            if "transfer-encoding" in headers:
                return iter([content])  # what is not just bytes goes out in chunks
            announced = headers.get("content-length", str(len(content)))
            if announced != str(len(content)):
                raise self._theirs.LocalProtocolError(
                    f"Content-Length is {announced}, but the body has {len(content)} bytes.", request=request
                )
            return content or None
        is_sync = isinstance(stream, self._theirs.SyncByteStream)
        if not for_loop:
            if not is_sync:
                raise TypeError("the request's body is an async iterable: send it with an AsyncClient")
            # Read once: the engine must not begin it again by itself.
            return iter(stream)
        if is_sync and type(stream).__module__.startswith(f"{self._theirs.__name__}."):
            # Multipart: as an async iterable it would read its files on the loop.
            return iter(stream)
        if not isinstance(stream, self._theirs.AsyncByteStream):
            raise TypeError("the request's body is a plain iterable: send it with a Client")
        return stream.__aiter__()

    def translated(self, error: RequestException, request: Any = None) -> Exception:
        """The exception of this package for one of the engine's errors."""
        of_kind = _ERRORS.get(getattr(error, "kind", ""), {"": "TransportError"})
        name = of_kind.get(getattr(error, "phase", ""), of_kind[""])
        made: Exception = getattr(self._theirs, name)(str(error), request=request)
        return made

    def response(self, reply: Raw, request: Any, for_loop: bool) -> Any:
        """The response, its body still to be read."""
        fields = reply.headers()
        body = self._async_body if for_loop else self._sync_body
        return self._theirs.Response(
            status_code=reply.status_code,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
            stream=body(self, reply, request, _length(fields)),
            extensions={"http_version": _VERSIONS[reply.version], "reason_phrase": reply.reason},
        )


class _Body:
    """A response's body, as it comes over the wire: chunk by chunk, content codings not undone.

    length: how many bytes it has, if that is known: then nobody has to wait to see that nothing follows them.
    """

    def __init__(self, face: _Face, reply: Raw, request: Any, length: int | None) -> None:
        self._face = face
        self._reply = reply
        self._request = request
        self._length = length

    def _pieces(self) -> Steps[None]:
        left = self._length
        while left != 0:
            try:
                piece = yield Wait(self._reply.chunk(False))
            except RequestException as error:
                raise self._face.translated(error, self._request) from error
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield Emit(piece)


class _SyncBody(_Body):
    def __iter__(self) -> Iterator[bytes]:
        return emitting(self._pieces())

    def close(self) -> None:
        """Drops the connection, unless the body was read to its end."""
        self._reply.close()


class _AsyncBody(_Body):
    def __aiter__(self) -> AsyncIterator[bytes]:
        return aemitting(self._pieces())

    async def aclose(self) -> None:
        """Drops the connection, unless the body was read to its end. Does not wait."""
        self._reply.close()


@lru_cache(maxsize=64)
def _face_of(request_type: type) -> _Face:
    """The package that a request is of. TypeError for one of neither."""
    for each in request_type.__mro__:
        package = each.__module__.partition(".")[0]
        if package in _PACKAGES:
            return _face(package)
    raise TypeError(f"{request_type.__qualname__} is no request of {' or '.join(_PACKAGES)}")


@lru_cache
def _face(package: str) -> _Face:
    return _Face(sys.modules[package])


def _length(fields: list[tuple[str, str]]) -> int | None:
    known = {name.lower(): value for name, value in fields}
    length = known.get("content-length", "")
    return int(length) if length.isdecimal() and "transfer-encoding" not in known else None


def _text(value: str | bytes | None) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else value
