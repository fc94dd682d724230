"""`Session`, but every request goes through an `AsyncSession` on an event loop in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Iterator
from typing import Any

from martlet import AsyncSession


class Loop:
    """An event loop in a thread, for the whole process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def wait(self, awaitable: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop).result()


LOOP = Loop()


class Session(AsyncSession):
    """The methods that are awaited, waited for."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        return LOOP.wait(super().request(*args, **kwargs))

    def send(self, request: Any, **kwargs: Any) -> Any:
        sent = super().send(request, **kwargs)
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        return sent if running is LOOP.loop else LOOP.wait(sent)

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Any:
        found = super().resolve_redirects(*args, **kwargs)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._each(found)
        return found

    def _each(self, found: Any) -> Iterator[Any]:
        end = object()
        while (item := LOOP.wait(anext(found, end))) is not end:
            yield item

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def install() -> None:
    """Puts it where requests' users find `Session`."""
    import martlet.sessions

    for module in (martlet, martlet.sessions):
        module.Session = Session  # type: ignore[misc, assignment]
    martlet.sessions.session = martlet.session = Session  # type: ignore[assignment]
