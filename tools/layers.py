"""The allowed arrows between the parts of martlet, checked: `python tools/layers.py`, part of `make check`.

Rules:

- Crates depend on each other along `CRATE_ARROWS` only, and only martlet-python knows PyO3.
- Siblings do not depend on each other in a circle: not the modules of a crate (at any depth), not those of
  the Python package. A Rust child may use its parent's items; imports under `TYPE_CHECKING` and in functions,
  and Rust tests, do not count.
- `martlet.integrations` uses public names of martlet and, being a face of the engine like `martlet` itself,
  the engine (`martlet._martlet`); nothing of martlet imports it.
- The pure crates forbid unsafe code.
- What exists on Unix alone is called in `UNIX_ROOMS` only.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "martlet"
ENGINE = "martlet._martlet"

CRATE_ARROWS = {
    "martlet-proto": set(),
    "martlet": {"martlet-proto"},
    "martlet-testing": set(),
    "martlet-bulk": {"martlet", "martlet-proto"},
    "martlet-cli": {"martlet-bulk", "martlet", "martlet-proto"},
    "martlet-python": {"martlet-bulk", "martlet", "martlet-proto", "martlet-testing"},
}
NEEDS_PYO3 = {"martlet-python"}
NO_UNSAFE = ("martlet-proto", "martlet", "martlet-bulk")

UNIX_ROOMS = ("crates/martlet-python/src/bridge", "crates/martlet/src/connect/")
UNIX_RUST = re.compile(
    r"\bstd::os::(?:unix|fd|linux)\b|\blibc::|\brustix::|\btokio::(?:net::Unix|signal::unix)"
)
UNIX_PYTHON = re.compile(
    r"^\s*(?:import|from) (?:fcntl|grp|pwd|resource|termios)\b|\bos\.(?:fork|eventfd|getuid)\(", re.M
)

Module = tuple[str, ...]
Graph = dict[str, set[str]]


def circle(graph: Graph) -> list[str] | None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None


# Crates


def crate_arrows() -> Iterator[str]:
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    for package in json.loads(metadata.stdout)["packages"]:
        name = package["name"]
        if name not in CRATE_ARROWS:
            yield f"{name}: a crate that CRATE_ARROWS in tools/layers.py does not know"
            continue
        used = {dep["name"] for dep in package["dependencies"] if dep["kind"] != "dev"}
        for target in sorted((used & CRATE_ARROWS.keys()) - CRATE_ARROWS[name]):
            yield f"{name} -> {target}: not an allowed arrow"
        if name not in NEEDS_PYO3 and reaches_pyo3(name):
            yield f"{name}: depends on pyo3 (cargo tree -p {name} -i pyo3)"


def reaches_pyo3(crate: str) -> bool:
    command = ["cargo", "tree", "--quiet", "-p", crate, "-i", "pyo3"]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


def unsafe_is_forbidden() -> Iterator[str]:
    for crate in NO_UNSAFE:
        entry = ROOT / "crates" / crate / "src" / "lib.rs"
        if entry.exists() and "#![forbid(unsafe_code)]" not in entry.read_text():
            yield f"{crate}: lib.rs lacks #![forbid(unsafe_code)]"


# Rust modules


def rust_code(path: Path) -> str:
    """The text without comments and without the tests at the bottom."""
    text = re.sub(r"//.*", "", path.read_text())
    return re.split(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)[0]


def rust_modules(source: Path) -> dict[Module, str]:
    modules = {}
    for path in sorted(source.rglob("*.rs")):
        parts = path.relative_to(source).with_suffix("").parts
        if parts[-1] == "tests" or parts[0] in ("main", "bin"):
            continue
        modules[() if parts == ("lib",) else parts[:-1] if parts[-1] == "mod" else parts] = rust_code(path)
    return modules


def use_paths(code: str, start: str) -> Iterator[Module]:
    """The paths behind `start::` in the code, use trees taken apart: `a::{b, c}` gives a::b and a::c."""
    for match in re.finditer(rf"(?<![\w:]){start}::", code):
        yield from tree_paths(code[match.end() :])


def tree_paths(text: str) -> Iterator[Module]:
    head = re.match(r"(?:r#)?\w+(?:::\w+)*", text)
    path = tuple(head.group().split("::")) if head else ()
    rest = text[head.end() :] if head else text
    if head and not rest.startswith("::{"):
        yield path
        return
    opening = rest.find("{")
    if opening not in (0, 2):
        return
    for branch in branches(rest[opening + 1 :]):
        for inner in tree_paths(branch):
            yield path + inner


def branches(text: str) -> list[str]:
    """What stands between the commas up to the closing brace."""
    parts, depth = [""], 0
    for character in text:
        if character == "}" and depth == 0:
            break
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def exports(modules: dict[Module, str]) -> dict[tuple[Module, str], Module]:
    """(module, name) -> the child module that a `pub use` takes the name from."""
    found = {}
    for module, code in modules.items():
        for match in re.finditer(r"^\s*pub(?:\([^)]*\))? use (?:self::)?(?=\w)", code, re.M):
            for path in tree_paths(code[match.end() :]):
                if len(path) > 1 and (*module, path[0]) in modules:
                    found[module, path[-1]] = (*module, path[0])
    return found


def resolve(path: Module, modules: dict[Module, str], exported: dict[tuple[Module, str], Module]) -> Module:
    """The module that an absolute path leads into, re-exports followed."""
    here: Module = ()
    for name in path:
        if (*here, name) in modules:
            here = (*here, name)
        else:
            return exported.get((here, name), here)
    return here


def rust_circles() -> Iterator[str]:
    for source in sorted(ROOT.glob("crates/*/src")):
        modules = rust_modules(source)
        exported = exports(modules)
        graphs: dict[Module, Graph] = {}
        for module, code in modules.items():
            paths = list(use_paths(code, "crate"))
            paths += [module[:-1] + path for path in use_paths(code, "super")] if module else []
            for path in paths:
                target = resolve(path, modules, exported)
                shared = next(
                    (i for i, (a, b) in enumerate(zip(module, target, strict=False)) if a != b), None
                )
                if shared is not None:
                    graph = graphs.setdefault(module[:shared], {})
                    graph.setdefault(module[shared], set()).add(target[shared])
        for level, graph in graphs.items():
            if found := circle(graph):
                yield f"{source.parent.name}: {'::'.join(('crate', *level))}: circle {' -> '.join(found)}"


# Python modules


def python_modules() -> dict[str, Path]:
    modules = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]):  # the native module is its stub
        parts = ("martlet", *path.relative_to(PACKAGE).with_suffix("").parts)
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def import_time(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run when the module is imported."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from import_time(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield from import_time(getattr(node, field, []))
            for handler in getattr(node, "handlers", []):
                yield from import_time(handler.body)


def imported(node: ast.Import | ast.ImportFrom, module: str, is_package: bool) -> Iterator[str]:
    """Dotted names that the statement takes; `from a import b` takes `a.b`, a module or a name in one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    above = module.split(".")
    above = above[: len(above) - node.level + is_package] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    yield from (f"{base}.{alias.name}" for alias in node.names)


def python_arrows() -> Iterator[str]:
    modules = python_modules()
    graph: Graph = {}
    for module, path in modules.items():
        if path.suffix == ".pyi":  # what a stub imports, it imports for type checkers
            continue
        body = ast.parse(path.read_text()).body
        for node in import_time(body):
            for name in imported(node, module, path.name == "__init__.py"):
                target = name if name in modules else name.rpartition(".")[0]
                inside = module.startswith("martlet.integrations")
                if name.startswith("martlet.") and inside and "._" in name and name != ENGINE:
                    yield f"{module}: integrations use public names only, not {name}"
                if target.startswith("martlet.integrations") and not inside:
                    yield f"{module}: nothing of martlet imports its integrations"
                if target in modules and target != module:
                    graph.setdefault(module, set()).add(target)
    if found := circle(graph):
        yield f"python/martlet: import circle {' -> '.join(found)}"


# Unix


def unix_rooms() -> Iterator[str]:
    sources = [(path, rust_code(path), UNIX_RUST) for path in ROOT.glob("crates/*/src/**/*.rs")]
    sources += [(path, path.read_text(), UNIX_PYTHON) for path in PACKAGE.rglob("*.py")]
    for path, code, pattern in sorted(sources, key=lambda entry: entry[0]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(UNIX_ROOMS) and (found := pattern.search(code)):
            yield f"{name}: {found.group().strip()} exists on Unix only: allowed in {', '.join(UNIX_ROOMS)}"


CHECKS = (crate_arrows, unsafe_is_forbidden, rust_circles, python_arrows, unix_rooms)


def main() -> int:
    complaints = [complaint for check in CHECKS for complaint in check()]
    for complaint in complaints:
        print(f"layers: {complaint}", file=sys.stderr)
    if not complaints:
        print("layers: all arrows are allowed ones")
    return bool(complaints)


if __name__ == "__main__":
    raise SystemExit(main())
