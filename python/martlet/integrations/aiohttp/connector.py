"""What goes through the engine, and how many exchanges at once.

aiohttp's connector counts, queues and keeps; only what it counts is different: a *place* (`EngineProtocol`)
instead of a connection of its own. The engine has the connections. So `limit`, `limit_per_host`,
`force_close` and the traces of connections mean what they mean in aiohttp, counted in places.

What the engine cannot do as it is asked for goes over a connection of aiohttp's own, through the same counts:

| asked for | by |
|---|---|
| a switch of protocols: WebSocket, `Upgrade`, CONNECT | the request |
| `Expect: 100-continue`, HTTP/1.0 | the request |
| TLS by an `SSLContext` or `Fingerprint`, or for another `server_hostname` | request or connector |
| `proxy_headers` for a tunnel; a proxy that is not HTTP | the request |
| a resolver, an address family, a local address, a socket factory | the connector |
"""

from __future__ import annotations

import os
import ssl
from functools import cached_property, lru_cache
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.helpers import is_ip_address
from aiohttp.http import HttpVersion11

from martlet import _martlet

from .protocol import EngineProtocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp import ClientTimeout
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


_MAX_HEADERS = 4096
"""Header fields that the engine takes; aiohttp's own limit, of each request, is looked at afterwards."""


class PlaceKey(ConnectionKey):
    """The key of a place: never equal to that of a connection of aiohttp's own to the same host."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlaceKey) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((PlaceKey, tuple(self)))


# As aiohttp does, looked for when this is imported: it looks into the file system.
_OPENSSL = ssl.get_default_verify_paths()
_BY_DEFAULT = next(filter(os.path.exists, (_OPENSSL.openssl_cafile, _OPENSSL.openssl_capath)), True)


def _trusted() -> str | bool:
    """Whose certificates are believed: whose aiohttp believes, OpenSSL's own file or folder."""
    named = (os.environ.get(_OPENSSL.openssl_cafile_env), os.environ.get(_OPENSSL.openssl_capath_env))
    return _BY_DEFAULT if named == (None, None) else _trusted_by_name(*named)


@lru_cache
def _trusted_by_name(file: str | None, folder: str | None) -> str | bool:
    return next((name for name in (file, folder) if name and os.path.exists(name)), _BY_DEFAULT)


class Connector(aiohttp.TCPConnector):
    """aiohttp's `TCPConnector`, which for requests of this module has places at the engine."""

    @cached_property
    def engine(self) -> _martlet.Client:
        """Connections and TLS sessions of this connector."""
        return _martlet.Client(max_headers=_MAX_HEADERS)

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> Connection:
        """A place or a connection for the request, when the limits allow one."""
        if isinstance(req, PlacedRequest):
            req.by_engine = self.takes(req)
            if req.by_engine and is_ip_address(req.host):
                await self._resolve_host(req.host, req.port or 0)  # InvalidUrlClientError for 127.1 and such
        asked = self._loop.time()
        connection = await super().connect(req, traces, timeout)
        if isinstance(connection.protocol, EngineProtocol):
            connection.protocol.set_connect_times(timeout, self._loop.time() - asked)
        return connection

    def takes(self, req: aiohttp.ClientRequest) -> bool:
        """Whether the engine can send this the way it is to be sent. See the module's table."""
        over_tls = req.is_ssl() or (req.proxy is not None and req.proxy.scheme == "https")
        return (
            req.version == HttpVersion11
            and req.method != hdrs.METH_CONNECT
            and hdrs.UPGRADE not in req.headers
            and req._continue is None
            and self._connects_plainly()
            and (not over_tls or self._has_plain_tls(req))
            and (req.proxy is None or _is_plain_proxy(req))
        )

    def verify(self, req: aiohttp.ClientRequest) -> str | bool:
        """Whose certificates are believed for this request; False: anybody's."""
        return _trusted() if req.ssl is True and self._ssl is True else False

    def _connects_plainly(self) -> bool:
        return (
            self._resolver_owner
            and not self._family
            and not self._local_addr_infos
            and self._socket_factory is None
        )

    def _has_plain_tls(self, req: aiohttp.ClientRequest) -> bool:
        return isinstance(req.ssl, bool) and isinstance(self._ssl, bool) and req.server_hostname is None

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        if not (isinstance(req, PlacedRequest) and req.by_engine):
            return await super()._create_connection(req, traces, timeout)
        if req.proxy is not None:
            self._update_proxy_auth_header_and_build_proxy_req(req)
        return EngineProtocol(self._loop, self.engine)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        if self._force_close:
            self._close_idle()

    def _cleanup(self) -> None:
        super()._cleanup()
        if not self._conns:
            self._close_idle()

    def _close(self, *, abort_ssl: bool = False) -> list[Awaitable[object]]:
        waiters = super()._close(abort_ssl=abort_ssl)
        self._close_idle()
        return waiters

    def _close_idle(self) -> None:
        if "engine" in self.__dict__:
            self.engine.close()


class PlacedRequest(aiohttp.ClientRequest):
    """A request that may have a place at the engine."""

    by_engine = False

    @property
    def connection_key(self) -> ConnectionKey:
        """What its connection is kept under."""
        key = super().connection_key
        return PlaceKey(*key) if self.by_engine else key


def adopt(connector: Any) -> None:
    """Makes a plain `TCPConnector` one that asks the engine; leaves every other connector as it is.

    The object stays the caller's, with its limits and what it holds: it may be shared with other sessions, of
    aiohttp too, whose requests it treats as before. Hence its class is changed, and not the object replaced.
    """
    if type(connector) is aiohttp.TCPConnector:
        connector.__class__ = Connector


def _is_plain_proxy(req: aiohttp.ClientRequest) -> bool:
    assert req.proxy is not None
    if req.proxy.scheme not in ("http", "https"):
        return False
    # For a tunnel the engine writes CONNECT with Host and credentials only.
    return not req.is_ssl() or not {name.lower() for name in req.proxy_headers or ()} - {"host"}
