"""Make a virtual environment that has pip, whatever the system's Python came with.

    python3 tools/venv.py DIRECTORY

Debian ships `venv` without `ensurepip` unless python3-venv is installed, which takes root. The roads, in
order; the first that works is taken:

1. `python -m venv`, as everywhere.
2. the same without pip, and the system's pip installs one into it (`pip --python`).
3. the same without pip, and pip's wheel from the package index (PIP_INDEX_URL, or PyPI) installs itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

INDEX = "https://pypi.org/simple"


def python_of(directory: Path) -> Path:
    return directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def succeeds(*command: str | Path) -> bool:
    try:
        return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def newest_pip_wheel(index: str) -> str:
    """The address of the last wheel of pip that the index's simple page lists."""
    page_url = index.rstrip("/") + "/pip/"
    with urllib.request.urlopen(page_url, timeout=60) as page:
        links = re.findall(r'href="([^"#]+/pip-([0-9.]+)-py3-none-any\.whl)', page.read().decode())
    if not links:
        raise SystemExit(f"{page_url} lists no wheel of pip; install Debian's python3-venv instead")
    newest = max(links, key=lambda link: [int(part) for part in link[1].split(".")])
    return urllib.parse.urljoin(page_url, newest[0])


def pip_from_index(python: Path) -> None:
    url = newest_pip_wheel(os.environ.get("PIP_INDEX_URL", INDEX))
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Path(scratch, url.rsplit("/", 1)[1])
        with urllib.request.urlopen(url, timeout=60) as reply:
            wheel.write_bytes(reply.read())
        subprocess.run([python, wheel / "pip", "install", "--quiet", wheel], check=True)


def main(directory: Path) -> None:
    if sys.version_info < (3, 10):  # noqa: UP036 -- the one place that is there to say so
        raise SystemExit(
            f"martlet needs Python 3.10 or later, {sys.executable} is older; see PYTHON in `make help`"
        )
    python = python_of(directory)
    if succeeds(python, "-m", "pip", "--version") or succeeds(
        sys.executable, "-m", "venv", "--clear", directory
    ):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", directory], check=True)
    if not succeeds(sys.executable, "-m", "pip", "--python", python, "install", "pip"):
        pip_from_index(python)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
