"""What a program pays before its first request: the import, above `python -c pass`, and the first Session.

Alternating processes, medians. Run inside the venv (`python -m benches.startup PEER`), prints JSON in ms.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median

ROUNDS = 25
FIRST_SESSION = """\
import time, {peer} as client
start = time.perf_counter()
client.{session}()
print((time.perf_counter() - start) * 1e3)
"""
SESSION = {
    "martlet": "Session",
    "requests": "Session",
    "niquests": "Session",
    "httpx": "Client",
    "ry": "BlockingClient",
}


def process_ms(code: str) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return (time.perf_counter() - start) * 1e3


def first_session_ms(peer: str) -> float:
    code = FIRST_SESSION.format(peer=peer, session=SESSION[peer])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout)


def main(peer: str) -> dict[str, float]:
    pairs = [(process_ms("pass"), process_ms(f"import {peer}")) for _ in range(ROUNDS)]
    result = {"import_ms": median(after - before for before, after in pairs)}
    if peer in SESSION:
        result["session_ms"] = median(first_session_ms(peer) for _ in range(ROUNDS))
    return result


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
