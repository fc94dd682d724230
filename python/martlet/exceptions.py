"""The exceptions of `requests`, to the letter: names, bases and keyword arguments.

    OSError
    └── RequestException
        ├── InvalidJSONError ── JSONDecodeError (also json.JSONDecodeError)
        ├── HTTPError
        ├── ConnectionError ── ProxyError, SSLError, ConnectTimeout, WriteTimeout (both also Timeout)
        ├── Timeout ── ConnectTimeout, ReadTimeout, WriteTimeout
        ├── URLRequired, TooManyRedirects, RetryError, UnrewindableBodyError, ChunkedEncodingError
        ├── MissingSchema, InvalidSchema, InvalidHeader, InvalidURL ── InvalidProxyURL   (also ValueError)
        ├── ContentDecodingError (also urllib3.exceptions.HTTPError)
        └── StreamConsumedError (also TypeError)

Two classes have a base that is dear to import, `json` and `urllib3`. They are made on first access, so that
importing martlet loads neither; `except` clauses and `isinstance` see no difference.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from json import JSONDecodeError as CompatJSONDecodeError
    from typing import Any

    from urllib3.exceptions import HTTPError as BaseHTTPError

    from .models import PreparedRequest, Request
    from .response import Response


_ARGS: Any = BaseException.__dict__["args"]


class RequestException(IOError):
    """Something went wrong with a request. `request` and `response` say with which, as far as known."""

    if TYPE_CHECKING:
        response: Response | None
        request: Request | PreparedRequest | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.response = kwargs.pop("response", None)
        self.request = kwargs.pop("request", None)
        if self.response is not None and not self.request:
            self.request = getattr(self.response, "request", None)
        super().__init__(*args, **kwargs)

    @property
    def args(self) -> tuple[Any, ...]:
        """As of every exception. For an error of the engine's the first is an exception of urllib3, as in
        requests, made when asked for.
        """
        given: tuple[Any, ...] = _ARGS.__get__(self)
        if "kind" not in self.__dict__ or len(given) != 1 or not isinstance(given[0], str):
            return given
        from .urllib3_errors import shown_first

        return (shown_first(self) or given[0],)

    @args.setter
    def args(self, given: tuple[Any, ...]) -> None:
        _ARGS.__set__(self, given)


class InvalidJSONError(RequestException):
    """The value cannot be sent, or the body cannot be read, as JSON."""


class HTTPError(RequestException):
    """The answer's status is 4xx or 5xx; raised by `Response.raise_for_status`."""


class ConnectionError(RequestException):  # noqa: A001 (the name is requests')
    """No connection could be made, or it broke."""


class ProxyError(ConnectionError):
    """The proxy could not be reached or refused."""


class SSLError(ConnectionError):
    """TLS failed."""


class Timeout(RequestException):
    """A time ran out. Catches both `ConnectTimeout` and `ReadTimeout`.

    `requests.Timeout` is this exception, and `martlet.Timeout(connect=3, total=30)` is how times are set: one
    name for both. Called with nothing but times it gives a `martlet.timeouts.Timeout`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Timeout and _only_times(args, kwargs):
            from .timeouts import Timeout as Times

            return Times(*args, **kwargs)
        return super().__new__(cls, *args)


class ConnectTimeout(ConnectionError, Timeout):
    """The connection did not stand in time. Safe to retry."""


class ReadTimeout(Timeout):
    """The server sent nothing for the time allowed."""


class WriteTimeout(ConnectionError, Timeout):
    """The server took nothing of the request for the time allowed."""


class URLRequired(RequestException):
    """A valid URL is needed to make a request."""


class TooManyRedirects(RequestException):
    """More redirects than `Session.max_redirects`; `response` is the last one, with its history."""


class MissingSchema(RequestException, ValueError):
    """The URL has no scheme (`http` or `https`)."""


class InvalidSchema(RequestException, ValueError):
    """No adapter is mounted for the URL's scheme."""


class InvalidURL(RequestException, ValueError):
    """The URL cannot be used."""


class InvalidHeader(RequestException, ValueError):
    """A header's name or value cannot go on the wire."""


class InvalidProxyURL(InvalidURL):
    """The URL of the proxy cannot be used."""


class ChunkedEncodingError(RequestException):
    """The body broke off, or its chunks are not well-formed."""


class StreamConsumedError(RequestException, TypeError):
    """The body was already read as a stream."""


class RetryError(RequestException):
    """All retries were used up."""


class UnrewindableBodyError(RequestException):
    """The request's body has to be sent again and cannot be put back to its start."""


class RequestsWarning(Warning):
    """Base of this package's warnings."""


class FileModeWarning(RequestsWarning, DeprecationWarning):
    """A file was opened in text mode where its size in bytes is needed."""


class RequestsDependencyWarning(RequestsWarning):
    """A dependency has a version that is not known to work."""


def _only_times(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if kwargs.keys() - {"connect", "read", "write", "pool", "total"}:
        return False
    given = [time for time in args if time is not None]
    return bool(kwargs) or (bool(given) and all(isinstance(time, int | float) for time in given))


def _json_decode_error() -> type[RequestException]:
    from json import JSONDecodeError as Base

    class JSONDecodeError(InvalidJSONError, Base):
        """The body is not JSON. `msg`, `doc` and `pos` as in `json.JSONDecodeError`."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            Base.__init__(self, *args)
            # The message json made of msg, doc and pos is what OSError shall show.
            InvalidJSONError.__init__(self, *self.args, **kwargs)

        def __reduce__(self) -> Any:
            return Base.__reduce__(self)

    return JSONDecodeError


def _content_decoding_error() -> type[RequestException]:
    from urllib3.exceptions import HTTPError as Base

    class ContentDecodingError(RequestException, Base):
        """The body does not decode as its `Content-Encoding` says."""

    return ContentDecodingError


def _base_http_error() -> type[Exception]:
    from urllib3.exceptions import HTTPError as Base

    return Base


def _compat_json_decode_error() -> type[Exception]:
    from json import JSONDecodeError as Base

    return Base


if TYPE_CHECKING:

    class JSONDecodeError(InvalidJSONError, CompatJSONDecodeError):
        """The body is not JSON."""

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    class ContentDecodingError(RequestException, BaseHTTPError):
        """The body does not decode as its `Content-Encoding` says."""


_LATE: dict[str, Callable[[], type[Exception]]] = {
    "JSONDecodeError": _json_decode_error,
    "ContentDecodingError": _content_decoding_error,
    "BaseHTTPError": _base_http_error,
    "CompatJSONDecodeError": _compat_json_decode_error,
}


def __getattr__(name: str) -> Any:
    make = _LATE.get(name)
    if make is None:
        from martlet.reexports import find

        return find(__name__, name)
    made: type[Exception] = make()
    if made.__module__ == __name__:
        made.__qualname__ = name  # so that it pickles by name
    # Two threads may make it at once: the first one stored is the one everybody gets.
    kept: type[Exception] = globals().setdefault(name, made)
    return kept


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
