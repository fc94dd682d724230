"""martlet: the API of requests on a Rust engine, sync and async.

    import martlet

    r = martlet.get("https://example.org/")            # blocking, as with requests
    with martlet.Session() as s:
        r = s.get("https://example.org/")

    async with martlet.AsyncSession() as s:            # the same, awaited
        r = await s.get("https://example.org/")

What every program needs is loaded at once, the rest when first used (PEP 562): neither urllib3 nor
http.cookiejar nor asyncio is loaded by importing martlet.
"""

from __future__ import annotations

from .__version__ import (
    __author__,
    __author_email__,
    __build__,
    __copyright__,
    __description__,
    __license__,
    __title__,
    __url__,
    __version__,
)
from .api import delete, get, head, options, patch, post, put, request
from .exceptions import (
    ConnectionError,  # noqa: A004 (the name is requests')
    ConnectTimeout,
    FileModeWarning,
    HTTPError,
    ReadTimeout,
    RequestException,
    RequestsDependencyWarning,
    Timeout,
    TooManyRedirects,
    URLRequired,
)
from .models import PreparedRequest, Request
from .response import Response
from .sessions import Session, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import adapters as adapters
    from . import aio as aio
    from . import auth as auth
    from . import certs as certs
    from . import compat as compat
    from . import cookies as cookies
    from . import packages as packages
    from . import status_codes as status_codes
    from . import timeouts as timeouts
    from . import utils as utils
    from . import watching as watching
    from .aio import AsyncSession
    from .alias import alias_requests
    from .exceptions import JSONDecodeError
    from .status_codes import codes
    from .watching import watch

# What is loaded when first used: submodules, and names with the submodule that has them.
_SUBMODULES = (
    "adapters",
    "aio",
    "auth",
    "certs",
    "compat",
    "cookies",
    "help",
    "integrations",
    "packages",
    "status_codes",
    "timeouts",
    "utils",
    "watching",
)
_NAMES = {
    "AsyncSession": "aio",
    "JSONDecodeError": "exceptions",
    "alias_requests": "alias",
    "codes": "status_codes",
    "watch": "watching",
}

__all__ = [
    "AsyncSession",
    "ConnectTimeout",
    "ConnectionError",
    "FileModeWarning",
    "HTTPError",
    "JSONDecodeError",
    "PreparedRequest",
    "ReadTimeout",
    "Request",
    "RequestException",
    "RequestsDependencyWarning",
    "Response",
    "Session",
    "Timeout",
    "TooManyRedirects",
    "URLRequired",
    "__author__",
    "__author_email__",
    "__build__",
    "__copyright__",
    "__description__",
    "__license__",
    "__title__",
    "__url__",
    "__version__",
    "aio",
    "alias_requests",
    "codes",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "session",
    "watch",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        found = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = found
        return found
    from martlet.reexports import find

    return find(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_NAMES})
