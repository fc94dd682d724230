"""The fixture `martlet_watch`: a test that uses it fails if an event loop stood still meanwhile.

    async def test_the_page_is_fetched(martlet_watch): ...

    async def test_the_page_is_drawn(martlet_watch):
        martlet_watch(threshold=0.2)                         # seconds, from here on

    @pytest.mark.martlet_watch(threshold=0.1)                # with or without the fixture
    async def test_the_page_is_parsed(): ...

A plugin of pytest, which finds it by itself where martlet is installed. Nothing that watches is loaded
before a test asks for it. It sees the loops of asyncio and uvloop that the test runs, by whichever plugin.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .watching import Stall, Watch

NAME = "martlet_watch"


class WatchedTest:
    """What a test gets: `stalls` are those so far, calling it changes the threshold."""

    def __init__(self, threshold: float) -> None:
        self._watch: Watch | None = None
        self.before: list[Stall] = []
        self(threshold)

    def __call__(self, threshold: float) -> None:
        """From here on, stalls longer than `threshold` seconds fail the test."""
        from .watching import watch

        following = watch(threshold, report=None)
        self.end()
        self._watch = following.__enter__()

    @property
    def stalls(self) -> list[Stall]:
        """Those that have ended."""
        return self.before + (self._watch.stalls if self._watch else [])

    def end(self) -> None:
        """Watches no more."""
        if self._watch is not None:
            self._watch.__exit__(None, None, None)
            self.before += self._watch.stalls
            self._watch = None


WATCH = pytest.StashKey[WatchedTest]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{NAME}(threshold=0.05): the test fails if an event loop stands still for longer, in seconds",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marked test uses the fixture."""
    for item in items:
        names: Any = getattr(item, "fixturenames", None)
        if names is not None and NAME not in names and item.get_closest_marker(NAME):
            names.append(NAME)


@pytest.fixture
def martlet_watch(request: pytest.FixtureRequest) -> Iterator[WatchedTest]:
    """Fails the test if an event loop stands still for more than 50 ms, or as its marker says."""
    marker = request.node.get_closest_marker(NAME)
    watched = _for_marker(*marker.args, **marker.kwargs) if marker else WatchedTest(0.05)
    request.node.stash[WATCH] = watched
    yield watched
    watched.end()


def _for_marker(threshold: float = 0.05) -> WatchedTest:
    return WatchedTest(threshold)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Comes after the test itself, if that has passed."""
    watched = item.stash.get(WATCH, None)
    if watched is None:
        return
    watched.end()
    if watched.stalls:
        pytest.fail("\n\n".join(str(stall) for stall in watched.stalls), pytrace=False)
