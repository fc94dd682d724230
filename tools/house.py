"""The house rules a machine can judge: `python tools/house.py`, part of `make check`.

- A file of code has at most 500 lines, a function at most 80. Data (a directory `tables`) and stubs excepted.
- No module is named utils, helpers, common or misc, but `martlet/utils.py`, which requests' users import.
- Nothing unfinished is left behind: no TODO, FIXME, XXX, `unimplemented!`, `todo!`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("crates", "python", "tests", "benches", "examples", "tools")
FILE_LINES = 500
FUNCTION_LINES = 80
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}
ALLOWED = {"python/martlet/utils.py", "tests/test_utils.py"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b|\b(?:todo|unimplemented)!")  # house: not a leftover
RUST_FUNCTION = re.compile(
    r'^( *)(?:pub(?:\([^)]*\))? )?(?:(?:default|const|async|unsafe|extern "C") )*fn (\w+)'
)


def sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in (".rs", ".py") and "/tables/" not in name and "/target/" not in name:
                yield name, path.read_text()


def python_functions(text: str) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def rust_functions(text: str) -> Iterator[tuple[str, int, int]]:
    """Relies on rustfmt: a body opens at the end of a line and closes at the function's own indentation."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if not (match := RUST_FUNCTION.match(line)):
            continue
        opening = next(
            (i for i in range(start, len(lines)) if lines[i].rstrip().endswith(("{", ";", "}"))), start
        )
        if lines[opening].rstrip().endswith("{"):
            closing = match.group(1) + "}"
            end = next((i for i in range(opening, len(lines)) if lines[i] == closing), opening)
            yield match.group(2), start + 1, end - start + 1


def complaints() -> Iterator[str]:
    for name, text in sources():
        lines = text.count("\n")
        if lines > FILE_LINES:
            yield f"{name}: {lines} lines, more than {FILE_LINES}"
        if Path(name).stem in VAGUE and name not in ALLOWED:
            yield f"{name}: a name that says nothing"
        functions = python_functions if name.endswith(".py") else rust_functions
        for function, line, length in functions(text):
            if length > FUNCTION_LINES:
                yield f"{name}:{line}: {function} has {length} lines, more than {FUNCTION_LINES}"
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line) and "house: not a leftover" not in line and name != "tools/house.py":
                yield f"{name}:{number}: {line.strip()}"


def main() -> int:
    found = list(complaints())
    for complaint in found:
        print(f"house: {complaint}", file=sys.stderr)
    if not found:
        print("house: all rules kept")
    return bool(found)


if __name__ == "__main__":
    raise SystemExit(main())
