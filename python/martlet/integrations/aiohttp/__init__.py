"""martlet under aiohttp: aiohttp's `ClientSession`, whose requests go through the engine.

    from martlet.integrations.aiohttp import ClientSession

    async with ClientSession() as session, session.get("https://example.org/") as r:
        print(r.status, await r.text())

All that is above the wire stays aiohttp's own code: arguments, headers, payloads, cookies, redirects,
middlewares, traces, exceptions. What a connection does is done by the engine instead: connecting, TLS,
sending, and reading and decoding the reply, none of it in the event loop.

| file | decides |
|---|---|
| `session` | which classes a session is made of |
| `connector` | what goes through the engine, and how many at once; the rest goes aiohttp's own way |
| `request` | how a request that aiohttp has made is handed over |
| `upload` | how the pieces of a body get there |
| `protocol` | how the reply gets back: when the engine is asked for more, where a body ends |
| `head` | what aiohttp is told of the reply's head |
| `errors` | which of aiohttp's exceptions an error is |
"""

from .connector import Connector
from .request import ClientRequest
from .session import ClientResponse, ClientSession

__all__ = ["ClientRequest", "ClientResponse", "ClientSession", "Connector"]
