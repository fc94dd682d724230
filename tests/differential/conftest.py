"""How many examples are drawn, and the servers that all of them share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from .arena import Arena

_LONG = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "0"))

settings.register_profile(
    "short", max_examples=75, derandomize=True, deadline=None, database=None, print_blob=False
)
settings.register_profile(
    "long",
    max_examples=_LONG or 1,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("long" if _LONG else "short")


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena
