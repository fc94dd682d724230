"""Where the sides meet: each plays the same call to the same servers, and then is compared with requests."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from compat.faces import SIDES, Face
from compat.harness import attempt
from compat.outcome import Normaliser, describe, describe_traffic, differences
from servers.recording import RecordingServer

Play = Callable[[Face, "Arena"], Any]


class Arena:
    """Two servers, `server` and `other`, which forget everything between the sides."""

    def __init__(self) -> None:
        self.server, self.other = RecordingServer(), RecordingServer()
        self._played = 0

    @property
    def servers(self) -> list[RecordingServer]:
        return [self.server, self.other]

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for server in self.servers:
            server.stop()

    def compare(self, play: Play) -> None:
        """Fails unless `play` comes to the same on every side. An exception is an outcome like another."""
        theirs: Any = None
        for side in SIDES:
            outcome = self._run(side, play)
            if side == "requests":
                theirs = outcome
            elif different := list(differences(theirs, outcome)):
                raise AssertionError("\n".join([f"{side}: not as in requests:", *different]))

    def _run(self, side: str, play: Play) -> Any:
        for server in self.servers:
            server.forget()
        face = SIDES[side](None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sockets that the traceback of an exception still holds
            try:
                value = describe(attempt(play, face, self), face.content)
            finally:
                face.close()
            self._played += 1
            if self._played % 500 == 0:
                gc.collect()
        normalise = Normaliser([server.port for server in self.servers], face.lib.utils.default_headers())
        return {"value": normalise(value), "traffic": normalise(describe_traffic(self.servers))}
