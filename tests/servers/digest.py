"""The server's side of Digest authentication (RFC 7616, RFC 2617), as an answer of a script."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from .wire import Recorded, reply

HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data).hexdigest(),
    "MD5-SESS": lambda data: hashlib.md5(data).hexdigest(),
    "SHA": lambda data: hashlib.sha1(data).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "SHA-512": lambda data: hashlib.sha512(data).hexdigest(),
}
_PART = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class Digest:
    """Lets `user` in who knows `password`; answers anybody else with a challenge."""

    def __init__(
        self,
        user: str = "user",
        password: str = "secret",
        *,
        algorithm: str | None = None,
        qop: str | None = "auth",
        opaque: str | None = None,
        realm: str = "a realm",
    ) -> None:
        self.user, self.password, self.realm = user, password, realm
        self.algorithm, self.qop, self.opaque = algorithm, qop, opaque
        self.nonce = "0123456789abcdef"
        self.counts: list[str] = []
        """The nonce counts (`nc`) that the client sent."""

    def __call__(self, request: Recorded) -> bytes:
        given = request.header("Authorization") or ""
        if given.startswith("Digest ") and self._is_right(request, given):
            return reply(200, b"let in")
        return reply(401, b"who are you?", ("WWW-Authenticate", self.challenge()))

    def challenge(self) -> str:
        parts = [f'realm="{self.realm}"', f'nonce="{self.nonce}"']
        parts += [f'qop="{self.qop}"'] if self.qop else []
        parts += [f"algorithm={self.algorithm}"] if self.algorithm else []
        parts += [f'opaque="{self.opaque}"'] if self.opaque else []
        return "Digest " + ", ".join(parts)

    def _is_right(self, request: Recorded, given: str) -> bool:
        parts = {name: quoted or plain for name, quoted, plain in _PART.findall(given)}
        algorithm = (self.algorithm or "MD5").upper()
        hashed = HASHES[algorithm]
        secret = hashed(f"{self.user}:{self.realm}:{self.password}".encode())
        if algorithm == "MD5-SESS":
            secret = hashed(f"{secret}:{parts['nonce']}:{parts['cnonce']}".encode())
        what = hashed(f"{request.method}:{request.target}".encode())
        middle = parts["nonce"]
        if self.qop:
            self.counts.append(parts["nc"])
            middle += f":{parts['nc']}:{parts['cnonce']}:auth"
        right = hashed(f"{secret}:{middle}:{what}".encode())
        said = (parts["username"], parts["realm"], parts["uri"], parts.get("opaque"), parts["nonce"])
        expected = (self.user, self.realm, request.target, self.opaque, self.nonce)
        return parts["response"] == right and said == expected
