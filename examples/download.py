"""Large bodies, piece by piece: to a file as it arrives, and on an event loop that has other work.

python examples/download.py [URL]
"""

import asyncio
import hashlib
import sys
import tempfile
from pathlib import Path

import martlet
from martlet.testing import Server


def to_file(url: str, path: Path) -> int:
    """Writes the body to the path and returns its size; never more than a piece of it is in memory."""
    with martlet.get(url, stream=True, timeout=(3, 30)) as response, path.open("wb") as file:
        response.raise_for_status()
        return sum(file.write(piece) for piece in response.iter_content(64 * 1024))


async def digest(url: str) -> str:
    seen = hashlib.sha256()
    async with martlet.AsyncSession() as session, await session.get(url, stream=True) as response:
        response.raise_for_status()
        async for piece in response.aiter_content(64 * 1024):
            seen.update(piece)
    return seen.hexdigest()


def main(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "download")
        print(f"{to_file(url, path):,} bytes in {path.name}")
        same = hashlib.sha256(path.read_bytes()).hexdigest() == asyncio.run(digest(url))
        print("the same bytes again, on the loop" if same else "the two downloads differ")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url + "/bytes/5000000")
