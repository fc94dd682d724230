"""4. Two blocking calls at once, with `loop.run_in_executor`: both start, then both are awaited, and the pair
takes as long as one.

python examples/04_run_in_executor.py [URL]
"""

import asyncio
import sys
import time

import martlet
from martlet.testing import Server


async def fetch_both(first: str, second: str) -> list[martlet.Response]:
    loop = asyncio.get_running_loop()
    future1 = loop.run_in_executor(None, martlet.get, first)
    future2 = loop.run_in_executor(None, martlet.get, second)
    return [await future1, await future2]


async def main(url: str) -> None:
    start = time.perf_counter()
    responses = await fetch_both(url, url)
    took = time.perf_counter() - start
    for response in responses:
        print(f"{response.status_code}, {len(response.content)} bytes after {response.elapsed}")
    print(f"one after another: {sum(r.elapsed.total_seconds() for r in responses) * 1000:.0f} ms,", end=" ")
    print(f"in parallel: {took * 1000:.0f} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with Server() as server:
            asyncio.run(main(server.url + "/delay/0.3"))
