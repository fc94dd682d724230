"""The order of the measurements, and what is taken from them.

In each round every scenario is done once by every client, A B C, and the next round begins with another; each
time the client and its control follow on each other, the control first in every other round. A figure is the
median of its rounds; those of the control are called `control_...`.

What fails, takes too long or cannot be done is reported with the reason, and not tried in the next round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..rounds import Failed, Outcome, run_child
from ..server import Places, Servers
from . import bodies, names
from .scenarios import Scenario

# A child that is not done after this is killed, and its measurement reported as failed.
CHILD_SECONDS = 60
ROLES = ("client", "control")

Results = dict[tuple[str, str], Outcome]


@dataclass
class Bench:
    """Where the measurements are made."""

    program: Path
    pythons: dict[str, Path]
    places: Places = field(default_factory=Places)
    folder: Path = field(default_factory=bodies.made)

    def __post_init__(self) -> None:
        self.prefix = names.prefix(self.folder)
        self.sizes = {name: bodies.characters(self.folder, name) for name in ("utf8", "sjis")}

    def job(self, scenario: Scenario, client: str, role: str, url: str, ca: str | None) -> dict[str, Any]:
        return {
            "role": role,
            "client": client,
            "scenario": scenario.key,
            "method": scenario.method,
            "url": url + scenario.path,
            "warm": url + scenario.warm,
            "expected": scenario.expected or self.sizes[scenario.path.rpartition("/")[2]],
            "count": scenario.count,
            "names": (names.KNOWN if self.prefix else names.UNKNOWN) if scenario.names else "",
            "memory": scenario.memory,
            "file": str(self.folder / "upload"),
            "warm_file": str(self.folder / "upload-small"),
            "ca": ca,
        }

    def measure(self, scenario: Scenario, client: str, role: str) -> dict[str, Any]:
        """Each time with a server of its own: the ports of 10,000 connections are not free again at once."""
        with Servers(self.program, self.places, bodies.options(self.folder)) as servers:
            url = servers.url(scenario.scheme, "apart")
            job = self.job(scenario, client, role, url, servers.ca(scenario.scheme, "apart"))
            return run_child(
                self.pythons[client],
                "benches.loop.child",
                json.dumps(job),
                core=self.places.client("apart"),
                prefix=self.prefix if scenario.names else (),
                seconds=CHILD_SECONDS,
            )


def one(bench: Any, scenario: Scenario, client: str, turn: int, outcome: Outcome) -> str:
    """A client and its control, once; returns the client's version."""
    found: dict[str, float] = {}
    version = ""
    for role in ROLES[:: -1 if turn % 2 else 1]:
        try:
            result = bench.measure(scenario, client, role)
        except Failed as error:
            outcome.failure = f"control: {error}" if role == "control" else str(error)
            return version
        if reason := result.pop("cannot", ""):
            outcome.absent, outcome.failure = True, str(reason)
            return version
        version = str(result.pop("version", version))
        before = "" if role == "client" else "control_"
        found |= {before + name: value for name, value in result.items()}
    outcome.add(found)
    return version


def run(
    bench: Any,
    scenarios: Sequence[Scenario],
    clients: Sequence[str],
    rounds: int,
    tell: Callable[[str], None],
) -> tuple[Results, dict[str, str]]:
    """All measurements; returns the outcomes and the version of each client."""
    results: Results = {(scenario.key, client): Outcome() for scenario in scenarios for client in clients}
    versions: dict[str, str] = {}
    for turn in range(rounds):
        order = [*clients[turn % len(clients) :], *clients[: turn % len(clients)]]
        for scenario in scenarios:
            for client in order:
                outcome = results[scenario.key, client]
                if outcome.failure:
                    continue
                tell(f"round {turn + 1} of {rounds}: {scenario.title}: {client}")
                if version := one(bench, scenario, client, turn, outcome):
                    versions[client] = version
    return results, versions
