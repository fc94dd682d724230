"""Every public name of requests is here, in the same module, with the same arguments."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest
import requests

MODULES = [
    "requests",
    "requests.__version__",
    "requests._internal_utils",
    "requests.adapters",
    "requests.api",
    "requests.auth",
    "requests.certs",
    "requests.compat",
    "requests.cookies",
    "requests.exceptions",
    "requests.help",
    "requests.hooks",
    "requests.models",
    "requests.packages",
    "requests.sessions",
    "requests.status_codes",
    "requests.structures",
    "requests.utils",
]

# What is there by accident: versions that were checked on import, loop variables, optional modules.
ACCIDENTS = {
    "requests": {"chardet_version", "charset_normalizer_version"},
    "requests.help": {"Any", "OpenSSL", "chardet", "cryptography", "pyopenssl", "requests_version"},
    "requests.packages": {"imported_mod", "mod", "package", "target"},
}


def twin(name: str) -> ModuleType:
    return importlib.import_module(name.replace("requests", "martlet", 1))


def public(module: ModuleType) -> set[str]:
    return {name for name in dir(module) if not name.startswith("_")} - ACCIDENTS.get(module.__name__, set())


def defined(name: str) -> list[str]:
    module = importlib.import_module(name)
    return [key for key in public(module) if getattr(getattr(module, key), "__module__", None) == name]


def parameters(function: object) -> list[tuple[str, object, object]]:
    found = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [(each.name, each.kind, each.default) for each in found]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_there(name):
    missing = [key for key in public(importlib.import_module(name)) if not hasattr(twin(name), key)]
    assert not missing


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module in MODULES for name in defined(module)]
)
def test_classes_have_the_same_members_and_functions_the_same_arguments(module, name):
    theirs, ours = getattr(importlib.import_module(module), name), getattr(twin(module), name)
    if inspect.isfunction(theirs):
        assert [each[:2] for each in parameters(ours)] == [each[:2] for each in parameters(theirs)]
    if not inspect.isclass(theirs):
        return
    own = [member for cls in theirs.__mro__ if cls.__module__.startswith("requests") for member in vars(cls)]
    for member in own:
        if member.startswith("__") and member not in ("__init__", "__attrs__", "__nonzero__"):
            continue
        assert hasattr(ours, member), member
        function = getattr(theirs, member)
        if inspect.isfunction(function) and member != "__init__":
            expected, found = parameters(function), parameters(getattr(ours, member))
            assert [each[:2] for each in found] == [each[:2] for each in expected], member
            for (_, _, there), (_, _, here) in zip(expected, found, strict=True):
                assert here == there or not isinstance(there, bool | int | float | str | None), member


def test_exceptions_have_the_same_bases():
    import martlet

    def names(cls: type) -> list[str]:
        return [base.__name__ for base in cls.__mro__]

    for name, theirs in vars(requests.exceptions).items():
        if inspect.isclass(theirs) and theirs.__module__ == "requests.exceptions":
            assert names(getattr(martlet.exceptions, name)) == names(theirs)


def test_a_name_that_nobody_has_is_an_attribute_error():
    for name in MODULES:
        with pytest.raises(AttributeError, match="no attribute 'nobody_has_this'"):
            _ = twin(name).nobody_has_this


def test_help_says_the_versions(capsys):
    import json

    from martlet import help as ours

    ours.main()
    said = json.loads(capsys.readouterr().out)
    assert said.keys() == requests.help.info().keys()
