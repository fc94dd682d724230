"""What a `Proxy` of httpx means to the engine: a URL with the credentials in it."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote_from_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def refuse(*settings: tuple[Any, str]) -> None:
    """Raises NotImplementedError for the first setting that is asked for; each comes with its name."""
    for is_asked, what in settings:
        if is_asked:
            raise NotImplementedError(f"martlet's transport for httpx does not know {what} yet")


def proxy_url(proxy: Any, theirs: Any) -> tuple[str | None, bytes | None]:
    """The URL for the engine, and the value of `Proxy-Authorization`, if there are credentials.

    proxy: a `Proxy`, what one can be made of, or None. theirs: the package that makes one.
    NotImplementedError for what the engine does not do yet, ValueError for no URL of a proxy.
    """
    if proxy is None:
        return None, None
    if not hasattr(proxy, "raw_auth"):
        proxy = theirs.Proxy(str(proxy))
    url = proxy.url
    refuse(
        (url.scheme not in ("http", "https"), f"proxies of the kind {url.scheme!r}"),
        (proxy.headers, "headers for a proxy alone"),
        (proxy.ssl_context, "TLS settings for a proxy alone"),
    )
    netloc = url.netloc.decode("ascii")
    if proxy.raw_auth is None:
        return f"{url.scheme}://{netloc}", None
    user, password = (quote_from_bytes(part, safe="") for part in proxy.raw_auth)
    return f"{url.scheme}://{user}:{password}@{netloc}", b"Basic " + b64encode(b":".join(proxy.raw_auth))
