"""martlet beneath other HTTP clients, which keep their API and lose their threads and their stalls.

    httpx.AsyncClient(transport=martlet.integrations.httpx.AsyncTransport())    # or httpx2
    httpx.Client(transport=martlet.integrations.httpx.Transport())
    martlet.integrations.aiohttp.ClientSession()                                # for aiohttp's
    session.mount("https://", martlet.integrations.requests.Adapter())          # of the real requests

Each is loaded when first used, and needs the package that it is for.
"""

from __future__ import annotations

_MODULES = ("aiohttp", "httpx", "requests")


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
