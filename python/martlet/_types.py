"""What the arguments may be, for type checkers. Nothing imports this at run time."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, MutableMapping
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from .auth import AuthBase
    from .models import PreparedRequest
    from .timeouts import Timeout

_T_co = TypeVar("_T_co", covariant=True)
_K_co = TypeVar("_K_co", covariant=True)
_V_co = TypeVar("_V_co", covariant=True)


@runtime_checkable
class SupportsRead(Protocol[_T_co]):
    """Something with a `read`."""

    def read(self, length: int = ..., /) -> _T_co: ...


@runtime_checkable
class SupportsItems(Protocol[_K_co, _V_co]):
    """Something with `items`."""

    def items(self) -> Iterable[tuple[_K_co, _V_co]]: ...


class SupportsTimes(Protocol):
    """A `urllib3.Timeout`."""

    total: Any

    @property
    def connect_timeout(self) -> Any: ...
    @property
    def read_timeout(self) -> Any: ...


class Sendable(Protocol):
    """What the engine reads of a request: a PreparedRequest has it."""

    @property
    def method(self) -> Any: ...
    @property
    def url(self) -> Any: ...
    @property
    def headers(self) -> Any: ...
    @property
    def body(self) -> Any: ...
    @property
    def _body_position(self) -> Any: ...


Text: TypeAlias = str | bytes
Scalar: TypeAlias = str | bytes | int | float
Pairs: TypeAlias = SupportsItems[Any, Any] | Iterable[tuple[Any, Any]]
Params: TypeAlias = SupportsItems[Any, Any] | Iterable[tuple[Any, Any]] | str | bytes | None
Content: TypeAlias = (
    bytes | bytearray | memoryview | str | SupportsRead[Any] | Iterable[Any] | AsyncIterable[Any]
)
Data: TypeAlias = Content | SupportsItems[Any, Any] | Iterable[tuple[Any, Any]] | None
Body: TypeAlias = Content | None
Headers: TypeAlias = Mapping[str, Any] | Mapping[bytes, Any] | None
Cookies: TypeAlias = CookieJar | Mapping[str, str] | None
Files: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]] | None
Auth: TypeAlias = "tuple[Text, Text] | AuthBase | Callable[[PreparedRequest], PreparedRequest] | None"
TimeoutTypes: TypeAlias = "float | tuple[float | None, float | None] | Timeout | SupportsTimes | None"
Proxies: TypeAlias = MutableMapping[str, str] | None
Verify: TypeAlias = bool | str | None
Cert: TypeAlias = str | tuple[str, str] | None
Hook: TypeAlias = Callable[..., Any]
Hooks: TypeAlias = Mapping[str, Iterable[Hook] | Hook]


# What was sent: method, URL, headers, and the body unless it was streamed.
Sent: TypeAlias = tuple[str, str, list[tuple[str, str]], bytes | None]
# A cookie: version, name, value, port, port_specified, domain, domain_specified, domain_initial_dot, path,
# path_specified, secure, expires, discard, comment, comment_url, rest, rfc2109; as `http.cookiejar.Cookie`
# has them.
CookieFields: TypeAlias = tuple[
    int | None,
    str,
    str | None,
    str | None,
    bool,
    str,
    bool,
    bool,
    str,
    bool,
    bool,
    int | None,
    bool,
    str | None,
    str | None,
    dict[str, str | None],
    bool,
]
# ("set", fields) or ("remove", (domain, path, name)).
CookieChange: TypeAlias = tuple[str, Any]


class CommonKwargs(TypedDict, total=False):
    """What every method takes beside the URL."""

    headers: Headers
    cookies: Cookies
    files: Files
    auth: Auth
    timeout: TimeoutTypes
    allow_redirects: bool
    proxies: Proxies
    hooks: Hooks | None
    stream: bool | None
    verify: Verify
    cert: Cert


class GetKwargs(CommonKwargs, total=False):
    """What `get` takes beside the URL and `params`."""

    data: Data
    json: Any


class PostKwargs(CommonKwargs, total=False):
    """What `post` takes beside the URL, `data` and `json`."""

    params: Params


class DataKwargs(CommonKwargs, total=False):
    """What `put` and `patch` take beside the URL and `data`."""

    params: Params
    json: Any


class RequestKwargs(CommonKwargs, total=False):
    """What `request`, `options`, `head` and `delete` take beside the URL."""

    params: Params
    data: Data
    json: Any
