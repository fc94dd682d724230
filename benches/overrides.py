"""What a program pays that overrides something: GETs one after another, each way with a session of its own.

The same code for martlet and for requests, inside their virtualenvs (`python -m benches.overrides PEER URL`).
Prints JSON: requests/s and processor microseconds per request of each way.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from .child import WARM_UP, run_sync

SECONDS = 0.4
PLAIN = "nothing"


def ways(library: Any) -> Iterator[tuple[str, Any]]:
    """What is overridden, and a session in which it is."""
    adapter = library.adapters.HTTPAdapter

    yield PLAIN, library.Session()

    session = library.Session()
    session.hooks["response"].append(lambda response, **kwargs: None)
    yield "a response hook", session

    class Sending(library.Session):  # type: ignore[misc]
        def send(self, request: Any, **kwargs: Any) -> Any:
            return super().send(request, **kwargs)

    yield "`Session.send`", Sending()

    class Adapter(adapter):  # type: ignore[misc]
        def send(self, request: Any, **kwargs: Any) -> Any:
            return super().send(request, **kwargs)

    session = library.Session()
    session.mount("http://", Adapter())
    yield "`HTTPAdapter.send`", session

    class Settings(adapter):  # type: ignore[misc]
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, source_address=("127.0.0.1", 0), **kwargs)

    session = library.Session()
    session.mount("http://", Settings())
    yield "`HTTPAdapter.init_poolmanager`", session


def main(peer: str, url: str) -> dict[str, dict[str, float]]:
    library = importlib.import_module(peer)
    importlib.import_module(f"{peer}.adapters")
    job = {"url": url, "size": int(url.rpartition("/")[2]), "in_flight": 1}
    found = {}
    for name, session in ways(library):
        with session:
            for seconds in (WARM_UP, SECONDS):
                found[name] = run_sync(lambda url, session=session: session.get(url).content, job, seconds)
    return found


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
