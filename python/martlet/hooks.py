"""Hooks: the one event `response`, called for every response, also for those of redirects.

A hook is called as `hook(response, timeout=, verify=, proxies=, stream=, cert=)`. What it returns, unless
None, takes the response's place. On an `AsyncSession` a hook may be a coroutine function.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._types import Hook, Hooks
    from .response import Response

HOOKS = ["response"]


def default_hooks() -> dict[str, list[Hook]]:
    """A new table of hooks with every event and no hook."""
    return {event: [] for event in HOOKS}


def hooks_of(event: str, hooks: Hooks | None) -> Iterable[Hook]:
    """The hooks to call for `event`, in order; a hook standing alone counts as a list of one."""
    found = (hooks or {}).get(event)
    if not found:
        return ()
    return (found,) if callable(found) else found


def dispatch_hook(key: str, hooks: Hooks | None, hook_data: Response, **kwargs: Any) -> Response:
    """Calls the hooks of the event `key` one after another and returns what the last of them left."""
    for hook in hooks_of(key, hooks):
        replaced = hook(hook_data, **kwargs)
        if replaced is not None:
            hook_data = replaced
    return hook_data


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
