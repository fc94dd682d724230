"""The containers of `requests`: `CaseInsensitiveDict` for headers, `LookupDict` for status codes.

`CaseInsensitiveDict` keeps `_store` (lower-cased key -> (key as last set, value)), as libraries read it, and
counts its changes in `_version`, so that the engine can tell that a session's headers are still the ones it
has seen. Whoever writes to `_store` directly has to count that change too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, MutableMapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    V = TypeVar("V")
    D = TypeVar("D")


class CaseInsensitiveDict(MutableMapping[str, "V"]):
    """A mapping whose string keys match in any case and are given back in the case they were last set in.

    The order is that of first insertion. Equality ignores the case of keys, also against plain mappings.
    """

    if TYPE_CHECKING:
        _store: OrderedDict[str, tuple[str, V]]

    _version: int

    def __init__(self, data: Mapping[str, V] | Iterable[tuple[str, V]] | None = None, **kwargs: V) -> None:
        self._store = OrderedDict()
        self._version = 0
        if data is not None:
            self.update(data)
        if kwargs:
            self.update(kwargs)

    def __setitem__(self, key: str, value: V) -> None:
        self._store[key.lower()] = (key, value)
        self._version += 1

    def __getitem__(self, key: str) -> V:
        return self._store[key.lower()][1]

    def __delitem__(self, key: str) -> None:
        del self._store[key.lower()]
        self._version += 1

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._store.values())

    def __len__(self) -> int:
        return len(self._store)

    def lower_items(self) -> Iterator[tuple[str, V]]:
        """The items with their keys in lower case."""
        return ((lower, pair[1]) for lower, pair in self._store.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        theirs: CaseInsensitiveDict[Any] = CaseInsensitiveDict(other)  # pyright: ignore[reportUnknownArgumentType]
        return dict(self.lower_items()) == dict(theirs.lower_items())

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> CaseInsensitiveDict[V]:
        """A new dictionary with the same items."""
        return CaseInsensitiveDict(self._store.values())

    def __repr__(self) -> str:
        return str(dict(self.items()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__dict__.setdefault("_version", 0)


class LookupDict(dict[str, "V"]):
    """A dictionary looked up by attribute as well as by item.

    A missing item is None, a missing attribute an error.
    """

    if TYPE_CHECKING:
        name: Any

    def __init__(self, name: Any = None) -> None:
        self.name = name
        super().__init__()

    def __repr__(self) -> str:
        return f"<lookup '{self.name}'>"

    def __getattr__(self, key: str) -> V:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")

    def __getitem__(self, key: str) -> V | None:  # type: ignore[override]
        return self.__dict__.get(key)

    def get(self, key: str, default: D | None = None) -> V | D | None:  # type: ignore[override]
        """The value at `key`, or `default`."""
        return self.__dict__.get(key, default)


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
