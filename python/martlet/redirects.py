"""Redirects: when one is followed, and what the next request is. The rules are those of requests.

| status | method | body |
|---|---|---|
| 303 | all but HEAD become GET | dropped |
| 302 | all but HEAD become GET | dropped |
| 301 | POST becomes GET | dropped |
| 307, 308 | kept | kept, and put back to its start |

Authorization, and what a Digest has learned, goes along as `should_strip_auth` says. The Cookie header is
made anew at each hop; cookies bound to no domain go to the first origin only. The body of a redirect is read
up to 64 KB, to keep the connection; a longer one costs it.
"""

from __future__ import annotations

from .environment import DEFAULT_PORTS, get_netrc_auth, resolve_proxies
from .exceptions import ChunkedEncodingError, InvalidURL, TooManyRedirects
from .exchange import Emit, Read, Send, Wait, emitting, store_cookies
from .urls import get_auth_from_url, origin_of, requote_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._types import Cert, TimeoutTypes, Verify
    from .exchange import Steps
    from .models import PreparedRequest
    from .response import Response

REDIRECT_BODY_LIMIT = 64 * 1024

_OF_THE_BODY = ("Content-Length", "Content-Type", "Transfer-Encoding")


class SessionRedirectMixin:
    """How a session follows redirects. Each decision is a method that a subclass may override."""

    max_redirects: int
    trust_env: bool
    if TYPE_CHECKING:
        cookies: Any

    def send(self, request: PreparedRequest, **kwargs: Any) -> Any:
        """Sends a prepared request."""
        raise NotImplementedError

    def get_redirect_target(self, resp: Response) -> str | None:
        """Where `resp` leads, as its Location says; None if it is no redirect."""
        if not resp.is_redirect:
            return None
        # Headers are read as latin-1; servers that put other characters there mean UTF-8.
        location = resp.headers["location"].encode("latin-1")
        try:
            return location.decode()
        except UnicodeDecodeError:
            from urllib.parse import quote

            text = location.decode(errors="surrogateescape")
            return "".join(
                quote(c, errors="surrogateescape") if "\udc80" <= c <= "\udcff" else c for c in text
            )

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Whether Authorization must not go along from one URL to the other.

        It goes along to the same scheme, host and port, and from http to https on the standard ports of a
        host.
        """
        from urllib.parse import urlsplit

        old, new = urlsplit(old_url), urlsplit(new_url)
        if old.hostname != new.hostname:
            return True
        if (
            (old.scheme, new.scheme) == ("http", "https")
            and old.port in (80, None)
            and new.port in (443, None)
        ):
            return False
        if old.scheme != new.scheme:
            return True
        standard = (DEFAULT_PORTS.get(old.scheme), None)
        return old.port != new.port and not (old.port in standard and new.port in standard)

    def resolve_redirects(
        self,
        resp: Response,
        req: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutTypes = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: dict[str, str] | None = None,
        yield_requests: bool = False,
        **adapter_kwargs: Any,
    ) -> Iterator[Any]:
        """The responses that `resp` leads to, one after another; with `yield_requests` the requests, not
        sent.
        """
        settings = {"stream": stream, "timeout": timeout, "verify": verify, "cert": cert, **adapter_kwargs}
        return emitting(redirect_steps(self, resp, req, settings, proxies, yield_requests))

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Response) -> None:
        """Drops the credentials that are not for where the request goes now, and adds those of netrc."""
        url = prepared_request.url or ""
        if self.should_strip_auth(response.request.url or "", url):
            prepared_request.headers.pop("Authorization", None)
            if any(prepared_request.hooks.values()):
                from .auth import without_digest

                prepared_request.hooks = without_digest(prepared_request.hooks)
        found = get_netrc_auth(url) if self.trust_env else None
        if found is not None:
            prepared_request.prepare_auth(found)

    def rebuild_proxies(
        self, prepared_request: PreparedRequest, proxies: dict[str, str] | None
    ) -> dict[str, str]:
        """The proxies for where the request goes now, with their credentials in its headers where they
        belong.
        """
        from .auth import _basic_auth_str

        url = prepared_request.url or ""
        scheme = url.partition(":")[0].lower()
        found = resolve_proxies(prepared_request, proxies, self.trust_env)
        prepared_request.headers.pop("Proxy-Authorization", None)
        username, password = get_auth_from_url(found.get(scheme, ""))
        # To an https URL a tunnel is made; what is in the headers would reach the server instead.
        if not scheme.startswith("https") and username and password:
            prepared_request.headers["Proxy-Authorization"] = _basic_auth_str(username, password)
        return found

    def rebuild_method(self, prepared_request: PreparedRequest, response: Response) -> None:
        """The method to go on with, by this module's table."""
        method, status = prepared_request.method, response.status_code
        if (status in (302, 303) and method != "HEAD") or (status == 301 and method == "POST"):
            prepared_request.method = "GET"


def redirect_steps(
    session: Any,
    response: Response,
    request: PreparedRequest,
    settings: dict[str, Any],
    proxies: dict[str, str] | None,
    yield_requests: bool,
) -> Steps[None]:
    """Follows redirects from `response`, the answer to `request`.

    Emits each response, or each request instead.
    """
    from urllib.parse import urlsplit

    history: list[Response] = []
    first_url = request.url or ""
    fragment = urlsplit(first_url).fragment
    location = session.get_redirect_target(response)
    while location:
        response.history = history[:]
        history.append(response)
        if not yield_requests:  # else nobody follows: the body is still the caller's
            yield from _drained(response)
        if len(response.history) >= session.max_redirects:
            raise TooManyRedirects(f"Exceeded {session.max_redirects} redirects.", response=response)
        if not yield_requests:
            response.close()

        url, fragment = _target(response.url, location, fragment)
        following = _following(session, response, request, url, first_url)
        proxies = session.rebuild_proxies(following, proxies)
        session.rebuild_auth(following, response)
        _rewind(following)
        request = following
        if yield_requests:
            yield Emit(request)
        else:
            kwargs = {**settings, "proxies": proxies, "allow_redirects": False}
            response = yield Send(session, request, kwargs)
            store_cookies(session, request, response)
            location = session.get_redirect_target(response)
            yield Emit(response)


def _drained(response: Response) -> Steps[None]:
    """Reads the body of a redirect, so that its connection can be used again, but not more than the limit of
    it.
    """
    try:
        if not response._streams() or response._content is not False:
            yield Read(response)
            return
        engine: Any = response._engine
        body = yield Wait(engine.read(REDIRECT_BODY_LIMIT + 1, True))
        response._content = body[:REDIRECT_BODY_LIMIT]
        response._content_consumed = True
    except (ChunkedEncodingError, RuntimeError):
        pass  # closed next, which drops the connection
    except Exception as error:
        from .exceptions import ContentDecodingError

        if not isinstance(error, ContentDecodingError):
            raise


def _target(base: str, location: str, fragment: str) -> tuple[str, str]:
    """The URL that `location` means at `base`, and the fragment to be inherited from there on."""
    from urllib.parse import urljoin, urlparse

    if location.startswith("//"):
        location = f"{urlparse(base).scheme}:{location}"
    try:
        parts = urlparse(location)  # and not urlsplit: it drops a semicolon with nothing behind it
    except ValueError as error:
        raise InvalidURL(error) from None
    if parts.fragment:
        fragment = parts.fragment
    elif fragment:
        parts = parts._replace(fragment=fragment)
    url = requote_uri(parts.geturl())
    return (url if parts.netloc else urljoin(base, url)), fragment


def _following(
    session: Any, response: Response, request: PreparedRequest, url: str, first_url: str
) -> PreparedRequest:
    """The request to `url` that `response`, the answer to `request`, leads to; auth and proxies not yet
    rebuilt.
    """
    from .cookies import extract_cookies_to_jar, merge_cookies, without_domainless

    following = request.copy()
    following.url = url
    session.rebuild_method(following, response)
    if response.status_code not in (307, 308):
        for name in _OF_THE_BODY:
            following.headers.pop(name, None)
        following.body = None
    following.headers.pop("Cookie", None)
    jar: Any = following._cookies
    extract_cookies_to_jar(jar, request, response._for_jars())
    merge_cookies(jar, session.cookies)
    following.prepare_cookies(without_domainless(jar) if _leaves(first_url, url) else jar)
    following._cookies = jar
    return following


def _leaves(first_url: str, url: str) -> bool:
    """Whether `url` is not of the origin of the first; from http to https on the standard ports it is."""
    first, now = origin_of(first_url), origin_of(url)
    upgraded = first[1] == now[1] and (first[0], first[2], now[0], now[2]) == ("http", 80, "https", 443)
    return first != now and not upgraded


def _rewind(request: PreparedRequest) -> None:
    has_body = "Content-Length" in request.headers or "Transfer-Encoding" in request.headers
    if has_body:
        from .bodies import put_back

        put_back(request)
