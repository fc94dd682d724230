"""`python -m benches`: installs the peers, runs the rounds, writes docs/benchmarks. See `--help`."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from . import abi3, extras, venvs
from .cases import EFFORTS, Effort
from .peers import NAMES
from .readme import README, place
from .report import Run, block, markdown, panels
from .rounds import Failed, interpreters, run_rounds
from .server import Places, Servers, build
from .svg import document

ABI3_WHEELS = venvs.ROOT / ".build" / "wheels-abi3"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches", description="martlet beside its peers")
    parser.add_argument("--quick", action="store_true", help="a few cases, a few minutes")
    parser.add_argument("--peers", default=",".join(NAMES), help="comma-separated, of: %(default)s")
    parser.add_argument("--cases", default="", help="only those whose name holds this, e.g. async-64")
    parser.add_argument("--rounds", type=int, help="how often each case runs with each peer")
    parser.add_argument("--seconds", type=float, help="how long each time")
    parser.add_argument("--no-extras", action="store_true", help="the peers' cases only")
    parser.add_argument("--server", type=Path, help="a martlet-testing-server built already")
    parser.add_argument("--output", type=Path, default=venvs.ROOT / "docs" / "benchmarks")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> Effort:
    effort = EFFORTS["quick" if options.quick else "full"]
    cases = tuple(case for case in effort.cases if options.cases in case.key)
    if not cases:
        raise SystemExit(
            f"no case holds {options.cases!r}; there are {', '.join(c.key for c in effort.cases)}"
        )
    return replace(
        effort, cases=cases, rounds=options.rounds or effort.rounds, seconds=options.seconds or effort.seconds
    )


def tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def wheel_builds() -> dict[str, dict[str, float]] | str:
    try:
        return abi3.compare([venvs.wheel(), venvs.wheel(ABI3_WHEELS)])
    except (venvs.NotInstalled, Failed) as error:
        return str(error)


def main() -> None:
    options = arguments()
    effort = chosen(options)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    pythons, missing = interpreters(options.peers.split(","), tell)
    program = options.server or build()
    with Servers(program, Places()) as servers:
        results, versions = run_rounds(effort.cases, pythons, effort.rounds, effort.seconds, servers, tell)
        run = Run("quick" if options.quick else "full", effort, load, results, versions, missing)
        if not options.no_extras:
            tell("the floor: building the bare Rust loop")
            run.floor = extras.floor(servers)
            if "martlet" in pythons:
                tell("Python's share")
                run.share = extras.share(pythons["martlet"], servers)
                tell("the bridge")
                run.bridge = extras.bridge(pythons["martlet"], servers.places.client("apart"))
                if "requests" in pythons:
                    tell("what overriding costs")
                    run.overrides = extras.overrides(pythons, servers)
                tell("23 MB bodies")
                run.builds = wheel_builds()
            tell("start of a program")
            run.startup = extras.startup(pythons)

    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "benchmarks.svg").write_text(document(panels(run)))
    page = options.output / "README.md"
    page.write_text(markdown(run, "benchmarks.svg"))
    if options.output == venvs.ROOT / "docs" / "benchmarks":
        place(README, "benches", block(run))
    tell("")
    print(page.read_text())
    print(f"written to {page}")


if __name__ == "__main__":
    main()
