"""The bookkeeping of `benches.loop`: what is late is noted, what is not the client's stays apart."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benches import peers, rounds, venvs  # noqa: E402
from benches.loop import bodies, child, clients, names, plot, report, runs, scenarios, ticker  # noqa: E402

JSON, WAITING = (scenario for scenario in scenarios.SCENARIOS if scenario.key in ("json", "in-flight"))
FIGURES = {
    "p50": 0.1,
    "p99": 2.0,
    "max": 8.0,
    "own_max": 4.0,
    "gc_max": 40.0,
    "gc_total": 90.0,
    "free": 7.0,
    "seconds": 1.5,
    "ticks": 600,
}
CONTROL = {"p50": 0.1, "p99": 1.5, "max": 3.0, "gc_max": 0.0, "gc_total": 0.0, "seconds": 1.6, "ticks": 650}


class Machine:
    """Stands for the processes: gives what it is told to, and notes who was asked."""

    def __init__(self, **told: Any) -> None:
        self.told = told
        self.asked: list[str] = []

    def measure(self, scenario: scenarios.Scenario, client: str, role: str) -> dict[str, Any]:
        self.asked.append(f"{scenario.key} {client} {role}")
        told = self.told.get(f"{client}_{role}", self.told.get(client))
        if isinstance(told, Exception):
            raise told
        return dict(told or (FIGURES if role == "client" else CONTROL)) | (
            {"version": "1.0"} if role == "client" else {}
        )


def run_of(
    machine: Machine, *chosen: scenarios.Scenario, names: tuple[str, ...] = ("martlet", "ry"), rounds: int = 1
) -> report.Run:
    results, versions = runs.run(machine, chosen, names, rounds, lambda _text: None)
    return report.Run(chosen, rounds, 0.5, results, versions, missing={"wreq": "no wheel"}, on="2026-01-01")


def cells(text: str, start: str, number: int = 0) -> list[str]:
    line = [line for line in text.splitlines() if line.startswith(f"| {start} |")][number]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_tick_is_late_by_what_it_came_after_it_was_due() -> None:
    ticks = [(number, number + late, late / 2) for number, late in enumerate([0.001] * 98 + [0.02, 0.3])]
    found = ticker.figures(ticks, [])
    assert [round(found[name], 3) for name in ("p50", "p99", "max")] == [1, 300, 300]
    assert (found["ticks"], found["own_max"], found["gc_max"], found["gc_total"]) == (100, 150, 0, 0)


def test_passes_of_the_collector_are_taken_off_the_tick_and_do_not_hide_a_stall() -> None:
    # 500 ms late, of which the collector had 100, in two passes. One before it was due is not its lateness.
    passes = [(0.5, 0.6), (1.1, 1.15), (1.2, 1.25), (9.0, 9.5)]
    found = ticker.figures([(0.0, 0.001, 0.0), (1.0, 1.5, 0.3), (2.0, 2.001, 0.0)], passes)
    assert round(found["max"], 6) == 400
    assert round(found["gc_max"], 6) == 100
    assert round(found["gc_total"], 6) == 700


def test_a_pass_that_reaches_into_a_tick_counts_by_its_part_in_it() -> None:
    found = ticker.figures([(1.0, 1.5, 0.0), (1.6, 1.9, 0.0)], [(0.8, 1.1), (1.4, 1.7)])
    assert round(found["max"], 6) == 300
    assert round(found["gc_max"], 6) == 200


def test_the_ticker_sees_who_blocks_the_loop_and_who_collects() -> None:
    async def block() -> str:
        await asyncio.sleep(0.01)
        time.sleep(0.05)
        gc.collect()
        return "done"

    result, found = asyncio.run(ticker.watched(block()))
    assert result == "done"
    assert found["max"] >= 45
    assert found["gc_total"] >= found["gc_max"] > 0
    assert not [
        callback
        for callback in gc.callbacks
        if isinstance(getattr(callback, "__self__", None), ticker.Passes)
    ]


def test_rounds_begin_with_another_client_and_with_the_control_in_turn() -> None:
    machine = Machine()
    run_of(machine, JSON, rounds=2)
    assert machine.asked == [
        *("json martlet client", "json martlet control", "json ry client", "json ry control"),
        *("json ry control", "json ry client", "json martlet control", "json martlet client"),
    ]


def test_figures_are_medians_beside_the_control_and_judged_above_it() -> None:
    run = run_of(Machine(), JSON)
    run.results["json", "martlet"].add(
        {name: value * 3 for name, value in FIGURES.items()} | {"control_p99": 9.0, "control_max": 1.0}
    )
    run.results["json", "martlet"].add({"p99": 2.0, "max": 9.0, "control_p99": 1.5, "control_max": 3.0})
    page = report.markdown(run, "loop.svg")
    assert cells(page, "ry")[1:] == [
        "0.1",
        "2",
        "8",
        "0.1",
        "1.5",
        "3",
        "0.5",
        "5",
        "4",
        "40",
        "90",
        "7",
        "1.5",
        "600",
    ]
    assert cells(page, "**martlet**")[2:4] == ["2", "9"]
    assert cells(page, JSON.title)[1:] == ["0.5: holds", "6: holds", ""]
    assert "martlet 1.0, ry 1.0" in page
    assert "**wreq could not be installed**: no wheel" in page


@pytest.mark.parametrize(("worst", "words"), [(13.0, "10: holds"), (13.5, "10.5: **does not hold**")])
def test_a_bar_is_judged(worst: float, words: str) -> None:
    run = run_of(Machine(martlet_client=FIGURES | {"max": worst}), JSON)
    assert cells(report.markdown(run, "loop.svg"), JSON.title)[2] == words


def test_memory_is_reported_where_it_is_measured_and_judged_over_http() -> None:
    page = report.markdown(run_of(Machine(martlet_client=FIGURES | {"rss_kb": 15.5}), WAITING), "loop.svg")
    assert cells(page, "**martlet**")[-1] == "15.5"
    assert cells(page, "ry")[-1] == "-"
    assert cells(page, WAITING.title)[3] == "15.5: **does not hold**"


@pytest.mark.parametrize(
    ("told", "row", "short"),
    [
        ({"ry_client": rounds.Failed("not | done")}, r"**failed**: not \| done", "failed"),
        ({"ry_control": rounds.Failed("not done")}, "**failed**: control: not done", "failed"),
        ({"ry_client": {"cannot": "does not guess"}}, "cannot: does not guess", "cannot"),
    ],
)
def test_a_client_that_fails_or_cannot_is_reported_and_not_asked_again(
    told: dict[str, Any], row: str, short: str
) -> None:
    machine = Machine(**told)
    run = run_of(machine, JSON, rounds=3)
    page = report.markdown(run, "loop.svg")
    assert f"| ry | {row} |" in page
    assert cells(report.block(run, "loop.svg"), JSON.title)[1:3] == ["2 / 8", short]
    assert len([asked for asked in machine.asked if " ry " in asked]) <= 2
    assert short in "".join(ElementTree.fromstring(plot.document(run)).itertext())


def test_the_plot_is_well_formed_and_has_a_chart_for_each_scenario() -> None:
    run = run_of(Machine(), JSON, WAITING)
    document = ElementTree.fromstring(plot.document(run))
    assert len(document.findall("{*}g")) == 2
    assert len(list(document.iter("{http://www.w3.org/2000/svg}circle"))) == 8
    assert plot.place(0.01) == plot.place(0.1) < plot.place(1) < plot.place(1e4) == plot.place(1e9)


def test_every_client_has_every_method_or_says_what_it_cannot() -> None:
    keys = {scenario.key for scenario in scenarios.SCENARIOS}
    methods = {scenario.method for scenario in scenarios.SCENARIOS}
    assert len(keys) == len(scenarios.SCENARIOS)
    assert clients.NAMES == peers.NAMES
    for name in clients.NAMES:
        text = (ROOT / "benches" / "loop" / "clients" / f"{name}.py").read_text()
        assert "CANNOT" in text
        assert all(f"async def {method}(" in text for method in methods), name


class Session:
    """A client that answers at once."""

    def __init__(self, made: Any) -> None:
        self.made = made

    async def body(self, url: str) -> tuple[Any, Any]:
        if isinstance(self.made, Exception):
            raise self.made
        return url, self.made


def work(made: Any, names: str = "", expected: int = 2) -> list[Any]:
    job = {"method": "body", "count": 50, "names": names, "expected": expected, "url": "http://127.0.0.1:8/x"}

    async def main() -> list[Any]:
        return [task.result() for task in await child.many(Session(made).body, job)]

    return asyncio.run(main())


def test_what_comes_back_is_checked() -> None:
    assert len(work(b"ab")) == 50
    with pytest.raises(child.Wrong, match="2 \\(body\\) instead of 3"):
        work(b"ab", expected=3)
    with pytest.raises(OSError, match="no route"):
        work(OSError("no route"))


def test_names_that_do_not_resolve_fail_each_and_are_told_apart() -> None:
    assert [url for url, _ in work(b"ab", names.KNOWN)][:2] == [
        "http://n0.loop.test:8/x",
        "http://n1.loop.test:8/x",
    ]
    assert work(OSError("unknown"), names.UNKNOWN) == [None] * 50
    with pytest.raises(child.Wrong, match="resolves"):
        work(b"ab", names.UNKNOWN)


def test_texts_decode_to_what_is_expected_and_name_no_charset(tmp_path: Path) -> None:
    body = bodies.text(2000, "shift_jis")
    (tmp_path / "sjis.reply").write_bytes(bodies.reply("application/octet-stream", body, packed=True))
    assert bodies.characters(tmp_path, "sjis") == len(body.decode("shift_jis"))
    assert b"charset" not in (tmp_path / "sjis.reply").read_bytes().partition(b"\r\n\r\n")[0]
    assert bodies.options(tmp_path) == ["--reply", f"/loop/sjis={tmp_path / 'sjis'}.reply"]


def test_a_child_that_takes_too_long_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "peer.py").write_text(
        "import subprocess, sys, pathlib\n"
        "sleep = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('pid').write_text(str(sleep.pid))\n"
        "sleep.wait()\n"
    )
    monkeypatch.setattr(venvs, "ROOT", tmp_path)
    with pytest.raises(rounds.Failed, match=r"not done after 1\.5 s"):
        rounds.run_child(Path(sys.executable), "peer", seconds=1.5, prefix=["env"])
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/status")
    deadline = time.monotonic() + 10
    while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < deadline:
        pass
    assert not status.exists() or "State:\tZ" in status.read_text()
