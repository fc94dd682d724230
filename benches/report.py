"""What a run found, as Markdown with one plot. No judgement of its own but the bars of `BARS`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from statistics import median
from typing import Any

from .cases import FREE, KB, LARGE, ONE_CORE, SECURE, STANDARD, THREADS, Case, Effort
from .readme import conditions
from .rounds import Outcome, Results
from .svg import Panel

US = "martlet"
# What the README shows.
SUMMARY = (FREE, THREADS, STANDARD, SECURE, LARGE)
COLUMNS = ("requests/s", "of martlet's", "spread", "CPU µs", "of martlet's", "p50", "p99", "max", "MiB")


@dataclass
class Run:
    """Everything that was measured."""

    name: str
    effort: Effort
    load: float
    results: Results
    versions: dict[str, str]
    missing: dict[str, str]
    floor: dict[str, Any] | str = "not measured"
    share: dict[str, float] | str = "not measured"
    bridge: dict[str, Any] | str = "not measured"
    overrides: dict[str, dict[str, float]] | str = "not measured"
    startup: dict[str, dict[str, Any] | str] = field(default_factory=dict)
    builds: dict[str, dict[str, float]] | str = "not measured"
    on: str = field(default_factory=lambda: date.today().isoformat())

    def figure(self, case: Case, peer: str, name: str) -> float | None:
        outcome = self.results.get((case, peer))
        return outcome[name] if outcome else None

    def peers(self, case: Case) -> list[str]:
        return [peer for other, peer in self.results if other == case]

    def ratio(self, case: Case, name: str, over: str, under: str) -> float | None:
        """The median of the rounds' ratios: what slows the machine down for a round is in both figures."""
        return median_ratio(self.rounds(case, name, over, under))

    def rounds(self, case: Case, name: str, *peers: str) -> list[tuple[float, ...]]:
        """What each round gave for these peers; nothing where one of them has no figure."""
        if any(self.figure(case, peer, name) is None for peer in peers):
            return []
        return list(zip(*(self.results[case, peer].figures[name] for peer in peers), strict=True))


def median_ratio(pairs: Sequence[tuple[float, ...]]) -> float | None:
    return median(over / under for over, under in pairs) if pairs else None


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" if index == 0 else "---:" for index in range(len(head))) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def ratios(run: Run, case: Case, name: str) -> list[float]:
    """martlet's figure divided by that of each peer that has one."""
    found = [run.ratio(case, name, US, peer) for peer in run.peers(case) if peer != US]
    return [ratio for ratio in found if ratio is not None]


def bars(run: Run) -> Iterator[tuple[str, float | None, str, float]]:
    """What the project holds itself to: what, the figure, `<=` or `>=`, the bar."""
    cpu = f"CPU per request, {STANDARD.title}: martlet's of"
    for peer, bar in (("ry", 0.7), ("aiohttp", 0.2), ("httpx", 0.012)):
        yield f"{cpu} {peer}'s", run.ratio(STANDARD, "cpu_us", US, peer), "<=", bar
    ours, threaded = run.figure(STANDARD, US, "cpu_us"), run.figure(THREADS, "requests", "cpu_us")
    of_threads = ours / threaded if ours and threaded else None
    yield f"{cpu} requests' in 16 threads", of_threads, "<=", 0.03
    of_ry = run.ratio(SECURE, "cpu_us", US, "ry")
    yield f"CPU per request, {SECURE.title}: martlet's of ry's", of_ry, "<=", 0.85
    plain, secure = (less_cpu(run, case) for case in (STANDARD, SECURE))
    gap = median_ratio(list(zip(secure, plain, strict=True))) if secure and plain else None
    yield "by how much CPU per request martlet needs less than ry, over HTTPS: of HTTP's", gap, ">=", 1
    rate = f"requests/s, {ONE_CORE.title}: martlet's of"
    yield f"{rate} pyreqwest's", run.ratio(ONE_CORE, "per_second", US, "pyreqwest"), ">=", 1.2
    yield f"{rate} requests'", run.ratio(ONE_CORE, "per_second", US, "requests"), ">=", 20
    threads = (Case("sync", count, KB, scheme) for scheme, count in product(("http", "https"), (1, 16)))
    for case in (FREE, *threads, LARGE):
        least = min(ratios(run, case, "per_second"), default=None)
        yield f"requests/s, {case.title}: martlet's of the best peer's", least, ">=", 1
    most = max(ratios(run, LARGE, "cpu_us"), default=None)
    yield f"CPU per request, {LARGE.title}: martlet's of the best peer's", most, "<=", 1
    share = f"Python's share of a request, {STANDARD.title}: of an empty awaitable and an empty Response"
    yield share, None if isinstance(run.share, str) else of_empty(run.share), "<=", 2
    ways = {} if isinstance(run.overrides, str) else run.overrides
    slowest = min((rates[US] / rates["requests"] for rates in ways.values()), default=None)
    yield "requests/s, whatever is overridden: martlet's of requests'", slowest, ">=", 1
    start = run.startup.get(US)
    figures = start if isinstance(start, dict) else {}
    yield "`import martlet`, ms above `python -c pass`", figures.get("import_ms"), "<=", 15
    yield "the first Session, ms", figures.get("session_ms"), "<=", 3


def of_empty(share: dict[str, float]) -> float:
    """What a request costs more than without Python, divided by what the bridge itself costs."""
    return (share["whole"] - share["bare"]) / share["empty"]


def less_cpu(run: Run, case: Case) -> list[float]:
    """By how many processor microseconds per request martlet needs less than ry, in each round."""
    return [other - our for our, other in run.rounds(case, "cpu_us", US, "ry")]


def verdict(figure: float | None, relation: str, bar: float) -> str:
    if figure is None:
        return "not measured"
    return "holds" if (figure <= bar if relation == "<=" else figure >= bar) else "**does not hold**"


def spread(outcome: Outcome) -> str:
    values = outcome.figures.get("per_second", [])
    middle = outcome["per_second"]
    return f"±{(max(values) - min(values)) / 2 / middle:.0%}" if middle else "-"


def row(run: Run, case: Case, peer: str) -> list[str]:
    outcome = run.results[case, peer]
    if outcome.absent:
        return [peer, f"has no {case.mode} client", *[""] * (len(COLUMNS) - 1)]
    if outcome.failure:
        reason = outcome.failure.replace("|", "\\|")[:160]
        return [peer, f"**failed**: {reason}", *[""] * (len(COLUMNS) - 1)]
    cells = [number(outcome["per_second"]), number(run.ratio(case, "per_second", peer, US)), spread(outcome)]
    cells += [number(outcome["cpu_us"]), number(run.ratio(case, "cpu_us", peer, US))]
    cells += [number(outcome[name]) for name in ("lag_p50_ms", "lag_p99_ms", "lag_max_ms", "peak_mib")]
    return [f"**{peer}**" if peer == US else peer, *cells]


def case_tables(run: Run) -> Iterator[str]:
    for case in run.effort.cases:
        yield f"### {case.title}"
        yield ""
        best_first = sorted(run.peers(case), key=lambda peer: -(run.figure(case, peer, "per_second") or 0))
        yield from table(("client", *COLUMNS), [row(run, case, peer) for peer in best_first])


def start_table(run: Run) -> Iterator[str]:
    rows = []
    for peer, found in run.startup.items():
        if isinstance(found, str):
            rows.append([peer, f"**failed**: {found}", ""])
        else:
            rows.append([peer, number(found.get("import_ms")), number(found.get("session_ms"))])
    yield from table(("client", "import, ms", "first session, ms"), rows)


def extra_tables(run: Run) -> Iterator[str]:
    yield f"## The floor: {STANDARD.title}"
    yield ""
    yield "The same engine driven by a loop in Rust, on the same core, without Python."
    yield ""
    if isinstance(run.floor, str):
        yield f"No figures: {run.floor}\n"
    else:
        ours = [run.figure(STANDARD, US, name) for name in ("per_second", "cpu_us")]
        floor = [run.floor.get(name) for name in ("per_second", "cpu_us")]
        rows = [["bare Rust loop", *map(number, floor)], ["martlet's AsyncSession", *map(number, ours)]]
        yield from table(("", "requests/s", "CPU µs"), rows)
    if not isinstance(run.share, str):
        shown = {name: number(value) for name, value in run.share.items()}
        yield f"In rounds that alternate: {shown['whole']} µs, of which {shown['bare']} without Python;"
        yield f"an awaitable that does nothing and an empty Response cost {shown['empty']}."
        yield ""
    yield "## The bridge, and the road to it"
    yield ""
    yield "There and back between the event loop and the engine's thread; and what a call costs before that."
    yield ""
    if isinstance(run.bridge, str):
        yield f"No figures: {run.bridge}\n"
    else:
        rows = [[name, number(cost["wall_us"]), number(cost["cpu_us"])] for name, cost in run.bridge.items()]
        yield from table(("", "wall µs", "CPU µs"), rows)
    yield "## What is overridden"
    yield ""
    yield "GETs one after another, requests/s, with a session of which something is overridden: then martlet"
    yield "goes requests' own steps, in Python; with settings for urllib3's connections, through urllib3."
    yield ""
    if isinstance(run.overrides, str):
        yield f"No figures: {run.overrides}\n"
    else:
        rows = [
            [way, *(number(rates[peer]) for peer in (US, "requests")), number(rates[US] / rates["requests"])]
            for way, rates in run.overrides.items()
        ]
        yield from table(("overridden", US, "requests", "of requests'"), rows)
    yield "## 23 MB bodies under version-specific and abi3 wheels"
    yield ""
    if isinstance(run.builds, str):
        yield f"No figures: {run.builds}\n"
    else:
        tags = list(run.builds)
        names = list(next(iter(run.builds.values()), {}))
        rows = [[name, *(number(run.builds[tag].get(name)) for tag in tags)] for name in names]
        yield from table(("ms", *tags), rows)
    yield "## Before the first request"
    yield ""
    yield from start_table(run)


def where(run: Run) -> str:
    return conditions(run.on, run.load, run.effort.rounds, run.versions)


def block(run: Run) -> str:
    """For the README: each client's ratios to martlet."""
    measured = [case for case in SUMMARY if run.figure(case, US, "per_second")]
    peers = list(dict.fromkeys(peer for case in measured for peer in run.peers(case) if peer != US))
    rows = []
    for case in measured:
        both = [
            [number(run.ratio(case, name, peer, US)) for name in ("per_second", "cpu_us")] for peer in peers
        ]
        rows.append([case.title, *("-" if pair == ["-", "-"] else " / ".join(pair) for pair in both)])
    lines = [
        "Requests per second / processor time per request, martlet's being 1 / 1:",
        "",
        *table(("", *peers), rows),
        f"{where(run)} All figures: [docs/benchmarks](docs/benchmarks/README.md).",
    ]
    return "\n".join(lines) + "\n"


def markdown(run: Run, plot: str) -> str:
    effort = run.effort
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` ({run.name}). {effort.rounds} rounds, in each of which every client does "
        f"every case for {effort.seconds:g} s, one after another; the figures are medians. Each client lives "
        "in a virtualenv and each measurement in a process of its own, on a core of its own but where a "
        "title says otherwise. The server is `martlet-testing-server`.",
        "",
        where(run),
        "",
    ]
    lines += [f"- **{peer} could not be installed**: {reason}" for peer, reason in run.missing.items()]
    lines += ["", "## What must hold", ""]
    lines += table(
        ("", "figure", "bar", ""),
        [
            [what, number(figure), f"{rel} {bar:g}", verdict(figure, rel, bar)]
            for what, figure, rel, bar in bars(run)
        ],
    )
    lines += [f"![Plot of the main figures]({plot})", "", "## Side by side", ""]
    lines += [
        "*of martlet's*: the client's figure divided by martlet's, the median of the rounds' ratios. "
        "*spread*: half the distance between the best and the worst round. *CPU*: processor time of the "
        "client's whole process for a request. *p50, p99, max*: by how many milliseconds a task on the same "
        "loop, waking every millisecond, woke too late. *MiB*: the most memory the process had.",
        "",
    ]
    lines += [*case_tables(run), *extra_tables(run)]
    return "\n".join(lines).rstrip() + "\n"


# Title, case, figure, what the numbers are; then whether less is better.
PLOTS = (
    (STANDARD, "cpu_us", "processor time per request, µs: less is better", True),
    (STANDARD, "per_second", "requests/s: more is better", False),
    (LARGE, "lag_p99_ms", "99th percentile of the loop's lag, ms: less is better", True),
    (ONE_CORE, "per_second", "requests/s: more is better", False),
    (THREADS, "per_second", "requests/s: more is better", False),
)


def panels(run: Run) -> list[Panel]:
    found = []
    for case, name, unit, less in PLOTS:
        figures = [(peer, run.figure(case, peer, name)) for peer in run.peers(case)]
        shown = [(peer, figure) for peer, figure in figures if figure is not None]
        if case == STANDARD and isinstance(run.floor, dict) and name in run.floor:
            shown.append(("bare Rust", run.floor[name]))
        shown.sort(key=lambda bar: bar[1], reverse=not less)
        found.append(Panel(case.title, unit, shown))
    return found
