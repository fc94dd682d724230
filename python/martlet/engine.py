"""The engine as other HTTP clients use it: single exchanges, exact to the byte, over pooled connections.

What is above one exchange (redirects, cookies, credentials, default headers, content codings) is the business
of the client on top. This is what `martlet.integrations` is made of, and all that it needs:

    engine = Engine(max_open=100)
    reply = run(engine.exchange(Outgoing("GET", "http://127.0.0.1/", "/", [])))
    body = reply.read(None, False).wait()

`exchange` gives steps, which `martlet.exchange.run` runs and `martlet.exchange.arun` awaits.
"""

from __future__ import annotations

from ._martlet import Client
from .exchange import Wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._martlet import Raw
    from ._types import Cert, Verify
    from .exchange import Steps
    from .timeouts import Timeout

__all__ = ["Engine", "Fields", "Outgoing"]


class Fields(list[tuple[bytes, bytes]]):
    """Header fields in their order and case; a name may come several times."""

    __slots__ = ()

    def items(self) -> list[tuple[bytes, bytes]]:
        """The fields: the engine asks for them as it asks a dict."""
        return self


class Outgoing:
    """One request as it is to go out.

    url: where to, percent-encoded; its user and fragment stay here.
    target: the request target, as it stands in the request line.
    fields: the header fields. Beside them only a `Host` that is missing is added, and what says how long the
    body is, if there is one.
    body: None, bytes, an iterable of bytes (read in a helper thread where an event loop waits) or an async
    iterable of bytes (asked in the loop).
    server_name: the name to ask for and to check in TLS, if it is not the URL's host.
    """

    __slots__ = ("_body_position", "body", "headers", "method", "server_name", "target", "url")

    def __init__(
        self,
        method: str,
        url: str,
        target: str,
        fields: list[tuple[bytes, bytes]],
        body: Any = None,
        server_name: str | None = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = Fields(fields)
        self.body = body
        self.target = target
        self.server_name = server_name
        self._body_position = None  # where a file stood: there are none here


class Engine:
    """A pool of connections, and exchanges through it. Cheap to make; may be shared by threads and loops.

    max_open: how many connections may be open in all, None for any number; a request beyond that waits.
    max_idle: how many idle ones are kept, in all and to one host.
    idle_expiry: how many seconds an idle one is kept.
    local_address: the address of this machine to connect from.
    Where None is given the engine's own default holds. ValueError for a time or an address that is none.
    """

    def __init__(
        self,
        *,
        max_open: int | None = None,
        max_idle: int | None = None,
        idle_expiry: float | None = None,
        local_address: str | None = None,
    ) -> None:
        self._client = Client(
            max_open=max_open, max_idle=max_idle, idle_expiry=idle_expiry, local_address=local_address
        )

    def exchange(
        self,
        outgoing: Outgoing,
        *,
        timeout: Timeout | None = None,
        verify: Verify = None,
        cert: Cert = None,
        proxy: str | None = None,
    ) -> Steps[Raw]:
        """Sends a request and gives the reply, its body still to be read.

        Closing the reply, or dropping it, before its body was read to the end closes the connection. Raises
        the exceptions of requests; those of the engine have a `kind`, such as "timeout", and a `phase`, such
        as "connect". What the body's iterable raises comes out as it is.
        """
        response = yield Wait(
            self._client.send(
                outgoing,
                timeout=timeout,
                verify=verify,
                cert=cert,
                proxies={"all": proxy} if proxy else None,
                stream=True,
                target=outgoing.target,
                server_name=outgoing.server_name,
            )
        )
        reply: Raw = response._engine
        return reply

    def close(self) -> None:
        """Closes the connections that nobody uses, the others when they are done. Can be used again."""
        self._client.close()

    def __repr__(self) -> str:
        return f"<Engine {self._client!r}>"
