"""`python -m benches.loop`: runs the rounds, writes docs/benchmarks/loop*: a page, a plot, a block."""

from __future__ import annotations

import argparse
import json
import os
import resource
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .. import venvs
from ..__main__ import tell
from ..readme import README, place
from ..rounds import interpreters
from ..server import build
from .clients import NAMES
from .plot import document
from .report import Run, block, markdown
from .runs import Bench, run
from .scenarios import IN_FLIGHT, SCENARIOS

ROUNDS = {False: 5, True: 1}


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.loop", description="the event loop's lag")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--peers", default=",".join(NAMES), help="comma-separated, of: %(default)s")
    keys = ",".join(scenario.key for scenario in SCENARIOS)
    parser.add_argument("--scenarios", default=keys, help="comma-separated, of: %(default)s")
    parser.add_argument("--rounds", type=int, help="how often each client does each scenario")
    parser.add_argument("--server", type=Path, help="a martlet-testing-server built already")
    parser.add_argument("--output", type=Path, default=venvs.ROOT / "docs" / "benchmarks")
    return parser.parse_args(words)


def open_files() -> None:
    """Lets this process and its children have as many open files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < IN_FLIGHT + 500:
        tell(f"at most {hard} files may be open: {IN_FLIGHT} requests in flight will fail (`ulimit -Hn`)")


def main(words: Sequence[str] | None = None) -> None:
    options = arguments(words)
    chosen = [scenario for scenario in SCENARIOS if scenario.key in options.scenarios.split(",")]
    if not chosen:
        raise SystemExit(f"no scenario is called {options.scenarios!r}; see --help")
    open_files()
    load = os.getloadavg()[0]
    rounds = options.rounds or ROUNDS[options.quick]
    pythons, missing = interpreters(options.peers.split(","), tell)
    bench = Bench(options.server or build(), pythons)
    results, versions = run(bench, chosen, list(pythons), rounds, tell)
    done = Run(chosen, rounds, load, results, versions, bool(bench.prefix), missing)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "loop.svg").write_text(document(done))
    page = options.output / "loop.md"
    page.write_text(markdown(done, "loop.svg"))
    raw = {f"{key} {client}": asdict(outcome) for (key, client), outcome in results.items()}
    (bench.folder / "figures.json").write_text(json.dumps(raw, indent=1))
    if options.output == venvs.ROOT / "docs" / "benchmarks":
        place(README, "benches.loop", block(done, "docs/benchmarks/loop.svg"))
    tell("")
    print(page.read_text())
    print(f"written to {page}")


if __name__ == "__main__":
    main()
