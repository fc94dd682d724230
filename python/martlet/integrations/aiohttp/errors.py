"""Which of aiohttp's exceptions an error of the engine is: one table of (kind, phase).

What the caller's own code raised while it supplied a body is raised as it is. No exception of requests comes
through, not even as a cause.
"""

from __future__ import annotations

import socket
import ssl
from http.client import responses
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp.http_exceptions import BadHttpMessage

from martlet.exceptions import InvalidHeader, InvalidURL, RequestException

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.client_reqrep import ConnectionKey

    Maker = Callable[["_Failed"], BaseException]


class Asked(NamedTuple):
    """What an exception tells of the request. Not the request itself: that would keep its response alive."""

    key: ConnectionKey
    info: aiohttp.RequestInfo


class _Failed:
    """An error of the engine, and the request that it happened to."""

    def __init__(self, error: Any, asked: Asked) -> None:
        self.key, self.info = asked
        self.message = str(error)
        self.os_errno: int | None = getattr(error, "os_errno", None)
        self.status: int | None = getattr(error, "status", None)
        self.certificate: bool = getattr(error, "certificate", False)

    def os_error(self) -> OSError:
        return OSError(self.os_errno, self.message)


def _not_resolved(failed: _Failed) -> BaseException:
    error = socket.gaierror(socket.EAI_NONAME, failed.message)
    return aiohttp.ClientConnectorDNSError(failed.key, error)


def _not_connected(failed: _Failed) -> BaseException:
    return aiohttp.ClientConnectorError(failed.key, failed.os_error())


def _not_trusted(failed: _Failed) -> BaseException:
    key = failed.key
    if failed.certificate:
        return aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError(1, failed.message))
    return aiohttp.ClientConnectorSSLError(key, ssl.SSLError(1, failed.message))


def _proxy_failed(failed: _Failed) -> BaseException:
    if failed.status is None:
        return aiohttp.ClientProxyConnectionError(failed.key, failed.os_error())
    return aiohttp.ClientHttpProxyError(
        failed.info, (), status=failed.status, message=responses.get(failed.status, "")
    )


def _connecting_took_too_long(failed: _Failed) -> BaseException:
    return aiohttp.ConnectionTimeoutError(f"Connection timeout to host {failed.info.url}")


def _silent(failed: _Failed) -> BaseException:
    return aiohttp.SocketTimeoutError("Timeout on reading data from socket")


def _broken(failed: _Failed) -> BaseException:
    return aiohttp.ClientOSError(failed.os_errno, failed.message)


def _gone(failed: _Failed) -> BaseException:
    return aiohttp.ServerDisconnectedError()


def _not_http(failed: _Failed) -> BaseException:
    return BadHttpMessage(failed.message)  # of which aiohttp's response makes a ClientResponseError


def _body_failed(failed: _Failed) -> BaseException:
    return aiohttp.ClientPayloadError(f"Response payload is not completed: {failed.message}")


def _unsendable(failed: _Failed) -> BaseException:
    return aiohttp.ClientConnectionError(failed.message)


# The first row that fits; None fits everything.
_TABLE: tuple[tuple[str | None, str | None, Maker], ...] = (
    ("timeout", "receive head", _silent),
    ("timeout", "receive body", _silent),
    ("timeout", "decode", _silent),
    ("timeout", None, _connecting_took_too_long),
    (None, "receive body", _body_failed),
    (None, "decode", _body_failed),
    ("resolve", None, _not_resolved),
    ("proxy", None, _proxy_failed),
    ("tls", "tls", _not_trusted),
    ("tls", "prepare", _not_trusted),
    ("connection", "connect", _not_connected),
    ("connection", "tls", _not_connected),
    ("connection", None, _broken),
    ("tls", None, _broken),
    ("disconnected", None, _gone),
    (None, "receive head", _not_http),
    (None, None, _unsendable),
)


def translated(error: BaseException, asked: Asked) -> BaseException:
    """What aiohttp would have raised instead of `error`, which a request ended with."""
    if isinstance(error, InvalidHeader):
        return ValueError(str(error))
    if isinstance(error, InvalidURL):
        return aiohttp.InvalidURL(asked.info.url, str(error))
    if not isinstance(error, RequestException):
        return error
    kind, phase = getattr(error, "kind", None), getattr(error, "phase", None)
    for of_kind, in_phase, make in _TABLE:
        if of_kind in (None, kind) and in_phase in (None, phase):
            return make(_Failed(error, asked))
    raise AssertionError("the last row fits everything")
