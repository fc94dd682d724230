from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loop.runners import ALL, ASYNCIO
from martlet.testing import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(params=ASYNCIO)
def run_in_asyncio(request: pytest.FixtureRequest) -> Any:
    """Runs an async function under asyncio, uvloop, and asyncio without add_reader."""
    return ASYNCIO[request.param]


@pytest.fixture(params=ALL)
def run(request: pytest.FixtureRequest) -> Any:
    """Runs an async function under each of the loops, trio among them."""
    return ALL[request.param]
