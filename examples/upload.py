"""What is sent: a form with a file, a file as it stands, and what an iterator yields, sync or async.

python examples/upload.py [URL]
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import martlet
from martlet.testing import Server


def lines() -> Iterator[bytes]:
    for number in range(3):
        yield f"line {number}\n".encode()


async def slow_lines() -> AsyncIterator[bytes]:
    for line in lines():
        await asyncio.sleep(0.01)
        yield line


async def from_async_iterator(url: str) -> martlet.Response:
    async with martlet.AsyncSession() as session:
        return await session.post(url, data=slow_lines(), timeout=5)


def main(url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.txt")
        path.write_text("One line of twenty.\n" * 1000)

        with path.open("rb") as file:
            form = martlet.post(url, files={"report": file}, data={"year": "2024"}, timeout=5).json()
        print("form:", form["headers"]["Content-Type"].split(";")[0], form["length"], "bytes")

        with path.open("rb") as file:
            streamed = martlet.post(url, data=file, timeout=5).json()
        print("file:", streamed["length"], "bytes")

    print("iterator:", martlet.post(url, data=lines(), timeout=5).json()["data"].split("\n"))
    print("async iterator:", asyncio.run(from_async_iterator(url)).json()["data"].split("\n"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url + "/post")
