"""`ClientSession`: aiohttp's, made of classes that go through the engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp

from .connector import adopt
from .protocol import EngineProtocol
from .request import ClientRequest

if TYPE_CHECKING:
    from aiohttp.connector import Connection


class _Quiet:
    """Stands before aiohttp's session, which warns of every class that is derived from it."""

    def __init_subclass__(cls) -> None:
        pass


class ClientResponse(aiohttp.ClientResponse):
    """aiohttp's response, whose `read` takes a large body from the engine in one piece."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Waits for the reply's head. If there is none, what writes the request's body is at rest by then."""
        try:
            return await super().start(connection)
        except Exception:
            if self._writer is not None:
                self._writer.cancel()
                await asyncio.sleep(0)
            raise

    async def read(self) -> bytes:
        """The whole body. ClientPayloadError when it breaks off or does not decode; SocketTimeoutError."""
        protocol = self._connection and self._connection.protocol
        if self._body is None and isinstance(protocol, EngineProtocol):
            protocol.read_whole(self.content)
        return await super().read()


class ClientSession(_Quiet, aiohttp.ClientSession):
    """aiohttp's session over martlet's engine; same arguments, same methods.

    A `TCPConnector` given as `connector` keeps its limits and becomes one that asks the engine. Every other
    connector, and a `request_class` that is not derived from this module's, goes aiohttp's own way; so do
    WebSockets.
    """

    def __init__(
        self,
        base_url: Any = None,
        *,
        request_class: type[aiohttp.ClientRequest] = ClientRequest,
        response_class: type[aiohttp.ClientResponse] = ClientResponse,
        **settings: Any,
    ) -> None:
        super().__init__(base_url, request_class=request_class, response_class=response_class, **settings)
        if self._connector is not None:
            adopt(self._connector)
