"""One measurement, in a process of its own inside a peer's virtualenv:

    python -m benches.child '{"peer": ..., "mode": "async", "in_flight": 64, "url": ..., "size": 1024, ...}'

prints one line of JSON. Sync: `in_flight` threads that share one client; async: as many tasks on one loop.
They fetch one after another until the time is over; what is in flight then is counted, and timed, to its end.

The processor time is that of the whole process, the client's own threads included, in a stretch of its own:
the ticker that measures the loop's lag costs time too, so it runs in a second stretch.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.metadata
import json
import resource
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

TICK = 0.001
WARM_UP = 0.3


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> float:
    """The most memory this process had resident. Not `ru_maxrss`, which a child inherits from its parent."""
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def checked(body: Any, size: int) -> None:
    if len(body) != size:
        raise ValueError(f"a body of {len(body)} bytes instead of {size}")


def stretch(count: int, wall: float, cpu: float) -> dict[str, float]:
    return {"requests": count, "per_second": count / wall, "cpu_us": cpu / count * 1e6}


def run_sync(fetch: Callable[[str], Any], job: dict[str, Any], seconds: float) -> dict[str, float]:
    url, size = job["url"], job["size"]
    counts: list[int] = []
    errors: list[BaseException] = []

    def work() -> None:
        count = 0
        try:
            while time.perf_counter() < end:
                checked(fetch(url), size)
                count += 1
        except BaseException as error:
            errors.append(error)
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(job["in_flight"] - 1)]
    start, cpu = time.perf_counter(), cpu_seconds()
    end = start + seconds
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return stretch(sum(counts), time.perf_counter() - start, cpu_seconds() - cpu)


async def run_async(
    fetch: Callable[[str], Awaitable[Any]], job: dict[str, Any], seconds: float
) -> dict[str, float]:
    url, size = job["url"], job["size"]

    async def work() -> int:
        count = 0
        while time.perf_counter() < end:
            checked(await fetch(url), size)
            count += 1
        return count

    start, cpu = time.perf_counter(), cpu_seconds()
    end = start + seconds
    counts = await asyncio.gather(*(work() for _ in range(job["in_flight"])))
    return stretch(sum(counts), time.perf_counter() - start, cpu_seconds() - cpu)


async def tick(late: list[float]) -> None:
    """Notes by how much a task that wakes every `TICK` woke too late, in milliseconds."""
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append((time.perf_counter() - due) * 1e3)


async def lag(work: Awaitable[Any]) -> dict[str, float]:
    late: list[float] = []
    ticking = asyncio.create_task(tick(late))
    await work
    await asyncio.sleep(2 * TICK)
    ticking.cancel()
    late.sort()
    return {
        "lag_p50_ms": late[len(late) // 2],
        "lag_p99_ms": late[len(late) * 99 // 100],
        "lag_max_ms": late[-1],
    }


def measure_sync(peer: Any, job: dict[str, Any]) -> dict[str, float]:
    with peer.sync_client(job["ca"], job["in_flight"]) as fetch:
        run_sync(fetch, job, WARM_UP)
        return run_sync(fetch, job, job["seconds"])


async def measure_async(peer: Any, job: dict[str, Any]) -> dict[str, float]:
    async with peer.async_client(job["ca"], job["in_flight"]) as fetch:
        await run_async(fetch, job, WARM_UP)
        result = await run_async(fetch, job, job["seconds"])
        return result | await lag(run_async(fetch, job, job["seconds"]))


def main(job: dict[str, Any]) -> dict[str, Any]:
    peer = importlib.import_module(f"benches.peers.{job['peer']}")
    if not hasattr(peer, f"{job['mode']}_client"):
        return {"absent": True}
    measure = asyncio.run(measure_async(peer, job)) if job["mode"] == "async" else measure_sync(peer, job)
    return measure | {"peak_mib": peak_mib(), "version": importlib.metadata.version(job["peer"])}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
