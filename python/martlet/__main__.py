"""`python -m martlet watch script.py`: runs a program and reports what blocks its event loops."""

from __future__ import annotations

import os
import runpy
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = """\
usage: python -m martlet watch [--threshold MS] script.py [argument ...]
       python -m martlet watch [--threshold MS] -m module [argument ...]

Runs the program as `python` does, and reports on stderr each time an event loop of asyncio or uvloop stands
still for longer than MS milliseconds (50 unless told otherwise): how long, in which line, in which blocking
call, and what to write instead. Ends with a summary and the program's own exit status.
"""


def main(arguments: list[str]) -> int:
    """Runs what the arguments say. Returns the exit status, 2 if they say nothing that can be run."""
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    try:
        threshold, run = _understood(arguments)
    except ValueError as error:
        sys.stderr.write(f"{USAGE}\nmartlet: {error}\n")
        return 2
    from martlet.watching import watch

    with watch(threshold):
        run()
    return 0


def _understood(arguments: list[str]) -> tuple[float, Callable[[], object]]:
    """Seconds, and what runs the program."""
    if not arguments or arguments[0] != "watch":
        raise ValueError("say what to do: the only command is `watch`")
    rest, threshold = arguments[1:], 0.05
    while rest and rest[0].startswith("--threshold"):
        option, _, value = rest.pop(0).partition("=")
        if option != "--threshold" or not (value or rest):
            raise ValueError("give --threshold in milliseconds: --threshold 50")
        threshold = _milliseconds(value or rest.pop(0)) / 1000
    if rest[:1] == ["-m"]:
        if len(rest) < 2:
            raise ValueError("-m needs the name of a module")
        sys.argv = rest[1:]
        return threshold, lambda: runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    if not rest or rest[0].startswith("-"):
        raise ValueError(f"unknown option {rest[0]}" if rest else "say which script to run")
    if not os.path.exists(rest[0]):
        raise ValueError(f"there is no file {rest[0]}")
    sys.argv = rest
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.abspath(rest[0]))
    return threshold, lambda: runpy.run_path(rest[0], run_name="__main__")


def _milliseconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ValueError(f"--threshold is a number of milliseconds above 0, not {value}")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
