"""The benchmarks' bookkeeping: nothing a peer does, or fails to do, is lost on the way to the report."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benches import abi3, cases, peers, readme, report, rounds, svg, venvs  # noqa: E402

CASE = cases.STANDARD


def run_of(outcomes: dict[str, rounds.Outcome]) -> report.Run:
    results = {(CASE, peer): outcome for peer, outcome in outcomes.items()}
    effort = cases.Effort((CASE,), rounds=3, seconds=0.1)
    return report.Run("quick", effort, 0.5, results, {"ry": "1.0"}, {"wreq": "no wheel"})


def outcome(per_second: list[float], cpu_us: list[float]) -> rounds.Outcome:
    result = rounds.Outcome()
    for rate, cpu in zip(per_second, cpu_us, strict=True):
        result.add({"per_second": rate, "cpu_us": cpu, "peak_mib": 40.0})
    return result


def line_of(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start} |") and "..." not in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_case_has_a_name_of_its_own() -> None:
    for effort in cases.EFFORTS.values():
        assert len({case.key for case in effort.cases}) == len(effort.cases)


def test_every_peer_says_what_to_install() -> None:
    assert {path.stem for path in venvs.PEERS.glob("*.py")} - {"__init__"} == set(peers.NAMES)
    assert all(venvs.requirement(peer).startswith(peer) for peer in peers.NAMES)


def test_figures_are_medians_and_so_are_the_ratios_of_the_rounds() -> None:
    run = run_of(
        {
            "martlet": outcome([900, 1000, 5000], [20, 21, 22]),
            "ry": outcome([500, 400, 600], [42, 42, 42]),
        }
    )
    assert line_of(report.markdown(run, "p.svg"), "ry")[1:6] == ["500", "0.4", "±20%", "42", "2"]
    assert run.ratio(CASE, "cpu_us", "martlet", "ry") == 0.5


def test_a_peer_that_fails_in_any_round_is_reported_as_failed() -> None:
    broken = outcome([500], [42])
    broken.failure = "ConnectionError: no | route"
    page = report.markdown(run_of({"martlet": outcome([1], [1]), "ry": broken}), "p.svg")
    assert r"| ry | **failed**: ConnectionError: no \| route |" in page


def test_a_peer_without_such_a_client_or_without_a_wheel_is_named() -> None:
    page = report.markdown(run_of({"requests": rounds.Outcome(absent=True)}), "p.svg")
    assert "| requests | has no async client |" in page
    assert "**wreq could not be installed**: no wheel" in page


@pytest.mark.parametrize(("cpu_us", "words"), [(29.0, "holds"), (30.0, "**does not hold**")])
def test_a_bar_is_judged(cpu_us: float, words: str) -> None:
    page = report.markdown(run_of({"martlet": outcome([1], [cpu_us]), "ry": outcome([1], [42])}), "p.svg")
    (line,) = [line for line in page.splitlines() if f"{CASE.title}: martlet's of ry's" in line]
    assert line.endswith(f"| <= 0.7 | {words} |")


def test_the_readme_shows_ratios_to_martlet_between_its_marks(tmp_path: Path) -> None:
    run = run_of({"martlet": outcome([1000], [20]), "ry": outcome([500], [30]), "wreq": outcome([1], [1])})
    run.results[CASE, "wreq"].failure = "broken"
    begin, end = readme.marks("benches")
    page = tmp_path / "README.md"
    page.write_text(f"a\n{begin}old\n{end}b\n")
    readme.place(page, "benches", report.block(run))
    readme.place(page, "other", "nowhere")
    before, _, rest = page.read_text().partition(begin)
    made, _, after = rest.partition(end)
    assert (before, after) == ("a\n", "b\n")
    assert line_of(made, CASE.title)[1:] == ["0.5 / 1.5", "-"]
    assert "old" not in made


def test_what_was_not_measured_says_so() -> None:
    page = report.markdown(run_of({}), "p.svg")
    assert page.count("| not measured |") == 19
    assert page.count("No figures: not measured") == 4


def test_the_plot_is_well_formed_and_cuts_what_would_hide_the_rest() -> None:
    panel = svg.Panel("a < b", "ms", [("martlet", 1.0), ("b", 2.0), ("c", 3.0), ("httpx", 900.0)])
    document = ElementTree.fromstring(svg.document([panel, svg.Panel("empty", "", [])]))
    bars = document.findall("{*}rect")[1:]
    texts = ["".join(node.itertext()) for node in document.findall("{*}text")]
    assert [bar.get("fill") == svg.OURS for bar in bars] == [True, False, False, False]
    assert float(bars[0].get("width", 0)) > 50
    assert "→ 900" in texts
    assert "empty" not in texts


def write_module(folder: Path, code: str) -> None:
    (folder / "peer.py").write_text(textwrap.dedent(code))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise OSError('no route')", "OSError: no route"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import threading; threading.Event().wait()", "not done after 1 s"),
        ("", "no result"),
    ],
)
def test_a_child_that_gives_no_result_fails_in_its_own_words(
    code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path, code)
    monkeypatch.setattr(rounds, "CHILD_SECONDS", 1)
    monkeypatch.setattr(venvs, "ROOT", tmp_path)
    with pytest.raises(rounds.Failed, match=reason):
        rounds.run_child(Path(sys.executable), "peer")


def test_a_child_does_not_see_the_users_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_module(tmp_path, "import json, os; print(json.dumps(sorted(map(str.lower, os.environ))))")
    monkeypatch.setattr(venvs, "ROOT", tmp_path)
    for name in ("HTTP_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "x")
    seen = set(rounds.run_child(Path(sys.executable), "peer"))
    assert not seen & {"http_proxy", "no_proxy", "requests_ca_bundle"}


def test_large_documents_are_of_one_size() -> None:
    sizes = [len(body) for _kind, body in abi3.documents().values()]
    assert max(sizes) - min(sizes) < abi3.SIZE // 100
