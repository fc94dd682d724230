"""The lag of every client in every scenario as SVG: small charts side by side, on one logarithmic scale.

A line from p50 to the maximum with a dot at p99; below it, thin and grey, the same of the control.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import log10

from ..svg import FAINT, INK, OURS, PAPER, THEIRS, text
from .report import US, Run
from .scenarios import Scenario

COLUMNS = 2
WIDTH, LEFT, RIGHT, HEAD, ROW, FOOT, TOP = 460, 84, 16, 26, 19, 26, 34
LOW, HIGH = 0.1, 10_000.0  # ms
GRID = ((0.1, "0.1"), (1, "1 ms"), (10, "10"), (100, "100"), (1000, "1 s"), (10_000, "10"))


def place(ms: float) -> float:
    """Where so many milliseconds are, within a chart."""
    share = log10(min(max(ms, LOW), HIGH) / LOW) / log10(HIGH / LOW)
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def line(x1: float, x2: float, y: float, color: str, width: float) -> str:
    look = f'stroke="{color}" stroke-width="{width}" stroke-linecap="round"'
    return f'<line x1="{x1:.1f}" y1="{y:g}" x2="{max(x2, x1 + 0.1):.1f}" y2="{y:g}" {look}/>'


def span(run: Run, scenario: Scenario, client: str, y: float) -> Iterator[str]:
    outcome = run.results[scenario.key, client]
    figures = [run.figure(scenario, client, name) for name in ("p50", "p99", "max")]
    controls = [run.figure(scenario, client, f"control_{name}") for name in ("p50", "p99", "max")]
    if outcome.failure or None in figures + controls:
        yield text(LEFT + 4, y + 4, "cannot" if outcome.absent else "failed", size=10, color=FAINT)
        return
    low, middle, high = (place(figure or 0) for figure in figures)
    color = OURS if client == US else INK
    yield line(low, high, y - 1, color, 3)
    yield f'<circle cx="{middle:.1f}" cy="{y - 1:g}" r="4" fill="{color}"/>'
    low, middle, high = (place(figure or 0) for figure in controls)
    yield line(low, high, y + 5, THEIRS, 1.5)
    yield f'<circle cx="{middle:.1f}" cy="{y + 5:g}" r="2" fill="{THEIRS}"/>'


def chart(run: Run, scenario: Scenario) -> Iterator[str]:
    bottom = HEAD + ROW * len(run.clients) + 4
    yield text(8, 16, scenario.title, size=13)
    for ms, label in GRID:
        x = place(ms)
        yield f'<line x1="{x:.1f}" y1="{HEAD}" x2="{x:.1f}" y2="{bottom}" stroke="#e2e8f0" stroke-width="1"/>'
        yield text(x, bottom + 12, label, size=9, color=FAINT, anchor="middle")
    for index, client in enumerate(run.clients):
        y = HEAD + ROW * index + 9
        yield text(LEFT - 8, y + 4, client, size=11, color=OURS if client == US else INK, anchor="end")
        yield from span(run, scenario, client, y)


def document(run: Run) -> str:
    height = HEAD + ROW * len(run.clients) + 4 + FOOT
    full = TOP + height * -(-len(run.scenarios) // COLUMNS)
    title = "By how much a task on the event loop wakes too late while a client works"
    legend = "line: p50 to maximum; dot: p99; grey: the control, the same work in another process"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * COLUMNS} {full}" '
        'font-family="system-ui, sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH * COLUMNS}" height="{full}" fill="{PAPER}"/>',
        text(8, 16, title, size=14),
        text(8, 30, legend, size=11, color=FAINT),
    ]
    for index, scenario in enumerate(run.scenarios):
        x, y = WIDTH * (index % COLUMNS), TOP + height * (index // COLUMNS)
        lines += [f'<g transform="translate({x} {y})">', *chart(run, scenario), "</g>"]
    return "\n".join([*lines, "</svg>", ""])
