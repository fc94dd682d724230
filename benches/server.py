"""The server of a run: `martlet-testing-server`, one process for HTTP and one for HTTPS, each on its core."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from .venvs import BUILD, ROOT

NAME = "martlet-testing-server"


def build() -> Path:
    """Builds the server with optimisation and returns its path."""
    command = [
        "cargo",
        "build",
        "--release",
        "-p",
        "martlet-testing",
        "--message-format=json-render-diagnostics",
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == NAME:
            return Path(message["executable"])
    raise FileNotFoundError(f"cargo built no {NAME}")


def cores() -> list[int]:
    """The cores this process may use; none where the system does not say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Whatever process starts inside runs on the core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Places:
    """Which core the client and which the server gets, by placement."""

    def __init__(self) -> None:
        self.cores = cores()

    def client(self, placement: str) -> int | None:
        return self.cores[0] if self.cores and placement != "free" else None

    def server(self, placement: str) -> int | None:
        if not self.cores or placement == "free":
            return None
        return self.cores[0] if placement == "together" else self.cores[-1]


def ca_file(core: int | None) -> Path:
    return BUILD / f"ca-{'any' if core is None else core}.pem"


class Servers:
    """Started when first asked for, by scheme and placement; all stopped at the end of the `with`."""

    def __init__(self, program: Path, places: Places, options: Sequence[str] = ()) -> None:
        self.program = program
        self.options = options
        self.places = places
        self.running: dict[tuple[str, int | None], tuple[subprocess.Popen[str], str]] = {}

    def url(self, scheme: str, placement: str) -> str:
        core = self.places.server(placement)
        if (scheme, core) not in self.running:
            self.running[scheme, core] = self.start(scheme, core)
        return self.running[scheme, core][1]

    def ca(self, scheme: str, placement: str) -> str | None:
        """The file with the certificate to trust; written when the server starts."""
        return str(ca_file(self.places.server(placement))) if scheme == "https" else None

    def start(self, scheme: str, core: int | None) -> tuple[subprocess.Popen[str], str]:
        command = [str(self.program), "--until-stdin-closes", *self.options]
        if scheme == "https":
            BUILD.mkdir(parents=True, exist_ok=True)
            command += ["--tls", "--ca-file", str(ca_file(core))]
        with on_core(core):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise ChildProcessError(f"{NAME} ended with status {process.wait()}")
        return process, url

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        for process, _url in self.running.values():
            process.communicate()
