"""urllib3's exceptions and those of requests, both ways.

| of urllib3 | while sending | within the body |
|---|---|---|
| `MaxRetryError`, `NewConnectionError`, `ProtocolError`, `ClosedPoolError` | `ConnectionError` | - |
| `ConnectTimeoutError` | `ConnectTimeout` | - |
| `ReadTimeoutError` | `ReadTimeout` | `ConnectionError` |
| `ResponseError` | `RetryError` | - |
| `ProxyError`, `SSLError`, `InvalidHeader` | those of the same name | `SSLError` |
| `ProtocolError` | `ConnectionError` | `ChunkedEncodingError` |
| `DecodeError` | - | `ContentDecodingError` |

requests' exceptions hold the one of urllib3 in `args[0]`, and programs look at it (`e.args[0].reason`). The
engine raises none of urllib3's: what it raises makes one when it is asked for.
"""

from __future__ import annotations

from urllib3 import exceptions as theirs
from urllib3.connectionpool import connection_from_url

from . import exceptions
from .urls import path_and_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .models import PreparedRequest

# Phases in which nothing of the request was sent: trying again cannot do it twice.
_BEFORE_SENDING = ("pool", "resolve", "connect", "proxy", "tls")


def raised_for(error: Any, request: PreparedRequest) -> Exception:
    """What requests raises when sending failed with this error of urllib3, holding it; the error itself if
    requests lets it pass.
    """
    cause: Any = error.reason if isinstance(error, theirs.MaxRetryError) else error
    table: tuple[tuple[Any, type[exceptions.RequestException]], ...] = (
        (theirs.NewConnectionError, exceptions.ConnectionError),
        (theirs.ConnectTimeoutError, exceptions.ConnectTimeout),
        (theirs.ResponseError, exceptions.RetryError),
        (theirs.ProxyError, exceptions.ProxyError),
        (theirs.SSLError, exceptions.SSLError),
    )
    for kind, ours in table:
        if isinstance(cause, kind):
            made: Exception = ours(error, request=request)
            return made
    if isinstance(error, theirs.MaxRetryError | theirs.ProtocolError | theirs.ClosedPoolError | OSError):
        return exceptions.ConnectionError(error, request=request)
    if isinstance(error, theirs.ReadTimeoutError):
        timed_out: Exception = exceptions.ReadTimeout(error, request=request)
        return timed_out
    if isinstance(error, theirs.InvalidHeader):
        return exceptions.InvalidHeader(error, request=request)
    raised: Exception = error
    return raised


def raised_for_body(error: Exception) -> Exception | None:
    """What requests raises when reading a body failed with this error; None if it lets it pass."""
    for kind, ours in (
        (theirs.ProtocolError, "ChunkedEncodingError"),
        (theirs.DecodeError, "ContentDecodingError"),
        (theirs.ReadTimeoutError, "ConnectionError"),
        (theirs.SSLError, "SSLError"),
    ):
        if isinstance(error, kind):
            made: Exception = getattr(exceptions, ours)(error)
            return made
    return None


def beneath(error: exceptions.RequestException, url: str) -> Exception | None:
    """The error of urllib3 that would have led to this one of the engine's; None if it is none of the
    network.
    """
    message = BaseException.__str__(error)
    kind, phase = getattr(error, "kind", ""), getattr(error, "phase", "")
    pool: Any = _pool(url)
    if isinstance(error, exceptions.ProxyError):
        return theirs.ProxyError(message, theirs.NewConnectionError(pool, message))
    if isinstance(error, exceptions.SSLError):
        return theirs.SSLError(message)
    if isinstance(error, exceptions.ContentDecodingError):
        return theirs.DecodeError(message)
    if isinstance(error, exceptions.ConnectTimeout):
        return theirs.ConnectTimeoutError(pool, message)
    if kind == "timeout" or isinstance(error, exceptions.ReadTimeout):
        return theirs.ReadTimeoutError(pool, url, message)
    if isinstance(error, exceptions.ChunkedEncodingError):
        return theirs.ProtocolError(message, OSError(message))
    if isinstance(error, exceptions.ConnectionError):
        if phase == "resolve":
            return theirs.NameResolutionError(getattr(pool, "host", ""), pool, OSError(message))  # type: ignore[arg-type]
        if phase in _BEFORE_SENDING:
            return theirs.NewConnectionError(pool, message)
        return theirs.ProtocolError(message, OSError(message))
    return None


def _pool(url: str) -> Any:
    """A pool for the URL, as urllib3's errors name one; it connects nowhere. None if no host is known."""
    try:
        return connection_from_url(url)
    except theirs.LocationValueError:
        return None


def shown_first(error: exceptions.RequestException) -> Exception | None:
    """What `args[0]` of this error of the engine's is; its text is that of the error. None: the text."""
    url = getattr(error.request, "url", None) or ""
    cause = beneath(error, url)
    if cause is None:
        return None
    phase = getattr(error, "phase", "")
    if phase in _BEFORE_SENDING:
        cause = theirs.MaxRetryError(_pool(url), path_and_query(url), cause)
    cause.args = (BaseException.__str__(error),)
    return cause
