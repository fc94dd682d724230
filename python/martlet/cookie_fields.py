"""What a session's own jar and the engine's have in common: the fields of a cookie, and the public suffixes.

Cookies cross as tuples, so that neither side needs the other's class.
"""

from __future__ import annotations

from http import cookiejar as cookielib
from urllib.parse import urlsplit

from . import _martlet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from ._types import CookieFields

# The order in which a cookie's fields cross to the engine and back, `rest` being a dict.
_FIELDS = (
    "version",
    "name",
    "value",
    "port",
    "port_specified",
    "domain",
    "domain_specified",
    "domain_initial_dot",
    "path",
    "path_specified",
    "secure",
    "expires",
    "discard",
    "comment",
    "comment_url",
)


class Cookie(cookielib.Cookie):
    """A cookie that notes its changes, which the jar it is in cannot see."""

    changes: ClassVar[int] = 0
    """How often cookies of this class were changed: any of them, each is changed seldom."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        Cookie.changes += 1


def noted(cookie: cookielib.Cookie) -> cookielib.Cookie:
    """The same cookie, whose changes are noted from now on, unless its class is somebody's own."""
    if type(cookie) is cookielib.Cookie:
        cookie.__class__ = Cookie
    return cookie


COOKIE_SIZE = 4096
"""Bytes of name and value that a server may set."""


class SessionCookiePolicy(cookielib.DefaultCookiePolicy):
    """The policy of a session's own jar: the standard library's, and what browsers refuse besides."""

    def set_ok(self, cookie: cookielib.Cookie, request: Any) -> bool:
        """Whether `cookie` may be set by the answer to `request`."""
        size = len(cookie.name) + len(cookie.value or "")
        return size <= COOKIE_SIZE and cookie.version in (0, 1) and super().set_ok(cookie, request)

    def return_ok_domain(self, cookie: cookielib.Cookie, request: Any) -> bool:
        """Whether `cookie` may be sent to the host of `request`: without a domain of its own only to the host
        that set it.
        """
        host_only = cookie.domain and not cookie.domain_specified
        if host_only and cookie.domain != cookielib.eff_request_host(request)[1]:  # type: ignore[attr-defined]
            return False
        return super().return_ok_domain(cookie, request)

    def set_ok_domain(self, cookie: cookielib.Cookie, request: Any) -> bool:
        """Whether `cookie` may be set for its domain by the answer to `request`."""
        domain = cookie.domain.lstrip(".")
        host = urlsplit(request.get_full_url()).hostname or ""
        if cookie.domain_specified and not cookielib.is_HDN(host) and domain != host:  # type: ignore[attr-defined]
            return False  # the tail of an IP address is nobody's domain
        if cookie.domain_specified and _martlet.is_public_suffix(domain):
            # A site that is a suffix itself, say github.io, may set cookies for its own host.
            url: str = request.get_full_url()
            return urlsplit(url).hostname == domain
        return super().set_ok_domain(cookie, request)


def fields_of(cookie: cookielib.Cookie) -> CookieFields:
    known: Any = tuple(getattr(cookie, field) for field in _FIELDS)
    rest: Any = cookie.__dict__["_rest"]  # http.cookiejar has no public name for it
    fields: CookieFields = (*known, dict(rest), cookie.rfc2109)
    return fields


def cookie_of(fields: CookieFields) -> cookielib.Cookie:
    *known, rest, rfc2109 = fields
    named: Any = dict(zip(_FIELDS, known, strict=True), rest=rest, rfc2109=rfc2109)
    return noted(cookielib.Cookie(**named))
