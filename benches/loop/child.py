"""One measurement, in a process of its own inside a client's virtualenv:

    python -m benches.loop.child '{"role": "client", "client": "aiohttp", "method": "json", ...}'

prints one line of JSON. The roles:

- `client`: the work and the ticker on one loop.
- `control`: the ticker alone; the work is done at the same time by another process of this program, on the
  same cores. What is late here, the machine made late.
- `work`: that other process.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from . import names
from .ticker import watched

# A program that starts thousands of tasks in one go holds up its own loop, whatever they do: so many are
# started in one turn of the loop.
STARTED_PER_TURN = 20
SAMPLE = 0.02

Method = Callable[[str], Awaitable[Any]]


class Wrong(Exception):
    """What came back is not what the server sent."""


def resident() -> int:
    """Bytes of memory this process has resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory:
    """The most resident memory before the first reply, sampled on the loop."""

    def __init__(self) -> None:
        gc.collect()
        self.before = self.most = resident()
        self.replied = False

    async def sample(self) -> None:
        while not self.replied:
            self.most = max(self.most, resident())
            await asyncio.sleep(SAMPLE)


def length(result: Any) -> int:
    """Of (response, what was made of it)."""
    made = result[1]
    return made if isinstance(made, int) else len(made)


def method_of(client: Any, job: dict[str, Any], file: str) -> Method:
    method = getattr(client, job["method"])
    return partial(method, path=job[file]) if job["method"] == "upload" else method


def check(result: Any, job: dict[str, Any]) -> None:
    told = json.loads(bytes(result[1]))["length"] if job["method"] == "upload" else length(result)
    if told != job["expected"]:
        raise Wrong(f"{told:,} ({job['method']}) instead of {job['expected']:,}")


def urls(job: dict[str, Any]) -> list[str]:
    if not job["names"]:
        return [job["url"]] * job["count"]
    return [job["url"].replace("127.0.0.1", f"n{n}.{job['names']}") for n in range(job["count"])]


async def many(method: Method, job: dict[str, Any], memory: Memory | None = None) -> list[Any]:
    """All requests of the scenario, at once; ends with the last one, or when one fails.

    Returns the tasks with their results. No `gather`: its work for 10,000 tasks is done in one go.
    """
    left, end = job["count"], asyncio.get_running_loop().create_future()
    failing = job["names"] == names.UNKNOWN

    async def one(url: str) -> Any:
        nonlocal left
        result: Any = None
        try:
            result = await method(url)
            if failing:
                raise Wrong(f"{url} resolves")
            check(result, job)
        except Exception as error:
            if not end.done() and (not failing or isinstance(error, Wrong)):
                end.set_exception(error)
        if memory:
            memory.replied = True
        left -= 1
        if not left and not end.done():
            end.set_result(None)
        return result

    tasks = []
    for url in urls(job):
        tasks.append(asyncio.create_task(one(url)))
        if len(tasks) % STARTED_PER_TURN == 0:
            await asyncio.sleep(0)
    await end
    return tasks


async def warm_up(client: Any, job: dict[str, Any]) -> None:
    """The same in small: imports, caches and the first connection are not what is measured."""
    await method_of(client, job, "warm_file")(job["warm"])
    gc.collect()


async def as_client(opened: Any, job: dict[str, Any]) -> dict[str, Any]:
    async with opened(job["ca"], job["count"]) as client:
        await warm_up(client, job)
        memory = Memory() if job["memory"] else None
        sampling = asyncio.create_task(memory.sample()) if memory else None
        kept, found = await watched(many(method_of(client, job, "file"), job, memory))
        begun = time.perf_counter()
        kept.clear()
        found["free"] = (time.perf_counter() - begun) * 1e3
        if memory and sampling:
            await sampling
            found["rss_kb"] = (memory.most - memory.before) / 1024 / job["count"]
        return found


async def as_worker(opened: Any, job: dict[str, Any]) -> dict[str, Any]:
    async with opened(job["ca"], job["count"]) as client:
        await warm_up(client, job)
        print("ready", flush=True)
        sys.stdin.readline()
        kept = await many(method_of(client, job, "file"), job)
        print("done", flush=True)
        kept.clear()
    return {}


async def as_control(job: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benches.loop.child", json.dumps(job | {"role": "work"})]
    pipe = asyncio.subprocess.PIPE
    worker = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert worker.stdin
    assert worker.stdout
    said = worker.stdout

    async def work() -> bytes:
        assert worker.stdin
        worker.stdin.write(b"go\n")
        return await said.readline()

    try:
        if await said.readline() != b"ready\n":
            raise Wrong("the other process did not get ready")
        gc.collect()
        answer, found = await watched(work())
        if answer != b"done\n":
            raise Wrong("the other process failed")
        return found
    finally:
        worker.stdin.close()
        await worker.wait()


def main(job: dict[str, Any]) -> dict[str, Any]:
    if job["role"] == "control":
        return asyncio.run(as_control(job))
    module = importlib.import_module(f"benches.loop.clients.{job['client']}")
    if reason := module.CANNOT.get(job["scenario"]):
        return {"cannot": reason}
    role = as_client if job["role"] == "client" else as_worker
    return asyncio.run(role(module.opened, job)) | {"version": importlib.metadata.version(job["client"])}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
