"""Everything that is awaited: `AsyncSession`, and `get`, `post` and so on for a single request.

`AsyncSession.get(url)` is a plain function that returns something to await, so that awaiting costs no
coroutine of ours: the engine's operation on the quick road, a coroutine on the compatible one. Python is told
that these are coroutine functions, by the mark `inspect` has for that.

One session works under any number of event loops, asyncio's or trio's, one after another or at once.
"""

from __future__ import annotations

import inspect
import sys

from . import roads
from ._martlet import BodyBuild
from .environment import load_what_the_engine_asks_for
from .exchange import aemitting, arun, request_steps, send_steps
from .models import Request
from .redirects import redirect_steps
from .sessions import BaseSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from typing import Any, TypeVar

    from typing_extensions import Self, Unpack

    from ._types import (
        Auth,
        Cert,
        Cookies,
        Data,
        DataKwargs,
        Files,
        GetKwargs,
        Headers,
        Hooks,
        Params,
        PostKwargs,
        Proxies,
        RequestKwargs,
        Text,
        TimeoutTypes,
        Verify,
    )
    from .models import PreparedRequest
    from .response import Response

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["AsyncSession", "delete", "get", "head", "options", "patch", "post", "put", "request"]


def _awaited(function: F) -> F:
    """Marks a function that returns an awaitable as a coroutine function, where Python has such a mark."""
    if sys.version_info >= (3, 12):
        return inspect.markcoroutinefunction(function)
    # Before 3.12 only asyncio has one; who has not loaded it cannot ask for it.
    coroutines: Any = sys.modules.get("asyncio.coroutines")
    mark = getattr(coroutines, "_is_coroutine", None)
    if mark is not None:
        function._is_coroutine = mark  # type: ignore[attr-defined]
    return function


class AsyncSession(BaseSession):
    """`Session` for coroutines: the same methods with the same arguments, awaited.

    Hooks may be coroutine functions. A mounted adapter that only has a blocking `send` runs in a helper
    thread.

    >>> async with AsyncSession() as s:  # doctest: +SKIP
    ...     r = await s.get("https://example.org/")
    """

    @_awaited
    def request(
        self,
        method: Text,
        url: Any,
        params: Params = None,
        data: Data = None,
        headers: Headers = None,
        cookies: Cookies = None,
        files: Files = None,
        auth: Auth = None,
        timeout: TimeoutTypes = None,
        allow_redirects: bool = True,
        proxies: Proxies = None,
        hooks: Hooks | None = None,
        stream: bool | None = None,
        verify: Verify = None,
        cert: Cert = None,
        json: Any = None,
    ) -> Awaitable[Response]:
        """Sends a request; awaited, it gives the response to it. See `Session.request`.

        A large document or form is read in slices, between which the loop has its turn. If it is changed
        meanwhile, what is sent has parts of both versions; a dict that changes its size is a RuntimeError.
        """
        if not self._martlet_used:
            load_what_the_engine_asks_for()
            self._martlet_used = True
        build: Any = None
        if roads.is_untouched(type(self), OWN_SESSION):
            build = self._martlet_client.begin(
                self.__dict__,
                method,
                url,
                params,
                data,
                headers,
                cookies,
                files,
                auth,
                timeout,
                allow_redirects,
                proxies,
                hooks,
                stream,
                verify,
                cert,
                json,
                True,
            )
            if build is not None and type(build) is not BodyBuild:
                operation: Awaitable[Response] = build
                return operation
        method = method.upper()
        request = Request(method, url, headers, files, data or {}, params or {}, auth, cookies, hooks, json)
        settings = {
            "timeout": timeout,
            "allow_redirects": allow_redirects,
            "proxies": proxies,
            "stream": stream,
            "verify": verify,
            "cert": cert,
        }
        if build is None:
            return arun(request_steps(self, request, settings))
        return _send_built(self, build, request, settings)

    @_awaited
    def get(self, url: Any, params: Params = None, **kwargs: Unpack[GetKwargs]) -> Awaitable[Response]:
        """Sends a GET request."""
        operation = self._martlet_client.begin_direct(self, roads.seen, "GET", url, params, kwargs)
        if operation is not None:
            return operation
        kwargs.setdefault("allow_redirects", True)
        return self.request("GET", url, params=params, **kwargs)

    @_awaited
    def options(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Awaitable[Response]:
        """Sends an OPTIONS request."""
        kwargs.setdefault("allow_redirects", True)
        return self.request("OPTIONS", url, **kwargs)

    @_awaited
    def head(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Awaitable[Response]:
        """Sends a HEAD request. Redirects are not followed by default."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    @_awaited
    def post(
        self, url: Any, data: Data = None, json: Any = None, **kwargs: Unpack[PostKwargs]
    ) -> Awaitable[Response]:
        """Sends a POST request. `request` says what becomes of a large body that is changed meanwhile."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    @_awaited
    def put(self, url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Awaitable[Response]:
        """Sends a PUT request."""
        return self.request("PUT", url, data=data, **kwargs)

    @_awaited
    def patch(self, url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Awaitable[Response]:
        """Sends a PATCH request."""
        return self.request("PATCH", url, data=data, **kwargs)

    @_awaited
    def delete(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Awaitable[Response]:
        """Sends a DELETE request."""
        return self.request("DELETE", url, **kwargs)

    @_awaited
    def send(self, request: PreparedRequest, **kwargs: Any) -> Awaitable[Response]:
        """Sends a prepared request as it is; see `Session.send`."""
        if any(self._prepared_for_send(request).hooks.values()):
            from .twin import blocking_twin, has_blocking_auth

            if has_blocking_auth(request):
                from .offload import offload

                return offload(lambda: blocking_twin(self, OWN_SESSION).send(request, **kwargs))
        return arun(send_steps(self, request, kwargs))

    def resolve_redirects(  # type: ignore[override]
        self,
        resp: Response,
        req: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutTypes = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: dict[str, str] | None = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> AsyncIterator[Any]:
        """The responses that `resp` leads to, one after another; with `yield_requests` the requests, not
        sent.
        """
        settings = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert, **adapter_kwargs}
        return aemitting(redirect_steps(self, resp, req, settings, proxies, yield_requests))

    async def aclose(self) -> None:
        """`close`; it does not wait for anything."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        self.close()


async def _send_built(
    session: AsyncSession, build: BodyBuild, request: Request, settings: dict[str, Any]
) -> Response:
    """The response to a request whose body was not written in one slice."""
    from .building import complete

    plain = await complete(build)
    begin: Any = session._martlet_client.begin
    operation = begin(*build.arguments, build) if plain else None
    if operation is None:
        operation = arun(request_steps(session, request, settings, plain))
    response: Response = await operation
    return response


roads.remember(AsyncSession)
OWN_SESSION = AsyncSession


async def request(method: Text, url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a single request and closes its connection afterwards. See `AsyncSession.request`."""
    async with AsyncSession() as session:
        return await session.request(method, url, **kwargs)


async def get(url: Any, params: Params = None, **kwargs: Unpack[GetKwargs]) -> Response:
    """Sends a GET request."""
    return await request("GET", url, params=params, **kwargs)


async def options(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends an OPTIONS request."""
    return await request("OPTIONS", url, **kwargs)


async def head(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a HEAD request. Redirects are not followed by default."""
    kwargs.setdefault("allow_redirects", False)
    return await request("HEAD", url, **kwargs)


async def post(url: Any, data: Data = None, json: Any = None, **kwargs: Unpack[PostKwargs]) -> Response:
    """Sends a POST request."""
    return await request("POST", url, data=data, json=json, **kwargs)


async def put(url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
    """Sends a PUT request."""
    return await request("PUT", url, data=data, **kwargs)


async def patch(url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
    """Sends a PATCH request."""
    return await request("PATCH", url, data=data, **kwargs)


async def delete(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a DELETE request."""
    return await request("DELETE", url, **kwargs)
