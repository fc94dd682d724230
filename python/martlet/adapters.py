"""Adapters: what a session sends through, chosen by the URL's prefix.

`BaseAdapter` is the whole contract of a transport of one's own. `HTTPAdapter` is the engine behind that
contract: one exchange per `send`, with its own pool of connections. Overriding its `send`, `add_headers` or
`build_response` works as in requests. Its other methods there stand for urllib3's connections, which the
engine does not have: a subclass that overrides one of those is refused when it sends, rather than not heard.
"""

from __future__ import annotations

from . import _martlet, roads
from .exceptions import InvalidSchema, RequestException
from .exchange import Wait, run
from .fields import to_native_string
from .lazy import lazy
from .response import Response
from .structures import CaseInsensitiveDict
from .timeouts import resolve_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from urllib3 import Retry

    from ._types import Cert, Proxies, TimeoutTypes, Verify
    from .exchange import Steps
    from .models import PreparedRequest

DEFAULT_POOLBLOCK = False
DEFAULT_POOLSIZE = 10
DEFAULT_RETRIES = 0
DEFAULT_POOL_TIMEOUT = None

# Methods of requests' HTTPAdapter that stand for urllib3's connections.
_ABOUT_CONNECTIONS = (
    "build_connection_pool_key_attributes",
    "cert_verify",
    "get_connection",
    "get_connection_with_tls_context",
    "proxy_manager_for",
)
# Methods that tell what the engine does; it does not ask them.
_TELLING = ("proxy_headers", "request_url")


def SOCKSProxyManager(*args: Any, **kwargs: Any) -> None:
    """As requests defines it where SOCKS is not supported: InvalidSchema."""
    raise InvalidSchema("Missing dependencies for SOCKS support.")


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


class HTTPAdapter(BaseAdapter):
    """The engine as an adapter.

    pool_connections: to how many hosts idle connections are kept.
    pool_maxsize: how many of them to each; with `pool_block` also how many may be open at once.
    max_retries: how often to try again, a number (connecting only) or a `urllib3.Retry`.
    """

    __attrs__: ClassVar[list[str]] = [
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
        adapter._client = client
        return adapter

    @lazy
    def max_retries(self) -> Retry:
        """How often to try again."""
        from urllib3 import Retry

        return Retry(0, read=False)

    @lazy
    def _client(self) -> _martlet.Client:
        return _martlet.Client(self._pool_connections, self._pool_maxsize, self._pool_block)

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__attrs__ if name in self.__dict__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.proxy_manager = {}
        self.config = {}
        self.__dict__.update(state)
        self.init_poolmanager(self._pool_connections, self._pool_maxsize, block=self._pool_block)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **pool_kwargs: Any
    ) -> None:
        """Sets the size of the pool. Called when made and when unpickled."""
        if pool_kwargs:
            raise TypeError(
                f"martlet's HTTPAdapter cannot take urllib3's {', '.join(pool_kwargs)}; "
                "use verify=, cert=, proxies= and martlet.Timeout"
            )
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block

    def close(self) -> None:
        """Closes the idle connections. The adapter can still be used."""
        self._client.close()

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

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The headers for a proxy alone: Proxy-Authorization, if its URL has a user."""
        from .auth import _basic_auth_str
        from .urls import get_auth_from_url

        username, password = get_auth_from_url(proxy)
        return {"Proxy-Authorization": _basic_auth_str(username, password)} if username else {}

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
        self._check_overridden()
        times = resolve_timeout(timeout)
        proxy = _proxy_for(request, proxies)
        over_tls = (request.url or "").lower().startswith("https")
        _check_files(verify if over_tls else None, cert)
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
            operation = self._client.send(request, stream=True, **settings)
            response: Response = yield Wait(operation)
        except RequestException as error:
            if getattr(error, "phase", None) not in (
                "receive body",
                "decode",
            ):  # whose errors have no request in requests
                error.request = error.request or request
            raise
        return response

    def _check_overridden(self) -> None:
        cls = type(self)
        names = [name for name in _ABOUT_CONNECTIONS if hasattr(cls, name)]
        names += [name for name in _TELLING if getattr(cls, name) is not _TOLD[name]]
        if names:
            raise TypeError(
                f"{cls.__name__} overrides {', '.join(names)}, which martlet's engine does not call; "
                "use verify=, cert= and proxies=, or override send"
            )


def _proxy_for(request: PreparedRequest, proxies: Proxies) -> dict[str, str] | None:
    """The one proxy to go through, by requests' rules, as the engine takes it; None to go straight."""
    if not proxies:
        return None
    from .environment import select_proxy

    proxy = select_proxy(request.url or "", proxies)
    return {"all": proxy} if proxy else None


def _check_files(verify: Verify, cert: Cert) -> None:
    """Raises OSError, in requests' words, for a file that is not there: before anything is sent. A client's
    certificate is looked for whether it will be asked for or not, as in requests.
    """
    from os import PathLike
    from os.path import exists

    certificate, key = (cert, None) if not cert or isinstance(cert, str | PathLike) else (cert[0], cert[1])
    for what, path in (
        ("a suitable TLS CA certificate bundle", None if isinstance(verify, bool) else verify),
        ("the TLS certificate file", certificate),
        ("the TLS key file", key),
    ):
        if path and not exists(path):
            raise OSError(f"Could not find {what}, invalid path: {path}")


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


_TOLD = {name: getattr(HTTPAdapter, name) for name in _TELLING}

ORIGINALS = roads.adapter_points(HTTPAdapter)
