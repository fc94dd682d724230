"""What is measured beside the peers' cases, each in a process of its own:

- the floor: `crates/martlet/examples/bare_loop.rs`, the same engine driven from Rust, no Python anywhere;
- Python's share of a request, which is what is left of it without the floor;
- the bridge (`bridge.py`), what overriding costs (`overrides.py`), the start of a program (`startup.py`).

Each gives its figures or, as text, the reason why there are none.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from . import venvs
from .cases import CHILD_SECONDS, STANDARD
from .rounds import Failed, measure, run_child
from .server import Servers, on_core

Figures = dict[str, Any]

FLOOR_REQUESTS = 100_000
OVERRIDES_ROUNDS = 5
SHARE_ROUNDS = 15
SHARE_SECONDS = 0.5
FLOOR_SAYS = re.compile(r"([\d.]+) requests/s, ([\d.]+) us CPU per request")


def build_floor() -> Path:
    command = ["cargo", "build", "--release", "-p", "martlet", "--example", "bare_loop"]
    done = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=venvs.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    messages = map(json.loads, done.stdout.splitlines())
    programs = [
        Path(m["executable"]) for m in messages if m.get("executable") and "example" in m["target"]["kind"]
    ]
    if done.returncode or not programs:
        raise Failed(f"{' '.join(command)} ended with status {done.returncode}")
    return programs[-1]


def floor(servers: Servers) -> Figures | str:
    """requests/s and processor microseconds per request of the standard case, without Python."""
    try:
        return _bare_loop(build_floor(), servers)
    except Failed as error:
        return str(error)


def _bare_loop(program: Path, servers: Servers) -> Figures:
    url = f"{servers.url(STANDARD.scheme, STANDARD.placement)}/bytes/{STANDARD.size}"
    command = [str(program), url, str(FLOOR_REQUESTS), str(STANDARD.in_flight)]
    with on_core(servers.places.client(STANDARD.placement)):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failed(str(error)) from None
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    if not (said := FLOOR_SAYS.search(done.stdout)):
        raise Failed(f"bare_loop says {done.stdout!r}")
    return {"per_second": float(said[1]), "cpu_us": float(said[2])}


def share(python: Path, servers: Servers) -> dict[str, float] | str:
    """Processor microseconds of the standard case, of the same without Python, and of an empty awaitable with
    an empty Response: medians of rounds that alternate.
    """
    found: dict[str, list[float]] = {}
    core = servers.places.client(STANDARD.placement)
    try:
        program = build_floor()
        for _ in range(SHARE_ROUNDS):
            for name, figures in (
                ("whole", measure(STANDARD, "martlet", python, SHARE_SECONDS, servers)),
                ("bare", _bare_loop(program, servers)),
                ("empty", run_child(python, "benches.bridge", "response", core=core)),
            ):
                found.setdefault(name, []).append(figures["cpu_us"])
    except Failed as error:
        return str(error)
    return {name: median(values) for name, values in found.items()}


def bridge(python: Path, core: int | None) -> Figures | str:
    try:
        return run_child(python, "benches.bridge", core=core)
    except Failed as error:
        return str(error)


def overrides(pythons: dict[str, Path], servers: Servers) -> dict[str, dict[str, float]] | str:
    """requests/s by what is overridden, then by client: medians of rounds that alternate."""
    url = f"{servers.url(STANDARD.scheme, STANDARD.placement)}/bytes/{STANDARD.size}"
    core = servers.places.client(STANDARD.placement)
    figures: dict[str, dict[str, list[float]]] = {}
    try:
        for _ in range(OVERRIDES_ROUNDS):
            for peer in ("martlet", "requests"):
                for way, found in run_child(pythons[peer], "benches.overrides", peer, url, core=core).items():
                    figures.setdefault(way, {}).setdefault(peer, []).append(found["per_second"])
    except Failed as error:
        return str(error)
    return {way: {peer: median(rates) for peer, rates in by.items()} for way, by in figures.items()}


def startup(pythons: dict[str, Path]) -> dict[str, Figures | str]:
    found: dict[str, Figures | str] = {}
    for peer, python in pythons.items():
        try:
            found[peer] = run_child(python, "benches.startup", peer)
        except Failed as error:
            found[peer] = str(error)
    return found
