"""Hooks and auth objects under an `AsyncSession`: what runs on the loop, what in a helper thread, and what is
refused there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import martlet
from martlet.auth import AuthBase
from servers.wire import reply


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def test_a_plain_hook_finds_the_body_read_and_runs_on_the_loop(serve):
    server = serve()
    server.otherwise(reply(200, b"body"))
    found = []

    def hook(response, **kwargs):
        found.append((response.content, threading.get_ident()))

    async def main():
        async with martlet.AsyncSession() as session:
            session.hooks["response"].append(hook)
            await session.get(server.url + "/")
        return threading.get_ident()

    assert found == []
    assert run(main()) == found[0][1]
    assert found[0][0] == b"body"


@pytest.mark.parametrize("blocking", ["content", "connection", "session"])
def test_a_blocking_call_from_a_hook_on_the_loop_is_refused(serve, blocking):
    server = serve()

    def hook(response, **kwargs):
        if blocking == "content":
            return response.content
        if blocking == "connection":
            return response.connection.send(response.request)
        with martlet.Session() as session:
            return session.get(response.url)

    async def main():
        async with martlet.AsyncSession() as session:
            stream = blocking == "content"
            with pytest.raises(RuntimeError, match="coroutine function"):
                await session.get(server.url + "/", hooks={"response": hook}, stream=stream)
            # Elsewhere on the loop it is allowed, as ever.
            with martlet.Session() as blocked:
                assert blocked.get(server.url + "/").status_code == 200

    run(main())


def test_a_coroutine_hook_may_send(serve):
    server = serve()

    async def main():
        async with martlet.AsyncSession() as session:

            async def hook(response, **kwargs):
                if response.url.endswith("/first"):
                    return await session.get(server.url + "/second")
                return None

            return await session.get(server.url + "/first", hooks={"response": hook})

    assert run(main()).url.endswith("/second")


class Token(AuthBase):
    """An auth that has to wait for its token."""

    async def __call__(self, r):
        await asyncio.sleep(0)
        r.headers["Authorization"] = f"Bearer {len(r.body or b'')}"
        return r


@pytest.mark.parametrize("where", ["call", "session"])
def test_a_coroutine_auth_is_awaited(serve, where):
    server = serve()

    async def function(request):
        return await Token()(request)

    async def main():
        async with martlet.AsyncSession() as session:
            for auth in (Token(), function):
                if where == "session":
                    session.auth = auth
                await session.post(server.url + "/", data=b"12345", auth=auth if where == "call" else None)

    run(main())
    assert [request.header("Authorization") for request in server.requests] == ["Bearer 5"] * 2


class Negotiated(AuthBase):
    """As NTLM and Kerberos do: a hook that reads the challenge and sends again over the same connection."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, r):
        r.register_hook("response", self.answer)
        return r

    def answer(self, response, **kwargs):
        self.threads.append(threading.get_ident())
        if response.status_code != 401:
            return response
        assert response.content == b"who?"
        response.raw.release_conn()
        again = response.request.copy()
        again.headers["Authorization"] = "NTLM " + response.headers["WWW-Authenticate"].split()[1]
        answer = response.connection.send(again, **kwargs)
        answer.history.append(response)
        answer.request = again
        return answer


def test_a_foreign_auth_that_blocks_runs_in_a_helper_thread(serve):
    server = serve()
    challenge = reply(401, b"who?", ("WWW-Authenticate", "NTLM abc"), ("Set-Cookie", "seen=1"))
    server.on("/", challenge, reply(200, b"you"))
    auth = Negotiated()

    async def main():
        async with martlet.AsyncSession() as session:
            response = await session.get(server.url + "/", auth=auth)
            return response, threading.get_ident(), session.cookies.get_dict()

    response, loop, cookies = run(main())
    assert (response.status_code, response.content, len(response.history)) == (200, b"you", 1)
    assert loop not in auth.threads
    assert cookies == {"seen": "1"}
    assert [request.header("Authorization") for request in server.requests] == [None, "NTLM abc"]
    assert len(server.connections()) == 1


def test_what_a_subclass_overrides_is_heard_in_the_helper_thread_too(serve):
    server = serve()
    server.on("/", reply(302, b"", ("Location", "/next")), reply(200, b""))

    class Own(martlet.AsyncSession):
        def rebuild_method(self, prepared_request, response):
            prepared_request.method = "PUT"

    async def main():
        async with Own() as session:
            return await session.get(server.url + "/", auth=Negotiated())

    assert run(main()).request.method == "PUT"
