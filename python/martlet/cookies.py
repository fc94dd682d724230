"""Cookies: `RequestsCookieJar`, a `http.cookiejar.CookieJar` that is a mapping too, and what fills and reads
jars.

The policy is that of the standard library, Netscape rules. The jar a session makes for itself refuses cookies
for public suffixes as well (`co.uk` may not set one for every British shop); a jar somebody brings keeps its
own.

A session's jar and the engine's are kept equal. `_version` counts the changes made on this side, `_export`
hands all cookies over and `_changes_since` the latest changes, `_absorb` takes over what the engine changed.
Cookies that users were given note their own changes. This module loads `http.cookiejar`,
which is dear: nothing imports it before a cookie is looked at.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Mapping, MutableMapping
from http import cookiejar as cookielib
from http.cookies import Morsel
from urllib.parse import urlsplit

from .cookie_fields import Cookie as NotedCookie
from .cookie_fields import SessionCookiePolicy, cookie_of, fields_of, noted
from .fields import to_native_string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from http.cookiejar import Cookie, CookieJar, CookiePolicy
    from typing import Any

    from ._types import CookieChange, CookieFields
    from .models import PreparedRequest

    _Mutable = MutableMapping[str, str | None]
else:
    _Mutable = MutableMapping


class CookieConflictError(RuntimeError):
    """Several cookies have the name asked for; say which by `domain` or `path`."""


# So many changes of a jar are remembered. After more of them all its cookies go to the engine again.
RECENT = 64


class RequestsCookieJar(cookielib.CookieJar, _Mutable):
    """A CookieJar that is also a mapping from names to values. Iterating it gives `Cookie` objects, as in
    requests.

    Looking up a name that several cookies have, for several domains or paths, raises CookieConflictError.
    """

    if TYPE_CHECKING:
        _policy: CookiePolicy
        _cookies_lock: threading.RLock

    # How often this jar was changed. None: its policy may be somebody's own, the engine cannot stand in for
    # it.
    _version: int | None = None
    # The latest changes, each with the version it led to; None for one that is not told. Kept once the engine
    # has all cookies.
    _recent: deque[tuple[int, CookieChange | None]] | None = None
    # Whether there may be cookies in it that do not note their changes.
    _lent: bool = False

    def get(self, name: str, default: Any = None, domain: str | None = None, path: str | None = None) -> Any:
        """The value of the cookie of that name, or `default`."""
        try:
            return self._find_no_duplicates(name, domain, path)
        except KeyError:
            return default

    def set(self, name: str, value: str | Morsel[Any] | None, **kwargs: Any) -> Cookie | None:
        """Sets a cookie, for all hosts unless `domain` says which. The value None removes."""
        if value is None:
            remove_cookie_by_name(self, name, domain=kwargs.get("domain"), path=kwargs.get("path"))
            return None
        if isinstance(value, Morsel):
            cookie = morsel_to_cookie(value)
        else:
            cookie = create_cookie(name, value, **kwargs)
        self.set_cookie(cookie)
        return cookie

    def iterkeys(self) -> Iterator[str]:
        """The names, one by one."""
        return (cookie.name for cookie in self)

    def keys(self) -> list[str]:  # type: ignore[override]
        """The names."""
        return list(self.iterkeys())

    def itervalues(self) -> Iterator[str | None]:
        """The values, one by one."""
        return (cookie.value for cookie in self)

    def values(self) -> list[str | None]:  # type: ignore[override]
        """The values."""
        return list(self.itervalues())

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """The pairs of name and value, one by one."""
        return ((cookie.name, cookie.value) for cookie in self)

    def items(self) -> list[tuple[str, str | None]]:  # type: ignore[override]
        """The pairs of name and value."""
        return list(self.iteritems())

    def list_domains(self) -> list[str]:
        """The domains that have cookies here."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """The paths that have cookies here."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """Whether some domain has more than one cookie here; the name is requests'."""
        domains = [cookie.domain for cookie in self]
        return len(set(domains)) < len(domains)

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """The cookies of that domain and path, or all, as a plain dict."""
        return {cookie.name: cookie.value for cookie in self._matching(None, domain, path)}

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]
        return super().__iter__()

    def __contains__(self, name: object) -> bool:
        try:
            return super().__contains__(name)
        except CookieConflictError:
            return True

    def __getitem__(self, name: str) -> str | None:
        return self._find_no_duplicates(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        remove_cookie_by_name(self, name)

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Adds a `Cookie`, in place of one with the same domain, path and name."""
        value = cookie.value
        if value is not None and value.startswith('"') and value.endswith('"'):
            cookie.value = value.replace('\\"', "")
        super().set_cookie(cookie, *args, **kwargs)
        if not isinstance(cookie, NotedCookie):
            self._lent = True
        self._changed(("set", cookie))

    def make_cookies(self, response: Any, request: Any) -> Sequence[Cookie]:
        """The cookies that the reply's fields say, in no jar yet."""
        return [noted(cookie) for cookie in super().make_cookies(response, request)]

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Removes all cookies, those of a domain, of a path in it, or the one of a name there."""
        super().clear(domain, path, name)
        self._changed(None if name is None else ("remove", (domain, path, name)))

    def _changed(self, change: CookieChange | None) -> None:
        with self._cookies_lock:
            if self._version is not None:
                self._version += 1
                if self._recent is not None:
                    self._recent.append((self._version, change))

    def update(self, other: Any) -> None:  # type: ignore[override]
        """Adds the cookies of another jar or of a mapping."""
        if isinstance(other, cookielib.CookieJar):
            for cookie in other:
                self.set_cookie(noted(copy.copy(cookie)))
        else:
            super().update(other)

    def _matching(self, name: str | None, domain: str | None, path: str | None) -> Iterator[Cookie]:
        return (
            cookie
            for cookie in self
            if (name is None or cookie.name == name)
            and (domain is None or cookie.domain == domain)
            and (path is None or cookie.path == path)
        )

    def _find(self, name: str, domain: str | None = None, path: str | None = None) -> str | None:
        for cookie in self._matching(name, domain, path):
            return cookie.value
        raise KeyError(f"name={name!r}, domain={domain!r}, path={path!r}")

    def _find_no_duplicates(self, name: str, domain: str | None = None, path: str | None = None) -> str:
        values = [c.value for c in self._matching(name, domain, path) if c.value is not None]
        if len(values) > 1:
            raise CookieConflictError(f"There are multiple cookies with name, {name!r}")
        if not values:
            raise KeyError(f"name={name!r}, domain={domain!r}, path={path!r}")
        return values[0]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_cookies_lock", "_recent")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_cookies_lock", threading.RLock())

    def copy(self) -> RequestsCookieJar:
        """A jar with copies of the same cookies, and the same policy."""
        made = RequestsCookieJar()
        made.set_policy(self._policy)
        made.update(self)
        return made

    def get_policy(self) -> CookiePolicy:
        """The policy that says which cookies are taken and sent. Who asks for it may change it."""
        self._version = None
        return self._policy

    def set_policy(self, policy: CookiePolicy) -> None:
        """Sets the policy that says which cookies are taken and sent."""
        self._version = None
        super().set_policy(policy)

    def _export(self) -> list[CookieFields]:
        """All cookies as tuples, for the engine's jar."""
        if self._recent is None:
            self._recent = deque(maxlen=RECENT)
        return [fields_of(cookie) for cookie in self]

    def _changes_since(self, version: int) -> list[CookieChange] | None:
        """What was changed after that version, cookies as tuples; None if that is not known any more."""
        since = [change for at, change in list(self._recent or ()) if at > version]
        known = [change for change in since if change is not None]
        if len(known) < max(len(since), (self._version or 0) - version):
            return None
        return [(kind, fields_of(what) if kind == "set" else what) for kind, what in known]

    def _absorb(self, changes: Iterable[CookieChange]) -> None:
        """Takes over what the engine's jar changed.

        Counts as a change, so that one made here meanwhile is seen.
        """
        for kind, detail in changes:
            if kind == "set":
                self.set_cookie(cookie_of(detail))
            else:
                try:
                    self.clear(*detail)
                except KeyError:
                    pass  # gone already


def session_jar(cookies: Iterable[CookieFields] = ()) -> RequestsCookieJar:
    """The jar that a session makes for itself, with these cookies of the engine in it."""
    jar = RequestsCookieJar(policy=SessionCookiePolicy())
    jar._version = 0
    jar._absorb(("set", fields) for fields in cookies)
    return jar


class MockRequest:
    """Shows a PreparedRequest to `http.cookiejar` as the `urllib.request.Request` it expects.

    Changes nothing.
    """

    def __init__(self, request: PreparedRequest) -> None:
        self._r = request
        self._new_headers: dict[str, str] = {}
        self.type = urlsplit(request.url or "").scheme

    def get_type(self) -> str:
        """The scheme."""
        return self.type

    def get_host(self) -> str:
        """Host and port, as in the URL."""
        return urlsplit(self._r.url or "").netloc

    def get_origin_req_host(self) -> str:
        """Host and port, as in the URL."""
        return self.get_host()

    def get_full_url(self) -> str:
        """The URL, with the host of the Host header if there is one."""
        url = self._r.url or ""
        host = self._r.headers.get("Host")
        return urlsplit(url)._replace(netloc=to_native_string(host, "utf-8")).geturl() if host else url

    def is_unverifiable(self) -> bool:
        """True, as in requests."""
        return True

    def has_header(self, name: str) -> bool:
        """Whether the request has this header, or gets it."""
        return name in self._r.headers or name in self._new_headers

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """The value of this header."""
        found: str | None = self._r.headers.get(name, self._new_headers.get(name, default))
        return found

    def add_header(self, key: str, val: str) -> None:
        """Not for cookie jars."""
        raise NotImplementedError("Cookie headers should be added with add_unredirected_header()")

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Notes a header to be added; see `get_new_headers`."""
        self._new_headers[name] = value

    def get_new_headers(self) -> dict[str, str]:
        """What was noted."""
        return self._new_headers

    @property
    def unverifiable(self) -> bool:
        """True, as in requests."""
        return self.is_unverifiable()

    @property
    def origin_req_host(self) -> str:
        """Host and port, as in the URL."""
        return self.get_origin_req_host()

    @property
    def host(self) -> str:
        """Host and port, as in the URL."""
        return self.get_host()


class MockResponse:
    """Shows a message with `get_all` to `http.cookiejar` as the response it expects."""

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def info(self) -> Any:
        """The message."""
        return self._headers

    def getheaders(self, name: str) -> Any:
        """The values of one header."""
        return self._headers.get_all(name)


def extract_cookies_to_jar(jar: CookieJar, request: PreparedRequest, response: Any) -> None:
    """Puts the cookies that `response` sets into `jar`. It must have the `_original_response` of urllib3."""
    original = getattr(response, "_original_response", None)
    if original:
        jar.extract_cookies(MockResponse(original.msg), MockRequest(request))  # type: ignore[arg-type]


def get_cookie_header(jar: CookieJar, request: PreparedRequest) -> str | None:
    """What to send as Cookie with `request`; None if nothing, or if it has that header already."""
    mock = MockRequest(request)
    jar.add_cookie_header(mock)  # type: ignore[arg-type]
    return mock.get_new_headers().get("Cookie")


def remove_cookie_by_name(
    cookiejar: CookieJar, name: str, domain: str | None = None, path: str | None = None
) -> None:
    """Removes the cookies of that name: on all domains and paths, unless said otherwise."""
    doomed = [
        (cookie.domain, cookie.path, cookie.name)
        for cookie in cookiejar
        if cookie.name == name
        and (domain is None or domain == cookie.domain)
        and (path is None or path == cookie.path)
    ]
    for place in doomed:
        cookiejar.clear(*place)


def create_cookie(name: str, value: Any, **kwargs: Any) -> Cookie:
    """A cookie of that name and value; by default for all hosts, path `/`, until the session ends."""
    fields: dict[str, Any] = {
        "version": 0,
        "name": name,
        "value": value,
        "port": None,
        "domain": "",
        "path": "/",
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {"HttpOnly": None},
        "rfc2109": False,
    }
    unknown = kwargs.keys() - fields.keys()
    if unknown:
        raise TypeError(f"create_cookie() got unexpected keyword arguments: {list(unknown)}")
    fields.update(kwargs)
    cookie = cookielib.Cookie(
        **fields,
        port_specified=bool(fields["port"]),
        domain_specified=bool(fields["domain"]),
        domain_initial_dot=fields["domain"].startswith("."),
        path_specified=bool(fields["path"]),
    )
    return noted(cookie)


def morsel_to_cookie(morsel: Morsel[Any]) -> Cookie:
    """A `http.cookies.Morsel` as a Cookie."""
    import calendar
    import time

    expires: int | None = None
    if morsel["max-age"]:
        try:
            expires = int(time.time() + int(morsel["max-age"]))
        except ValueError:
            raise TypeError(f"max-age: {morsel['max-age']} must be integer") from None
    elif morsel["expires"]:
        expires = calendar.timegm(time.strptime(morsel["expires"], "%a, %d-%b-%Y %H:%M:%S GMT"))
    return create_cookie(
        morsel.key,
        morsel.value,
        version=morsel["version"] or 0,
        domain=morsel["domain"],
        path=morsel["path"],
        secure=bool(morsel["secure"]),
        expires=expires,
        discard=False,
        comment=morsel["comment"],
        comment_url=bool(morsel["comment"]),
        rest={"HttpOnly": morsel["httponly"]},
    )


def cookiejar_from_dict(
    cookie_dict: Mapping[str, Any] | None, cookiejar: Any = None, overwrite: bool = True
) -> Any:
    """A jar with a cookie for all hosts for each item: a new RequestsCookieJar, or the one given."""
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    present: set[str] = set() if overwrite else {cookie.name for cookie in jar}
    # By subscript, as requests reads it: pairs, a string or a number are a TypeError.
    for name in () if cookie_dict is None else cookie_dict:
        if name not in present:
            jar.set_cookie(create_cookie(name, cookie_dict[name]))  # type: ignore[index]
    return jar


def merge_cookies(cookiejar: Any, cookies: Any) -> Any:
    """Adds `cookies` to `cookiejar` and returns that. Those of a jar replace, those of a dict fill gaps."""
    if not isinstance(cookiejar, cookielib.CookieJar):
        raise ValueError("You can only merge into CookieJar")
    if isinstance(cookies, dict):  # a mapping of another kind is left out, as in requests
        return cookiejar_from_dict(
            cookies,  # pyright: ignore[reportUnknownArgumentType]
            cookiejar=cookiejar,
            overwrite=False,
        )
    if isinstance(cookies, cookielib.CookieJar):
        update = getattr(cookiejar, "update", None)
        if update is not None:
            update(cookies)
        else:
            for cookie in cookies:
                cookiejar.set_cookie(cookie)
    return cookiejar


def copy_cookie_jar(jar: CookieJar | None) -> CookieJar | None:
    """A jar of the same kind with copies of the same cookies."""
    if jar is None:
        return None
    copy_jar: Callable[[], CookieJar] | None = getattr(jar, "copy", None)
    if copy_jar is not None:
        return copy_jar()
    made = copy.copy(jar)
    made.clear()
    for cookie in jar:
        made.set_cookie(copy.copy(cookie))
    return made


def without_domainless(jar: CookieJar) -> CookieJar:
    """A copy of `jar` without the cookies bound to no domain, for a request that leaves the first origin."""
    kept = RequestsCookieJar(policy=getattr(jar, "_policy", None))
    for cookie in jar:
        if cookie.domain:
            kept.set_cookie(copy.copy(cookie))
    return kept


_copy_cookie_jar = copy_cookie_jar  # the name it has in requests


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
