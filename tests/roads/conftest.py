"""The server of these tests, once over HTTP and once over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from roads.peer import Peer, serving


@pytest.fixture(scope="session", params=["http", "https"])
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A running server."""
    with serving(request.param == "https", tmp_path_factory.mktemp("peer")) as running:
        yield running
