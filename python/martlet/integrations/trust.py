"""What `verify=` and `cert=` mean to the engine, which has its own TLS and reads certificates from files.

| verify | the server's certificate is checked against |
|---|---|
| True | `SSL_CERT_FILE`, else `SSL_CERT_DIR`, if the environment is trusted and has it; else certifi's |
| False | nothing |
| a path | the certificates in that file, or in the files of that directory |
| an `ssl.SSLContext` | the certificates it trusts; nothing, if its `verify_mode` is `CERT_NONE` |

Of a context only that much can be read out. What it says beyond that and the engine cannot do is refused,
rather than left undone: other checks, other versions than TLS 1.2 and 1.3, ciphers of one's own. That it
holds a certificate of the client's cannot be seen; such a one is given as `cert=`.
"""

from __future__ import annotations

import errno
import os
import ssl
import tempfile
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_NO_FILE = os.strerror(errno.ENOENT)


class Trust:
    """`verify=`, and for a context the file with what it trusts, which lives as long as this.

    ValueError for a context that says what the engine cannot do, FileNotFoundError for a path that is not
    there.
    """

    def __init__(self, verify: Any, trust_env: bool) -> None:
        self._pem: str | None = None
        self._written_by: int | None = None
        self._verify: bool | str = True
        if isinstance(verify, ssl.SSLContext):
            self._pem = _certificates_of(verify)
            self._verify = False if self._pem is None else ""
        elif isinstance(verify, bool):
            self._verify = (_of_environment() or True) if verify and trust_env else verify
        else:
            self._verify = _there(verify)

    def verify(self) -> bool | str:
        """What the engine takes: True, False or a path."""
        # A forked child writes a file of its own: the parent takes away the first.
        if self._pem is not None and self._written_by != os.getpid():
            self._verify = self._written(self._pem)
        return self._verify

    def _written(self, pem: str) -> str:
        descriptor, path = tempfile.mkstemp(prefix="martlet-trust-", suffix=".pem")
        with os.fdopen(descriptor, "w") as file:
            file.write(pem)
        self._written_by = os.getpid()
        weakref.finalize(self, _take_away, path, self._written_by)
        return path


def client_certificate(cert: Any) -> str | tuple[str, str] | None:
    """`cert=`, a path or a pair of paths: certificate and key. FileNotFoundError if one is not there,
    ValueError for a key with a password.
    """
    if not cert:
        return None
    if isinstance(cert, str | os.PathLike):
        return _there(cert)
    chain, key, *password = cert
    if any(password):
        raise ValueError("the key of a client's certificate must not be encrypted: decrypt it to a file")
    return (_there(chain), _there(key)) if key else _there(chain)


def _of_environment() -> str | None:
    return os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or None


def _there(path: Any) -> str:
    path = os.fspath(path)
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, _NO_FILE, path)
    return str(path)


def _certificates_of(context: ssl.SSLContext) -> str | None:
    """What the context trusts, in PEM; None if it checks nothing."""
    if context.verify_mode == ssl.CERT_NONE:
        return None
    wrong = next(_beyond_the_engine(context), None)
    if wrong is not None:
        raise ValueError(f"this ssl.SSLContext {wrong}: martlet's own TLS cannot do that")
    certificates = context.get_ca_certs(binary_form=True)
    if not certificates:
        raise ValueError(
            "this ssl.SSLContext has no certificates that can be read out (those of a directory cannot): "
            "give the path of the file or directory as verify="
        )
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates))


def _beyond_the_engine(context: ssl.SSLContext) -> Iterator[str]:
    if type(context) is not ssl.SSLContext:
        yield f"is a {type(context).__module__}.{type(context).__name__}, which may check in ways of its own"
    if not context.check_hostname:
        yield "checks certificates but not the names in them"
    if context.verify_flags & (ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_CRL_CHECK_CHAIN):
        yield "asks for revocation lists"
    if context.minimum_version == ssl.TLSVersion.TLSv1_3:
        yield "refuses TLS 1.2"
    if context.maximum_version not in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3):
        yield f"refuses what is newer than {context.maximum_version.name}"
    if _cipher_names(context) != _cipher_names(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)):
        yield "has ciphers of its own"


def _cipher_names(context: ssl.SSLContext) -> list[str]:
    return [cipher["name"] for cipher in context.get_ciphers()]


def _take_away(path: str, written_by: int) -> None:
    if os.getpid() != written_by:
        return
    try:
        os.unlink(path)
    except OSError:
        pass
