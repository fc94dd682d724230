"""martlet: the API of requests on a Rust engine, sync and async.

    import martlet

    r = martlet.get("https://example.org/")            # blocking, as with requests
    with martlet.Session() as s:
        r = s.get("https://example.org/")

    async with martlet.AsyncSession() as s:            # the same, awaited
        r = await s.get("https://example.org/")

Names are loaded when first used (PEP 562). Importing martlet loads neither urllib3 nor http.cookiejar nor
asyncio.
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import (
        adapters as adapters,
    )
    from . import (
        aio as aio,
    )
    from . import (
        api as api,
    )
    from . import (
        auth as auth,
    )
    from . import (
        compat as compat,
    )
    from . import (
        cookies as cookies,
    )
    from . import (
        exceptions as exceptions,
    )
    from . import (
        hooks as hooks,
    )
    from . import (
        models as models,
    )
    from . import (
        sessions as sessions,
    )
    from . import (
        status_codes as status_codes,
    )
    from . import (
        structures as structures,
    )
    from . import (
        timeouts as timeouts,
    )
    from . import (
        utils as utils,
    )
    from .aio import AsyncSession
    from .api import delete, get, head, options, patch, post, put, request
    from .exceptions import (
        ConnectionError,  # noqa: A004 (the name is requests')
        ConnectTimeout,
        FileModeWarning,
        HTTPError,
        JSONDecodeError,
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
    from .status_codes import codes

# Where each name is to be found: a submodule, or the submodule that has it.
_SUBMODULES = (
    "adapters",
    "aio",
    "api",
    "auth",
    "certs",
    "compat",
    "cookies",
    "exceptions",
    "hooks",
    "models",
    "packages",
    "sessions",
    "status_codes",
    "structures",
    "timeouts",
    "utils",
)
_NAMES = {
    "ConnectTimeout": "exceptions",
    "ConnectionError": "exceptions",
    "FileModeWarning": "exceptions",
    "HTTPError": "exceptions",
    "JSONDecodeError": "exceptions",
    "ReadTimeout": "exceptions",
    "RequestException": "exceptions",
    "RequestsDependencyWarning": "exceptions",
    "Timeout": "exceptions",
    "TooManyRedirects": "exceptions",
    "URLRequired": "exceptions",
    "AsyncSession": "aio",
    "PreparedRequest": "models",
    "Request": "models",
    "Response": "response",
    "Session": "sessions",
    "session": "sessions",
    "codes": "status_codes",
    "delete": "api",
    "get": "api",
    "head": "api",
    "options": "api",
    "patch": "api",
    "post": "api",
    "put": "api",
    "request": "api",
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
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        found = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_NAMES})
