"""Our transports for httpx do what httpx's own do, to the byte."""

from __future__ import annotations

import gzip
import io
import threading

import pytest

from integrations.sides import attempt, beside, ours_alone
from servers import misbehaving
from servers.wire import HANG, Wait, chunked, redirect, reply

SHORT = 0.2


@beside
async def test_fields_keep_order_case_and_duplicates(face, server):
    headers = [("X-b", "1"), ("a", "2"), ("x-B", "3"), ("a", "4"), ("X-Latin", "é".encode("latin-1"))]
    return await face.get(server.url + "/", headers=headers)


@beside
async def test_nothing_is_added_to_what_httpx_sends(face, server):
    request = face.lib.Request("GET", server.url + "/", headers={"Host": "h.test"})
    return await face.send(request)


@beside
async def test_a_host_of_the_callers_goes_first(face, server):
    return await face.get(server.url + "/", headers={"A": "1", "Host": "h.test"})


@beside
@pytest.mark.parametrize(
    "path",
    [
        "/a b|c",
        "/%7e/%2F?q='[x]'&y=%zz",
        "//double//",
        "?only",
        "/é?ü=ö",
        "/a;b=c,d/../e",
        "/{x}?{y}#z",
        "/^`\\",
    ],
)
async def test_the_target_is_what_httpx_made_of_it(face, server, path):
    return await face.get(server.url + path)


@beside
@pytest.mark.parametrize("target", [b"*", b"/as|it[is]", b"http://else.test/x"])
async def test_a_target_of_the_callers(face, server, target):
    request = face.lib.Request("OPTIONS", server.url + "/", extensions={"target": target})
    return await face.send(request)


@beside
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "brew"])
async def test_methods(face, server, method):
    return await face.request(method, server.url + "/")


@beside
@pytest.mark.parametrize(
    "body",
    [
        {"content": b"bytes"},
        {"content": b""},
        {"content": "täxt"},
        {"content": b"x" * 300_000},
        {"data": {"a": ["1", "ä"]}},
        {"json": {"a": [1, None]}},
    ],
    ids=lambda body: next(iter(body)),
)
async def test_bodies(face, server, body):
    return await face.post(server.url + "/", **body)


@beside
async def test_multipart(face, server):
    files = {"f": ("name.txt", io.BytesIO(b"content" * 20_000), "text/plain")}
    headers = {"Content-Type": "multipart/form-data; boundary=here"}
    return await face.post(server.url + "/", data={"a": "1"}, files=files, headers=headers)


@beside
@pytest.mark.parametrize("headers", [{}, {"Content-Length": "8"}], ids=["chunked", "length"])
async def test_streamed_bodies_are_sent_piece_by_piece(face, server, headers):
    return await face.post(server.url + "/", content=face.body([b"one", b"", b"three"]), headers=headers)


@beside
async def test_a_source_that_raises_raises_its_own(face, server):
    def broken():
        yield b"one"
        raise KeyError("mine")

    async def abroken():
        yield b"one"
        raise KeyError("mine")

    error = await attempt(face.post(server.url + "/", content=broken() if face.is_sync else abroken()))
    assert isinstance(error, KeyError)
    return error


@beside
async def test_a_body_of_the_wrong_kind_is_refused(face, server):
    other = [b"x"]

    async def each():
        yield b"x"

    return await attempt(face.post(server.url + "/", content=each() if face.is_sync else iter(other)))


@beside
async def test_a_stream_is_sent_once(face, server):
    request = face.client.build_request("POST", server.url + "/", content=face.body([b"one"]))
    await face.send(request)
    error = await attempt(face.send(request))
    assert isinstance(error, face.lib.StreamConsumed)
    server.wait_for_requests(1)
    del server.requests[1:]  # how much of the second went out before is each transport's own business
    return error


@beside
@pytest.mark.parametrize("framing", ["chunked", "length", "none"])
async def test_a_response_is_streamed_as_it_comes(face, server, framing):
    first, second = threading.Event(), threading.Event()
    if framing == "chunked":
        head, one, two, end = chunked(b"one", b"two")
    else:
        head = reply(200, b"", *([("Content-Length", "6")] if framing == "length" else []), length=False)
        one, two, end = b"one", b"two", b""
    from servers.wire import CLOSE

    closing = [CLOSE] if framing == "none" else []
    server.on("/", [head, Wait(first), one, Wait(second), two, end, *closing])
    pieces = []
    async with face.stream("GET", server.url + "/") as response:
        first.set()
        async for piece in face.raw_pieces(response):
            pieces.append(piece)
            second.set()
        return [pieces, response]


@beside
async def test_codings_are_undone_by_httpx(face, server):
    packed = gzip.compress(b"hello" * 100)
    server.on("/", reply(200, packed, ("Content-Encoding", "gzip")))
    async with face.stream("GET", server.url + "/") as response:
        pieces = b"".join([piece async for piece in face.raw_pieces(response)])
    assert pieces == packed
    return [pieces, await face.get(server.url + "/")]


@beside
async def test_a_reply_keeps_its_fields_and_phrase(face, server):
    fields = [("X-A", "1"), ("x-a", "2"), ("Latin", "\xe9"), ("Content-Type", "text/plain")]
    server.on("/", reply(404, b"body", *fields, reason="Lost it"))
    server.on("/old", reply(200, b"body", version="1.0"))
    return [await face.get(server.url + path) for path in ("/", "/old")]


@beside
async def test_redirects_and_cookies_stay_with_httpx(face, server):
    server.on("/", redirect(302, "/next", b"", ("Set-Cookie", "k=v; Path=/")))
    once = await face.get(server.url + "/")
    followed = await face.get(server.url + "/", follow_redirects=True)
    assert [request.header("Cookie") for request in server.requests] == [None, "k=v", "k=v"]
    return [once, followed]


@beside
@pytest.mark.parametrize("status", [204, 304, 103])
async def test_replies_without_a_body(face, server, status):
    script = reply(status, b"", length=False)
    server.on("/", script + reply(200, b"ok") if status == 103 else script)
    return [await face.get(server.url + "/"), await face.get(server.url + "/else")]


@beside
async def test_connections_are_kept(face, server):
    return [await face.get(server.url + "/") for _ in range(3)]


@beside
@pytest.mark.parametrize("limits", [{"max_keepalive_connections": 0}, {"keepalive_expiry": 0}], ids=repr)
async def test_connections_are_not_kept_where_limits_say_so(face, server, limits):
    face.client = face.make(face.transport(limits=face.lib.Limits(**limits)))
    return [await face.get(server.url + "/") for _ in range(2)]


@beside
async def test_a_full_pool_is_a_pool_timeout_and_a_closed_response_makes_room(face, server):
    server.on("/hang", [reply(200, b"some", ("Content-Length", "8"), length=False), HANG])
    face.client = face.make(face.transport(limits=face.lib.Limits(max_connections=1)))
    async with face.stream("GET", server.url + "/hang"):
        times = face.lib.Timeout(20, pool=SHORT)
        error = await attempt(face.get(server.url + "/", timeout=times))
        assert isinstance(error, face.lib.PoolTimeout)
    return [error, await face.get(server.url + "/")]


@beside
async def test_a_server_that_never_answers_is_a_read_timeout(face, server):
    server.on("/", [HANG])
    error = await attempt(face.get(server.url + "/", timeout=face.lib.Timeout(20, read=SHORT)))
    assert isinstance(error, face.lib.ReadTimeout)
    assert error.request.url.path == "/"
    server.wait_until_closed()
    return error


@beside
async def test_a_body_that_stops_is_a_read_timeout(face, server):
    server.on("/", [reply(200, b"some", ("Content-Length", "8"), length=False), HANG])
    times = face.lib.Timeout(20, read=SHORT)
    async with face.stream("GET", server.url + "/", timeout=times) as response:
        error = await attempt(face.read(response))
    assert isinstance(error, face.lib.ReadTimeout)
    return error


@pytest.mark.filterwarnings(
    "ignore:Async generator 'httpx:ResourceWarning"
)  # which httpx's own leaves behind
@beside
async def test_a_server_that_takes_nothing_is_a_write_timeout(face, server):
    with misbehaving.silent_port() as port:
        times = face.lib.Timeout(20, write=SHORT)
        big = face.body([bytes(1_000_000)] * 40)
        error = await attempt(face.post(f"http://127.0.0.1:{port}/", content=big, timeout=times))
    assert isinstance(error, face.lib.WriteTimeout)
    return error


@beside
async def test_connecting_that_takes_for_ever_is_a_connect_timeout(face, server):
    with misbehaving.unreachable_port() as port:
        times = face.lib.Timeout(20, connect=SHORT)
        error = await attempt(face.get(f"http://127.0.0.1:{port}/", timeout=times))
    assert isinstance(error, face.lib.ConnectTimeout)
    return error


@beside
@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_nobody_there_is_a_connect_error(face, server, host):
    with misbehaving.refusing_port() as port:
        return await attempt(face.get(f"http://{host}:{port}/"))


@beside
@pytest.mark.parametrize("url", ["ftp://h.test/", "://h.test/", "http://", "//h.test/", "h.test"])
async def test_urls_that_cannot_be_sent_to(face, server, url):
    error = await attempt(face.get(url))
    assert isinstance(error, (face.lib.UnsupportedProtocol, face.lib.LocalProtocolError))
    return error


@ours_alone  # from httpx's own comes what the loop raises: OverflowError under asyncio
async def test_a_port_that_there_is_not_is_a_connect_error(face, server):
    assert isinstance(await attempt(face.get("http://127.0.0.1:123456/")), face.lib.ConnectError)


@beside
@pytest.mark.parametrize("headers", [{"A": "1\r\nB: 2"}, {"A\nB": "1"}, {"A": "\x00"}], ids=repr)
async def test_fields_that_would_add_lines_are_local_errors(face, server, headers):
    error = await attempt(face.get(server.url + "/", headers=headers))
    assert isinstance(error, face.lib.LocalProtocolError)
    return error


@ours_alone  # beneath httpx's own, h11's exception comes out
@pytest.mark.parametrize("length", ["1", "9"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_of_another_length_is_a_local_error(face, server, length, streamed):
    content = face.body([b"one"]) if streamed else b"one"
    error = await attempt(face.post(server.url + "/", content=content, headers={"Content-Length": length}))
    assert isinstance(error, face.lib.LocalProtocolError)
    server.wait_until_closed()
    server.requests.clear()
    return error


@beside
@pytest.mark.parametrize(
    "wrong", sorted(set(misbehaving.BROKEN_HEADS) - {"never ends the head", "sends a line without end"})
)
async def test_replies_that_are_none(face, server, wrong):
    server.on("/", misbehaving.BROKEN_HEADS[wrong])
    return await attempt(face.get(server.url + "/", timeout=20))


@beside
@pytest.mark.parametrize("wrong", sorted(misbehaving.CUT_BODIES))
async def test_bodies_that_break_off(face, server, wrong):
    server.on("/", misbehaving.CUT_BODIES[wrong])
    return await attempt(face.get(server.url + "/", timeout=20))


@ours_alone
@pytest.mark.parametrize("wrong", ["never ends the head", "sends a line without end"])
async def test_heads_without_end_are_the_peers_error(face, server, wrong):
    server.on("/", misbehaving.BROKEN_HEADS[wrong])
    error = await attempt(face.get(server.url + "/", timeout=20))
    assert isinstance(error, face.lib.RemoteProtocolError)


@beside
async def test_closing_early_closes_the_connection(face, server):
    server.on("/", [reply(200, b"some", ("Content-Length", "8"), length=False), HANG])
    async with face.stream("GET", server.url + "/") as response:
        pass
    server.wait_until_closed()
    return response.status_code


@beside
async def test_an_early_refusal_is_the_answer_to_an_upload(face, server):
    server.on("/", reply(413, b"too much", ("Connection", "close")), before_body=True)
    response = await face.post(server.url + "/", content=face.body([b"x" * 100] * 3))
    server.requests.clear()
    return response
