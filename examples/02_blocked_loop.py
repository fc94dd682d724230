"""2. The same call inside a coroutine. It answers when the reply is there, and nobody else runs until then:
the background task, which prints a dot every 10 ms, prints none.

python examples/02_blocked_loop.py [URL]
"""

import asyncio
import sys
import time

import martlet
from martlet.testing import Server


async def background(dots: list[float]) -> None:
    """All else that a program does on its loop."""
    while True:
        print(".", end="", flush=True)
        dots.append(time.perf_counter())
        await asyncio.sleep(0.01)


async def fetch(url: str) -> martlet.Response:
    return martlet.get(url, timeout=5)


async def main(url: str) -> None:
    dots: list[float] = []
    ticking = asyncio.create_task(background(dots))
    await asyncio.sleep(0.1)

    print(" GET ", end="", flush=True)
    start, before = time.perf_counter(), len(dots)
    response = await fetch(url)
    waited, meanwhile = time.perf_counter() - start, len(dots) - before
    print(f" {response.status_code} ", end="", flush=True)

    await asyncio.sleep(0.1)
    ticking.cancel()
    print(f"\n{meanwhile} dots in the {waited * 1000:.0f} ms of the request: the loop was blocked")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with Server() as server:
            asyncio.run(main(server.url + "/delay/0.3"))
