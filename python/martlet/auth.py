"""Authentication: Basic, Proxy and Digest, and the base for one's own.

An auth is called with the prepared request, changes it and gives it back. Basic encodes user and password as
latin-1, as requests does. Digest (RFC 7616 as far as requests goes: MD5, MD5-sess, SHA, SHA-256, SHA-512,
qop=auth) answers a challenge from a response hook and then goes on using the nonce it was given.

The engine speaks for an `HTTPDigestAuth` that is nothing but two texts, and keeps what it learned in the
instance's `_engine`. Elsewhere (hooks, subclasses, adapters) these are the steps: answering a challenge takes
an exchange of its own, so it is told as steps (see exchange.py), which a Session blocks for and an
AsyncSession awaits.
"""

from __future__ import annotations

import os
import threading
from binascii import b2a_base64
from operator import attrgetter

from .fields import parse_dict_header
from .lazy import lazy
from .urls import origin_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .exchange import Steps
    from .models import PreparedRequest
    from .response import Response

CONTENT_TYPE_FORM_URLENCODED = "application/x-www-form-urlencoded"
CONTENT_TYPE_MULTI_PART = "multipart/form-data"

# What the challenge calls it -> what hashlib calls it.
_HASHES = {"MD5": "md5", "MD5-SESS": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


def _basic_auth_str(username: str | bytes, password: str | bytes) -> str:
    """The value of an Authorization header for Basic (RFC 7617), in latin-1."""
    pair = b":".join((_latin1("usernames", username), _latin1("passwords", password)))
    return "Basic " + b2a_base64(pair, newline=False).decode()


def _latin1(what: str, text: Any) -> bytes:
    if not isinstance(text, str | bytes):
        import warnings

        warnings.warn(
            f"Non-string {what} are deprecated, as in requests: give a str or bytes, not {type(text)}.",
            DeprecationWarning,
            stacklevel=4,
        )
        text = str(text)
    return text.encode("latin1") if isinstance(text, str) else text


class AuthBase:
    """What every auth derives from: called with the prepared request, it returns it with the auth added."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        raise NotImplementedError("Auth hooks must be callable.")


class _ByCredentials(AuthBase):
    """An auth that is equal to another one with the same user and password."""

    username: str | bytes
    password: str | bytes

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self.username = username
        self.password = password

    def __eq__(self, other: object) -> bool:
        return self.username == getattr(other, "username", None) and self.password == getattr(
            other, "password", None
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


class HTTPBasicAuth(_ByCredentials):
    """Basic authentication: `auth=HTTPBasicAuth("user", "pass")`, or `auth=("user", "pass")`."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = _basic_auth_str(self.username, self.password)
        return r


class HTTPProxyAuth(HTTPBasicAuth):
    """Basic authentication for a proxy."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Proxy-Authorization"] = _basic_auth_str(self.username, self.password)
        return r


class _DigestState(threading.local):
    """What was learned from challenges, for each thread on its own, as in requests."""

    def __init__(self) -> None:
        self.last_nonce = ""
        self.nonce_count = 0
        self.chal: dict[str, Any] = {}
        self.origin: object = None


class HTTPDigestAuth(_ByCredentials):
    """Digest authentication: `auth=HTTPDigestAuth("user", "pass")`."""

    @lazy
    def _thread_local(self) -> _DigestState:
        return _DigestState()

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: self.__dict__[name] for name in self.__dict__ if name not in ("_thread_local", "_engine")
        }

    def init_per_thread_state(self) -> None:
        """Makes this thread's state, which happens by itself; here because requests has it."""
        _ = self._thread_local.chal

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        # A nonce is of the server that gave it.
        if self._thread_local.last_nonce and self._thread_local.origin in (None, origin_of(r.url or "")):
            self._authorize(r)
        r.register_hook("response", self.handle_401)
        r.register_hook("response", self.handle_redirect)
        return r

    def _authorize(self, request: PreparedRequest) -> None:
        header = self.build_digest_header(request.method or "", request.url or "")
        if header:
            request.headers["Authorization"] = header

    def build_digest_header(self, method: str, url: str) -> str | None:
        """The Authorization header for this thread's challenge; None if it asks for what is not supported."""
        from hashlib import new

        state = self._thread_local
        realm, nonce = state.chal["realm"], state.chal["nonce"]
        qop, algorithm, opaque = (state.chal.get(name) for name in ("qop", "algorithm", "opaque"))
        variant = (algorithm or "MD5").upper()
        if variant not in _HASHES or (qop and "auth" not in qop.split(",")):
            return None

        def digest(*parts: object) -> str:
            text = ":".join(map(str, parts)).encode()
            return new(_HASHES[variant], text, usedforsecurity=False).hexdigest()

        state.nonce_count = state.nonce_count + 1 if nonce == state.last_nonce else 1
        state.last_nonce = nonce
        count, cnonce, target = f"{state.nonce_count:08x}", os.urandom(8).hex(), _target(url)
        secret = digest(self.username, realm, self.password)
        if variant == "MD5-SESS":
            secret = digest(secret, nonce, cnonce)
        between = (nonce, count, cnonce, "auth") if qop else (nonce,)
        response = digest(secret, *between, digest(method, target))

        header = (
            f'Digest username="{self.username!s}", realm="{realm}", nonce="{nonce}", '
            f'uri="{target}", response="{response}"'
        )
        if opaque:
            header += f', opaque="{opaque}"'
        if algorithm:
            header += f', algorithm="{algorithm}"'
        if qop:
            header += f', qop="auth", nc={count}, cnonce="{cnonce}"'
        return header

    def handle_redirect(self, r: Response, **kwargs: Any) -> None:
        """Nothing to be done at a redirect: each of its requests is counted by itself.

        Here because requests has it.
        """

    def handle_401(self, r: Response, **kwargs: Any) -> Response:
        """A response hook: answers a Digest challenge once and gives back what came of it; else `r`."""
        from .exchange import run

        return run(self._answer(r, **kwargs))

    def _answer(self, r: Response, **kwargs: Any) -> Steps[Response]:
        from .exchange import Deliver, Read

        challenge = str(r.headers.get("www-authenticate", ""))
        scheme = challenge.lower().find("digest ")
        asked = 400 <= r.status_code < 500 and "digest" in challenge.lower()
        if not asked or _ANSWERED in r.request.__dict__:
            return r
        if scheme >= 0:
            challenge = challenge[:scheme] + challenge[scheme + len("digest ") :]
        parameters = {name.lower(): value for name, value in parse_dict_header(challenge).items()}
        if not (parameters.get("realm") is not None and parameters.get("nonce") is not None):
            return r
        yield Read(r)
        r.close()
        self._thread_local.chal = parameters
        self._thread_local.origin = origin_of(r.url)
        request = _answering(r)
        self._authorize(request)
        answer: Response = yield Deliver(r.connection, request, kwargs)
        answer.history.append(r)
        answer.request = request
        return answer

    # How an AsyncSession runs this hook without blocking.
    handle_401.steps = _answer  # type: ignore[attr-defined]


_digest_points = attrgetter("__call__", "build_digest_header", "handle_401", "handle_redirect")
_ORIGINALS = _digest_points(HTTPDigestAuth)


def digest_is_untouched() -> bool:
    """Whether nobody has replaced a method of `HTTPDigestAuth`: then the engine does what they do."""
    return bool(_digest_points(HTTPDigestAuth) == _ORIGINALS)


_ANSWERED = "_digest_answered"


def _answering(r: Response) -> PreparedRequest:
    """The request of `r` once more: its body put back, new cookies taken over, marked as an answer."""
    from .cookies import extract_cookies_to_jar

    request = r.request.copy()
    seek: Callable[[int], Any] | None = getattr(request.body, "seek", None)
    position = request._body_position
    if seek is not None and isinstance(position, int):
        seek(position)
    if "set-cookie" in r.headers:
        jar = request._cookies
        extract_cookies_to_jar(jar, r.request, r._for_jars())
        request.prepare_cookies(jar)
    request.__dict__[_ANSWERED] = True
    return request


def without_digest(hooks: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """`hooks` without those of a Digest: its credentials are not for the host a redirect leads to."""
    return {
        event: [hook for hook in listed if not isinstance(getattr(hook, "__self__", None), HTTPDigestAuth)]
        for event, listed in hooks.items()
    }


def _target(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
