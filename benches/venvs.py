"""A virtualenv for each peer under .build/bench/venvs, made when missing or out of date.

Each is alone in its own, because they are not neighbours: niquests overwrites urllib3's files.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / "bench"
WHEELS = ROOT / ".build" / "wheels"
PEERS = ROOT / "benches" / "peers"


class NotInstalled(Exception):
    """The peer cannot be had here; the message says why, in pip's words."""


def requirement(peer: str) -> str:
    """The `REQUIREMENT` of the peer's file, read without importing what is not installed here."""
    for node in ast.parse((PEERS / f"{peer}.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIREMENT":
            return str(ast.literal_eval(node.value))
    raise NotInstalled(f"benches/peers/{peer}.py names no REQUIREMENT")


def wheel(folder: Path = WHEELS) -> Path:
    wheels = sorted(folder.glob("martlet-*.whl"))
    if len(wheels) != 1:
        raise NotInstalled(f"{len(wheels)} wheels of martlet in {folder}; `make wheel` builds one")
    return wheels[0]


def create(directory: Path, *requirements: str | Path) -> Path:
    """A fresh virtualenv with the requirements; returns its Python."""
    shutil.rmtree(directory, ignore_errors=True)
    python = directory / "bin" / "python"
    for command in (
        [sys.executable, ROOT / "tools" / "venv.py", directory],
        [python, "-m", "pip", "install", "--quiet", *requirements],
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise NotInstalled(next((line for line in lines if line.startswith("ERROR")), lines[-1]))
    return python


def python_of(peer: str) -> Path:
    """The Python of the peer's virtualenv, made if need be."""
    mark = requirement(peer)
    wanted: list[str | Path] = [*mark.split()]
    if peer == "martlet":
        wanted = [wheel()]
        mark = hashlib.sha256(wheel().read_bytes()).hexdigest()
    directory = BUILD / "venvs" / peer
    stamp = directory / "installed"
    if not stamp.exists() or stamp.read_text() != mark:
        create(directory, *wanted)
        stamp.write_text(mark)
    return directory / "bin" / "python"
