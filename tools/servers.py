"""Fetch the real proxies that tests go through, tinyproxy and squid: `python tools/servers.py DIRECTORY`.

Nothing is installed and nobody has to be root: apt downloads Debian's packages of the two, and of those
libraries of theirs that this machine lacks, from wherever the machine's own configuration says, and dpkg
unpacks them into DIRECTORY/<server>. What is there is left alone; a file `complete` in the folder says so.

The system's package lists are used where they are. Where they are missing or outdated, other ones are fetched
into DIRECTORY/apt.

Exit code 0: all servers are there. 3: this machine has no apt. 1: something else failed, and was said.
Without the servers, the tests that need them are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PATIENCE = 300
"""Seconds for one command."""


class Server(NamedTuple):
    """A program of Debian's."""

    name: str
    program: str
    """Where it lies beneath its folder."""
    packages: tuple[str, ...]
    """Those with the program's own files; what else is needed of its dependencies are libraries."""


SERVERS = (
    Server("tinyproxy", "usr/bin/tinyproxy", ("tinyproxy-bin",)),
    Server("squid", "usr/sbin/squid", ("squid", "squid-common", "squid-langpack")),
)


class Failed(Exception):
    """A command did not do what it was for."""


def said(command: Sequence[str | Path], **settings: object) -> str:
    """What the command prints. Raises Failed, with its last words, if it fails."""
    environment = {**os.environ, "LC_ALL": "C", **settings.pop("env", {})}  # type: ignore[dict-item]
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            env=environment,
            **settings,  # type: ignore[call-overload]
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(str(error)) from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Failed(f"{command[0]} {command[1]}: {' / '.join(words) or f'exit code {done.returncode}'}")
    return done.stdout


class Apt:
    """apt, with the system's lists of packages or with some of its own."""

    def __init__(self, own: Path | None = None) -> None:
        # Who is root would else download as a user who may not write here.
        self._options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2"]
        if own is not None:
            for folder in ("state/lists/partial", "cache/archives/partial"):
                (own / folder).mkdir(parents=True, exist_ok=True)
            self._options += ["-o", f"Dir::State={own / 'state'}", "-o", f"Dir::Cache={own / 'cache'}"]
            self._get("update")

    def download(self, server: Server, folder: Path) -> list[Path]:
        """The server's packages, and the libraries that are not installed here, as files in `folder`."""
        plan = self._get("--simulate", "--no-install-recommends", "install", *server.packages)
        missing = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
        libraries = [name for name in missing if name.startswith("lib") and not name.endswith("-perl")]
        self._get("download", *server.packages, *libraries, cwd=folder)
        return sorted(folder.glob("*.deb"))

    def _get(self, *arguments: str, **settings: object) -> str:
        return said(["apt-get", *self._options, *arguments], **settings)


def libraries(folder: Path) -> str:
    """LD_LIBRARY_PATH for what was unpacked there."""
    return os.pathsep.join(sorted({str(path.parent.resolve()) for path in folder.rglob("*.so.*")}))


def unpack(server: Server, apt: Apt, folder: Path) -> list[str]:
    """Makes `folder` anew and returns the names of the packages in it. Raises Failed."""
    shutil.rmtree(folder, ignore_errors=True)
    archives = folder / "archives"
    archives.mkdir(parents=True)
    packages = apt.download(server, archives)
    for package in packages:
        said(["dpkg", "-x", package.resolve(), folder.resolve()])
    shutil.rmtree(archives)
    said([folder.resolve() / server.program, "-v"], env={"LD_LIBRARY_PATH": libraries(folder)})
    return [package.name.split("_")[0] for package in packages]


def fetch(server: Server, directory: Path) -> None:
    """Raises Failed."""
    folder = directory / server.name
    stamp = folder / "complete"
    if stamp.exists():
        print(f"servers: {server.name} is there")
        return
    try:
        packages = unpack(server, Apt(), folder)
    except Failed as error:
        print(f"servers: with the system's package lists: {error}; fetching others", file=sys.stderr)
        packages = unpack(server, Apt((directory / "apt").resolve()), folder)
    stamp.write_text("\n".join(packages) + "\n")
    print(f"servers: unpacked {', '.join(packages)} into {folder}")


def main(directory: Path) -> int:
    absent = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
    if absent and not all((directory / server.name / "complete").exists() for server in SERVERS):
        print(f"servers: there is no {' and no '.join(absent)} on this machine", file=sys.stderr)
        return 3
    failed = False
    for server in SERVERS:
        try:
            fetch(server, directory)
        except Failed as error:
            print(f"servers: no {server.name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))
