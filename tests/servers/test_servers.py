"""The tests' own servers do what they say, seen through plain sockets."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from servers import misbehaving
from servers.wire import CLOSE, CUT, HANG, RESET, Tell, Wait, chunked, reply, tunnel


def connect(server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def read_all(connected: socket.socket) -> bytes:
    return b"".join(iter(lambda: connected.recv(65536), b""))


def test_the_bytes_of_each_request_are_recorded_with_their_connection(server):
    first = b"POST /a?b=c HTTP/1.1\r\nx-CASE:  v \r\nContent-Length: 3\r\n\r\nabc"
    second = b"PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n"
    with connect(server) as connected:
        connected.sendall(first + second)
        server.wait_for_requests(2)
    with connect(server) as connected:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n")
        server.wait_for_requests(3)
    assert [request.head + request.raw_body for request in server.requests[:2]] == [first, second]
    assert [request.connection for request in server.requests] == [0, 0, 1]
    assert server.requests[0].fields == [("x-CASE", "v"), ("Content-Length", "3")]
    assert (server.requests[0].path, server.requests[0].target) == ("/a", "/a?b=c")
    assert [request.body for request in server.requests] == [b"abc", b"abc", b""]


def test_answers_come_in_turn_and_the_last_again_and_again(server):
    server.on("/", reply(200, b"1"), lambda request: reply(200, request.method.encode()))
    with connect(server) as connected:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n" * 3 + b"GET /other HTTP/1.1\r\n\r\n")
        server.wait_for_requests(4)
        expected = [reply(200, b"1"), reply(200, b"GET"), reply(200, b"GET"), reply(200, b"ok")]
        received = b""
        while len(received) < len(b"".join(expected)):
            received += connected.recv(65536)
    assert received == b"".join(expected)


def test_a_script_waits_and_tells(server):
    here, go = threading.Event(), threading.Event()
    server.on("/", [b"first", Tell(here), Wait(go), b"second", CLOSE])
    with connect(server) as connected:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert here.wait(20)
        assert connected.recv(100) == b"first"
        go.set()
        assert read_all(connected) == b"second"


def test_a_reply_may_come_before_the_body(server):
    server.on("/", reply(200, b"early"), before_body=True)
    with connect(server) as connected:
        connected.sendall(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n")
        assert connected.recv(1000).endswith(b"early")
        connected.sendall(b"abcGET /next HTTP/1.1\r\n\r\n")
        assert connected.recv(1000).endswith(b"ok")


def test_who_closed_a_connection_is_known(server):
    server.on("/close", [CLOSE])
    server.on("/hang", [HANG])
    with connect(server) as connected:
        connected.sendall(b"GET /close HTTP/1.1\r\n\r\n")
        assert read_all(connected) == b""
    with connect(server) as connected:
        connected.sendall(b"GET /hang HTTP/1.1\r\n\r\n")
        server.wait_for_requests(2)
        assert server.open_connections() == 1
    server.wait_until_closed()
    assert [connection.closed_by for connection in server.connections()] == ["server", "client"]


def test_waiting_for_what_does_not_happen_is_a_failure(server):
    with connect(server):
        server.wait_for_connections(1)
        with pytest.raises(AssertionError, match="not within"):
            server.wait_until_closed(timeout=0.01)


def test_a_reset_is_a_reset(server):
    server.on("/", [RESET])
    with connect(server) as connected:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connected.recv(1)


@pytest.mark.parametrize(("ending", "polite"), [(CLOSE, True), (CUT, False)])
def test_tls_ends_with_or_without_close_notify(tls_server, authority, ending, polite):
    tls_server.on("/", [b"data", ending])
    context = ssl.create_default_context(cafile=authority.ca_file)
    connected = connect(tls_server)
    with context.wrap_socket(connected, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as secured:
        secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert secured.recv(4) == b"data"
        if polite:
            assert secured.recv(1) == b""
        else:
            with pytest.raises(ssl.SSLEOFError):
                secured.recv(1)


def test_a_handshake_that_fails_is_noted(tls_server):
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(connect(tls_server), server_hostname="127.0.0.1")
    tls_server.wait_until_closed()
    assert tls_server.connections()[0].handshake_error is not None


def test_a_tunnel_passes_bytes_on_until_either_side_ends(serve):
    proxy, target = serve(), serve()
    proxy.otherwise(tunnel)
    target.on("/last", [reply(200, b"last"), CLOSE])
    with connect(proxy) as connected:
        connected.sendall(f"CONNECT any.test:{target.port} HTTP/1.1\r\n\r\nGET /1 HTTP/1.1\r\n\r\n".encode())
        target.wait_for_requests(1)
        connected.sendall(b"GET /last HTTP/1.1\r\n\r\n")
        answers = reply(200, reason="Connection established", length=False) + reply(200, b"ok")
        assert read_all(connected) == answers + reply(200, b"last")
    assert [request.target for request in target.requests] == ["/1", "/last"]
    with connect(proxy) as connected:
        connected.sendall(f"CONNECT any.test:{target.port} HTTP/1.1\r\n\r\n".encode())
        target.wait_for_connections(2)
    target.wait_until_closed()
    proxy.wait_until_closed()


def test_a_server_can_forget(server):
    server.on("/", reply(200, b"told"))
    for expected in (reply(200, b"told"), reply(200, b"ok")):
        with connect(server) as connected:
            connected.sendall(b"GET / HTTP/1.1\r\n\r\n")
            server.wait_for_requests(1)
            assert connected.recv(1000) == expected
        server.forget()
        assert server.requests == []


def test_what_goes_wrong_in_a_script_is_raised_at_the_end(serve):
    server = serve()
    server.on("/", lambda request: 1 / 0)
    with connect(server) as connected:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert read_all(connected) == b""
    with pytest.raises(ZeroDivisionError):
        server.stop()
    server.failures.clear()


def test_chunks_are_steps_of_their_own():
    head, *pieces = chunked(b"ab", b"c", headers=[("X", "1")])
    assert head == b"HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert pieces == [b"2\r\nab\r\n", b"1\r\nc\r\n", b"0\r\n\r\n"]


def test_addresses_where_nobody_answers():
    with misbehaving.refusing_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)
    with (
        misbehaving.silent_port() as port,
        socket.create_connection(("127.0.0.1", port), timeout=0.01) as silent,
    ):
        with pytest.raises(TimeoutError):
            silent.recv(1)
    with misbehaving.unreachable_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.01)
