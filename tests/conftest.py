"""What all tests share: both libraries under one name, and an environment that says nothing."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from types import ModuleType

import pytest
import requests

import martlet

_SAID = ("PROXY", "CA_BUNDLE", "SSL_CERT", "NETRC")


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, CA bundle or netrc of the machine the tests run on."""
    for name in list(os.environ):
        if any(part in name.upper() for part in _SAID):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture(params=["requests", "martlet"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    """requests, the specification, and martlet, which has to do the same."""
    found: dict[str, ModuleType] = {"requests": requests, "martlet": martlet}
    return found[request.param]


@pytest.fixture
def open_sessions() -> Iterator[None]:
    """Leaves it to the garbage collector to close sessions that have no connections."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
