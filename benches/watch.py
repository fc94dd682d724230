"""What `martlet.watch()` costs: `python -m benches.watch [blocks]`.

A busy asyncio program does the same small piece of work again and again in one process, a block of pieces
without a watch, a block with one, and so on, so that what else the machine does meets both. Printed is the
processor time of a piece, the watching thread's included. What others do to the machine only ever adds to it:
so the quickest tenth of the pieces is compared, by the slowest of them, and beside it the medians.
Then the processor time of a loop that only waits.
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
PIECES = 10


async def switching() -> None:
    """Tasks that do next to nothing between two turns, 50 at a time."""

    async def spin() -> None:
        for _ in range(400):
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
        for _ in range(25):
            writer.write(b"line\n")
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(talk(port) for _ in range(20)))
    server.close()


async def computing() -> None:
    """Python that computes and makes objects, with a turn of the loop each few milliseconds."""
    for _ in range(8):
        sum(len([number]) for number in range(30_000))
        await asyncio.sleep(0)


WORK = (switching, streams, computing)


def watch(threshold: float) -> contextlib.AbstractContextManager[object]:
    return martlet.watch(threshold, report=None) if threshold else contextlib.nullcontext()


async def cpu_seconds(work: Callable[[], Awaitable[None]]) -> float:
    before = time.process_time()
    await work()
    return time.process_time() - before


async def block(work: Callable[[], Awaitable[None]], threshold: float) -> list[float]:
    with watch(threshold):
        await work()  # warms up, and what begins with the watch is behind us
        return [await cpu_seconds(work) for _ in range(PIECES)]


async def compare(work: Callable[[], Awaitable[None]], threshold: float, blocks: int) -> None:
    times: dict[float, list[float]] = {0.0: [], threshold: []}
    for number in range(blocks):
        for each in (0.0, threshold) if number % 2 else (threshold, 0.0):
            times[each] += await block(work, each)
    (quick, median), (quick_watched, median_watched) = (
        (statistics.quantiles(pieces, n=10)[0], statistics.median(pieces)) for pieces in times.values()
    )
    print(
        f"{work.__name__}, {threshold * 1000:.0f} ms: {quick * 1000:.1f} ms of processor time without, "
        f"with a watch {quick_watched / quick - 1:+.2%} (medians {median_watched / median - 1:+.2%})",
        flush=True,
    )


async def main(blocks: int) -> None:
    for work in WORK:
        for threshold in THRESHOLDS:
            await compare(work, threshold, blocks)
    for threshold in (0.0, *THRESHOLDS):
        with watch(threshold):
            spent = await cpu_seconds(lambda: asyncio.sleep(IDLE))
        print(f"waiting, {threshold * 1000:.0f} ms: {spent / IDLE:.2%} of a core")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
