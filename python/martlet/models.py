"""`Request`, what the caller asks for, and `PreparedRequest`, the exact bytes of it.

Preparing goes in the order method, URL, headers, cookies, body, auth, hooks: auth late, so that it sees the
final body; hooks last, so that auth may add some. Each step is a method that a subclass may override. The
rules of URLs are the engine's; those of bodies are in bodies.py.
"""

from __future__ import annotations

from . import _martlet
from .bodies import Written, encode_files, encode_params, super_len
from .exceptions import InvalidJSONError
from .fields import check_header_validity, to_native_string
from .hooks import default_hooks
from .lazy import lazy
from .response import CONTENT_CHUNK_SIZE, ITER_CHUNK_SIZE, REDIRECT_STATI, Response
from .structures import CaseInsensitiveDict
from .urls import idna_host, path_and_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.cookiejar import CookieJar
    from typing import Any

    from ._types import Auth, Body, Cookies, Data, Files, Headers, Hook, Hooks, Params, Sent, Text

__all__ = [
    "CONTENT_CHUNK_SIZE",
    "DEFAULT_REDIRECT_LIMIT",
    "ITER_CHUNK_SIZE",
    "REDIRECT_STATI",
    "PreparedRequest",
    "Request",
    "RequestEncodingMixin",
    "RequestHooksMixin",
    "Response",
]

DEFAULT_REDIRECT_LIMIT = 30


class RequestEncodingMixin:
    """How a request's URL and data are put into bytes."""

    url: str | None

    @property
    def path_url(self) -> str:
        """What stands in the request line: path and query of the URL."""
        return path_and_query(self.url or "")

    @staticmethod
    def _encode_params(data: Any) -> Any:
        return encode_params(data)

    @staticmethod
    def _encode_files(files: Any, data: Any) -> tuple[bytes, str]:
        return encode_files(files, data)


class RequestHooksMixin:
    """The hooks of a request, and how they are added and removed."""

    if TYPE_CHECKING:
        hooks: dict[str, list[Hook]]

    def register_hook(self, event: str, hook: Any) -> None:
        """Adds a hook, or each of several. ValueError for an event other than `response`."""
        if event not in self.hooks:
            raise ValueError(f'Unsupported event specified, with event name "{event}"')
        if callable(hook):
            self.hooks[event].append(hook)
        elif hasattr(hook, "__iter__"):
            self.hooks[event].extend(one for one in hook if callable(one))

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Removes a hook; whether it was there."""
        try:
            self.hooks[event].remove(hook)
        except ValueError:
            return False
        return True


class Request(RequestHooksMixin):
    """What to send, as the caller says it. `prepare()` or `Session.prepare_request` make the bytes of it.

    >>> Request("GET", "https://example.org/a", params={"b": 1}).prepare().url
    'https://example.org/a?b=1'
    """

    def __init__(
        self,
        method: Text | None = None,
        url: Any = None,
        headers: Headers = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Auth = None,
        cookies: Cookies = None,
        hooks: Hooks | None = None,
        json: Any = None,
    ) -> None:
        self.hooks = default_hooks()
        for event, hook in (hooks or {}).items():
            self.register_hook(event=event, hook=hook)
        self.method = method
        self.url = url
        self.headers: Any = {} if headers is None else headers
        self.files: Any = [] if files is None else files
        self.data: Any = [] if data is None else data
        self.json = json
        self.params: Any = {} if params is None else params
        self.auth = auth
        self.cookies = cookies

    def __repr__(self) -> str:
        return f"<Request [{self.method!s}]>"

    def prepare(self) -> PreparedRequest:
        """The bytes of this request, without anything of a session."""
        prepared = PreparedRequest()
        prepared.prepare(
            method=self.method,
            url=self.url,
            headers=self.headers,
            files=self.files,
            data=self.data,
            json=self.json,
            params=self.params,
            auth=self.auth,
            cookies=self.cookies,
            hooks=self.hooks,
        )
        return prepared


class PreparedRequest(RequestEncodingMixin, RequestHooksMixin):
    """The bytes to be sent: `method`, `url`, `headers` and `body`, each of which may still be changed."""

    method: str | None
    if TYPE_CHECKING:
        headers: CaseInsensitiveDict[Any]
        body: Body

    _body_position: int | object | None

    def __init__(self) -> None:
        self.method = None
        self.url = None
        self.headers = None  # type: ignore[assignment]
        self._cookies = None
        self.body = None
        self.hooks = default_hooks()
        # Where a file stood when prepared; an object() if it cannot tell; None if there is nothing to put
        # back.
        self._body_position = None

    @lazy
    def _cookies(self) -> CookieJar | Any:
        """The jar the Cookie header came from. Made when looked at, if the request was given no cookies."""
        from .cookies import RequestsCookieJar

        return RequestsCookieJar()

    @classmethod
    def _sent(cls, sent: Sent) -> PreparedRequest:
        """The request that the engine sent."""
        request = cls()
        request.method, request.url, headers, request.body = sent
        request.headers = CaseInsensitiveDict(headers)
        del request._cookies
        return request

    def prepare(
        self,
        method: Text | None = None,
        url: Any = None,
        headers: Headers = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Auth = None,
        cookies: Cookies = None,
        hooks: Hooks | None = None,
        json: Any = None,
    ) -> None:
        """Prepares everything, in this module's order."""
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies)
        self.prepare_body(data, files, json)
        self.prepare_auth(auth, url)
        self.prepare_hooks(hooks)

    def __repr__(self) -> str:
        return f"<PreparedRequest [{self.method}]>"

    def copy(self) -> PreparedRequest:
        """The same request: its own headers and cookies, the same body and hooks."""
        made = PreparedRequest()
        made.method = self.method
        made.url = self.url
        headers: CaseInsensitiveDict[Any] | None = self.headers  # None before it is prepared
        made.headers = headers and headers.copy()  # type: ignore[assignment]
        made.body = self.body
        made.hooks = self.hooks
        made._body_position = self._body_position
        if "_cookies" not in self.__dict__:
            del made._cookies
        elif self._cookies is not None:
            from .cookies import copy_cookie_jar

            made._cookies = copy_cookie_jar(self._cookies)
        return made

    def prepare_method(self, method: Text | None) -> None:
        """The method in upper case; None stays None."""
        self.method = None if method is None else to_native_string(method.upper())

    def prepare_url(self, url: Any, params: Params) -> None:
        """The URL, parsed and quoted, with the params added. A URL of another scheme than http is left alone.

        Raises MissingSchema, InvalidURL.
        """
        url = url.decode() if isinstance(url, bytes) else str(url)
        url = url.lstrip()
        if ":" in url and not url.lower().startswith("http"):
            self.url = url
            return
        if isinstance(params, str | bytes):
            params = to_native_string(params)
        encoded = self._encode_params(params) if params is not None else ""
        if encoded and not isinstance(encoded, str) and _has_query(url):
            encoded = str(encoded)  # a number, say: behind a query, and only there, requests writes it
        self.url = _martlet.prepare_url(url, encoded or "")

    @staticmethod
    def _get_idna_encoded_host(host: str) -> str:
        return idna_host(host)

    def prepare_headers(self, headers: Headers) -> None:
        """The headers, each checked. Raises InvalidHeader."""
        self.headers = CaseInsensitiveDict()
        for header in (headers or {}).items():
            check_header_validity(header)
            self.headers[to_native_string(header[0])] = header[1]

    def prepare_body(self, data: Data | Written, files: Files, json: Any = None) -> None:
        """The body, its Content-Length or Transfer-Encoding, and its Content-Type where none is given."""
        if _is_stream(data):
            self._prepare_stream(data, files)
            return
        body: Any = None
        content_type = None
        if isinstance(data, Written):
            body, content_type = data.body, data.content_type
        elif files:
            body, content_type = self._encode_files(files, data)
        elif data:
            body = self._encode_params(data)
            if not isinstance(data, str | bytes) and not hasattr(data, "read"):
                content_type = "application/x-www-form-urlencoded"
        elif json is not None:
            body, content_type = self._encode_json(json), "application/json"
        self.prepare_content_length(body)
        if content_type and "content-type" not in self.headers:
            self.headers["Content-Type"] = content_type
        self.body = body

    def _encode_json(self, json: Any) -> bytes:
        from json import dumps

        try:
            return dumps(json, allow_nan=False).encode()
        except ValueError as error:
            raise InvalidJSONError(error, request=self) from error

    def _prepare_stream(self, data: Any, files: Files) -> None:
        from io import UnsupportedOperation

        try:
            length = super_len(data)
        except (TypeError, AttributeError, UnsupportedOperation):
            length = 0
        self.body = data
        if getattr(data, "tell", None) is not None:
            try:
                self._body_position = data.tell()
            except OSError:
                self._body_position = object()
        if files:
            raise NotImplementedError("Streamed bodies and files are mutually exclusive.")
        if length:
            self.headers["Content-Length"] = str(length)
        else:
            # The two together could be read in two ways (RFC 9112 section 6.2).
            self.headers.pop("Content-Length", None)
            self.headers["Transfer-Encoding"] = "chunked"

    def prepare_content_length(self, body: Body) -> None:
        """Content-Length of `body`: 0 without one, but for GET and HEAD, which then send none."""
        if body is not None:
            length = super_len(body)
            if length:
                self.headers["Content-Length"] = str(length)
        elif self.method not in ("GET", "HEAD") and self.headers.get("Content-Length") is None:
            self.headers["Content-Length"] = "0"

    def prepare_auth(self, auth: Auth, url: Any = "") -> None:
        """Has `auth` change this request; without one, user and password of the URL count as Basic."""
        if auth is None and "@" in (self.url or ""):
            from .urls import get_auth_from_url

            found = get_auth_from_url(self.url or "")
            auth = found if any(found) else None
        if not auth:
            return
        handler: Any = auth
        if isinstance(auth, tuple):
            pair: tuple[Any, ...] = auth  # pyright: ignore[reportUnknownVariableType]
            if len(pair) == 2:
                from .auth import HTTPBasicAuth

                handler = HTTPBasicAuth(*pair)
        changed: PreparedRequest = handler(self)
        self.__dict__.update(changed.__dict__)
        self.prepare_content_length(self.body)

    def prepare_cookies(self, cookies: Cookies) -> None:
        """The Cookie header, by the policy of the jar.

        A Cookie header that is there already is kept instead.
        """
        if cookies is None or (isinstance(cookies, dict) and not cookies):
            self.__dict__.pop("_cookies", None)
            return
        from http.cookiejar import CookieJar

        from .cookies import cookiejar_from_dict, get_cookie_header

        self._cookies = cookies if isinstance(cookies, CookieJar) else cookiejar_from_dict(cookies)
        header = get_cookie_header(self._cookies, self)
        if header is not None:
            self.headers["Cookie"] = header

    def prepare_hooks(self, hooks: Hooks | None) -> None:
        """Adds the hooks."""
        for event in hooks or ():
            self.register_hook(event, hooks[event])  # type: ignore[index]


def _has_query(url: str) -> bool:
    return bool(url.partition("#")[0].partition("?")[2])


def _is_stream(data: Any) -> bool:
    """Whether `data` is sent piece by piece: files, and iterables, also async ones, that are no form."""
    if isinstance(data, str | bytes | list | tuple | dict):
        return False
    if hasattr(data, "__aiter__"):
        return True
    from collections.abc import Mapping

    return hasattr(data, "__iter__") and not isinstance(data, Mapping)


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
