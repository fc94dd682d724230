"""Horizontal bars as SVG: no dependency, legible on light and dark pages, small enough to read in a diff.

A bar that would be more than `LONGEST` times the median is cut off there and ends in an arrow, so that one
client's figure does not hide the others'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

WIDTH, LEFT, RIGHT = 760, 110, 90
BAR, GAP, HEAD = 18, 6, 44
LONGEST = 4
OURS, THEIRS, INK, FAINT, PAPER = "#c2410c", "#94a3b8", "#1e293b", "#64748b", "#ffffff"


@dataclass(frozen=True)
class Panel:
    """One chart: a title, what the numbers are, and a bar for each (name, value); the best first."""

    title: str
    unit: str
    bars: Sequence[tuple[str, float]]

    @property
    def height(self) -> int:
        return HEAD + len(self.bars) * (BAR + GAP) + 16


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def text(x: float, y: float, content: str, *, size: int = 12, color: str = INK, anchor: str = "start") -> str:
    look = f'font-size="{size}" fill="{color}" text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" {look}>{escape(content)}</text>'


def drawn(panel: Panel, top: int) -> list[str]:
    lines = [
        text(16, top + 20, panel.title, size=14),
        text(16, top + 36, panel.unit, size=11, color=FAINT),
    ]
    values = [value for _, value in panel.bars]
    longest = min(max(values), LONGEST * median(values)) or 1
    y = top + HEAD
    for name, value in panel.bars:
        width = max(1.0, (WIDTH - LEFT - RIGHT) * min(1, value / longest))
        arrow = "→ " if value > longest else ""
        color = OURS if name.startswith("martlet") else THEIRS
        lines += [
            text(LEFT - 8, y + 13, name, anchor="end"),
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2" fill="{color}"/>',
            text(LEFT + width + 6, y + 13, arrow + number(value)),
        ]
        y += BAR + GAP
    return lines


def document(panels: Sequence[Panel]) -> str:
    panels = [panel for panel in panels if panel.bars]
    height = sum(panel.height for panel in panels) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" role="img">',
        f"<title>{escape('; '.join(panel.title for panel in panels))}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
    ]
    top = 4
    for panel in panels:
        lines += drawn(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>", ""])
