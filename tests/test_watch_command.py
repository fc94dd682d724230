"""`python -m martlet watch` runs a program as python does; the fixture `martlet_watch` fails tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

STALLING = """
    import asyncio, sys, time

    async def main():
        await asyncio.sleep(0.01)
        time.sleep(0.5)
        await asyncio.sleep(0.01)

    if __name__ == "__main__":
        asyncio.run(main())
        print(*sys.argv)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, where programs run with this checkout's martlet."""
    paths = [os.path.abspath(path) for path in sys.path if path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("CI", "BUILD_NUMBER"):  # where they are set, pytest's summary says every report once more
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=50, check=False
    )


def test_a_script_runs_with_its_arguments_and_its_stalls_are_told_on_stderr(here: Path) -> None:
    write(here / "app" / "program.py", STALLING)
    result = python("-m", "martlet", "watch", "app/program.py", "-x", "--threshold", "9")
    assert (result.returncode, result.stdout) == (0, "app/program.py -x --threshold 9\n")
    assert " in time.sleep\n" in result.stderr
    assert 'program.py", line 6, in main\n    time.sleep(0.5)\n' in result.stderr
    assert re.search(r"^martlet\.watch: \d stalls? above 50 ms in ", result.stderr, re.M)


def test_a_module_runs_under_its_name_as_main(here: Path) -> None:
    write(here / "package" / "__main__.py", STALLING)
    write(here / "package" / "__init__.py", "")
    result = python("-m", "martlet", "watch", "--threshold", "100", "-m", "package", "a", "-b")
    assert (result.returncode, result.stdout) == (0, f"{here / 'package' / '__main__.py'} a -b\n")
    assert re.search(r"^martlet\.watch: \d stalls? above 100 ms in ", result.stderr, re.M)


def test_a_script_imports_what_lies_beside_it(here: Path) -> None:
    write(here / "app" / "beside.py", "print('found')")
    write(here / "app" / "program.py", "import beside")
    assert python("-m", "martlet", "watch", "app/program.py").stdout == "found\n"


def test_uvloop_is_seen_though_the_script_imports_it_after_the_watch_began(here: Path) -> None:
    pytest.importorskip("uvloop")
    write(here / "program.py", STALLING.replace("asyncio.run(", "import uvloop; uvloop.run("))
    assert " in time.sleep\n" in python("-m", "martlet", "watch", "program.py").stderr


@pytest.mark.parametrize(
    ("program", "status", "end"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise KeyError('of the program')", 1, "KeyError: 'of the program'"),
        ("import sys; sys.exit('what it says')", 1, "what it says"),
    ],
)
def test_the_programs_exit_status_is_passed_on(here: Path, program: str, status: int, end: str) -> None:
    write(here / "program.py", program)
    result = python("-m", "martlet", "watch", "program.py")
    assert result.returncode == status
    assert "martlet.watch: no event loop of asyncio or uvloop ran" in result.stderr
    assert result.stderr.rstrip().endswith(end)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_says_nothing(here: Path) -> None:
    program = "import os, sys\nif os.fork():\n    os.wait()\nsys.exit()"
    write(here / "program.py", program)
    result = python("-m", "martlet", "watch", "program.py")
    assert result.stderr.count("martlet.watch:") == 1


@pytest.mark.parametrize(
    ("arguments", "what_to_do"),
    [
        ((), "the only command is `watch`"),
        (("run", "x.py"), "the only command is `watch`"),
        (("watch",), "say which script to run"),
        (("watch", "nowhere.py"), "there is no file nowhere.py"),
        (("watch", "--quick", "x.py"), "unknown option --quick"),
        (("watch", "-m"), "-m needs the name of a module"),
        (("watch", "--threshold"), "give --threshold in milliseconds: --threshold 50"),
        (("watch", "--threshold", "x", "x.py"), "--threshold is a number of milliseconds above 0, not x"),
        (("watch", "--threshold=0", "x.py"), "--threshold is a number of milliseconds above 0, not 0"),
    ],
)
def test_what_cannot_be_run_is_answered_with_the_usage(
    here: Path, arguments: tuple[str, ...], what_to_do: str
) -> None:
    result = python("-m", "martlet", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: python -m martlet watch ")
    assert what_to_do in result.stderr.splitlines()[-1]


def test_help_is_the_usage(here: Path) -> None:
    result = python("-m", "martlet", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: python -m martlet watch ")


# The fixture

TESTS = """
    import asyncio, time
    import pytest

    async def stalling():
        await asyncio.sleep(0.01)
        time.sleep(0.5)
        await asyncio.sleep(0.01)

    def test_stalls(martlet_watch):
        asyncio.run(stalling())

    def test_stalls_at_the_end(martlet_watch):
        async def main():
            time.sleep(0.5)
        asyncio.run(main())

    def test_waits(martlet_watch):
        martlet_watch(threshold=5)
        asyncio.run(stalling())
        assert martlet_watch.stalls == []

    def test_stalls_before_the_threshold_is_changed(martlet_watch):
        asyncio.run(stalling())
        martlet_watch(threshold=5)

    @pytest.mark.martlet_watch(threshold=0.1)
    def test_is_marked():
        asyncio.run(stalling())

    @pytest.mark.martlet_watch(threshold=5)
    def test_is_marked_with_a_time_that_is_long_enough():
        asyncio.run(stalling())

    @pytest.mark.martlet_watch
    def test_fails_by_itself():
        asyncio.run(stalling())
        raise KeyError

    def test_is_not_watched():
        asyncio.run(stalling())
"""


def test_a_test_whose_loop_stalls_fails_with_the_report(here: Path) -> None:
    write(here / "test_it.py", TESTS)
    result = python("-m", "pytest", "-p", "martlet.pytest_plugin", "--strict-markers", "-rA", "test_it.py")
    outcomes = dict(
        reversed(line.split(" - ")[0].split(" test_it.py::"))
        for line in result.stdout.splitlines()
        if " test_it.py::" in line
    )
    assert outcomes == {
        "test_stalls": "FAILED",
        "test_stalls_at_the_end": "FAILED",
        "test_waits": "PASSED",
        "test_stalls_before_the_threshold_is_changed": "FAILED",
        "test_is_marked": "FAILED",
        "test_is_marked_with_a_time_that_is_long_enough": "PASSED",
        "test_fails_by_itself": "FAILED",
        "test_is_not_watched": "PASSED",
    }
    assert result.stdout.count(" in time.sleep\n") == 4
    assert "\n    time.sleep(0.5)\n" in result.stdout
    assert "ERROR" not in result.stdout


def test_the_plugin_loads_nothing_that_watches_before_a_test_asks(here: Path) -> None:
    write(here / "test_it.py", "import sys\ndef test(): assert 'martlet.watching' not in sys.modules")
    assert python("-m", "pytest", "-p", "martlet.pytest_plugin", "test_it.py").returncode == 0


def test_pytest_finds_the_plugin_where_martlet_is_installed() -> None:
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\nmartlet = "martlet.pytest_plugin"\n' in project
