"""`alias_requests()`: from then on, `import requests` gives this package, in the whole process.

It is for programs that cannot change their imports because a library makes them. Only what Python looks up
is changed: `sys.modules` and one finder in front of `sys.meta_path`. Nothing on disk, and all is undone by
`undo()`.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from typing_extensions import Self

NAME = "requests"
PACKAGE = __package__
VERSION = "2.34.2"
BUILD = 0x023402
"""The release of requests whose API this is: libraries look at `requests.__version__` and `__build__`."""


class Alias(MetaPathFinder, Loader):
    """The alias, while it holds; also a context manager that undoes it."""

    def __init__(self) -> None:
        self._replaced: dict[str, ModuleType] = {}
        self._specs: dict[str, ModuleSpec | None] = {}
        self._version: dict[str, Any] = {}
        self._holds = False

    def _begin(self) -> None:
        _warn_of_holders()
        self._holds = True
        package = sys.modules[PACKAGE]
        self._replaced = {name: module for name, module in sys.modules.items() if _is_ours(name)}
        for name in self._replaced:
            del sys.modules[name]
        self._version = {name: getattr(package, name) for name in ("__version__", "__build__")}
        own = self._version["__version__"]
        vars(package).update(__version__=f"{VERSION}+{PACKAGE}.{own}", __build__=BUILD)
        sys.modules[NAME] = package
        sys.meta_path.insert(0, self)

    def undo(self) -> None:
        """Ends it: `import requests` gives requests again. What was imported in between stays as it is."""
        if not self._holds:
            return
        self._holds = False
        sys.meta_path.remove(self)
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(self._replaced)
        vars(sys.modules[PACKAGE]).update(self._version)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.undo()

    # The finder: a module of requests is the module of that name here.

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The module here, if `fullname` is of requests."""
        return ModuleSpec(fullname, self) if _is_ours(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module itself, not another one."""
        own = PACKAGE + spec.name.removeprefix(NAME)
        module = import_module(own)
        self._specs[spec.name] = module.__spec__
        # What a module puts beside itself, as martlet.packages does with urllib3, is there under both names.
        for name in [name for name in sys.modules if name.startswith(f"{own}.")]:
            sys.modules[spec.name + name.removeprefix(own)] = sys.modules[name]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It is there already; only its spec was just overwritten."""
        spec = module.__spec__
        if spec is not None and spec.name in self._specs:
            module.__spec__ = self._specs.pop(spec.name)


_alias = Alias()


def alias_requests() -> Alias:
    """Has `import requests`, and that of its submodules, give martlet from now on; `undo()` of what it
    returns ends that.

    Call it before anything else is imported that uses requests: a module that has imported it already keeps
    what it has, of which a RuntimeWarning tells. While the alias holds, `martlet.__version__` begins with the
    version of requests whose API this is, as in "2.34.2+martlet.0.1.0", for libraries that compare it.

    >>> with alias_requests():
    ...     import requests
    ...     requests.Session.__module__
    'martlet.sessions'
    """
    if not _alias._holds:
        _alias._begin()
    return _alias


def _is_ours(name: str) -> bool:
    return name == NAME or name.startswith(f"{NAME}.")


def _warn_of_holders() -> None:
    """Warns of modules that have imported the real requests."""
    real = sys.modules.get(NAME)
    if real is None:
        return
    holders = sorted(
        name
        for name, module in list(sys.modules.items())
        if not _is_ours(name) and any(value is real for value in list(vars(module).values()))
    )
    if holders:
        warnings.warn(
            f"requests was imported before alias_requests() was called; {', '.join(holders)} keep using it",
            RuntimeWarning,
            stacklevel=4,
        )
