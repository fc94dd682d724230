"""What blocks the event loop? `martlet.watch()` tells how long, which line and call, what to write instead.

The same for a program as it stands: python -m martlet watch examples/02_blocked_loop.py

python examples/watch.py [URL]
"""

import asyncio
import json
import sys

import martlet
from martlet.testing import Server

TEXT = json.dumps([{"number": number, "name": "x" * 20} for number in range(300_000)])


async def blocking(url: str) -> None:
    martlet.get(url)


async def awaited(url: str) -> None:
    async with martlet.AsyncSession() as session:
        await session.get(url)


async def parsing() -> None:
    json.loads(TEXT)


async def main(url: str) -> None:
    for step in (blocking(url), awaited(url), parsing()):
        await asyncio.sleep(0.1)
        await step


def watched(url: str) -> None:
    with martlet.watch(threshold=0.05, report=print) as watch:
        asyncio.run(main(url))
    print(watch.summary())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        watched(sys.argv[1])
    else:
        with Server() as server:
            watched(server.url + "/delay/0.3")
