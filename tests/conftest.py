"""What all tests share: both libraries under one name, an environment that says nothing, and servers."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
import requests

import martlet
from servers.authority import Authority
from servers.recording import RecordingServer

_SAID = ("PROXY", "CA_BUNDLE", "SSL_CERT", "NETRC")


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, CA bundle or netrc of the machine the tests run on."""
    for name in list(os.environ):
        if any(part in name.upper() for part in _SAID):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", os.path.join(os.devnull, "none"))


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


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs the HTTPS servers' certificates; `authority.ca_file` is for `verify=`."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve(authority: Authority) -> Iterator[Callable[..., RecordingServer]]:
    """Starts recording servers: `serve()`, `serve(tls=True)`, `serve(context=...)`. They stop after the
    test.
    """
    running: list[RecordingServer] = []

    def start(*, tls: bool = False, context: object = None) -> RecordingServer:
        if tls and context is None:
            context = authority.server_context()
        running.append(RecordingServer(context))  # type: ignore[arg-type]
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def server(serve: Callable[..., RecordingServer]) -> RecordingServer:
    """A recording server, HTTP."""
    return serve()


@pytest.fixture
def tls_server(serve: Callable[..., RecordingServer]) -> RecordingServer:
    """A recording server, HTTPS; clients need `verify=authority.ca_file`."""
    return serve(tls=True)
