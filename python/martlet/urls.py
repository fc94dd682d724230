"""URLs: the userinfo in them, their fragment, and how they are quoted."""

from __future__ import annotations

from . import _martlet

UNRESERVED_SET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def requote_uri(uri: str) -> str:
    """`uri` quoted once and only once: unreserved characters bare, illegal ones and stray `%` quoted."""
    return _martlet.requote_uri(uri)


def unquote_unreserved(uri: str) -> str:
    """`uri` with the escapes of unreserved characters undone (RFC 3986 section 2.3).

    InvalidURL for a bad escape.
    """
    from .exceptions import InvalidURL

    first, *rest = uri.split("%")
    parts = [first]
    for part in rest:
        escape = part[:2]
        character = ""
        if len(escape) == 2 and escape.isalnum():
            try:
                character = chr(int(escape, 16))
            except ValueError:
                raise InvalidURL(f"Invalid percent-escape sequence: '{escape}'") from None
        parts.append(character + part[2:] if character in UNRESERVED_SET else "%" + part)
    return "".join(parts)


def path_and_query(url: str) -> str:
    """What stands in the request line for `url` (RFC 9112 section 3.2.1): "/" for an empty path."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def idna_label(label: str) -> str:
    """A label outside ASCII of an http URL's host as it goes on the wire: by IDNA 2008 as it is, and nothing
    mapped to something similar. UnicodeError if it cannot.
    """
    import idna

    encoded: bytes = idna.encode(label, strict=True, std3_rules=True)  # its errors are UnicodeErrors
    return encoded.decode()


def idna_host(host: str) -> str:
    """The same for the host of any other URL, which is mapped first (UTS 46)."""
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise UnicodeError(str(error)) from error


def get_auth_from_url(url: str) -> tuple[str, str]:
    """User and password in `url`, unquoted; two empty strings unless both are there."""
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(url)
        if parts.username is None or parts.password is None:
            return ("", "")
        return (unquote(parts.username), unquote(parts.password))
    except (AttributeError, TypeError):
        return ("", "")


def urldefragauth(url: str) -> str:
    """`url` without its fragment and userinfo."""
    from urllib.parse import urlparse, urlunparse

    scheme, netloc, path, params, query, _ = urlparse(url)
    if not netloc:  # a host without a scheme parses as a path
        netloc, path = path, netloc
    return urlunparse((scheme, netloc.rsplit("@", 1)[-1], path, params, query, ""))


def without_userinfo(url: str | None) -> str | None:
    """`url` as it may be shown: a user and password in it left out."""
    if url is None or "@" not in url:
        return url
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1]).geturl()


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of `url`: what credentials and cookies are bound to (RFC 6454)."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:  # no port there is; whoever sends says so
        port = -1
    return (parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme))


def prepend_scheme_if_needed(url: str, new_scheme: str) -> str:
    """`url`, with the scheme given put before it if it has none."""
    from urllib.parse import urlunparse

    from urllib3.util import parse_url

    parsed = parse_url(url)
    netloc, path = parsed.netloc, parsed.path
    if not netloc:  # a host without a scheme parses as a path
        netloc, path = path, netloc
    if parsed.auth:
        netloc = f"{parsed.auth}@{netloc}"
    return urlunparse(
        (parsed.scheme or new_scheme, netloc or "", path or "", "", parsed.query or "", parsed.fragment or "")
    )
