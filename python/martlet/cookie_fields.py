"""What a session's own jar and the engine's have in common: the fields of a cookie, and the public suffixes.

Cookies cross as tuples, so that neither side needs the other's class.
"""

from __future__ import annotations

from http import cookiejar as cookielib
from urllib.parse import urlsplit

from . import _martlet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from typing import Any

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


class SessionCookiePolicy(cookielib.DefaultCookiePolicy):
    """The policy of a session's own jar: the standard library's, but no cookie for a public suffix."""

    def set_ok_domain(self, cookie: Cookie, request: Any) -> bool:
        """Whether `cookie` may be set for its domain by the answer to `request`."""
        domain = cookie.domain.lstrip(".")
        if cookie.domain_specified and _martlet.is_public_suffix(domain):
            # A site that is a suffix itself, say github.io, may set cookies for its own host.
            url: str = request.get_full_url()
            return urlsplit(url).hostname == domain
        return super().set_ok_domain(cookie, request)


def fields_of(cookie: Cookie) -> CookieFields:
    known: Any = tuple(getattr(cookie, field) for field in _FIELDS)
    rest: Any = cookie.__dict__["_rest"]  # http.cookiejar has no public name for it
    fields: CookieFields = (*known, dict(rest))
    return fields


def cookie_of(fields: CookieFields) -> Cookie:
    *known, rest = fields
    return cookielib.Cookie(**dict(zip(_FIELDS, known, strict=True)), rest=rest)  # type: ignore[arg-type]
