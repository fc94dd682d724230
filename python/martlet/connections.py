"""What of `HTTPAdapter` is about urllib3's connections: pool managers, the pool for a request, TLS settings.

The engine has its own connections and asks none of this. But people override these methods, or give a pool
manager settings (`ssl_context`, `source_address`, `assert_fingerprint`, a manager of their own). An adapter
for which any of that is so sends through urllib3 itself, by `exchange`, exactly as requests does; on an event
loop in a helper thread.
"""

from __future__ import annotations

from . import exceptions
from .lazy import lazy
from .timeouts import resolve_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from urllib3 import BaseHTTPResponse, PoolManager
    from urllib3.connectionpool import HTTPConnectionPool

    from ._types import Cert, Proxies, TimeoutTypes, Verify
    from .models import PreparedRequest

DEFAULT_POOLBLOCK = False


class Connections:
    """The part of an adapter that makes and finds urllib3's connections."""

    if TYPE_CHECKING:
        proxy_manager: dict[str, Any]

    _pool_connections: int
    _pool_maxsize: int
    _pool_block: bool

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **pool_kwargs: Any
    ) -> None:
        """Sets the size of the pool. Called when made and when unpickled. `pool_kwargs` are settings of
        urllib3's PoolManager; with any, the adapter sends through that.
        """
        self._pool_connections = connections
        self._pool_maxsize = maxsize
        self._pool_block = block
        self.__dict__.pop("poolmanager", None)
        if pool_kwargs:
            self.poolmanager = self._make_manager(**pool_kwargs)

    def _make_manager(self, **settings: Any) -> PoolManager:
        from urllib3 import PoolManager

        return PoolManager(
            num_pools=self._pool_connections, maxsize=self._pool_maxsize, block=self._pool_block, **settings
        )

    @lazy
    def poolmanager(self) -> PoolManager:
        """A `urllib3.PoolManager`. Nothing goes through it unless one of its settings is changed, or it is
        replaced.
        """
        return self._make_manager()

    def _has_plain_manager(self) -> bool:
        """Whether nobody has changed or replaced the pool manager."""
        manager = self.__dict__.get("poolmanager")
        if manager is None:
            return True
        from urllib3 import PoolManager

        plain = {"maxsize": self._pool_maxsize, "block": self._pool_block}
        return type(manager) is PoolManager and manager.connection_pool_kw == plain

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The pool manager for connections through `proxy`, made when first asked for."""
        if proxy in self.proxy_manager:
            return self.proxy_manager[proxy]
        settings = {
            "num_pools": self._pool_connections,
            "maxsize": self._pool_maxsize,
            "block": self._pool_block,
            **proxy_kwargs,
        }
        if proxy.lower().startswith("socks"):
            from . import adapters
            from .urls import get_auth_from_url

            username, password = get_auth_from_url(proxy)
            manager = adapters.SOCKSProxyManager(proxy, username=username, password=password, **settings)
        else:
            from urllib3 import proxy_from_url

            manager = proxy_from_url(proxy, proxy_headers=self.proxy_headers(proxy), **settings)
        self.proxy_manager[proxy] = manager
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """The headers for a proxy alone: Proxy-Authorization, if its URL has a user."""
        from .auth import _basic_auth_str
        from .urls import get_auth_from_url

        username, password = get_auth_from_url(proxy)
        return {"Proxy-Authorization": _basic_auth_str(username, password)} if username else {}

    def cert_verify(self, conn: Any, url: str, verify: Verify, cert: Cert) -> None:
        """Sets on a pool of connections what `verify` and `cert` say. OSError for a file that is missing."""
        from os.path import isdir

        check_files(verify if url.lower().startswith("https") else None, cert)
        if url.lower().startswith("https") and verify:
            where: Any = verify if verify is not True else _default_bundle()
            check_files(where, None)
            conn.cert_reqs = "CERT_REQUIRED"
            conn.ca_cert_dir, conn.ca_certs = (where, None) if isdir(where) else (None, where)
        else:
            conn.cert_reqs = "CERT_NONE"
            conn.ca_certs = conn.ca_cert_dir = None
        if cert:
            conn.cert_file, conn.key_file = _pair(cert)

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Verify, cert: Cert = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What tells one pool of connections from another: scheme, host and port; and the TLS settings."""
        from os.path import isdir
        from urllib.parse import urlparse

        parts = urlparse(request.url or "")
        host_params = {"scheme": parts.scheme.lower(), "host": parts.hostname, "port": parts.port}
        tls: dict[str, Any] = {"cert_reqs": "CERT_NONE" if verify is False else "CERT_REQUIRED"}
        if isinstance(verify, str):
            tls["ca_cert_dir" if isdir(verify) else "ca_certs"] = verify
        if cert is not None:
            certificate, key = _pair(cert)
            tls["cert_file"] = certificate
            if key is not None:
                tls["key_file"] = key
        return host_params, tls

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Verify, proxies: Proxies = None, cert: Cert = None
    ) -> HTTPConnectionPool:
        """The pool of connections that `request` goes through. InvalidURL, InvalidProxyURL."""
        try:
            host_params, pool_kwargs = self.build_connection_pool_key_attributes(request, verify, cert)
        except ValueError as error:
            raise exceptions.InvalidURL(error, request=request) from error
        manager = self._manager(request.url or "", proxies)
        pool: HTTPConnectionPool = manager.connection_from_host(**host_params, pool_kwargs=pool_kwargs)
        return pool

    def get_connection(self, url: str, proxies: Proxies = None) -> HTTPConnectionPool:
        """As `get_connection_with_tls_context`, without TLS settings: deprecated in requests too."""
        import warnings

        warnings.warn(
            "get_connection is deprecated: use or override get_connection_with_tls_context",
            DeprecationWarning,
            stacklevel=2,
        )
        from urllib.parse import urlparse

        pool: HTTPConnectionPool = self._manager(url, proxies).connection_from_url(urlparse(url).geturl())
        return pool

    def _manager(self, url: str, proxies: Proxies) -> Any:
        from .environment import select_proxy

        proxy = select_proxy(url, proxies)
        if not proxy:
            return self.poolmanager
        from .urls import prepend_scheme_if_needed

        proxy = prepend_scheme_if_needed(proxy, "http")
        from urllib3.util import parse_url

        if not parse_url(proxy).host:
            raise exceptions.InvalidProxyURL(
                "Please check proxy URL. It is malformed and could be missing the host."
            )
        return self.proxy_manager_for(proxy)


def exchange(
    adapter: Any,
    request: PreparedRequest,
    stream: bool,
    timeout: TimeoutTypes,
    verify: Verify,
    cert: Cert,
    proxies: Proxies,
) -> Any:
    """One exchange over urllib3, in requests' order of the adapter's methods. Blocks."""
    from urllib3 import exceptions as theirs

    try:
        pool = adapter.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
    except theirs.LocationValueError as error:
        raise exceptions.InvalidURL(error, request=request) from error
    adapter.cert_verify(pool, request.url, verify, cert)
    url = adapter.request_url(request, proxies)
    adapter.add_headers(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
    try:
        reply: BaseHTTPResponse = pool.urlopen(
            method=request.method,
            url=url,
            body=request.body,
            headers=request.headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=adapter.max_retries,
            timeout=_times(timeout),
            chunked=not (request.body is None or "Content-Length" in request.headers),
        )
    except (theirs.HTTPError, OSError) as error:
        from .urllib3_errors import raised_for

        raise raised_for(error, request) from error
    return adapter.build_response(request, reply)


def _times(timeout: TimeoutTypes) -> Any:
    """`timeout=` as urllib3 takes it; a Timeout of its own as it is."""
    from urllib3 import Timeout

    if isinstance(timeout, Timeout):
        return timeout
    times = resolve_timeout(timeout)
    return Timeout(None) if times is None else Timeout(times.total, times.connect, times.read)


def check_files(verify: Verify, cert: Cert) -> None:
    """Raises OSError, in requests' words, for a file that is not there: before anything is sent. A client's
    certificate is looked for whether it will be asked for or not, as in requests.
    """
    from os.path import exists

    certificate, key = _pair(cert) if cert else (None, None)
    for what, path in (
        ("a suitable TLS CA certificate bundle", None if isinstance(verify, bool) else verify),
        ("the TLS certificate file", certificate),
        ("the TLS key file", key),
    ):
        if path and not exists(path):
            raise OSError(f"Could not find {what}, invalid path: {path}")


def _pair(cert: Any) -> tuple[Any, Any]:
    """Certificate and key; None for the key if it is in the same file."""
    from os import PathLike

    return (cert, None) if isinstance(cert, str | PathLike) else (cert[0], cert[1])


def _default_bundle() -> str:
    from . import utils

    return utils.extract_zipped_paths(utils.DEFAULT_CA_BUNDLE_PATH)
