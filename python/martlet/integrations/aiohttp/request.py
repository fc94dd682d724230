"""How a request that aiohttp has made is handed over to the engine.

URL, headers and their order are as aiohttp made them: the engine adds nothing. A body in memory goes along
with its head; every other one is written by aiohttp's own payload, in a task, while the engine sends.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import aiohttp
from aiohttp import hdrs, payload

from martlet.engine import Fields

from .connector import Connector, PlacedRequest
from .errors import Asked
from .protocol import EngineProtocol
from .upload import BodyWriter, Pipe

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from multidict import CIMultiDict


class _Sent(NamedTuple):
    """A request as the engine reads it."""

    method: str
    url: str
    headers: Fields
    body: Any


class ClientRequest(PlacedRequest):
    """aiohttp's request, which at a place of the engine is sent by that."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Begins to send; the response is still without a head."""
        protocol = conn.protocol
        if not isinstance(protocol, EngineProtocol):
            return await super().send(conn)
        connector = conn._connector
        assert isinstance(connector, Connector)
        self._complete_headers(connector.force_close)
        chunked = "chunked" in self.headers.get(hdrs.TRANSFER_ENCODING, "").lower()
        # Who tracks an upload is told when the engine has taken it, not when it was handed over.
        in_memory = isinstance(self._body, payload.BytesPayload) and self._upload_tracker is None
        whole = not chunked and (in_memory or self._body is None)
        pipe = Pipe(self.loop, joined=not chunked)
        writer = BodyWriter(
            protocol,
            pipe,
            whole=whole,
            on_chunk_sent=self._hook(self._on_chunk_request_sent),
            on_headers_sent=self._hook(self._on_headers_request_sent),
        )
        if self.compress:
            writer.enable_compression(str(self.compress))
        await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
        settings = {"verify": connector.verify(self), "proxies": self._proxies()}
        asked = Asked(self.connection_key, self.request_info)
        task: asyncio.Task[None] | None = None
        if whole:
            if self._body is not None:
                await self.write_bytes(writer, conn, self._get_content_length())
            elif self._upload_tracker is not None:
                self._upload_tracker._attempt_finished(self._upload_gen)
            if protocol.exception() is None:
                protocol.begin(asked, self._sent(pipe.take_all() or None), None, settings)
        else:
            protocol.begin(asked, self._sent(pipe), pipe, settings)
            task = self.loop.create_task(self.write_bytes(writer, conn, self._get_content_length()))
            self._writer = task
        return self._response(task, writer)

    def _complete_headers(self, force_close: bool) -> None:
        skipped = self._skip_auto_headers or ()
        if self.method in self.POST_METHODS and hdrs.CONTENT_TYPE not in skipped:
            self.headers.setdefault(hdrs.CONTENT_TYPE, "application/octet-stream")
        if force_close:
            self.headers.setdefault(hdrs.CONNECTION, "close")

    def _hook(self, told: Any) -> Any:
        """`told` for a writer, if there is any trace to tell."""
        return partial(told, self.method, self.url) if self._traces else None

    def _sent(self, body: Any) -> _Sent:
        host = self.url.host_port_subcomponent
        url = f"{self.url.scheme}://{host}{self.url.raw_path_qs}"
        return _Sent(self.method, url, _fields(self.headers), body)

    def _proxies(self) -> dict[str, str] | None:
        """The proxy, with credentials where the engine itself has to show them: for a tunnel."""
        proxy = self.proxy
        if proxy is None:
            return None
        user, password = proxy.user, proxy.password
        if self.proxy_auth is not None:
            user, password = self.proxy_auth.login, self.proxy_auth.password
        shown = ""
        if self.is_ssl() and user is not None:
            shown = f"{quote(user, safe='')}:{quote(password or '', safe='')}@"
        return {"all": f"{proxy.scheme}://{shown}{proxy.host_port_subcomponent}"}

    def _response(self, task: asyncio.Task[None] | None, writer: BodyWriter) -> aiohttp.ClientResponse:
        assert self.response_class is not None
        self.response = self.response_class(
            self.method,
            self.original_url,
            writer=task,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=self._traces,
            loop=self.loop,
            session=self._session,
            stream_writer=writer,
        )
        return self.response


def _fields(headers: CIMultiDict[str]) -> Fields:
    # UTF-8, as aiohttp writes them; a value's leading white space says nothing, and the engine refuses it.
    return Fields((name.encode(), value.lstrip(" \t").encode()) for name, value in headers.items())
