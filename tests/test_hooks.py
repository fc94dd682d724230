"""Hooks: called in order, what they return takes the response's place."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest


def test_hooks_are_called_in_order_and_may_replace(library: ModuleType) -> None:
    def first(data: str, **kwargs: Any) -> str:
        return data + str(kwargs["n"])

    def second(data: str, **kwargs: Any) -> None:
        return None

    dispatch = library.hooks.dispatch_hook
    assert dispatch("response", {"response": [first, second, first]}, "d", n=1) == "d11"
    assert dispatch("response", {"response": first}, "d", n=2) == "d2"


@pytest.mark.parametrize("hooks", [None, {}, {"response": []}, {"other": [print]}])
def test_without_hooks_the_data_comes_back(library: ModuleType, hooks: Any) -> None:
    assert library.hooks.dispatch_hook("response", hooks, "d") == "d"


def test_default_hooks_are_new_each_time(library: ModuleType) -> None:
    assert library.hooks.default_hooks() == {"response": []}
    assert library.hooks.default_hooks()["response"] is not library.hooks.default_hooks()["response"]


def test_registering_and_deregistering(library: ModuleType) -> None:
    request = library.Request(hooks={"response": [len, repr]})
    request.register_hook("response", iter([str, 5]))
    assert request.hooks == {"response": [len, repr, str]}
    assert request.deregister_hook("response", repr) is True
    assert request.deregister_hook("response", repr) is False
    with pytest.raises(ValueError, match='Unsupported event specified, with event name "none"'):
        request.register_hook("none", len)
