"""Structured concurrency: a TaskGroup whose tasks end together, each with a time of its own. Python >= 3.11.

What is given up is over at once: the connection is closed and its place is free for the next.

python examples/task_group.py [URL]
"""

import asyncio
import sys
import time

import martlet
from martlet.testing import Server


async def fetch(session: martlet.AsyncSession, url: str, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            response = await session.get(url)
    except TimeoutError:
        return f"given up after {seconds} s"
    return f"{response.status_code} after {response.elapsed.total_seconds():.1f} s"


async def main(url: str) -> None:
    start = time.perf_counter()
    async with martlet.AsyncSession() as session, asyncio.TaskGroup() as group:
        tasks = {
            path: group.create_task(fetch(session, url + path, seconds=0.6))
            for path in ("/delay/0.1", "/delay/0.3", "/delay/5", "/hang")
        }
    for path, task in tasks.items():
        print(f"{path}: {task.result()}")
    print(f"all four: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with Server() as server:
            asyncio.run(main(server.url))
