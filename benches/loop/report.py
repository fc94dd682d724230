"""What a run found, as Markdown: a page, and a block for the README. It judges by `BARS` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ..readme import conditions
from ..report import number, table
from ..rounds import Outcome
from .runs import Results
from .scenarios import Scenario

US = "martlet"
# Milliseconds above the control that martlet's awaited methods may be late, and KB for a request in flight.
BARS = {"p99": 3.0, "max": 10.0}
MEMORY_BAR = 12.0

COLUMNS = (
    "p50", "p99", "max", "control: p50", "p99", "max", "above it: p99", "max", "own", "GC, longest",
    "GC, all", "freeing", "s", "ticks",
)  # fmt: skip
EXPLAINED = """\
A ticker on the loop, waking every millisecond, notes by how many milliseconds it woke too late while the
client works. *control*: the same ticker in a process of its own, while another process of the same client
does the same work on the same core: what the machine makes late. *above it*: the client's figure less the
control's. *own*: the most processor time of the loop's own thread from one tick to the next, the collector's
included; a tick that is late without it waited for the core or for the interpreter's lock. *GC*: the passes
of Python's garbage collector, the longest within one tick and all together; they are taken off the lateness.
*freeing*: how long it took to free the results, afterwards, also apart. *s*: how long the work took, in
seconds; all else is in milliseconds."""


@dataclass
class Run:
    """Everything that was measured."""

    scenarios: Sequence[Scenario]
    rounds: int
    load: float
    results: Results
    versions: dict[str, str]
    resolved: bool = True  # the thousand names
    missing: dict[str, str] = field(default_factory=dict)
    on: str = field(default_factory=lambda: date.today().isoformat())

    def figure(self, scenario: Scenario, client: str, name: str) -> float | None:
        outcome = self.results.get((scenario.key, client))
        return outcome[name] if outcome else None

    def above(self, scenario: Scenario, client: str, name: str) -> float | None:
        ours = self.figure(scenario, client, name)
        control = self.figure(scenario, client, f"control_{name}")
        return None if ours is None or control is None else ours - control

    @property
    def clients(self) -> list[str]:
        return list(dict.fromkeys(client for _, client in self.results))


def reason(outcome: Outcome) -> str:
    why = outcome.failure.replace("|", "\\|")[:160]
    return f"cannot: {why}" if outcome.absent else f"**failed**: {why}"


def bold(client: str) -> str:
    return f"**{client}**" if client == US else client


def row(run: Run, scenario: Scenario, client: str) -> list[str]:
    outcome = run.results[scenario.key, client]
    width = len(COLUMNS) + scenario.memory
    if outcome.failure:
        return [bold(client), reason(outcome), *[""] * (width - 1)]
    cells = [number(outcome[name]) for name in ("p50", "p99", "max")]
    cells += [number(outcome[f"control_{name}"]) for name in ("p50", "p99", "max")]
    cells += [number(run.above(scenario, client, name)) for name in BARS]
    cells += [number(outcome[name]) for name in ("own_max", "gc_max", "gc_total", "free", "seconds", "ticks")]
    if scenario.memory:
        cells.append(number(outcome["rss_kb"]))
    return [bold(client), *cells]


def scenario_tables(run: Run) -> Iterator[str]:
    for scenario in run.scenarios:
        yield f"### {scenario.title}"
        yield ""
        if scenario.names:
            yield (
                "They are in the /etc/hosts that the client sees."
                if run.resolved
                else "They are below `.invalid`: each lookup, and so each request, fails."
            )
            yield ""
        if scenario.memory:
            yield (
                "*KB each*: by how much the resident memory grew until all were waiting for their replies, "
                "divided by their number; the asyncio task of each is part of it."
            )
            yield ""
        columns = ("client", *COLUMNS, *(["KB each"] if scenario.memory else []))
        yield from table(columns, [row(run, scenario, client) for client in run.clients])


def verdict(figure: float | None, bar: float) -> str:
    if figure is None:
        return "not measured"
    return "holds" if figure <= bar else "**does not hold**"


def verdicts(run: Run) -> Iterator[str]:
    """martlet beside its bars, a line for each scenario."""
    rows = []
    for scenario in run.scenarios:
        found = [(run.above(scenario, US, name), bar) for name, bar in BARS.items()]
        if scenario.memory and scenario.scheme == "http":
            found.append((run.figure(scenario, US, "rss_kb"), MEMORY_BAR))
        cells = [f"{number(figure)}: {verdict(figure, bar)}" for figure, bar in found]
        rows.append([scenario.title, *cells, *[""] * (3 - len(cells))])
    heads = [f"{name} above the control, ms: <= {bar:g}" for name, bar in BARS.items()]
    yield from table(("", *heads, f"KB for each in flight: <= {MEMORY_BAR:g}"), rows)


def cell(run: Run, scenario: Scenario, client: str) -> str:
    outcome = run.results[scenario.key, client]
    if outcome.failure:
        return "cannot" if outcome.absent else "failed"
    return f"{number(outcome['p99'])} / {number(outcome['max'])}"


def control(run: Run, scenario: Scenario) -> str:
    """The middle one of the controls: they are all the same, if the machine is quiet."""
    cells = []
    for name in ("control_p99", "control_max"):
        found = [run.figure(scenario, client, name) for client in run.clients]
        known = sorted(figure for figure in found if figure is not None)
        cells.append(number(known[len(known) // 2] if known else None))
    return " / ".join(cells)


def where(run: Run) -> str:
    return conditions(run.on, run.load, run.rounds, run.versions)


def block(run: Run, plot: str) -> str:
    """For the README: the plot and a compact table."""
    rows = [
        [scenario.title, *(cell(run, scenario, client) for client in run.clients), control(run, scenario)]
        for scenario in run.scenarios
    ]
    lines = [
        f"![By how much a task on the same loop woke too late, for each client]({plot})",
        "",
        "By how many milliseconds a task that wakes every millisecond woke too late, p99 / max, while each "
        "client did this on the same event loop; *control*: while another process did it.",
        "",
        *table(("", *map(bold, run.clients), "control"), rows),
        where(run),
    ]
    return "\n".join(lines) + "\n"


def markdown(run: Run, plot: str) -> str:
    lines = ["# The event loop's lag", "", f"Written by `python -m benches.loop`. {where(run)}", ""]
    lines += [f"- **{client} could not be installed**: {why}" for client, why in run.missing.items()]
    lines += ["", EXPLAINED, "", "## What must hold", "", *verdicts(run)]
    lines += [f"![Plot of all scenarios]({plot})", "", "## Side by side", "", *scenario_tables(run)]
    return "\n".join(lines).rstrip() + "\n"
