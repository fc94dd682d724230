"""What our transports for httpx are made with: TLS, proxies, retries; and how they behave on a loop."""

from __future__ import annotations

import gc
import importlib
import io
import os
import ssl
import threading

import pytest

from integrations.sides import PACKAGES, attempt, beside, ours_alone, run_in  # isort: skip
import martlet.integrations.httpx as integration
from martlet.exceptions import RequestException
from martlet.integrations.trust import Trust
from servers import misbehaving
from servers.authority import Authority
from servers.recording import RecordingServer
from servers.wire import HANG, Tell, reply

SHORT = 0.2


# TLS


@ours_alone
async def test_certificates_are_checked_against_what_verify_says(face, server, serve, authority, monkeypatch):
    secure = serve(tls=True)
    context = ssl.create_default_context(cafile=authority.ca_file)
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    for verify in (authority.ca_file, os.path.dirname(authority.ca_file), context, unchecked, False):
        face.client = face.make(face.transport(verify=verify))
        assert (await face.get(secure.url + "/")).status_code == 200
        await face.close()
    face.client = face.make(face.transport(verify=True))
    error = await attempt(face.get(secure.url + "/"))
    assert isinstance(error, face.lib.ConnectError)
    await face.close()
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    for trust_env, expected in ((True, face.lib.Response), (False, face.lib.ConnectError)):
        face.client = face.make(face.transport(verify=True, trust_env=trust_env))
        assert isinstance(await attempt(face.get(secure.url + "/")), expected)
        await face.close()


@ours_alone
async def test_a_clients_certificate_is_shown(face, server, serve, authority):
    secure = serve(context=authority.server_context(client_certificates=True))
    face.client = face.make(face.transport(cert=authority.client_files()))
    assert (await face.get(secure.url + "/")).status_code == 200


@ours_alone
async def test_sni_hostname_is_the_name_asked_for_and_checked(face, server, serve, authority):
    asked = []
    context = authority.server_context("named.test")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    secure = serve(context=context)
    request = face.client.build_request("GET", secure.url + "/", extensions={"sni_hostname": "named.test"})
    assert (await face.send(request)).status_code == 200
    assert asked == ["named.test"]
    assert isinstance(await attempt(face.get(secure.url + "/")), face.lib.ConnectError)


def test_a_context_that_asks_for_more_than_the_engine_does_is_refused(authority: Authority) -> None:
    def context() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=authority.ca_file)

    nameless, strict, old, ciphers, revoked = (context() for _ in range(5))
    nameless.check_hostname = False
    strict.minimum_version = ssl.TLSVersion.TLSv1_3
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    ciphers.set_ciphers("ECDHE+AESGCM")
    revoked.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF

    class Own(ssl.SSLContext):
        pass

    own = Own(ssl.PROTOCOL_TLS_CLIENT)
    empty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for each in (nameless, strict, old, ciphers, revoked, own, empty):
        with pytest.raises(ValueError, match="SSLContext"):
            Trust(each, trust_env=False)


def test_the_file_of_a_context_goes_with_its_transport(authority: Authority) -> None:
    trust = Trust(ssl.create_default_context(cafile=authority.ca_file), trust_env=False)
    path = str(trust.verify())
    assert trust.verify() == path
    assert os.stat(path).st_mode & 0o77 == 0
    del trust
    gc.collect()
    assert not os.path.exists(path)


def test_files_that_are_not_there_are_told_at_once(tmp_path: object) -> None:
    missing = f"{tmp_path}/none.pem"
    for settings in ({"verify": missing}, {"cert": missing}, {"cert": (missing, missing)}):
        with pytest.raises(FileNotFoundError, match=r"none\.pem"):
            integration.Transport(**settings)


# Other settings


@pytest.mark.parametrize(
    "settings",
    [
        {"http2": True},
        {"http1": False},
        {"uds": "/tmp/s"},
        {"socket_options": [(1, 2, 3)]},
        {"proxy": "socks5://127.0.0.1:1"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["Transport", "AsyncTransport"])
def test_what_the_engine_does_not_do_yet_is_said(kind: str, settings: dict[str, object]) -> None:
    with pytest.raises(NotImplementedError):
        getattr(integration, kind)(**settings)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_transports_are_of_each_package(package: str) -> None:
    lib = importlib.import_module(package)
    assert issubclass(integration.Transport, lib.BaseTransport)
    assert issubclass(integration.AsyncTransport, lib.AsyncBaseTransport)


def test_one_transport_answers_each_package_in_its_own_classes(server: RecordingServer) -> None:
    with integration.Transport() as transport:
        for package in PACKAGES:
            lib = importlib.import_module(package)
            request = lib.Request("GET", server.url + "/")
            response = transport.handle_request(request)
            assert isinstance(response, lib.Response)
            assert response.read() == b"ok"
        with pytest.raises(TypeError, match="no request of"):
            transport.handle_request(object())  # type: ignore[arg-type]
    assert len(server.connections()) == 1


@ours_alone
async def test_the_local_address_is_where_connections_come_from(face, server):
    face.client = face.make(face.transport(local_address="127.0.0.1"))
    assert (await face.get(server.url + "/")).status_code == 200
    with pytest.raises(ValueError, match="not an IP address"):
        face.transport(local_address="here")


@ours_alone
async def test_connecting_is_tried_again_as_often_as_retries_say(face, server, monkeypatch):
    paused = []

    class Pause(integration.Pause):
        def __init__(self, seconds):
            paused.append(seconds)
            super().__init__(0)

    monkeypatch.setattr(integration, "Pause", Pause)
    with misbehaving.refusing_port() as port:
        face.client = face.make(face.transport(retries=3))
        error = await attempt(face.post(f"http://127.0.0.1:{port}/", content=face.body([b"x"])))
    assert isinstance(error, face.lib.ConnectError)
    assert paused == [0, 0.5, 1]


@ours_alone
async def test_what_was_sent_is_not_sent_again(face, server):
    server.on("/", misbehaving.BROKEN_HEADS["closes without a reply"])
    face.client = face.make(face.transport(retries=3))
    assert isinstance(await attempt(face.post(server.url + "/", content=b"x")), face.lib.RemoteProtocolError)
    assert len(server.requests) == 1


@ours_alone
async def test_errors_are_those_of_httpx_and_nothing_else(face, server):
    with misbehaving.refusing_port() as port:
        error = await attempt(face.get(f"http://127.0.0.1:{port}/"))
    assert not isinstance(error, RequestException)
    assert isinstance(error.__cause__, RequestException)
    assert error.request.url.port == port


# Proxies


@beside
@pytest.mark.parametrize("credentials", ["", "us%20er:p%3Ass@"])
async def test_a_proxy_is_told_the_whole_url_and_its_credentials(face, server, credentials):
    proxy = server.url.replace("://", f"://{credentials}")
    face.client = face.make(face.transport(proxy=proxy))
    return [await face.get("http://target.test:81" + path) for path in ("/a|b?c=[d]", "/")]


@ours_alone
async def test_tls_goes_through_a_tunnel_of_the_proxy(face, server):
    server.otherwise(reply(403, b"no"))
    proxy = face.lib.Proxy(server.url, auth=("user", "pass"))
    face.client = face.make(face.transport(proxy=proxy))
    error = await attempt(face.get("https://target.test/"))
    assert isinstance(error, face.lib.ProxyError)
    (asked,) = server.requests
    assert asked.lines[0] == "CONNECT target.test:443 HTTP/1.1"
    assert asked.header("Proxy-Authorization") == "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_proxy_with_headers_or_tls_of_its_own_is_refused(package: str) -> None:
    lib = importlib.import_module(package)
    for settings in ({"headers": {"A": "1"}}, {"ssl_context": ssl.create_default_context()}):
        with pytest.raises(NotImplementedError):
            integration.Transport(proxy=lib.Proxy("http://127.0.0.1:1", **settings))


# On a loop


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
@pytest.mark.parametrize("package", PACKAGES)
def test_cancelling_closes_the_connection_and_frees_the_place(
    package: str, kind: str, server: RecordingServer
) -> None:
    lib = importlib.import_module(package)
    asked = threading.Event()
    server.on("/hang", [Tell(asked), HANG])

    async def main() -> int:
        transport = integration.AsyncTransport(limits=lib.Limits(max_connections=1))
        async with lib.AsyncClient(transport=transport, timeout=None) as client:
            await _cancelled(kind, client.get, server.url + "/hang", asked)
            server.wait_until_closed()
            return (await client.get(server.url + "/")).status_code

    assert run_in(kind, main) == 200


async def _cancelled(kind: str, call, url, asked) -> None:
    """Begins the call, waits until the server has it, and cancels it."""
    if kind == "trio":
        import trio

        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, url)
            await trio.to_thread.run_sync(asked.wait)
            nursery.cancel_scope.cancel()
        return
    import asyncio

    task = asyncio.create_task(call(url))
    await asyncio.to_thread(asked.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
@pytest.mark.parametrize("package", PACKAGES)
def test_files_of_a_multipart_body_are_not_read_on_the_loop(
    package: str, kind: str, server: RecordingServer
) -> None:
    lib = importlib.import_module(package)
    readers = set()

    class File(io.BytesIO):
        def read(self, size=-1):
            readers.add(threading.get_ident())
            return super().read(size)

    async def main() -> None:
        async with lib.AsyncClient(transport=integration.AsyncTransport()) as client:
            await client.post(server.url + "/", files={"f": File(b"x" * 200_000)})

    run_in(kind, main)
    assert b"x" * 200_000 in server.requests[0].body
    assert readers
    assert threading.get_ident() not in readers


@ours_alone
async def test_a_transport_can_be_used_again_after_it_was_closed(face, server):
    transport = face.transport()
    for _ in range(2):
        face.client = face.make(transport)
        assert (await face.get(server.url + "/")).status_code == 200
        await face.close()
        server.wait_until_closed()
    assert "Engine" in repr(transport)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
@pytest.mark.parametrize("package", PACKAGES)
def test_giving_up_within_a_body_closes_the_connection(
    package: str, kind: str, server: RecordingServer
) -> None:
    lib = importlib.import_module(package)
    there = threading.Event()
    server.on("/hang", [reply(200, b"some", ("Content-Length", "8"), length=False), Tell(there), HANG])

    async def main() -> None:
        async with lib.AsyncClient(transport=integration.AsyncTransport(), timeout=None) as client:
            await _cancelled(kind, client.get, server.url + "/hang", there)
            server.wait_until_closed()

    run_in(kind, main)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_transport_is_shared_by_loops_and_by_many_requests_at_once(
    package: str, server: RecordingServer
) -> None:
    import asyncio

    lib = importlib.import_module(package)
    transport = integration.AsyncTransport(limits=lib.Limits(max_connections=5))

    async def main() -> set[int]:
        client = lib.AsyncClient(transport=transport)
        got = await asyncio.gather(*(client.get(server.url + "/") for _ in range(100)))
        return {response.status_code for response in got}

    assert [asyncio.run(main()) for _ in range(2)] == [{200}, {200}]
    assert len(server.requests) == 200
    assert len(server.connections()) <= 5
    asyncio.run(transport.aclose())
    server.wait_until_closed()


@ours_alone
async def test_a_stream_of_a_kind_of_its_own_is_asked_as_httpx_asks_it(face, server):
    class Both(face.lib.SyncByteStream, face.lib.AsyncByteStream):
        def __iter__(self):
            yield b"sync"

        async def __aiter__(self):
            yield b"async"

    await face.send(face.lib.Request("POST", server.url + "/", stream=Both()))
    assert server.requests[0].body == (b"sync" if face.is_sync else b"async")
