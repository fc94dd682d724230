"""A few daemon threads for what may block while an event loop waits: reading files, iterating a caller's
generator.

They are not those of `concurrent.futures`: leaving the interpreter does not wait for a read that never ends.
"""

from __future__ import annotations

import os
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 8
"""Threads at most; beyond that work waits for one of them."""


class _Helpers:
    """The threads and the work that waits for them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.work: deque[Callable[[], None]] = deque()
        self.idle = 0
        self.started = 0

    def call(self, work: Callable[[], None]) -> None:
        with self.changed:
            self.work.append(work)
            if self.idle >= len(self.work) or self.started == LIMIT:
                self.changed.notify()
                return
            self.started += 1
        threading.Thread(target=self.serve, name=f"martlet-helper-{self.started}", daemon=True).start()

    def serve(self) -> None:
        while True:
            with self.changed:
                self.idle += 1
                while not self.work:
                    self.changed.wait()
                self.idle -= 1
                work = self.work.popleft()
            work()


_helpers = _Helpers()


def in_helper(work: Callable[[], None]) -> None:
    """Has a helper thread call `work`, which handles its own exceptions."""
    _helpers.call(work)


def _after_fork_in_child() -> None:
    global _helpers
    _helpers = _Helpers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
