"""The order of the measurements, and what is taken from them.

In each round every case runs once with every peer, A B C, and the next round begins with another peer: what
slows the machine down for a while hits them alike. A figure is the median of its rounds.

A peer that cannot be installed, fails or takes too long is reported as such: a row that says why, not none.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from . import venvs
from .cases import CHILD_SECONDS, Case
from .server import Places, Servers, on_core

# Would change what some peers do, and slow them down: they ask for these at every request.
CLEARED = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
CLEARED += tuple(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no"))


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.lower() not in map(str.lower, CLEARED)}


@dataclass
class Outcome:
    """What the rounds of one case gave for one peer: figures by name, or the reason why there are none."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    failure: str = ""
    absent: bool = False

    def add(self, result: dict[str, float]) -> None:
        for name, value in result.items():
            self.figures.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> float | None:
        values = self.figures.get(name)
        return median(values) if values and not self.failure else None


Results = dict[tuple[Case, str], Outcome]


class Failed(Exception):
    """A child that gave no result; the message is the last line it wrote, or the time it was given."""


def run_child(
    python: Path,
    module: str,
    *arguments: str,
    core: int | None = None,
    prefix: Sequence[str] = (),
    seconds: float | None = None,
) -> dict[str, Any]:
    """Runs `python -m module arguments` on the core, and takes the JSON on its last line.

    `prefix` is a command that runs the command behind it. After `seconds` the child is killed, with what it
    has started.
    """
    command = [*prefix, str(python), "-m", module, *arguments]
    seconds = seconds or CHILD_SECONDS
    with on_core(core):
        child = subprocess.Popen(
            command,
            cwd=venvs.ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    try:
        output, errors = child.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise Failed(f"not done after {seconds:g} s") from None
        raise
    if child.returncode:
        raise Failed((errors.strip().splitlines() or [f"exit status {child.returncode}"])[-1])
    if not output.strip():
        raise Failed("no result")
    result: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return result


def interpreters(peers: Sequence[str], tell: Callable[[str], None]) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python of each peer, and why some have none."""
    pythons, missing = {}, {}
    for peer in peers:
        tell(f"installing {peer}")
        try:
            pythons[peer] = venvs.python_of(peer)
        except venvs.NotInstalled as error:
            missing[peer] = str(error)
    return pythons, missing


def run_rounds(
    cases: Sequence[Case],
    pythons: dict[str, Path],
    rounds: int,
    seconds: float,
    servers: Servers,
    tell: Callable[[str], None],
) -> tuple[Results, dict[str, str]]:
    """All measurements; returns the outcomes and the version of each peer."""
    results: Results = {(case, peer): Outcome() for case in cases for peer in pythons}
    versions: dict[str, str] = {}
    peers = list(pythons)
    for turn in range(rounds):
        order = peers[turn % len(peers) :] + peers[: turn % len(peers)]
        for number, case in enumerate(cases, 1):
            for peer in order:
                outcome = results[case, peer]
                if outcome.failure or outcome.absent:
                    continue
                tell(f"round {turn + 1} of {rounds}, case {number} of {len(cases)}: {case.title}: {peer}")
                try:
                    result = measure(case, peer, pythons[peer], seconds, servers)
                except Failed as error:
                    outcome.failure = str(error)
                    continue
                outcome.absent = bool(result.pop("absent", False))
                if "version" in result:
                    versions[peer] = str(result.pop("version"))
                outcome.add(result)
    return results, versions


def measure(case: Case, peer: str, python: Path, seconds: float, servers: Servers) -> dict[str, Any]:
    job = {
        "peer": peer,
        "mode": case.mode,
        "in_flight": case.in_flight,
        "url": f"{servers.url(case.scheme, case.placement)}/bytes/{case.size}",
        "size": case.size,
        "ca": servers.ca(case.scheme, case.placement),
        "seconds": seconds,
    }
    places: Places = servers.places
    return run_child(python, "benches.child", json.dumps(job), core=places.client(case.placement))
