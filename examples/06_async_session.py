"""6. `AsyncSession`: the same methods and arguments, awaited. 1,000 GETs, 100 in flight, no threads.

python examples/06_async_session.py [URL]
"""

import asyncio
import sys
import time
from collections import Counter

import martlet
from martlet.testing import Server


async def fetch_all(url: str, count: int = 1000, in_flight: int = 100) -> list[martlet.Response]:
    limit = asyncio.Semaphore(in_flight)
    done = 0

    async def fetch(session: martlet.AsyncSession) -> martlet.Response:
        nonlocal done
        async with limit:
            response = await session.get(url, timeout=5)
        done += 1
        if done % 50 == 0:
            print(f"\r{done:,} of {count:,}", end="" if done < count else "\n", flush=True)
        return response

    async with martlet.AsyncSession() as session:
        return await asyncio.gather(*(fetch(session) for _ in range(count)))


async def main(url: str) -> None:
    start = time.perf_counter()
    responses = await fetch_all(url)
    took = time.perf_counter() - start
    statuses = Counter(response.status_code for response in responses)
    print(f"{dict(statuses)}: {len(responses) / took:,.0f} requests/s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with Server() as server:
            asyncio.run(main(server.url + "/delay/0.05"))
