"""README's programs run as they stand, against a server on loopback in place of example.org."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from martlet.testing import Server

README = Path(__file__).parent.parent / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_readme_shows_programs() -> None:
    assert len(PROGRAMS) >= 5


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_readme_runs(number: int) -> None:
    with Server() as server:
        program = PROGRAMS[number].replace("https://example.org", server.url)
        command = [sys.executable, "-W", "error", "-c", program]
        result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout
