"""How long each part of a call may take, as a value, and how everything `timeout=` accepts becomes one.

| given | connect | read | write, pool, total |
|---|---|---|---|
| `None` | for ever | for ever | for ever |
| `5` | 5 s | 5 s | for ever |
| `(3, 27)` | 3 s | 27 s | for ever |
| `urllib3.Timeout(total, connect, read)` | at most total | at most total | for ever |
| `martlet.Timeout(...)` | as it says | as it says | as it says |

`read` is the time between two pieces of the reply, as in requests; `total` is from the call to the last byte.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._types import TimeoutTypes

_FIELDS = ("connect", "read", "write", "pool", "total")


class Timeout:
    """Times in seconds after which a call is given up; None waits for ever. Cannot be changed once made.

    connect: until the connection stands (DNS, TCP, proxy and TLS together).
    read: between two pieces of the reply.
    write: until the peer takes the next piece of the request.
    pool: until the pool has a place.
    total: from the call to the last byte of the body.

    Raises ValueError for a time that is not a positive number.
    """

    __slots__ = _FIELDS

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None
    total: float | None

    def __init__(
        self,
        connect: float | None = None,
        read: float | None = None,
        write: float | None = None,
        pool: float | None = None,
        total: float | None = None,
    ) -> None:
        for name, seconds in zip(_FIELDS, (connect, read, write, pool, total), strict=True):
            object.__setattr__(self, name, _seconds(name, seconds))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Timeout cannot be changed; make a new one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Timeout cannot be changed; make a new one")

    def _times(self) -> tuple[float | None, ...]:
        return (self.connect, self.read, self.write, self.pool, self.total)

    def __eq__(self, other: object) -> bool:
        return self._times() == other._times() if isinstance(other, Timeout) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._times())

    def __repr__(self) -> str:
        return f"Timeout({', '.join(f'{name}={getattr(self, name)!r}' for name in _FIELDS)})"

    def __reduce__(self) -> tuple[type[Timeout], tuple[float | None, ...]]:
        return (Timeout, self._times())


def resolve_timeout(timeout: TimeoutTypes) -> Timeout | None:
    """The value of whatever a caller gave as `timeout=`.

    ValueError, worded as by requests, if it means nothing.
    """
    if timeout is None or isinstance(timeout, Timeout):
        return timeout
    if isinstance(timeout, tuple):
        try:
            connect, read = timeout
            return _of_requests(connect, read)
        except ValueError:
            raise ValueError(
                f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, "
                "or a single float to set both timeouts to the same value."
            ) from None
    if hasattr(timeout, "connect_timeout") and hasattr(timeout, "total"):
        return _from_urllib3(timeout)
    seconds: Any = timeout
    return _of_requests(seconds, seconds)


def _of_requests(connect: float | None, read: float | None) -> Timeout:
    """Beneath requests a socket keeps the time for connecting while it sends."""
    return Timeout(connect=connect, read=read, write=connect)


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")
    try:
        seconds = float(value)
        positive = value > 0
    except (TypeError, ValueError):
        raise ValueError(f"Timeout value {name} was {value}, but it must be an int, float or None.") from None
    if not positive:
        raise ValueError(
            f"Attempted to set {name} timeout to {value}, but the timeout cannot be set to a value less "
            "than or equal to 0."
        )
    return seconds


def _from_urllib3(timeout: Any) -> Timeout:
    from enum import Enum

    def smaller(*times: object) -> float | None:
        # What is not a plain number is urllib3's mark for "the socket module's default": none.
        numbers = [time for time in times if isinstance(time, int | float) and not isinstance(time, Enum)]
        return min(numbers, default=None)

    # Its public `read_timeout` cannot be asked before it was started; what it was made with can.
    connect, read = getattr(timeout, "_connect", None), getattr(timeout, "_read", None)
    return _of_requests(smaller(connect, timeout.total), smaller(read, timeout.total))
