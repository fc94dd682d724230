"""The thread of `martlet.watch()` does not wake in vain for its looks, and ends at once."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from pathlib import Path

import pytest

import martlet
from martlet._martlet import Lookout
from martlet.watching.pulse import PAUSE
from stalling import RUNNERS, THRESHOLD

HOUR = 3600.0


async def never_wait(seconds: float) -> None:
    """Tasks that do nothing between two turns, 50 at a time."""
    end = time.monotonic() + seconds

    async def spin() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(0)

    await asyncio.gather(*(spin() for _ in range(50)))


def wake_ups(thread: threading.Thread) -> int:
    """How often it has slept."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    [switches] = re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)
    return int(switches)


@pytest.mark.skipif(sys.platform != "linux", reason="only there the wake-ups of a thread are to be had")
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_loop_that_never_waits_does_not_wake_the_watching_thread_in_vain(runner: str) -> None:
    async def main() -> float:
        await asyncio.sleep(0)
        [thread] = (thread for thread in threading.enumerate() if thread.name == "martlet-watch")
        before, began = wake_ups(thread), time.monotonic()
        await never_wait(2)
        looks = (time.monotonic() - began) / (THRESHOLD * PAUSE)
        return (wake_ups(thread) - before) / looks

    with martlet.watch(THRESHOLD, report=None):
        assert RUNNERS[runner](main) < 9  # it is 3; without help 15 to 100


def test_a_lookout_says_to_look_when_its_time_has_come() -> None:
    lookout = Lookout()
    began = time.monotonic()
    assert lookout.wait(0.02)
    assert lookout.wait(0.02)
    assert time.monotonic() - began >= 0.04


def test_a_lookout_that_has_ended_says_so_at_once() -> None:
    lookout = Lookout()
    lookout.end()
    assert not lookout.wait(HOUR)


def test_the_end_wakes_the_thread_that_waits() -> None:
    lookout = Lookout()
    looks: list[bool] = []
    thread = threading.Thread(target=lambda: looks.append(lookout.wait(HOUR)), daemon=True)
    thread.start()
    lookout.end()
    thread.join(10)
    assert looks == [False]
