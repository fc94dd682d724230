"""Runs a case against every client and compares.

    @compat
    def test_params_from_a_dict(client, server):
        return client.get(server.url + "/", params={"a": "1"})

The case runs against real requests and against the side under test, each with servers of its own; what it
returned, and what the servers saw, must be equal. Assertions inside a case hold for every side, and an
exception is a value only through `attempt`. `@differs(row, ...)` under `@compat` names a row of
docs/differences.md: the case's value is then compared with the one that the marker gives for the side.
"""

from __future__ import annotations

import functools
import gc
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from servers.authority import Authority
from servers.recording import RecordingServer

from .faces import SIDES
from .outcome import Normaliser, describe, describe_traffic, differences

SCHEMES = ("http", "https")
GIVEN = ("client", "server", "authority")
"""The arguments of a case that the harness makes; the others are fixtures and parameters."""


class Servers:
    """The recording servers of one run; attributes are those of the first."""

    def __init__(self, scheme: str, authority: Authority) -> None:
        self._scheme = scheme
        self._authority = authority
        self.all: list[RecordingServer] = []
        self.another()

    def another(self, scheme: str | None = None) -> RecordingServer:
        """One more: another origin, as its port is another. Of the first one's scheme unless told
        otherwise.
        """
        tls = (scheme or self._scheme) == "https"
        return self.add(RecordingServer(self._authority.server_context() if tls else None))

    def add(self, server: RecordingServer) -> RecordingServer:
        """One more that the case made itself."""
        self.all.append(server)
        return server

    def __getattr__(self, name: str) -> Any:
        return getattr(self.all[0], name)


def compat(case: Callable[..., Any]) -> Callable[..., None]:
    """Makes a test of a case, for each side and scheme. See the module."""
    signature = inspect.signature(case)
    own = [parameter for name, parameter in signature.parameters.items() if name not in GIVEN]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
        for name in ("request", "side", "scheme", "authority")
    ]
    row: tuple[str, Any, Any] | None = getattr(case, "differs", None)

    @pytest.mark.parametrize("side", getattr(case, "sides", list(SIDES)))
    @pytest.mark.parametrize("scheme", getattr(case, "schemes", SCHEMES))
    @functools.wraps(case)
    def test(request: Any, side: str, scheme: str, authority: Authority, **arguments: Any) -> None:
        if "authority" in signature.parameters:
            arguments["authority"] = authority
        outcome = run(case, side, scheme, authority, arguments)
        parameters = request.node.callspec.id
        assert parameters.endswith(side), parameters
        key = (case.__module__, case.__name__, parameters.removesuffix(side))
        if row is not None:
            _, of_requests, of_martlet = row
            expected = of_requests if side == "requests" else of_martlet
            assert outcome["value"] == expected, f"{side}: {outcome['value']!r}, not {expected!r}"
        elif side == "requests":
            REFERENCES[key] = outcome
        else:
            if key not in REFERENCES:
                REFERENCES[key] = run(case, "requests", scheme, authority, arguments)
            if different := list(differences(REFERENCES[key], outcome)):
                pytest.fail("\n".join(["not as in requests:", *different]), pytrace=False)

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    test.__signature__ = signature.replace(parameters=[*added, *keyword_only])  # type: ignore[attr-defined]
    return test


def differs(row: str, *, requests: Any, martlet: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks a case whose value is known to differ: `row` is the name of a row of docs/differences.md."""

    def mark(case: Callable[..., Any]) -> Callable[..., Any]:
        ROWS.setdefault(row, []).append(case.__name__)
        case.differs = (row, requests, martlet)  # type: ignore[attr-defined]
        return case

    return mark


def only(*schemes: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Limits a case to schemes."""

    def mark(case: Callable[..., Any]) -> Callable[..., Any]:
        case.schemes = schemes  # type: ignore[attr-defined]
        return case

    return mark


def sync_only(case: Callable[..., Any]) -> Callable[..., Any]:
    """Limits a case to the sync clients: it uses what blocks and has no async twin."""
    case.sides = ["requests", "Session", "Session, overridden"]  # type: ignore[attr-defined]
    return case


REFERENCES: dict[Any, Any] = {}
"""What requests did, by case and parameters, so that it is asked once for both sides of martlet."""

ROWS: dict[str, list[str]] = {}
"""The rows of docs/differences.md that cases name, with the cases' names, of the modules imported so far."""


def run(
    case: Callable[..., Any], side: str, scheme: str, authority: Authority, arguments: dict[str, Any]
) -> dict[str, Any]:
    """One run of a case: its value and the servers' traffic as plain data. An exception that the case does
    not `attempt` fails the test. Closing the client must leave the servers without connections.
    """
    servers = Servers(scheme, authority)
    face = SIDES[side](authority.ca_file if scheme == "https" else None)
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                value = describe(case(face, servers, **arguments), face.content)
        finally:
            face.close()
        for server in servers.all:
            if server.open_connections():
                # A response holds its connection, and the traceback of an exception makes a cycle of it.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)
                    gc.collect()
                gc.freeze()  # what is left is pytest's: the next collection need not go through it again
            server.wait_until_closed()
    finally:
        for server in servers.all:
            server.stop()
    normalise = Normaliser([server.port for server in servers.all], face.lib.utils.default_headers())
    return {"value": normalise(value), "traffic": normalise(describe_traffic(servers.all))}


def attempt(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """The value of a call, or the exception it raised as a value: for cases that look at several."""
    try:
        return function(*arguments, **keywords)
    except AssertionError:
        raise
    except Exception as error:
        return error
