"""martlet beneath the real requests: `Adapter`, to be mounted on a `requests.Session`.

    session = requests.Session()
    session.mount("https://", martlet.integrations.requests.Adapter())

Everything above the adapter stays requests': sessions, cookies, redirects, hooks, exceptions, responses. What
is sent goes through the engine; `response.raw` is a `urllib3.HTTPResponse` over it.

What is about urllib3's own connections, the engine cannot do: SOCKS proxies, settings given to
`init_poolmanager`, a pool manager that was changed, an overridden method of those that make connections. Then
the adapter sends as requests' own does.
"""

from __future__ import annotations

import sys

import requests
from requests import exceptions as theirs
from requests.adapters import DEFAULT_POOLBLOCK, HTTPAdapter
from requests.utils import select_proxy
from urllib3 import Retry

from martlet.adapters import HTTPAdapter as Ours
from martlet.exceptions import RequestException
from martlet.roads import ABOUT_CONNECTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from requests import PreparedRequest, Response

__all__ = ["Adapter"]

if requests is sys.modules["martlet"]:
    raise ImportError(
        "martlet.integrations.requests is for the real requests, but after martlet.alias_requests() that "
        "name stands for martlet itself, which needs no adapter. Import it before, or undo() the alias first."
    )

_ONCE = vars(Retry(0, read=False))
"""requests' default for `max_retries`, as urllib3 knows it."""


class Adapter(HTTPAdapter):
    """The engine as an adapter of requests. Its arguments are those of `requests.adapters.HTTPAdapter`: with
    `pool_block` as many connections to a host may be open as are kept.
    """

    # As they are where a subclass makes its pool manager without asking us: urllib3 sends then.
    _beneath: Ours | None = None
    _plain_manager: tuple[Any, dict[str, Any]] = (None, {})

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **pool_kwargs: Any
    ) -> None:
        """Sets the size of the pool. Called when made and when unpickled. With `pool_kwargs`, which are
        settings of urllib3's connections, the adapter sends through that.
        """
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self._beneath = Ours(connections, maxsize, pool_block=block)
        if not pool_kwargs:
            self._plain_manager = (self.poolmanager, dict(self.poolmanager.connection_pool_kw))
        else:
            self._plain_manager = (None, {})

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """One exchange. The response's body is not read yet. Raises requests' exceptions."""
        beneath = self._beneath
        if beneath is None or not self._engine_sends(request, proxies):
            return super().send(request, stream, timeout, verify, cert, proxies)
        self.add_headers(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies)
        # It may be assigned at any time; requests' default is to try once, with requests' own errors.
        if vars(self.max_retries) == _ONCE:
            beneath.__dict__.pop("max_retries", None)
        else:
            beneath.max_retries = self.max_retries
        sent: Any = request
        try:
            reply = beneath.send(sent, stream, timeout, verify, cert, proxies)
        except RequestException as error:
            raise _translated(error, request) from error
        return self.build_response(request, reply.raw)

    def close(self) -> None:
        """Closes the idle connections."""
        if self._beneath is not None:
            self._beneath.close()
        super().close()

    def _engine_sends(self, request: PreparedRequest, proxies: Any) -> bool:
        """Whether the engine can do what is asked; if not, urllib3 does, as in requests."""
        plain, settings = self._plain_manager
        manager = self.poolmanager
        if manager is not plain or manager.connection_pool_kw != settings:
            return False
        if not all(_is_socks(each) for each in self.proxy_manager):  # somebody's own
            return False
        cls, own = type(self), self.__dict__
        for name in ABOUT_CONNECTIONS:
            if name in own or getattr(cls, name, None) is not getattr(HTTPAdapter, name, None):
                return False
        proxy = select_proxy(request.url or "", proxies) if proxies else None
        return proxy is None or not _is_socks(proxy)


def _is_socks(proxy: str) -> bool:
    return proxy.lower().startswith("socks")


def _translated(error: RequestException, request: PreparedRequest) -> Exception:
    """The exception of requests of that name, or of its nearest base that requests has."""
    for each in type(error).__mro__:
        known = getattr(theirs, each.__name__, None)
        if known is not None and issubclass(each, RequestException):
            made: Exception = known(*error.args, request=request)
            return made
    return error
