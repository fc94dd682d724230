"""`Session`: settings kept from call to call, a pool of connections, a cookie jar. Blocking; aio.py has its
twin.

A call first tries the quick road: `Client.begin` looks at the session's `__dict__` and the call's arguments,
and if all is plain runs the whole exchange in the engine. Else it goes the compatible road (exchange.py),
through the methods of requests in requests' order: `prepare_request`, `merge_environment_settings`, `send`,
`get_adapter`, `adapter.send`, hooks, cookies, `resolve_redirects`.

`cookies` and `adapters` are not there before somebody looks: until then the engine's jar and pool are all
there is.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Mapping

from . import _martlet, roads
from .bodies import to_key_val_list
from .environment import (
    DEFAULT_PORTS,
    ca_bundle,
    get_environ_proxies,
    get_netrc_auth,
    load_what_the_engine_asks_for,
)
from .exceptions import InvalidSchema
from .exchange import request_steps, run, send_steps
from .fields import default_headers
from .hooks import default_hooks
from .lazy import lazy
from .models import DEFAULT_REDIRECT_LIMIT, REDIRECT_STATI, PreparedRequest, Request
from .redirects import SessionRedirectMixin
from .structures import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

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
    from .adapters import BaseAdapter
    from .aio import AsyncSession
    from .response import Response

__all__ = [
    "DEFAULT_PORTS",
    "DEFAULT_REDIRECT_LIMIT",
    "REDIRECT_STATI",
    "AsyncSession",
    "Session",
    "SessionRedirectMixin",
    "merge_hooks",
    "merge_setting",
    "session",
]


def merge_setting(request_setting: Any, session_setting: Any, dict_class: Any = OrderedDict) -> Any:
    """The setting to go by: the request's; two mappings merged, and what is None in the result left out."""
    if session_setting is None:
        return request_setting
    if request_setting is None:
        return session_setting
    if not (isinstance(session_setting, Mapping) and isinstance(request_setting, Mapping)):
        return request_setting
    merged = dict_class(to_key_val_list(session_setting))
    merged.update(to_key_val_list(request_setting))
    for key in [key for key, value in merged.items() if value is None]:
        del merged[key]
    return merged


def merge_hooks(request_hooks: Any, session_hooks: Any, dict_class: Any = OrderedDict) -> Any:
    """The hooks to go by: the request's if it has any, else the session's."""
    if session_hooks is None or session_hooks.get("response") == []:
        return request_hooks
    if request_hooks is None or request_hooks.get("response") == []:
        return session_hooks
    return merge_setting(request_hooks, session_hooks, dict_class)


class BaseSession(SessionRedirectMixin):
    """What Session and AsyncSession have in common: settings, adapters, cookies, and how a request is
    prepared.
    """

    __slots__ = ("_martlet_client", "_martlet_used")

    if TYPE_CHECKING:
        _martlet_client: _martlet.Client
        __attrs__: ClassVar[list[str]]

    _martlet_used: bool

    __attrs__ = [  # noqa: RUF012
        "headers",
        "cookies",
        "auth",
        "proxies",
        "hooks",
        "params",
        "verify",
        "cert",
        "adapters",
        "stream",
        "trust_env",
        "max_redirects",
    ]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        session = super().__new__(cls)
        session._martlet_client = _martlet.Client()
        session._martlet_used = False
        return session

    def __init__(self) -> None:
        self.headers: CaseInsensitiveDict[Any] = default_headers()
        self.auth: Auth = None
        self.proxies: dict[str, str] = {}
        self.hooks: dict[str, Any] = default_hooks()
        self.params: Any = {}
        self.stream = False
        self.verify: Verify = True
        self.cert: Cert = None
        self.max_redirects = DEFAULT_REDIRECT_LIMIT
        self.trust_env = True

    @lazy
    def cookies(self) -> Any:
        """The cookie jar. Any `http.cookiejar.CookieJar` may be set in its place."""
        from .cookies import session_jar

        return session_jar(self._martlet_client.cookies_export())

    @lazy
    def adapters(self) -> OrderedDict[str, BaseAdapter]:
        """The adapters by prefix, the longest prefix first."""
        return self._unseen_adapters

    @lazy
    def _unseen_adapters(self) -> OrderedDict[str, BaseAdapter]:
        """What `adapters` will be when somebody asks. Until then nobody can have changed them, and the quick
        road need not look.
        """
        from .adapters import HTTPAdapter

        prefixes = ("https://", "http://")
        over = HTTPAdapter._over
        return OrderedDict((prefix, over(self._martlet_client)) for prefix in prefixes)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """The bytes of `request`, with this session's settings merged in."""
        auth = request.auth
        if self.trust_env and not auth and not self.auth:
            auth = get_netrc_auth(request.url)
        prepared = PreparedRequest()
        prepared.prepare(
            method=request.method.upper(),  # type: ignore[union-attr]
            url=request.url,
            files=request.files,
            data=request.data,
            json=request.json,
            headers=merge_setting(request.headers, self.headers, dict_class=CaseInsensitiveDict),
            params=merge_setting(request.params, self.params),
            auth=merge_setting(auth, self.auth),
            cookies=self._merged_cookies(request.cookies),
            hooks=merge_hooks(request.hooks, self.hooks),
        )
        return prepared

    def _merged_cookies(self, given: Cookies) -> Any:
        """A jar with the session's cookies and over them those given; None, and no jar made, if there are
        none.
        """
        own = "cookies" in self.__dict__ or self._martlet_client.cookies_export()
        if not own and not given:
            return None
        from http.cookiejar import CookieJar

        from .cookie_fields import SessionCookiePolicy
        from .cookies import RequestsCookieJar, cookiejar_from_dict, merge_cookies

        # Asking the jar for its policy would be taken for changing it.
        is_ours = isinstance(getattr(self.cookies, "_policy", None), SessionCookiePolicy)
        policy = SessionCookiePolicy() if is_ours else None
        merged = merge_cookies(RequestsCookieJar(policy=policy), self.cookies)
        jar = given if isinstance(given, CookieJar) else cookiejar_from_dict(given or {})
        return merge_cookies(merged, jar)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> dict[str, Any]:
        """The settings of a call filled up, first from the environment, then from this session."""
        if self.trust_env:
            no_proxy = proxies.get("no_proxy") if proxies is not None else None
            found = get_environ_proxies(url, no_proxy=no_proxy)
            if proxies is not None:
                for scheme, proxy in found.items():
                    proxies.setdefault(scheme, proxy)
            if verify is True or verify is None:
                verify = ca_bundle() or verify
        return {
            "proxies": merge_setting(proxies, self.proxies),
            "stream": merge_setting(stream, self.stream),
            "verify": merge_setting(verify, self.verify),
            "cert": merge_setting(cert, self.cert),
        }

    def get_adapter(self, url: str) -> BaseAdapter:
        """The adapter for `url`: that of the longest prefix, in any case. InvalidSchema if there is none."""
        return _adapter_for(url, self.adapters)

    def _adapter_to_send(self, url: str) -> BaseAdapter:
        """What `get_adapter` gives; ours is not asked, so that a call on the compatible road leaves the
        session's next ones the quick one.
        """
        cls, own = type(self), self.__dict__
        if "adapters" in own or "get_adapter" in own or (cls.get_adapter, cls.adapters) != _OURS:
            return self.get_adapter(url=url)
        return _adapter_for(url, self._unseen_adapters)

    def mount(self, prefix: str, adapter: BaseAdapter) -> None:
        """Has `adapter` send what goes to URLs with that prefix."""
        self.adapters[prefix] = adapter
        for shorter in [key for key in self.adapters if len(key) < len(prefix)]:
            self.adapters[shorter] = self.adapters.pop(shorter)  # it may be any kind of dict

    def close(self) -> None:
        """Closes the idle connections. The session can still be used."""
        own = self.__dict__
        for adapter in own.get("adapters", own.get("_unseen_adapters", {})).values():
            adapter.close()
        self._martlet_client.close()
        self._martlet_used = False

    def _prepared_for_send(self, request: PreparedRequest | Request) -> PreparedRequest:
        if isinstance(request, Request):
            raise ValueError("You can only send PreparedRequests.")
        return request

    def __getstate__(self) -> dict[str, Any]:
        if self._martlet_client.cookies_export():
            _ = self.cookies
        late = ("cookies", "adapters")
        return {
            name: getattr(self, name, None)
            for name in self.__attrs__
            if name not in late or name in self.__dict__
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __del__(self) -> None:
        # At exit, as for files, nobody is left to do anything about it.
        client = getattr(self, "_martlet_client", None)
        if getattr(client, "used", False) and not sys.is_finalizing():
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)


_OURS = (BaseSession.get_adapter, BaseSession.adapters)


def _adapter_for(url: str, adapters: Mapping[str, BaseAdapter]) -> BaseAdapter:
    for prefix, adapter in adapters.items():
        if url.lower().startswith(prefix.lower()):
            return adapter
    raise InvalidSchema(f"No connection adapters were found for {url!r}")


class Session(BaseSession):
    """Settings, cookies and connections kept from call to call.

    >>> with Session() as s:  # doctest: +SKIP
    ...     s.get("https://example.org/")
    <Response [200]>
    """

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
    ) -> Response:
        """Sends a request and returns the response to it, after redirects.

        params, data, json, files: what to send, in the URL or in the body; see `Request`.
        timeout: seconds to connect and between two pieces of the reply; or `(connect, read)`, or a
            `martlet.Timeout`. None waits for ever.
        stream: True leaves the body to be read later.
        verify: False checks no certificate; a path names trusted ones. cert: a certificate of one's own.

        Raises RequestException of the kind that fits.
        """
        if not self._martlet_used:
            load_what_the_engine_asks_for()
            self._martlet_used = True
        if roads.is_untouched(type(self), OWN_SESSION):
            operation = self._martlet_client.begin(
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
            )
            if operation is not None:
                return operation.wait()
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
        return run(request_steps(self, request, settings))

    def get(self, url: Any, params: Params = None, **kwargs: Unpack[GetKwargs]) -> Response:
        """Sends a GET request."""
        operation = self._martlet_client.begin_direct(self, roads.seen, "GET", url, params, kwargs)
        if operation is not None:
            return operation.wait()
        kwargs.setdefault("allow_redirects", True)
        return self.request("GET", url, params=params, **kwargs)

    def options(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
        """Sends an OPTIONS request."""
        kwargs.setdefault("allow_redirects", True)
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
        """Sends a HEAD request. Redirects are not followed by default."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    def post(self, url: Any, data: Data = None, json: Any = None, **kwargs: Unpack[PostKwargs]) -> Response:
        """Sends a POST request."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
        """Sends a PUT request."""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
        """Sends a PATCH request."""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
        """Sends a DELETE request."""
        return self.request("DELETE", url, **kwargs)

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Sends a prepared request as it is; nothing of this session's headers, params, auth or cookies is
        added.
        """
        return run(send_steps(self, self._prepared_for_send(request), kwargs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


roads.remember(Session)
OWN_SESSION = Session
"""Whatever others put in the place of the name `Session`, as requests-cache does."""


def session() -> Session:
    """A new Session."""
    return Session()


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
