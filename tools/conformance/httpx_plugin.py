"""A pytest plugin that runs httpx's own tests with martlet's transports in the place of httpx's.

    cd httpx-0.28.1 && pytest -p httpx_plugin tests       # with this folder in PYTHONPATH

With `MARTLET_TRANSPORTS=stock` it tells what the stock transports do: what fails there too, fails for reasons
of the environment. With `MARTLET_PACKAGE=httpx2` the tests run against that package, whose releases bring no
tests, by its own `alias_httpx()`; what it does otherwise than httpx fails on both sides.

Swapped is what a client makes by itself. One thing is left out of what it asks for: HTTP/2, which the engine
does not offer yet and no test has a server for. Tests of `NOT_OURS` may fail.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

PACKAGE = os.environ.get("MARTLET_PACKAGE", "httpx")
STOCK = os.environ.get("MARTLET_TRANSPORTS") == "stock"

# Tests, or files of them, and why they cannot pass.
NOT_OURS = {
    "test_api.py::test_httpcore_lazy_loading": "asks whether httpcore was loaded",
    "test_main.py": "the command line shows what the stock transport tells to `trace`",
    "test_proxies.py::test_proxies_environ": "reads the stock transport's `_pool`",
    "test_proxies.py::test_socks_proxy": "SOCKS is not there yet; reads the stock transport's `_pool`",
}


def _without_http2(transport: Any) -> Any:
    class Swapped(transport):  # type: ignore[misc]
        def __init__(self, *args: Any, http2: bool = False, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    return Swapped


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Swaps the transports before anything of the tests is imported."""
    if PACKAGE != "httpx":
        importlib.import_module(PACKAGE).alias_httpx()
    if STOCK:
        return
    client = importlib.import_module(f"{PACKAGE}._client")
    ours = importlib.import_module("martlet.integrations.httpx")
    client.HTTPTransport = _without_http2(ours.Transport)
    client.AsyncHTTPTransport = _without_http2(ours.AsyncTransport)


def pytest_report_header(config: Any) -> str:
    """Says in the report which transports these are."""
    return f"{PACKAGE} over {'its own transports' if STOCK else 'martlet.integrations.httpx'}"


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Expects those of NOT_OURS to fail, or not: some of their cases are about no proxy at all."""
    for item in items:
        name = item.path.name
        reason = NOT_OURS.get(name) or NOT_OURS.get(f"{name}::{item.originalname}")
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=False))
