"""Attributes that are worked out when first read, and then are ordinary ones.

`lazy` is a non-data descriptor: what it works out, like whatever a caller assigns, goes to the instance's
`__dict__` and is found there from then on. So an object costs only what is asked of it, and still pickles,
copies and mocks like one whose attributes were set in `__init__`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, TypeVar, overload

    T = TypeVar("T")

    class lazy(Generic[T]):
        """For type checkers: an attribute of the type that the method returns."""

        def __init__(self, fill: Callable[[Any], T]) -> None: ...
        @overload
        def __get__(self, instance: None, owner: type) -> lazy[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
        def __set__(self, instance: object, value: T) -> None: ...
        def __delete__(self, instance: object) -> None: ...

else:

    class lazy:
        """Decorates a method whose result becomes the attribute of the same name on first read."""

        def __init__(self, fill):
            self.fill = fill
            self.name = fill.__name__
            self.__doc__ = fill.__doc__

        def __get__(self, instance, owner):
            if instance is None:
                return self
            # setdefault: of two threads that work it out at once, both get the value that was stored first.
            return instance.__dict__.setdefault(self.name, self.fill(instance))
