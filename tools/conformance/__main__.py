"""Runs the suites and prints a table: `python -m tools.conformance [name ...]`, part of `make conformance`.

Without names those that stand on requests are run; `httpx` and `aiohttp` name the suites of those clients.

Each suite runs once with the real package, whose passing tests are what is asked for, and once with martlet
in its place. The exit status is 1 when a suite has too few, or when a test fails that docs/differences.md
does not name.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from .suites import SUITES, Suite

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
BUILD = ROOT / ".build" / "conformance"
VENV = BUILD / "venv"
PYTHON = VENV / "bin" / "python"
DIFFERENCES = ROOT / "docs" / "differences.md"
NAMED = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \|", re.M)
SECONDS = 900


def run(*command: str | Path, **options: object) -> None:
    subprocess.run(list(map(str, command)), check=True, **options)  # type: ignore[call-overload]


def prepare(suites: list[Suite]) -> None:
    """The virtualenv of these suites, made anew when what they need has changed."""
    needs = {need for suite in suites for need in (suite.sdist, *suite.needs)}
    wanted = sorted({"pytest", "pytest-timeout"} | needs)
    mark = BUILD / "requirements.txt"
    text = "\n".join(wanted) + "\n"
    if mark.exists() and mark.read_text() == text:
        return
    print("preparing", VENV.relative_to(ROOT), flush=True)
    run(sys.executable, ROOT / "tools" / "venv.py", VENV)
    run(PYTHON, "-m", "pip", "install", "--quiet", *wanted)
    site = subprocess.check_output(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    (Path(site.strip()) / "martlet-source.pth").write_text(f"{ROOT / 'python'}\n")
    mark.write_text(text)


def unpacked(suite: Suite) -> Path:
    """The folder of the suite's sdist, fetched by pip."""
    folder = BUILD / "sdists" / re.sub(r"\W+", "-", suite.sdist)
    found = [path for path in folder.glob("*") if path.is_dir()]
    if not found:
        print("fetching", suite.sdist, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        run(PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
            "--dest", folder, suite.sdist)  # fmt: skip
        (archive,) = folder.glob("*.tar.gz")
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
        found = [path for path in folder.glob("*") if path.is_dir()]
    return found[0]


def passed(suite: Suite, mode: str) -> dict[str, str]:
    """The outcome of each test: "passed", or the first line of what went wrong."""
    folder = unpacked(suite)
    report = BUILD / f"{re.sub(r'[^a-z]+', '-', suite.name)}-{mode}.xml"
    report.unlink(missing_ok=True)
    log = report.with_suffix(".log")
    command = [
        PYTHON, HERE / "run.py", mode, "-q", "-p", "no:cacheprovider", "--timeout=60",
        "--continue-on-collection-errors", f"--junitxml={report}",
        *(() if "pytest-asyncio" in suite.needs else ("-p", "no:asyncio")),
        *suite.arguments, *suite.tests,
    ]  # fmt: skip
    with log.open("w") as output:
        subprocess.run(
            list(map(str, command)),
            cwd=folder,
            stdout=output,
            stderr=output,
            timeout=SECONDS,
            env=environment(),
        )
    if not report.exists():
        sys.exit(f"{suite.name}, {mode}: no report; see {log}")
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        bad = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        message = "passed" if bad is None else (bad.get("message") or bad.tag)
        outcomes[name] = message.strip().splitlines()[0] if message.strip() else "failed"
    return outcomes


def environment() -> dict[str, str]:
    """This process's, without what would change where requests go and whom they trust."""
    import os

    said = ("PROXY", "CA_BUNDLE", "SSL_CERT", "NETRC", "PYTEST")
    return {name: value for name, value in os.environ.items() if not any(s in name.upper() for s in said)}


def reference(suite: Suite) -> set[str]:
    """The tests that pass with the real package; kept from run to run for the same release."""
    what = repr((suite.sdist, suite.tests, suite.arguments))
    mark = hashlib.sha256(what.encode() + (BUILD / "requirements.txt").read_bytes()).hexdigest()[:16]
    kept = BUILD / f"reference-{mark}.txt"
    if not kept.exists():
        good = [name for name, outcome in passed(suite, "real").items() if outcome == "passed"]
        kept.write_text("\n".join(sorted(good)))
    return set(kept.read_text().splitlines())


def named(suite: Suite) -> set[str]:
    """The tests that docs/differences.md says fail, and why."""
    which = suite.name.partition(",")[0]
    return {test for test, name in NAMED.findall(DIFFERENCES.read_text()) if name == which}


def judge(suite: Suite, verbose: bool) -> bool:
    """Runs a suite and prints its row; whether it is as it should be."""
    wanted = {test for test in reference(suite) if not any(part in test for part in suite.left_out)}
    outcomes = passed(suite, suite.mode)
    failed = sorted(name for name in wanted if outcomes.get(name) != "passed")
    if set(failed) - named(suite):  # some tests of others depend on the clock: twice is a failure
        again = passed(suite, suite.mode)
        failed = [name for name in failed if again.get(name) != "passed"]
    share = 1 - len(failed) / len(wanted)
    unnamed = [name for name in failed if name not in named(suite)]
    good = share >= suite.least and not unnamed
    counts = f"{len(wanted) - len(failed)}/{len(wanted)}"
    print(f"{suite.name:20} {counts:>12} {share:8.2%}  {'' if good else 'NOT AS IT SHOULD BE'}", flush=True)
    for name in failed if verbose else unnamed:
        print(f"    {name}: {outcomes.get(name, 'not run')}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.conformance")
    parser.add_argument("suites", nargs="*", help=", ".join(suite.name for suite in SUITES))
    parser.add_argument("--verbose", action="store_true", help="list the failures that are known, too")
    arguments = parser.parse_args()
    chosen = [
        suite
        for suite in SUITES
        if suite.name in arguments.suites or not (arguments.suites or suite.left_out)
    ]
    prepare(chosen)
    good = [judge(suite, arguments.verbose) for suite in chosen]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
