"""The README's blocks of figures, each between marks of its own."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from . import venvs

README = venvs.ROOT / "README.md"


def marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->\n", f"<!-- /{name} -->\n"


def place(readme: Path, name: str, made: str) -> None:
    """Puts what was made between the marks of that name, if they are there."""
    text = readme.read_text()
    begin, end = marks(name)
    if begin in text and end in text:
        before, _, rest = text.partition(begin)
        readme.write_text(before + begin + made + end + rest.partition(end)[2])


def conditions(on: str, load: float, rounds: int, versions: dict[str, str]) -> str:
    """When and where figures were taken, and of what."""
    known = ", ".join(f"{client} {version}" for client, version in versions.items())
    return (
        f"{on}, {os.cpu_count()} cores, {platform.machine()} {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, load average at the start "
        f"{load:.1f}, medians of {rounds} rounds. {known}."
    )
