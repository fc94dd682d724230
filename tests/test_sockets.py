"""Replaced sockets of Python's, and replaced connections of urllib3's, are used."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest
import urllib3

import martlet
from martlet import roads
from servers.recording import RecordingServer


def fetch(url: str, kind: str) -> martlet.Response:
    if kind == "sync":
        with martlet.Session() as session:
            return session.get(url)

    async def main() -> martlet.Response:
        async with martlet.AsyncSession() as session:
            return await session.get(url)

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_replaced_look_up_of_names_is_asked(server: RecordingServer, monkeypatch, kind):
    asked = []

    def look_up(host, *args, **kwargs):
        asked.append(host)
        return original("127.0.0.1" if host == "nobody.invalid" else host, *args, **kwargs)

    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    response = fetch(server.url.replace("127.0.0.1", "nobody.invalid"), kind)
    assert response.content == b"ok"
    assert "nobody.invalid" in asked


def test_a_forbidden_socket_is_not_opened(server: RecordingServer, monkeypatch):
    class Forbidden(socket.socket):
        def __new__(cls, *args, **kwargs):
            raise PermissionError("no sockets in tests")

    monkeypatch.setattr(socket, "socket", Forbidden)
    with pytest.raises((martlet.ConnectionError, PermissionError)):
        fetch(server.url, "sync")
    assert server.connections() == []


def test_a_guarded_connect_is_called(server: RecordingServer, monkeypatch):
    connected = []

    def connect(self, address):
        connected.append(address)
        return original(self, address)

    original = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", connect, raising=False)
    assert fetch(server.url, "sync").content == b"ok"
    assert len(connected) == 1


def test_replaced_connections_of_urllib3_are_used(server: RecordingServer, monkeypatch):
    made = []

    class Recording(urllib3.connection.HTTPConnection):
        def __init__(self, *args, **kwargs):
            made.append(self)
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(urllib3.connectionpool.HTTPConnectionPool, "ConnectionCls", Recording)
    assert fetch(server.url, "sync").content == b"ok"
    assert len(made) == 1


def test_closing_the_session_closes_urllib3s_connections(server: RecordingServer, monkeypatch):
    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: original(*args, **kwargs))
    session = martlet.Session()
    assert session.get(server.url).content == b"ok"
    assert server.open_connections() == 1
    session.close()
    server.wait_until(lambda: server.open_connections() == 0)


def test_afterwards_the_engine_sends_again(server: RecordingServer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [])
        assert not roads.sockets_are_pythons()
    assert roads.sockets_are_pythons()


GEVENT = """
from gevent import monkey

monkey.patch_all()

import gevent
from gevent.event import Event
from gevent.server import StreamServer

import martlet

together = Event()
waiting = []


def answer(connection, address):
    connection.recv(65536)
    waiting.append(address)
    if len(waiting) == 5:
        together.set()
    together.wait()
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    connection.close()


server = StreamServer(("127.0.0.1", 0), answer)
server.start()
jobs = [gevent.spawn(martlet.get, f"http://127.0.0.1:{server.server_port}/") for _ in range(5)]
gevent.joinall(jobs)
print([job.value.content for job in jobs])
"""


def test_under_gevent_requests_wait_in_its_hub():
    """None is answered before all five have been sent: a call that blocked the thread would wait for ever."""
    pytest.importorskip("gevent")
    done = subprocess.run([sys.executable, "-c", GEVENT], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == str([b"ok"] * 5), done.stderr
