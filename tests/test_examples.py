"""Each file in examples/ runs as the program it is, against its own server, and prints what it promises."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# What each program's output holds, as patterns in order.
EXPECTED = {
    "01_requests_style.py": [r"200 OK, \d+ bytes from http://127\.0\.0\.1:\d+/get"],
    "02_blocked_loop.py": [r"\.+ GET  200 \.+\n0 dots in the [3-9]\d\d ms .* the loop was blocked"],
    "03_to_thread.py": [r"\.+ GET \.+ 200 \.+\n(?!0)\d+ dots in the \d+ ms .* the loop went on"],
    "04_run_in_executor.py": [r"(200, \d+ bytes after 0:00:00\.3\d+\n){2}", r"in parallel: [345]\d\d ms"],
    "05_thread_pool.py": [
        r"(?s)(?=.*404 Not Found  http)(?=.*ConnectionError  http)(?=.*InvalidURL  http).*too slow  "
    ],
    "06_async_session.py": [r"1,000 of 1,000\n\{200: 1000\}: [\d,]+ requests/s"],
    "anthropic_sdk.py": [r"It never lands\.\n\['It ', 'never ', 'lands\.'\]\n"],
    "aiohttp_session.py": [
        r"200 OK: /get\?page=1, application/json\n",
        r"sent in pieces: \['line 0', 'line 1', 'line 2'\]\nread in pieces: 3,000,000 bytes\n",
        r"/hang: Timeout on reading data from socket\n/status/404: 404, Not Found\n",
    ],
    "auth.py": ["nobody: 401\nada: 200\ntoken: Bearer s3cret\n"],
    "cookies.py": [
        r"kept: \{'theme': 'dark'\}\n",
        r"sent: \{.*'once': '1'.*\}\n",
        r"left: \{'language': 'en'\}\n",
    ],
    "download.py": ["5,000,000 bytes in download\nthe same bytes again, on the loop\n"],
    "errors.py": [
        r"/get: 200, \d+ bytes\n/hang: no answer in time.*\n/status/404: the server refuses: 404 Not Found\n",
        r"/redirect/40: it goes round in circles: 30 redirects\n",
        r":9/: nobody there\n.*nowhere: .*InvalidURL\ngopher.*: .*InvalidSchema\n",
    ],
    "openai_sdk.py": [r"It never lands\.\n'It '\n'never '\n'lands\.'\n"],
    "session.py": [
        r"/get\?lang=en&page=1\nmy-program/1\.0\n",
        r'\{"name": "martlet", "feet": 0\}\n\[302, 302\] 200 http\S+/get',
    ],
    "task_group.py": [
        r"/delay/0\.1: 200 after 0\.\d s\n/delay/0\.3: 200 after 0\.\d s\n",
        r"/delay/5: given up after 0\.6 s\n/hang: given up after 0\.6 s\nall four: [01]\.\d s",
    ],
    "watch.py": [
        r"stalled for .* in martlet\.get\n(.*\n)+    martlet\.get\(url\)\n",
        r"  Instead: `await martlet\.aio\.get",
        r"stalled for .* in json\.loads\n(.*\n)+martlet\.watch: \d stalls above 50 ms",
    ],
    "upload.py": [
        r"form: multipart/form-data 20\d\d\d bytes\nfile: 20000 bytes\n",
        r"iterator: \['line 0', 'line 1', 'line 2', ''\]\n",
        r"async iterator: \['line 0', 'line 1', 'line 2', ''\]\n",
    ],
}
NEEDS = {"task_group.py": (3, 11)}
NEEDS_PACKAGES = {"anthropic_sdk.py": "anthropic", "openai_sdk.py": "openai"}


def run(*arguments: str | Path) -> str:
    """The program's standard output; it must end well and say nothing else, not even a warning."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_every_example_is_expected_to_print_something() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} - {"demo.py"} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_example_prints_what_it_promises(name: str) -> None:
    if sys.version_info < NEEDS.get(name, (3, 10)):
        pytest.skip(f"{name} says that it needs Python {NEEDS[name]}")
    if name in NEEDS_PACKAGES and importlib.util.find_spec(NEEDS_PACKAGES[name]) is None:
        pytest.skip(f"{name} is about {NEEDS_PACKAGES[name]}, which is not installed")
    output = run(EXAMPLES / name)
    at = 0
    for pattern in EXPECTED[name]:
        found = re.compile(pattern).search(output, at)
        assert found is not None, f"{pattern!r} in {output!r}"
        at = found.end()


@pytest.mark.parametrize("name", EXPECTED)
def test_example_is_short_enough_to_read(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 60


def test_demo_ends_with_a_row_for_each_way() -> None:
    table = run("-m", "examples.demo").rpartition("background task held up\n")[2]
    rows = re.findall(r"^\((\d)\) (.{30}) +([\d,]+) +([\d,.]+) ms$", table, re.M)
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5, 6]
    rate = {int(row[0]): float(row[2].replace(",", "")) for row in rows}
    held = {int(row[0]): float(row[3].replace(",", "")) for row in rows}
    assert rate[6] > rate[5] > rate[1]
    assert held[2] >= 20, "a blocking call holds the background task up for as long as the server takes"
    assert held[6] < held[1]
