"""Which way a request takes: through the engine, by TLS and proxies, or aiohttp's own."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from martlet.integrations.aiohttp import ClientSession, Connector
from martlet.integrations.aiohttp.protocol import EngineProtocol
from servers import wire
from servers.authority import Authority
from servers.recording import RecordingServer

from .aiohttp_pair import attempt, both, pair, quiet
from .tunnel import tunnel

Session = aiohttp.ClientSession
Serve = Callable[..., RecordingServer]
HALF = [wire.reply(200, b"half", ("Content-Length", "8"), length=False), wire.HANG]


# The engine's way


def is_engines(response: aiohttp.ClientResponse) -> bool:
    assert response.connection is not None
    engines = isinstance(response.connection.protocol, EngineProtocol)
    response.close()
    return engines


def asked(main: Any) -> Any:
    with quiet():
        return asyncio.run(asyncio.wait_for(main, 30))


@pytest.mark.parametrize("connector", [None, "a TCPConnector"])
def test_a_request_goes_through_the_engine(server: RecordingServer, connector: Any) -> None:
    async def main() -> bool:
        given = connector and aiohttp.TCPConnector(limit=3)
        async with ClientSession(connector=given) as session:
            assert isinstance(session.connector, Connector)
            assert given is None or session.connector is given
            return is_engines(await session.get(server.url))

    server.on("/", HALF)
    assert asked(main())


@pytest.mark.parametrize(
    "own",
    [
        {"resolver": aiohttp.ThreadedResolver},
        {"local_addr": lambda: ("127.0.0.1", 0)},
        {"family": lambda: 2},
    ],
    ids=str,
)
def test_a_connector_with_wishes_of_its_own_keeps_them(server: RecordingServer, own: Any) -> None:
    async def main() -> bool:
        connector = aiohttp.TCPConnector(**{name: make() for name, make in own.items()})
        async with ClientSession(connector=connector) as session:
            return is_engines(await session.get(server.url))

    server.on("/", HALF)
    assert not asked(main())


def test_a_connector_of_another_class_is_left_alone(server: RecordingServer) -> None:
    class Own(aiohttp.TCPConnector):
        pass

    async def main() -> bool:
        async with ClientSession(connector=Own()) as session:
            assert type(session.connector) is Own
            return is_engines(await session.get(server.url))

    server.on("/", HALF)
    assert not asked(main())


def test_a_connector_can_be_shared_with_a_session_of_aiohttp(server: RecordingServer) -> None:
    async def main() -> list[bool]:
        async with aiohttp.TCPConnector(limit=2) as connector:
            shared = {"connector": connector, "connector_owner": False}
            async with ClientSession(**shared) as ours, aiohttp.ClientSession(**shared) as theirs:
                for session in (ours, theirs, ours, theirs):
                    await (await session.get(server.url + "/ok")).read()
                return [is_engines(await session.get(server.url)) for session in (ours, theirs)]

    server.on("/", HALF)
    assert asked(main()) == [True, False]


def test_a_large_body_is_read_in_one_piece(server: RecordingServer) -> None:
    body = bytes(range(256)) * 40_000

    async def main() -> tuple[bytes, int]:
        async with ClientSession() as session, session.get(server.url) as r:
            read = await r.read()
            return read, r.content.total_bytes

    server.on("/", wire.reply(200, body))
    assert asked(main()) == (body, len(body))


def test_what_is_not_read_stays_with_the_server(server: RecordingServer) -> None:
    sent = 0

    def endless(_: Any) -> Any:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            sent += 65536
            yield b"x" * 65536

    async def main() -> int:
        async with ClientSession(read_bufsize=65536) as session, session.get(server.url) as r:
            assert len(await r.content.readexactly(1_000_000)) == 1_000_000
            held = r.content._size
            r.close()
            return held

    server.on("/", endless)
    assert asked(main()) <= 3 * 65536
    server.wait_until_closed()
    assert sent < 50_000_000


def test_an_upload_is_held_back_while_the_server_takes_nothing(server: RecordingServer) -> None:
    go = threading.Event()
    given = 0

    async def endless() -> Any:
        nonlocal given
        while not go.is_set():
            given += 65536
            yield b"x" * 65536

    async def main() -> Any:
        async with ClientSession() as session:
            task = asyncio.create_task(session.post(server.url, data=endless()))
            before = -1
            while before != given:  # until nothing more is taken for a while
                before = given
                await asyncio.wait([task], timeout=0.3)
            assert 0 < given < 100_000_000
            go.set()
            async with await task as r:
                return r.status

    server.on("/", [wire.Wait(go), wire.reply(200, b"ok")], before_body=True)
    assert asked(main()) == 200


def test_a_gzip_body_unread_gives_its_connection_up(server: RecordingServer) -> None:
    server.otherwise(wire.reply(200, gzip.compress(b"x" * 100_000), ("Content-Encoding", "gzip")))

    async def main() -> list[int]:
        async with ClientSession() as session:
            for _ in range(3):
                async with session.get(server.url) as r:
                    assert r.status == 200
        return [r.connection for r in server.requests]

    assert len(asked(main())) == 3
    server.wait_until_closed()


# TLS


@both
def test_certificates_are_checked(serve: Serve, make: type[Session]) -> None:
    server = serve(tls=True)

    async def main() -> None:
        async with make() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError) as raised:
                await session.get(server.url)
        assert (raised.value.host, raised.value.port) == ("127.0.0.1", server.port)
        assert isinstance(raised.value.certificate_error, ssl.SSLCertVerificationError)

    asked(main())


@both
def test_who_does_not_speak_tls_is_told_by_its_class(make: type[Session]) -> None:
    async def main() -> None:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"this is no TLS\r\n")
            writer.close()

        nobody = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = nobody.sockets[0].getsockname()[1]
        async with nobody, make() as session:
            with pytest.raises(aiohttp.ClientConnectorSSLError):
                await session.get(f"https://127.0.0.1:{port}/")

    asked(main())


@both
def test_whoever_is_let_in_without_a_check(tls_server: RecordingServer, make: type[Session]) -> None:
    async def main() -> list[int]:
        async with make() as session, make(connector=aiohttp.TCPConnector(ssl=False)) as careless:
            return [
                (await session.get(tls_server.url, ssl=False)).status,
                (await careless.get(tls_server.url)).status,
            ]

    assert asked(main()) == [200, 200]


def test_who_is_trusted_is_who_openssl_trusts(
    tls_server: RecordingServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)

    async def main() -> int:
        async with ClientSession() as session:
            return (await session.get(tls_server.url)).status

    assert asked(main()) == 200


@both
def test_a_context_or_fingerprint_of_the_callers_is_honoured(
    tls_server: RecordingServer, authority: Authority, make: type[Session]
) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    wrong = aiohttp.Fingerprint(b"0" * 32)

    async def main() -> tuple[int, Any]:
        async with make() as session:
            found = await attempt(session.get(tls_server.url, ssl=wrong))
            return (await session.get(tls_server.url, ssl=context)).status, found

    assert asked(main()) == (200, aiohttp.ServerFingerprintMismatch)


# Proxies


@pair
async def test_a_proxy_is_told_the_whole_url(server: RecordingServer, make: Any) -> Any:
    # A session each: martlet's connections to a proxy serve all hosts behind it.
    basic = aiohttp.BasicAuth("us er", "pä")
    with_user = server.url.replace("//", "//mine:secret@")
    async with make() as session, session.get("http://target.test/a?b=c#d", proxy=server.url) as r:
        told = [str(r.url), await r.text()]
    async with make() as session, session.get("http://a.test:81/", proxy=server.url, proxy_auth=basic) as r:
        told.append(str(r.url))
    async with make() as session, session.post("http://target.test/", proxy=with_user, data=b"x") as r:
        told.append(r.status)
    return told


@pair
async def test_a_proxy_that_is_not_there(session: Session, server: RecordingServer) -> Any:
    found = []
    for scheme in ("http", "https"):
        try:
            await session.get(f"{scheme}://target.test/", proxy="http://127.0.0.1:9")
        except aiohttp.ClientProxyConnectionError as error:
            found.append((type(error), error.errno))
    return found


@both
def test_a_proxy_that_refuses_a_tunnel(server: RecordingServer, make: type[Session]) -> None:
    server.otherwise(wire.reply(407, b"", ("Proxy-Authenticate", "Basic")))

    async def main() -> Any:
        async with make() as session:
            with pytest.raises(aiohttp.ClientHttpProxyError) as raised:
                await session.get("https://target.test/", proxy=server.url)
            return raised.value.status, raised.value.message

    assert asked(main()) == (407, "Proxy Authentication Required")


@both
def test_a_tunnel(tls_server: RecordingServer, make: type[Session]) -> None:
    async def main() -> Any:
        async with tunnel() as proxy, make() as session:
            basic = aiohttp.BasicAuth("a", "b")
            for arguments in ({}, {"proxy_auth": basic}):
                async with session.get(tls_server.url, proxy=proxy.url, ssl=False, **arguments) as r:
                    assert await r.read() == b"ok"
            return proxy.asked

    first, second = asked(main())
    assert first.startswith(f"CONNECT {tls_server.authority} HTTP/1.1\r\n")
    assert "Proxy-Authorization" not in first
    assert "Proxy-Authorization: Basic YTpi\r\n" in second
    assert [request.header("Proxy-Authorization") for request in tls_server.requests] == [None, None]


# aiohttp's way


@both
def test_websockets_are_aiohttps(make: type[Session]) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    async def main() -> Any:
        app = web.Application()
        app.router.add_get("/", echo)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with make() as session, session.ws_connect(f"http://127.0.0.1:{port}/") as socket:
                await socket.send_str("hello")
                return await socket.receive_str()
        finally:
            await runner.cleanup()

    assert asked(main()) == "HELLO"


@pair
async def test_expect_100(session: Session, server: RecordingServer) -> Any:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    server.on("/", [interim, wire.reply(200, b"thanks")], before_body=True)
    async with session.post(server.url, data=b"x" * 10, expect100=True) as r:
        return await r.read()


@pair
async def test_http_1_0(server: RecordingServer, make: Any) -> Any:
    async with make(version=aiohttp.HttpVersion10) as session, session.get(server.url) as r:
        return await r.read()
