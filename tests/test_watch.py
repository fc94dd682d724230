"""`martlet.watch()` sees each stall of an event loop, names your line, the call, and what to write instead.

Where something stalls it does so for several times the threshold; where nothing is to be reported the
threshold is far above what a busy machine takes.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import logging
import re
import subprocess
import sys
import threading
import time
import traceback
import weakref
from asyncio import events
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import martlet
from martlet.watching import PER_OBJECT, Stall, loops
from stalling import LONG, RUNNERS, THRESHOLD, long_ones, stall_in, stalls_of


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest) -> Any:
    return RUNNERS[request.param]


def number_of(line: str, function: Callable[..., Any]) -> int:
    """The number of the line of the function's source that holds this text."""
    lines, first = inspect.getsourcelines(function)
    return first + next(at for at, text in enumerate(lines) if line in text)


# What is seen


def test_a_stall_is_told_with_its_length_your_line_the_call_and_what_to_write_instead(run: Any) -> None:
    def block() -> None:
        time.sleep(LONG)

    stall = stall_in(block, run)
    assert LONG - THRESHOLD / 4 < stall.length < LONG + 1
    assert stall.call == "time.sleep"
    assert stall.line == "time.sleep(LONG)"
    assert (stall.frame.filename, stall.frame.lineno) == (__file__, number_of("time.sleep", block))
    assert [frame.name for frame in stall.stack][-2:] == ["main", "block"]
    assert "await asyncio.sleep" in stall.advice


def test_a_stack_begins_at_the_loops_callback_and_ends_where_it_blocks() -> None:
    async def inner() -> None:
        subprocess.run(["sleep", str(LONG)], check=True)

    async def outer() -> None:
        await asyncio.sleep(0.01)
        await inner()

    [stall] = stalls_of(outer)
    names = [frame.name for frame in stall.stack]
    assert names[:3] == ["outer", "inner", "run"]
    assert stall.stack[1] is stall.frame
    assert f"and {len(names) - 2} more, within subprocess.py" in str(stall)


def test_each_stall_is_one_of_its_own(run: Any) -> None:
    async def main() -> None:
        for _ in range(3):
            await asyncio.sleep(0.06)
            time.sleep(LONG)

    assert [stall.call for stall in stalls_of(main, run)] == ["time.sleep"] * 3


def test_a_loop_that_waits_does_not_stall(run: Any) -> None:
    with martlet.watch(0.4, report=None) as watched:
        run(lambda: asyncio.sleep(1.3))
    assert watched.stalls == []
    assert "no stall above 400 ms" in watched.summary()


def test_a_loop_that_is_busy_with_short_callbacks_does_not_stall(run: Any) -> None:
    async def main() -> None:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            await asyncio.sleep(0)

    with martlet.watch(0.4, report=None) as watched:
        run(main)
    assert watched.stalls == []


def test_time_between_two_runs_of_a_loop_is_no_stall() -> None:
    with martlet.watch(THRESHOLD, report=None) as watched:
        loop = asyncio.new_event_loop()
        for _ in range(2):
            loop.run_until_complete(asyncio.sleep(0.06))
            time.sleep(LONG)
        loop.close()
    assert [stall for stall in watched.stalls if stall.call == "time.sleep"] == []


def test_the_last_step_of_a_program_may_stall_too(run: Any) -> None:
    async def main() -> None:
        time.sleep(LONG)

    assert "time.sleep" in [stall.call for stall in stalls_of(main, run)]


def test_of_many_callbacks_in_one_turn_the_one_that_took_longest_is_to_blame() -> None:
    def short() -> None:
        time.sleep(LONG / 5)

    def long() -> None:
        time.sleep(LONG)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for callback in (short, long, short):
            loop.call_soon(callback)
        await asyncio.sleep(0.01)

    [stall] = stalls_of(main)
    assert stall.frame.name == "long"
    assert stall.length > 1.4 * LONG - 0.01


def test_python_that_computes_is_seen_where_it_does() -> None:
    def compute() -> None:
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            pass

    stall = stall_in(compute)
    assert (stall.frame.name, stall.call) == ("compute", None)


def test_a_callback_without_a_frame_is_seen_under_asyncio() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, time.sleep, LONG)
        await asyncio.sleep(0.1)

    [stall] = stalls_of(main)
    assert stall.frame.filename == events.__file__


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Keeps the garbage collector away: its passes over all that a suite holds are stalls of their own."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_large_document_is_seen_though_json_keeps_the_interpreters_lock(run: Any) -> None:
    text = json.dumps([{"number": number, "text": "x" * 20, "list": [1, 2.5]} for number in range(150_000)])

    def block() -> int:
        before = len(text)
        document = json.loads(text)
        after = len(document)
        return before + after

    stall = stall_in(block, run, threshold=0.02)
    assert stall.call == "json.loads"
    assert stall.line == "document = json.loads(text)"
    assert "ajson()" in stall.advice


def test_a_pass_of_the_garbage_collector_is_named() -> None:
    gc.disable()
    young = [[] for _ in range(2_000_000)]

    def block() -> None:
        gc.enable()
        young.append([[number] for number in range(2000)])

    try:
        stall = stall_in(block, threshold=0.02)
    finally:
        gc.enable()
    assert stall.call == "a pass of the garbage collector"
    assert "gc.freeze()" in stall.advice
    assert stall.frame.filename == __file__


@pytest.mark.usefixtures("no_collector")
def test_passes_of_the_garbage_collector_are_heard_of_only_once_there_are_many_objects() -> None:
    def heard() -> int:
        return len(gc.callbacks) - before

    async def main() -> list[Any]:
        await asyncio.sleep(0.01)
        assert not heard()
        more: list[Any] = [[] for _ in range(500_000)]
        while not heard():
            await asyncio.sleep(0.01)
        return more

    before = len(gc.callbacks)
    threshold = 2 * PER_OBJECT * (sys.getallocatedblocks() + 300_000)
    with martlet.watch(threshold, report=None):
        asyncio.run(main())
    assert not heard()


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="there a look makes objects of another thread's frames"
)
def test_the_garbage_collector_has_no_pass_while_frames_are_walked() -> None:
    seen: set[str] = set()

    def sees(phase: str, info: object) -> None:
        if threading.current_thread().name == "martlet-watch":
            seen.update(frame.name for frame in traceback.extract_stack())

    gc.callbacks.append(sees)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        with martlet.watch(0.004, report=lambda stall: [[] for _ in range(10)]):
            asyncio.run(asyncio.sleep(0.2))
            stall_in(lambda: time.sleep(LONG))
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(sees)
    assert "_run" in seen
    assert "_look_at_frames" not in seen
    assert gc.isenabled()


def test_nothing_of_the_program_is_kept_alive() -> None:
    class Thing:
        pass

    kept: list[Any] = []

    def block() -> None:
        thing = Thing()
        kept.append(weakref.ref(thing))
        time.sleep(LONG)

    with martlet.watch(THRESHOLD, report=None) as watched:

        async def main() -> None:
            await asyncio.sleep(0.01)
            block()
            assert kept[0]() is None
            await asyncio.sleep(0.01)

        asyncio.run(main())
    assert watched.stalls


# Which loops


@pytest.mark.parametrize("is_async", [False, True])
def test_a_watch_inside_a_running_loop_sees_that_one(run: Any, is_async: bool) -> None:
    async def main() -> list[Stall]:
        if is_async:
            async with martlet.watch(THRESHOLD, report=None) as watched:
                await asyncio.sleep(0.01)
                time.sleep(LONG)
                await asyncio.sleep(0.1)
                assert {stall.call for stall in long_ones(watched.stalls)} == {"time.sleep"}
        else:
            with martlet.watch(THRESHOLD, report=None) as watched:
                time.sleep(LONG)
        time.sleep(LONG)
        await asyncio.sleep(0.1)
        return long_ones(watched.stalls)

    assert [stall.call for stall in run(main)] == ["time.sleep"]


def test_a_loop_started_in_another_thread_is_seen_and_the_thread_is_named(run: Any) -> None:
    async def main() -> None:
        await asyncio.sleep(0.01)
        time.sleep(LONG)
        await asyncio.sleep(0.01)

    with martlet.watch(THRESHOLD, report=None) as watched:
        thread = threading.Thread(target=run, args=(main,), name="second")
        thread.start()
        thread.join()
    assert {stall.thread for stall in watched.stalls} == {"second"}
    assert "the event loop of thread second stalled for" in str(watched.stalls[0])


def test_two_watches_see_the_same_loop_and_leave_nothing_behind(run: Any) -> None:
    original, callbacks, threads = events._set_running_loop, list(gc.callbacks), threading.active_count()
    with martlet.watch(THRESHOLD, report=None) as outer:
        with martlet.watch(THRESHOLD, report=None) as inner:
            assert events._set_running_loop is not original
            stall_in(lambda: time.sleep(LONG), run)
        assert events._set_running_loop is not original
    assert (events._set_running_loop, asyncio._set_running_loop) == (original, original)  # type: ignore[attr-defined]
    assert (gc.callbacks, threading.active_count(), loops._watchers) == (callbacks, threads, ())
    uvloop = pytest.importorskip("uvloop")
    assert "run_forever" not in vars(uvloop.Loop)
    for watched in (inner, outer):
        assert {stall.call for stall in long_ones(watched.stalls)} == {"time.sleep"}


def test_somebody_elses_patch_around_ours_may_outlive_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    with martlet.watch(THRESHOLD, report=None):
        ours = events._set_running_loop

        def theirs(loop: Any) -> None:
            started.append(loop)
            ours(loop)

        monkeypatch.setattr(events, "_set_running_loop", theirs)
    for _ in range(2):
        assert stall_in(lambda: time.sleep(LONG)).call == "time.sleep"
    assert started
    monkeypatch.undo()
    with martlet.watch(THRESHOLD, report=None):
        pass
    assert events._set_running_loop is not ours


def test_a_loop_that_is_closed_is_let_go() -> None:
    with martlet.watch(THRESHOLD, report=None):
        seen = []
        for _ in range(3):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            seen.append(weakref.ref(loop))
            del loop
        asyncio.run(asyncio.sleep(4 * THRESHOLD))
        gc.collect()
        assert [loop() for loop in seen] == [None] * 3


def test_a_watch_ends_with_its_block_and_may_begin_again() -> None:
    watched = martlet.watch(THRESHOLD, report=None)
    with watched:
        with pytest.raises(RuntimeError, match="is on already"):
            watched.__enter__()
    stall_in(lambda: time.sleep(LONG))
    assert watched.stalls == []
    with watched:
        stall_in(lambda: time.sleep(LONG))
    assert long_ones(watched.stalls)


# What is reported


def test_by_default_each_report_goes_to_stderr_and_then_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with martlet.watch(THRESHOLD):
        stall_in(lambda: time.sleep(LONG))
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(r"^martlet\.watch: the event loop stalled for .* in time\.sleep$", said.err, re.M)
    assert f'  File "{__file__}", line ' in said.err
    assert "\n  Instead: `await asyncio.sleep(seconds)`\n" in said.err
    assert re.search(
        r"^martlet\.watch: \d stalls? above 50 ms in .*: longest .*, total .*\n .* m?s +\d x  ",
        said.err,
        re.M,
    )


def test_a_stall_is_reported_while_the_program_goes_on_to_whoever_is_to_be_told() -> None:
    told: list[Stall] = []

    async def main() -> None:
        time.sleep(LONG)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if told:
                return

    with martlet.watch(THRESHOLD, report=told.append) as watched:
        asyncio.run(main())
    assert told
    assert told == watched.stalls


def test_a_report_that_fails_neither_ends_the_watch_nor_the_program(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(stall: Stall) -> None:
        raise KeyError("of the report")

    with martlet.watch(THRESHOLD, report=fail) as watched:
        stall_in(lambda: time.sleep(LONG))
        stall_in(lambda: time.sleep(LONG))
    assert len(long_ones(watched.stalls)) >= 2
    assert capsys.readouterr().err.count("KeyError: 'of the report'") == len(watched.stalls)


def test_a_logger_gets_a_warning_for_each_stall(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app")
    with martlet.watch(THRESHOLD, report=logging.getLogger("app")):
        stall_in(lambda: time.sleep(LONG))
    *stalls, summary = caplog.records
    assert {record.levelname for record in stalls} == {"WARNING"}
    assert summary.levelname == "INFO"
    assert "in time.sleep" in caplog.text


def test_the_summary_says_when_there_was_no_loop_at_all() -> None:
    with martlet.watch(report=None) as watched:
        pass
    assert "no event loop of asyncio or uvloop ran" in watched.summary()


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), float("inf")])
def test_a_threshold_that_is_no_time_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"above 0 seconds, as in martlet.watch\(threshold=0.05\)"):
        martlet.watch(threshold)


@pytest.mark.parametrize("threshold", ["50ms", None, True])
def test_a_threshold_that_is_no_number_is_refused(threshold: Any) -> None:
    with pytest.raises(TypeError, match=r"a number of seconds, as in martlet.watch\(threshold=0.05\)"):
        martlet.watch(threshold)
