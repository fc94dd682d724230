"""What `martlet.watch()` costs: `python -m benches.watch [pairs]`.

A busy asyncio program does the same piece of work without a watch and with one, in turns and in one process,
so that what else the machine does meets both. Printed is the CPU time of the whole process, the watching
thread included: the median of a piece without, and by how much each piece with a watch exceeds the one beside
it, the median of that and its quartiles. Then the CPU time of a loop that only waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import martlet

THRESHOLDS = (0.05, 0.1)
IDLE = 5.0


async def switching() -> None:
    """Tasks that do next to nothing between two turns, 50 at a time."""

    async def spin() -> None:
        for _ in range(2_000):
            await asyncio.sleep(0)

    await asyncio.gather(*(spin() for _ in range(50)))


async def streams() -> None:
    """Lines echoed over loopback connections, 20 at a time."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(250):
            writer.write(b"line\n")
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(talk(port) for _ in range(20)))
    server.close()


async def computing() -> None:
    """Python that computes and makes objects, with a turn of the loop each few milliseconds."""
    for _ in range(60):
        sum(len([number]) for number in range(30_000))
        await asyncio.sleep(0)


WORK = (switching, streams, computing)


def watch(threshold: float) -> contextlib.AbstractContextManager[object]:
    return martlet.watch(threshold, report=None) if threshold else contextlib.nullcontext()


async def cpu_seconds(work: Callable[[], Awaitable[None]], threshold: float) -> float:
    with watch(threshold):
        before = time.process_time()
        await work()
        return time.process_time() - before


async def compare(work: Callable[[], Awaitable[None]], threshold: float, pairs: int) -> None:
    without, added = [], []
    for number in range(pairs + 1):
        order = (0.0, threshold) if number % 2 else (threshold, 0.0)
        times = {each: await cpu_seconds(work, each) for each in order}
        if number:  # the first warms up
            without.append(times[0.0])
            added.append(times[threshold] / times[0.0] - 1)
    low, median, high = statistics.quantiles(added, n=4)
    print(
        f"{work.__name__}, {threshold * 1000:.0f} ms: {statistics.median(without):.3f} s without, "
        f"with a watch {median:+.2%} (quartiles {low:+.2%}, {high:+.2%})",
        flush=True,
    )


async def main(pairs: int) -> None:
    for work in WORK:
        for threshold in THRESHOLDS:
            await compare(work, threshold, pairs)
    for threshold in (0.0, *THRESHOLDS):
        spent = await cpu_seconds(lambda: asyncio.sleep(IDLE), threshold)
        print(f"waiting, {threshold * 1000:.0f} ms: {spent / IDLE:.2%} of a core")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
