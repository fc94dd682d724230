"""The package: its names, and the functions for a single request."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import requests

import martlet
from handles import Handle, response_over

FUNCTIONS = ("request", "get", "options", "head", "post", "put", "patch", "delete")


def test_all_is_what_can_be_imported() -> None:
    for name in martlet.__all__:
        assert getattr(martlet, name) is not None
    assert set(martlet.__all__) <= set(dir(martlet))
    with pytest.raises(AttributeError, match="module 'martlet' has no attribute 'nonsense'"):
        _ = martlet.nonsense  # type: ignore[attr-defined]


def test_every_name_that_requests_offers_is_there() -> None:
    for name in requests.__all__:
        assert hasattr(martlet, name), name


@pytest.mark.parametrize(
    "module",
    [
        "adapters",
        "api",
        "auth",
        "compat",
        "cookies",
        "exceptions",
        "hooks",
        "models",
        "sessions",
        "structures",
        "utils",
    ],
)
def test_every_function_and_class_of_a_module_is_there(module: str) -> None:
    theirs, ours = getattr(requests, module), getattr(martlet, module)
    own = [
        name
        for name, value in vars(theirs).items()
        if getattr(value, "__module__", None) == theirs.__name__ and not name.startswith("_")
    ]
    assert [name for name in own if not hasattr(ours, name)] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_the_arguments_of_requests(name: str) -> None:
    ours, theirs = (
        [
            (parameter.name, parameter.kind, parameter.default)
            for parameter in inspect.signature(getattr(library, name)).parameters.values()
        ]
        for library in (martlet, requests)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", FUNCTIONS)
def test_session_methods_take_the_arguments_of_requests(name: str) -> None:
    ours, theirs = (
        [
            (parameter.name, parameter.kind, parameter.default)
            for parameter in inspect.signature(getattr(library.Session, name)).parameters.values()
        ]
        for library in (martlet, requests)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", FUNCTIONS[1:])
def test_a_single_request_closes_its_session(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[Any] = []

    def request(self: Any, method: Any, url: Any, **kwargs: Any) -> Any:
        self._martlet_used = True
        sessions.append((self, method.upper(), kwargs.get("allow_redirects")))
        return response_over(Handle(body=b""))

    monkeypatch.setattr(martlet.Session, "request", request)
    getattr(martlet, name)("http://a.test/")
    [(session, method, follow)] = sessions
    assert (method, session._martlet_used, follow) == (name.upper(), False, False if name == "head" else None)


def test_the_version_is_told() -> None:
    assert martlet.__version__ == martlet.utils.__version__
