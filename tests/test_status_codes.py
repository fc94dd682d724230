"""The names of status codes are those of requests, all of them."""

from __future__ import annotations

import requests

import martlet


def test_every_name_of_requests_means_the_same_code() -> None:
    assert vars(martlet.codes).items() >= vars(requests.codes).items()


def test_no_name_is_added() -> None:
    assert vars(martlet.codes).keys() == vars(requests.codes).keys()
