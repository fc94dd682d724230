"""requests: one Session, also for many threads, with a pool of their number (the default keeps 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from requests.adapters import HTTPAdapter

REQUIREMENT = "requests==2.34.2"


@contextmanager
def sync_client(ca: str | None, connections: int) -> Iterator[Callable[[str], bytes]]:
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
        if ca:
            session.verify = ca
        yield lambda url: session.get(url).content
