"""Everything `timeout=` accepts becomes one value, or ValueError in requests' words."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import requests
import urllib3

import martlet
from martlet.timeouts import Timeout, resolve_timeout


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, None),
        (5, Timeout(connect=5, read=5, write=5)),
        ((3, None), Timeout(connect=3, write=3)),
        (Timeout(total=1), Timeout(total=1)),
        (urllib3.Timeout(connect=2, read=9), Timeout(connect=2, read=9, write=2)),
        (urllib3.Timeout(total=5, connect=2), Timeout(connect=2, read=5, write=2)),
        (urllib3.Timeout(total=5, read=9), Timeout(connect=5, read=5, write=5)),
        (urllib3.Timeout(), Timeout()),
    ],
)
def test_each_form_means_these_times(given: Any, value: Timeout | None) -> None:
    assert resolve_timeout(given) == value


@pytest.mark.parametrize("given", ["foo", 0, -1, True, (1, 2, 3), (1, "x"), (0, 1), [1, 2], object])
def test_what_means_nothing_is_refused_in_requests_words(given: Any) -> None:
    with pytest.raises(ValueError) as theirs:
        requests.get("http://127.0.0.1:1/", timeout=given)
    with pytest.raises(ValueError) as ours:
        resolve_timeout(given)
    assert str(ours.value) == str(theirs.value)


def test_a_timeout_is_a_value() -> None:
    timeout = martlet.Timeout(connect=3, read=27, write=5, pool=1, total=60)
    assert timeout == Timeout(3, 27, 5, 1, 60)
    assert len({timeout, Timeout(3, 27, 5, 1, 60), Timeout(3)}) == 2
    assert repr(Timeout(3)) == "Timeout(connect=3.0, read=None, write=None, pool=None, total=None)"
    assert pickle.loads(pickle.dumps(timeout)) == copy.copy(timeout) == timeout


def test_a_timeout_cannot_be_changed() -> None:
    timeout = Timeout(3)
    with pytest.raises(AttributeError):
        timeout.connect = 4
    with pytest.raises(AttributeError):
        del timeout.connect


@pytest.mark.parametrize("field", ["connect", "read", "write", "pool", "total"])
def test_each_time_is_checked(field: str) -> None:
    with pytest.raises(ValueError, match=f"Attempted to set {field} timeout to -1"):
        Timeout(**{field: -1})
