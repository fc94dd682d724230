"""What came back, but for the body: `ResponseHead`, the half of `Response` that is told by the headers.

The engine gives a response with a handle in the slot `_engine`, and in its `__dict__` nothing but the status
and the body, if that is whole; every other attribute is `lazy` and fills from the handle when first read. A
response made by hand has no handle: its attributes are what was assigned.
"""

from __future__ import annotations

from .charsets import get_encoding_from_headers
from .lazy import lazy
from .structures import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from typing_extensions import Self

    from ._martlet import Raw
    from .adapters import BaseAdapter
    from .cookies import RequestsCookieJar
    from .models import PreparedRequest
    from .response import Response

REDIRECT_STATI = (301, 302, 303, 307, 308)


class ResponseHead:
    """Status, headers and what else is known before the body is read."""

    __slots__ = ("__dict__", "__weakref__", "_engine", "_rest")

    if TYPE_CHECKING:
        _engine: Raw | None

    _rest: bytes | memoryview

    @classmethod
    def _over(cls, engine: Raw) -> Self:
        """The response that the handle stands for, as the engine makes it too."""
        response = object.__new__(cls)
        response._engine = engine
        return response

    def _handle(self, name: str) -> Raw:
        engine: Raw | None = getattr(self, "_engine", None)
        if engine is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return engine

    @lazy
    def status_code(self) -> int:
        """The status, as in 404."""
        return self._handle("status_code").status_code

    @lazy
    def reason(self) -> str:
        """The reason phrase the server sent, as in "Not Found"; "" if it sent none."""
        return self._handle("reason").reason.decode("latin-1")

    @lazy
    def headers(self) -> CaseInsensitiveDict[str]:
        """The headers; those that came several times joined by ", "."""
        headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        headers._store.update(self._handle("headers").headers_by_name())
        return headers

    @lazy
    def url(self) -> str:
        """The URL of this response, after redirects."""
        return self._handle("url").url

    @lazy
    def encoding(self) -> str | None:
        """The encoding to decode `text` with, from the headers. May be set."""
        self._handle("encoding")
        return get_encoding_from_headers(self.headers)

    @lazy
    def elapsed(self) -> timedelta:
        """From sending the request until the headers were there."""
        from datetime import timedelta

        return timedelta(seconds=self._handle("elapsed").elapsed)

    @lazy
    def request(self) -> PreparedRequest:
        """The request this is the response to."""
        from .models import PreparedRequest

        sent = self._handle("request").request()
        return PreparedRequest._sent(sent)

    @lazy
    def history(self) -> list[Response]:
        """The responses that led here by redirects, the oldest first."""
        earlier: list[Any] = []
        for engine in self._handle("history").history():
            response = self._over(engine)
            response.history = earlier[:]
            earlier.append(response)
        return earlier

    @lazy
    def cookies(self) -> RequestsCookieJar:
        """The cookies this response sets."""
        from .cookies import extract_cookies_to_jar, session_jar

        jar = session_jar()
        self._handle("cookies")
        if "set-cookie" in self.headers:
            extract_cookies_to_jar(jar, self.request, self._for_jars())
        return jar

    def _for_jars(self) -> Any:
        """What a cookie jar reads its cookies from: `raw`, but that is not made for it."""
        engine = getattr(self, "_engine", None)
        if engine is None or "raw" in self.__dict__:
            return self.raw
        from .original import HeadOnly

        return HeadOnly(engine)

    @lazy
    def connection(self) -> BaseAdapter:
        """The adapter that this came through."""
        from .adapters import HTTPAdapter

        client = self._handle("connection").client
        return HTTPAdapter() if client is None else HTTPAdapter._over(client)

    @lazy
    def raw(self) -> Any:
        """The response as a file-like object, its body still as it came over the wire."""
        from .raw import RawResponse

        return RawResponse(self._handle("raw"))

    @lazy
    def _next(self) -> PreparedRequest | None:
        from .models import PreparedRequest

        sent = self._handle("_next").next()
        return None if sent is None else PreparedRequest._sent(sent)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __bool__(self) -> bool:
        """Whether `raise_for_status` would not raise; not whether the status is 200."""
        return self.ok

    __nonzero__ = __bool__

    @property
    def ok(self) -> bool:
        """Whether `raise_for_status` would not raise."""
        from .exceptions import HTTPError

        try:
            self.raise_for_status()
        except HTTPError:
            return False
        return True

    @property
    def is_redirect(self) -> bool:
        """Whether this is a redirect that is followed automatically."""
        return self.status_code in REDIRECT_STATI and "location" in self.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether this is a permanent redirect: 301 or 308."""
        return self.status_code in (301, 308) and "location" in self.headers

    @property
    def next(self) -> PreparedRequest | None:
        """The request a redirect leads to, where redirects were not followed."""
        return self._next

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link header, by their relation, else by their URL."""
        from .fields import parse_header_links

        header = self.headers.get("link")
        links = parse_header_links(header) if header else []
        return {key: link for link in links if (key := link.get("rel") or link.get("url")) is not None}

    def raise_for_status(self) -> None:
        """Raises HTTPError if the status is 4xx or 5xx. Its message holds no password of the URL."""
        status = self.status_code
        if not 400 <= status < 600:
            return
        from .exceptions import HTTPError
        from .urls import without_userinfo

        reason: Any = self.reason
        if isinstance(reason, bytes):
            try:
                reason = reason.decode()
            except UnicodeDecodeError:
                reason = reason.decode("latin-1")
        whose = "Client" if status < 500 else "Server"
        message = f"{status} {whose} Error: {reason} for url: {without_userinfo(self.url)}"
        raise HTTPError(message, response=self)
