"""AsyncSession on the compatible road: what Session does, awaited. Without a network."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
import trio

import martlet
from handles import Done, Handle, response_over
from martlet.adapters import HTTPAdapter
from scripted import Reply, Seen, challenged, redirecting, scripted

HERE = "http://a.test/"


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Any:
    """Runs a coroutine function on either kind of loop."""

    def on_asyncio(main: Any) -> Any:
        return asyncio.run(main())

    return on_asyncio if request.param == "asyncio" else trio.run


class Engine:
    """A client that answers from a list of handles, one exchange after another."""

    def __init__(self, *handles: Handle) -> None:
        self.handles = list(handles)
        self.sent: list[Any] = []
        self.closed = False

    def send(self, prepared: Any, **settings: Any) -> Done:
        self.sent.append((prepared, settings))
        return Done(response_over(self.handles.pop(0)))

    def cookies_export(self) -> list[Any]:
        return []

    def close(self) -> None:
        self.closed = True


def session_over(engine: Engine) -> martlet.AsyncSession:
    """An async session whose adapters send through `engine`."""
    session = martlet.AsyncSession()
    session.adapters = {"http://": HTTPAdapter._over(engine)}  # type: ignore[assignment,arg-type]
    return session


def test_a_get_goes_through_the_engine_and_its_body_is_read(run: Any) -> None:
    engine = Engine(Handle(chunks=[b"a", b"b"]))

    async def main() -> None:
        async with session_over(engine) as session:
            response = await session.get(HERE, params={"q": 1}, timeout=5)
            assert (response.content, response.request.url) == (b"ab", "http://a.test/?q=1")
            assert response.connection is session.adapters["http://"]
        [(prepared, settings)] = engine.sent
        assert response.request is prepared
        assert (settings["timeout"].read, settings["stream"]) == (5, True)

    run(main)


def test_redirects_are_followed_and_long_bodies_of_theirs_not_read_to_the_end(run: Any) -> None:
    moved = [("Location", "/2"), ("Set-Cookie", "k=v; Path=/")]
    long = Handle(302, moved, chunks=[b"x" * 100_000])
    engine = Engine(long, Handle(chunks=[b"end"], url="http://a.test/2"))

    async def main() -> None:
        session = session_over(engine)
        response = await session.get(HERE)
        assert (response.content, len(response.history[0].content)) == (b"end", 65536)
        assert long.closed
        assert session.cookies.get_dict() == {"k": "v"}
        assert engine.sent[1][0].headers["Cookie"] == "k=v"
        session.close()

    run(main)


def test_without_following_the_body_of_a_redirect_is_whole_and_next_is_known(run: Any) -> None:
    engine = Engine(Handle(302, [("Location", "/2")], chunks=[b"x" * 100_000]))

    async def main() -> None:
        async with session_over(engine) as session:
            response = await session.get(HERE, allow_redirects=False)
            assert (len(response.content), response.next.url) == (100_000, "http://a.test/2")

    run(main)


def test_a_hook_may_be_a_coroutine_function_or_plain(run: Any) -> None:
    called: list[str] = []

    async def slow(response: martlet.Response, **settings: Any) -> None:
        called.append("slow")

    def plain(response: martlet.Response, **settings: Any) -> martlet.Response:
        called.append("plain")
        other = martlet.Response()
        other.status_code, other._content = 299, b""
        return other

    async def main() -> None:
        async with session_over(Engine(Handle(chunks=[]))) as session:
            response = await session.get(HERE, hooks={"response": [slow, plain]})
            assert (response.status_code, called) == (299, ["slow", "plain"])

    run(main)


def test_a_digest_challenge_is_answered_without_a_blocking_call(run: Any) -> None:
    asked = Handle(401, [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')], chunks=[b"no"])
    engine = Engine(asked, Handle(chunks=[b"yes"]))

    async def main() -> None:
        async with session_over(engine) as session:
            response = await session.get(HERE, auth=martlet.auth.HTTPDigestAuth("u", "p"))
            assert (response.content, [each.status_code for each in response.history]) == (b"yes", [401])
            assert engine.sent[1][0].headers["Authorization"].startswith("Digest ")

    run(main)


def test_an_adapter_of_ones_own_runs_in_a_helper_thread(run: Any) -> None:
    threads: list[Any] = []

    def answer(seen: Seen) -> Reply:
        threads.append(threading.current_thread())
        return Reply(body=b"ok")

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            session.mount("http://", scripted(martlet, answer))
            response = await session.get(HERE)
            assert (response.content, threading.main_thread() in threads) == (b"ok", False)

    run(main)


@pytest.mark.parametrize("answer", [redirecting(302, "/1", "/2"), challenged])
def test_adapters_of_ones_own_are_led_through_redirects_and_challenges(run: Any, answer: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            session.mount("http://", scripted(martlet, answer))
            response = await session.get(HERE, auth=martlet.auth.HTTPDigestAuth("u", "p"))
            assert response.status_code == 200
            assert response.history

    # The script of the redirects is used up by the first run.
    if answer is challenged or run is not trio.run:
        run(main)


def test_redirects_can_be_resolved_one_by_one(run: Any) -> None:
    engine = Engine(Handle(302, [("Location", "/2")], chunks=[]), Handle(chunks=[b"end"]))

    async def main() -> None:
        async with session_over(engine) as session:
            prepared = session.prepare_request(martlet.Request("GET", HERE))
            first = await session.send(prepared, allow_redirects=False)
            found = [each async for each in session.resolve_redirects(first, prepared)]
            assert [each.content for each in found] == [b"end"]

    run(main)


def test_what_a_subclass_overrides_is_called(run: Any) -> None:
    called: list[str] = []

    class Child(martlet.AsyncSession):
        def rebuild_method(self, prepared_request: Any, response: Any) -> None:
            called.append("rebuild_method")
            super().rebuild_method(prepared_request, response)

        async def send(self, request: Any, **kwargs: Any) -> martlet.Response:  # type: ignore[override]
            called.append("send")
            return await super().send(request, **kwargs)

    async def main() -> None:
        engine = Engine(Handle(302, [("Location", "/2")], chunks=[]), Handle(chunks=[b"end"]))
        async with Child() as session:
            session.adapters = {"http://": HTTPAdapter._over(engine)}  # type: ignore[assignment,arg-type]
            assert (await session.post(HERE)).content == b"end"
        assert called == ["send", "rebuild_method", "send"]

    run(main)


def test_an_async_iterable_is_a_body_for_an_async_session_alone(run: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"

    async def main() -> None:
        engine = Engine(Handle(chunks=[]))
        async with session_over(engine) as session:
            body = pieces()
            await session.post(HERE, data=body)
            assert engine.sent[0][0].body is body

    run(main)
    with martlet.Session() as session, pytest.raises(TypeError, match="by an AsyncSession only"):
        session.post("http://127.0.0.1:1/", data=pieces())


def test_errors_reach_whoever_awaits(run: Any) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            with pytest.raises(martlet.exceptions.InvalidSchema):
                await session.get("foo:x")
            with pytest.raises(martlet.exceptions.MissingSchema):
                await session.get("a.test")
            with pytest.raises(ValueError, match="You can only send PreparedRequests"):
                session.send(martlet.Request("GET", HERE))  # type: ignore[arg-type]

    run(main)


def test_a_cancelled_task_stops_at_once() -> None:
    class Never(Done):
        def __await__(self) -> Any:
            return asyncio.Event().wait().__await__()

    class Stuck(Engine):
        def send(self, prepared: Any, **settings: Any) -> Done:
            self.sent.append(prepared)
            return Never(None)

    async def main() -> None:
        engine = Stuck()
        async with session_over(engine) as session:
            task = asyncio.ensure_future(session.get(HERE))
            while not engine.sent:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


VERBS = ("request", "get", "options", "head", "post", "put", "patch", "delete", "send")


@pytest.mark.parametrize("verb", VERBS)
def test_it_has_the_arguments_of_its_twin(verb: str) -> None:
    ours, twin = (
        list(inspect.signature(getattr(session, verb)).parameters.values())
        for session in (martlet.AsyncSession, martlet.Session)
    )
    assert ours == twin


@pytest.mark.parametrize("verb", VERBS)
def test_python_takes_its_methods_for_coroutine_functions(verb: str) -> None:
    method = getattr(martlet.AsyncSession, verb)
    if sys.version_info >= (3, 12):
        assert inspect.iscoroutinefunction(method)
        assert inspect.iscoroutinefunction(getattr(martlet.AsyncSession(), verb))
    else:
        assert asyncio.iscoroutinefunction(method)


@pytest.mark.parametrize("verb", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_single_requests_close_their_session(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[Any] = []

    class Noted(martlet.AsyncSession):
        def request(self, method: Any, url: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:  # type: ignore[override]
            sessions.append((self, method, kwargs.get("allow_redirects")))

            async def answer() -> martlet.Response:
                self._martlet_used = True
                return response_over(Handle(body=b""))

            return answer()

    monkeypatch.setattr(martlet.aio, "AsyncSession", Noted)
    asyncio.run(getattr(martlet.aio, verb)(HERE))
    [(session, method, follow)] = sessions
    assert (method, session._martlet_used, follow) == (verb.upper(), False, False if verb == "head" else None)
