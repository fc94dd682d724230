"""What `martlet.watch()` costs: `python -m benches.watch [blocks]`.

A busy asyncio program does the same small piece of work again and again, without a watch and with one. The
loop's thread and the watching thread are measured apart:

- What the loop's thread does is counted in instructions, by valgrind's callgrind: these differ from run to
  run by tenths of a per cent at most, where times do by tens. Two lengths of run are subtracted, so that
  start and imports are not in it. The program is at least `SLOWER` times slower there and the watch waits
  that much longer, so that it looks no less often per piece.
- The processor time of the watching thread is read from its own clock while the program runs at full speed,
  and while it only waits.

Where there is no valgrind, or a number of blocks is given, the processor times of pieces are compared, in
blocks with and without a watch that take turns. What others do to the machine only ever adds to those: so the
quickest tenth of the pieces is compared, by the slowest of them, and beside it the medians.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import martlet

THRESHOLDS = (0.05, 0.1)
SECONDS = 10.0
PIECES = 10
SLOWER = 40
LENGTHS = (1, 6)


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


async def keeping() -> None:
    """Objects that stay for a while, for which the garbage collector has a pass per few hundred of them."""
    kept: list[object] = []
    for _ in range(80):
        kept = [*kept[-7:], [{"number": number} for number in range(1500)]]
        await asyncio.sleep(0)


async def waiting() -> None:
    """Nothing."""
    await asyncio.sleep(1)


WORK = {work.__name__: work for work in (switching, streams, computing, keeping)}


def watch(threshold: float) -> contextlib.AbstractContextManager[object]:
    return martlet.watch(threshold, report=None) if threshold else contextlib.nullcontext()


async def run(work: str, threshold: float, pieces: int) -> None:
    gc.freeze()  # a full pass over what was imported may fall into one run and not into the other
    with watch(threshold):
        for _ in range(pieces):
            await WORK[work]()


def instructions(work: str, threshold: float) -> float:
    """Of the loop's thread, for a piece."""
    counts = []
    for pieces in LENGTHS:
        with tempfile.TemporaryDirectory() as folder:
            command = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "--callgrind-out-file=out"]
            command += [sys.executable, "-m", "benches.watch", work, str(threshold * SLOWER), str(pieces)]
            paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
            environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": paths}
            subprocess.run(command, check=True, cwd=folder, env=environment, capture_output=True)
            [count] = re.findall(r"^totals: (\d+)", Path(folder, "out-01").read_text(), re.M)
            counts.append(int(count))
    return (counts[1] - counts[0]) / (LENGTHS[1] - LENGTHS[0])


async def watching_thread(work: Callable[[], Awaitable[None]], threshold: float) -> tuple[float, float]:
    """Its share of a core, and that of the whole process."""
    with watch(threshold):
        [thread] = (thread for thread in threading.enumerate() if thread.name == "martlet-watch")
        assert thread.ident is not None
        clocks = (time.pthread_getcpuclockid(thread.ident), time.CLOCK_PROCESS_CPUTIME_ID)
        await work()
        began, before = time.monotonic(), [time.clock_gettime(clock) for clock in clocks]
        while time.monotonic() - began < SECONDS:
            await work()
        seconds = time.monotonic() - began
        spent, of_all = (time.clock_gettime(clock) - at for clock, at in zip(clocks, before, strict=True))
        return spent / seconds, of_all / seconds


def count() -> None:
    for name, work in WORK.items():
        without = instructions(name, 0)
        for threshold in THRESHOLDS:
            loop = instructions(name, threshold) / without - 1
            watching, process = asyncio.run(watching_thread(work, threshold))
            print(
                f"{name}, {threshold * 1000:.0f} ms: {without / 1e6:.1f} million instructions without, "
                f"with a watch {loop:+.2%}; the watching thread {watching:.2%} of a core (the process "
                f"{process:.0%}); together {loop + watching:+.2%}",
                flush=True,
            )
    for threshold in THRESHOLDS:
        watching, _ = asyncio.run(watching_thread(waiting, threshold))
        print(f"waiting, {threshold * 1000:.0f} ms: the watching thread {watching:.2%} of a core")


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
    for work in WORK.values():
        for threshold in THRESHOLDS:
            await compare(work, threshold, blocks)


if __name__ == "__main__":
    if len(sys.argv) == 4:  # within callgrind
        asyncio.run(run(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
    elif shutil.which("valgrind") and len(sys.argv) == 1:
        count()
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
