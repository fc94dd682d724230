"""Adapters: what a session sends through, chosen by the URL's prefix.

`BaseAdapter` is the whole contract of a transport of one's own. `HTTPAdapter` is the engine behind that
contract: one exchange per `send`, with its own pool of connections. Overriding its `send`, `add_headers` or
`build_response` works as in requests; what is about urllib3's connections is in connections.py.
"""

from __future__ import annotations

from . import _martlet, roads
from .connections import DEFAULT_POOLBLOCK, Connections, check_files, exchange
from .exceptions import InvalidProxyURL, InvalidSchema, RequestException
from .exchange import Block, Wait, run
from .fields import to_native_string
from .lazy import lazy
from .response import Response
from .roads import ABOUT_CONNECTIONS
from .structures import CaseInsensitiveDict
from .timeouts import resolve_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from urllib3 import Retry

    from ._types import Cert, Proxies, TimeoutTypes, Verify
    from .exchange import Steps
    from .models import PreparedRequest

DEFAULT_POOLSIZE = 10
DEFAULT_RETRIES = 0
DEFAULT_POOL_TIMEOUT = None


def SOCKSProxyManager(*args: Any, **kwargs: Any) -> Any:
    """urllib3's, which needs PySocks; InvalidSchema, as in requests, if that is not there."""
    import warnings

    from urllib3.exceptions import DependencyWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DependencyWarning)  # the exception says it
            from urllib3.contrib.socks import SOCKSProxyManager as found
    except ImportError:
        raise InvalidSchema("Missing dependencies for SOCKS support.") from None
    return found(*args, **kwargs)


class BaseAdapter:
    """A transport. Derive from it and `Session.mount` it for a prefix of URLs."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutTypes = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> Response:
        """Sends the request and returns the response to it; redirects are not its business."""
        raise NotImplementedError

    def close(self) -> None:
        """Gives up what it holds."""
        raise NotImplementedError


class HTTPAdapter(Connections, BaseAdapter):
    """The engine as an adapter.

    pool_connections: to how many hosts idle connections are kept.
    pool_maxsize: how many of them to each; with `pool_block` also how many may be open at once.
    max_retries: how often to try again, a number (connecting only) or a `urllib3.Retry`.
    """

    if TYPE_CHECKING:
        __attrs__: ClassVar[list[str]]

    __attrs__ = [  # noqa: RUF012
        "max_retries",
        "config",
        "_pool_connections",
        "_pool_maxsize",
        "_pool_block",
    ]

    _pool_connections: int
    _pool_maxsize: int
    _pool_block: bool

    def __init__(
        self,
        pool_connections: int = DEFAULT_POOLSIZE,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: int | Retry = DEFAULT_RETRIES,
        pool_block: bool = DEFAULT_POOLBLOCK,
    ) -> None:
        if max_retries != DEFAULT_RETRIES:
            from urllib3 import Retry

            self.max_retries = Retry.from_int(max_retries)
        self.config: dict[str, Any] = {}
        self.proxy_manager: dict[str, Any] = {}
        self._pool_connections = pool_connections
        self._pool_maxsize = pool_maxsize
        self._pool_block = pool_block
        self.init_poolmanager(pool_connections, pool_maxsize, block=pool_block)

    @classmethod
    def _over(cls, client: _martlet.Client) -> HTTPAdapter:
        """An adapter with the default settings over a pool that is there already."""
        adapter = cls.__new__(cls)
        adapter.__setstate__(
            {"_pool_connections": DEFAULT_POOLSIZE, "_pool_maxsize": DEFAULT_POOLSIZE, "_pool_block": False}
        )
        adapter._martlet_client = client
        return adapter

    @lazy
    def max_retries(self) -> Retry:
        """How often to try again."""
        from urllib3 import Retry

        return Retry(0, read=False)

    @lazy
    def _martlet_client(self) -> _martlet.Client:
        return _martlet.Client(self._pool_connections, self._pool_maxsize, self._pool_block)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__attrs__ if name in self.__dict__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.proxy_manager = {}
        self.config = {}
        self.__dict__.update(state)
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, block=self._pool_block)

    def close(self) -> None:
        """Closes the idle connections. The adapter can still be used."""
        self._martlet_client.close()
        for manager in (self.__dict__.get("poolmanager"), *self.proxy_manager.values()):
            if manager is not None:
                manager.clear()

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """A Response from a `urllib3.HTTPResponse`, or anything with its attributes."""
        from .charsets import get_encoding_from_headers
        from .cookies import extract_cookies_to_jar

        response = Response()
        response.status_code = getattr(resp, "status", None)  # type: ignore[assignment]
        response.headers = CaseInsensitiveDict(getattr(resp, "headers", {}))
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = resp
        response.reason = resp.reason
        response.url = to_native_string(req.url or "", "utf-8")
        extract_cookies_to_jar(response.cookies, req, resp)
        response.request = req
        response.connection = self
        return response

    def add_headers(self, request: PreparedRequest, **kwargs: Any) -> None:
        """Adds headers to a request about to be sent. Does nothing; to be overridden."""

    def request_url(self, request: PreparedRequest, proxies: Proxies) -> str:
        """What stands in the request line: the whole URL for http through a proxy, else its path."""
        from .environment import select_proxy
        from .urls import urldefragauth

        url = request.url or ""
        proxy = select_proxy(url, proxies)
        is_socks = (proxy or "").lower().startswith("socks")
        if proxy and not is_socks and not url.lower().startswith("https"):
            return urldefragauth(url)
        return request.path_url

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutTypes = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> Response:
        """One exchange. The response's body is not read yet."""
        if hasattr(request.body, "__aiter__") and not hasattr(request.body, "__iter__"):
            raise TypeError("a body that is an async iterable can be sent by an AsyncSession only")
        return run(self._send_steps(request, stream, timeout, verify, cert, proxies))

    def _send_steps(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutTypes = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies = None,
    ) -> Steps[Response]:
        proxy = _proxy_for(request, proxies)
        if not self._engine_sends(proxy):
            through: Response = yield Block(
                lambda: exchange(self, request, stream, timeout, verify, cert, proxies)
            )
            return through
        times = resolve_timeout(timeout)
        over_tls = (request.url or "").lower().startswith("https")
        check_files(verify if over_tls else None, cert)
        if over_tls and verify is False:
            _warn_unverified(request)
        self.add_headers(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        settings = {"timeout": times, "verify": verify, "cert": cert, "proxies": proxy}
        if "max_retries" in self.__dict__:
            from .retries import retrying

            response = yield from retrying(self.max_retries, request, lambda: self._once(request, settings))
        else:
            response = yield from self._once(request, settings)
        if type(self).build_response is not HTTPAdapter.build_response:
            return self.build_response(request, response.raw)
        response.request = request
        response.connection = self
        response._next = None  # that is for the session to say, if it does not go there itself
        return response

    # How an AsyncSession sends without blocking.
    send.steps = _send_steps  # type: ignore[attr-defined]

    def _once(self, request: PreparedRequest, settings: dict[str, Any]) -> Steps[Response]:
        try:
            operation = self._martlet_client.send(request, stream=True, **settings)
            response: Response = yield Wait(operation)
        except RequestException as error:
            in_the_body = getattr(error, "phase", None) in ("receive body", "decode")
            if not in_the_body and not isinstance(
                error, InvalidProxyURL
            ):  # which have no request in requests
                error.request = error.request or request
            raise
        return response

    def _engine_sends(self, proxy: dict[str, str] | None) -> bool:
        """Whether the engine sends; if not, urllib3 does, which has what was overridden or set here."""
        cls, own = type(self), self.__dict__
        untouched = all(getattr(cls, name) is _OF_CONNECTIONS[name] for name in ABOUT_CONNECTIONS)
        by_socks = proxy is not None and proxy["all"].lower().startswith("socks")
        return (
            untouched
            and not by_socks
            and not self.proxy_manager
            and not any(name in own for name in ABOUT_CONNECTIONS)
            and self._has_plain_manager()
            and roads.sockets_are_pythons()
        )


def _proxy_for(request: PreparedRequest, proxies: Proxies) -> dict[str, str] | None:
    """The one proxy to go through, by requests' rules, as the engine takes it; None to go straight."""
    if not proxies:
        return None
    from .environment import select_proxy

    proxy = select_proxy(request.url or "", proxies)
    return {"all": proxy} if proxy else None


def _warn_unverified(request: PreparedRequest) -> None:
    """Warns, as urllib3 does and with its warning, which programs know how to silence."""
    import warnings
    from urllib.parse import urlsplit

    from urllib3.exceptions import InsecureRequestWarning

    warnings.warn(
        f"Unverified HTTPS request is being made to host '{urlsplit(request.url or '').hostname}'. "
        "Give verify= the path of the certificates to trust instead of False.",
        InsecureRequestWarning,
        stacklevel=2,
    )


_OF_CONNECTIONS = {name: getattr(HTTPAdapter, name) for name in ABOUT_CONNECTIONS}

ORIGINALS = roads.adapter_points(HTTPAdapter)


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
