"""aiohttp's session over the engine does what aiohttp's own does: results and bytes on the wire."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import zlib
from typing import Any

import aiohttp
import pytest

from martlet.integrations.aiohttp import ClientSession
from servers import wire
from servers.misbehaving import BROKEN_HEADS, CORRUPT_GZIP, CUT_BODIES, CUT_GZIP, GZIPPED
from servers.recording import RecordingServer

from .aiohttp_pair import attempt, both, pair, pieces

Session = aiohttp.ClientSession


async def head_of(r: aiohttp.ClientResponse) -> list[Any]:
    """What a response says of itself, apart from its body."""
    return [
        r.status,
        r.reason,
        r.version,
        r.method,
        r.ok,
        [pair for pair in r.raw_headers if pair[0] != b"Date"],
        r.url.path_qs,
        r.real_url.fragment,
        [(hop.status, hop.url.path) for hop in r.history],
        r.content_type,
        r.charset,
        {name: morsel.value for name, morsel in r.cookies.items()},
        list(r.links),
        [(name, value) for name, value in r.request_info.headers.items() if name != "Host"],
    ]


# What is sent


@pair
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH", "FOO"])
async def test_every_method_sends_what_aiohttp_sends(
    session: Session, server: RecordingServer, method: str
) -> Any:
    async with session.request(method, server.url + "/a?b=c#d") as r:
        return await head_of(r), await r.read()


@pair
async def test_headers_go_out_in_the_order_and_case_given(session: Session, server: RecordingServer) -> Any:
    headers = [("x-B", "1"), ("A", "2"), ("X-b", "3"), ("User-Agent", "me"), ("Latin", "ÿ"), ("E", "")]
    async with session.get(server.url + "/", headers=headers) as r:
        return r.status


@pair
async def test_auto_headers_can_be_skipped(session: Session, server: RecordingServer) -> Any:
    skipped = ["User-Agent", "Accept", "Content-Type"]
    async with session.post(server.url + "/", data=b"x", skip_auto_headers=skipped) as r:
        return r.status


@pair
@pytest.mark.parametrize(
    "path", ["/", "/a b", "/ä?ö=ü", "/%7Euser/%2F?q=a+b&c=%20", "/?", "/a;b=c?d[]=e|f'", "/a/../b"]
)
async def test_urls_are_quoted_as_aiohttp_quotes_them(
    session: Session, server: RecordingServer, path: str
) -> Any:
    async with session.get(server.url + path, params={"more": "ß&"}) as r:
        return str(r.url.relative())


BODIES: dict[str, Any] = {
    "bytes": lambda: {"data": b"bytes"},
    "nothing": lambda: {"data": b""},
    "bytearray": lambda: {"data": bytearray(b"array")},
    "text": lambda: {"data": "täxt"},
    "form": lambda: {"data": {"a": "1", "b": "ä &"}},
    "json": lambda: {"json": {"a": [1, None, "ä"]}},
    "file": lambda: {"data": io.BytesIO(b"file" * 50_000)},
    "multipart": lambda: {"data": {"f": io.BytesIO(b"part"), "a": "1"}},
    "large": lambda: {"data": b"x" * 900_000},
    "pieces": lambda: {"data": pieces(b"one", b"two", b"", b"x" * 200_000)},
    "no pieces": lambda: {"data": pieces()},
    "pieces of known length": lambda: {"data": pieces(b"one", b"two"), "headers": {"Content-Length": "6"}},
    "chunked bytes": lambda: {"data": b"bytes", "chunked": True},
    "chunked nothing": lambda: {"chunked": True},
    "compressed": lambda: {"data": b"bytes" * 1000, "compress": True},
    "gzip": lambda: {"data": b"bytes" * 1000, "compress": "gzip", "headers": {"X": "y"}},
    "cut": lambda: {"data": b"bytes", "headers": {"Content-Length": "3"}},
    "content type": lambda: {"data": b"{}", "headers": {"Content-Type": "application/json"}},
}


@pair
@pytest.mark.parametrize("kind", BODIES)
async def test_bodies_go_out_as_aiohttp_sends_them(
    session: Session, server: RecordingServer, kind: str
) -> Any:
    async with session.post(server.url + "/", **BODIES[kind]()) as r:
        return r.status, await r.text()


@pair
async def test_form_data_with_files(session: Session, server: RecordingServer) -> Any:
    form = aiohttp.FormData()
    form.add_field("a", "1")
    form.add_field("f", b"x" * 100_000, filename="ä.bin", content_type="a/b")
    async with session.post(server.url + "/", data=form) as r:
        return r.status


@pair
async def test_credentials_go_out(server: RecordingServer, make: Any) -> Any:
    url = server.url.replace("//", "//url:secret@")
    async with make(auth=aiohttp.BasicAuth("mine", "pä")) as session:
        statuses = [(await session.get(server.url + "/1")).status, (await session.get(url + "/2")).status]
    async with make() as session:
        basic = aiohttp.BasicAuth("a", "b")
        return [*statuses, (await session.get(server.url + "/3", auth=basic)).status]


@pair
async def test_what_cannot_be_sent_is_refused(session: Session, server: RecordingServer) -> Any:
    return [
        await attempt(session.get(server.url, headers={"A": "b\r\nC: d"})),
        await attempt(session.request("G T", server.url)),
        await attempt(session.get("http://")),
        await attempt(session.get("ftp://127.0.0.1/")),
        await attempt(session.get("http://127.1:1/")),
    ]


# What comes back


HEADS = {
    "plain": wire.reply(200, b"hello", ("Content-Type", "text/plain; charset=latin-1")),
    "fields": wire.reply(
        200, b"{}", ("Content-Type", "application/json"), ("X", "1"), ("x", "2"), ("Link", '</n>; rel="next"')
    ),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "no reason": b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    "latin reason": b"HTTP/1.1 200 \xfc\xff\r\nX: \xe4\r\nY: \xc3\xa4\r\nContent-Length: 0\r\n\r\n",
    "1.0": [b"HTTP/1.0 200 OK\r\n\r\nold", wire.CLOSE],
    "until close": [b"HTTP/1.1 200 OK\r\n\r\nto the end", wire.CLOSE],
    "closing": [wire.reply(200, b"bye", ("Connection", "close")), wire.CLOSE],
    "error": wire.reply(404, b"nothing"),
    "cookies": wire.reply(200, b"", ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; HttpOnly")),
    "interim": b"HTTP/1.1 102 Processing\r\n\r\n" + wire.reply(200, b"then"),
}


@pair
@pytest.mark.parametrize("kind", HEADS)
async def test_replies_say_what_they_say_under_aiohttp(
    session: Session, server: RecordingServer, kind: str
) -> Any:
    server.on("/", HEADS[kind])
    async with session.get(server.url) as r:
        said = await head_of(r)
        return said, await r.read(), r.closed, r.connection is None


CODINGS = {
    "gzip": wire.reply(200, GZIPPED, ("Content-Encoding", "gzip")),
    "deflate": wire.reply(200, zlib.compress(b"deflated"), ("Content-Encoding", "deflate")),
    "unknown": wire.reply(200, b"as it is", ("Content-Encoding", "odd")),
    "chunked gzip": wire.chunked(GZIPPED[:9], GZIPPED[9:], headers=[("Content-Encoding", "gzip")]),
}


@pair
@pytest.mark.parametrize("decoded", [True, False])
@pytest.mark.parametrize("kind", CODINGS)
async def test_content_codings(server: RecordingServer, make: Any, kind: str, decoded: bool) -> Any:
    server.on("/", CODINGS[kind])
    async with make(auto_decompress=decoded) as session, session.get(server.url) as r:
        return await r.read()


@pair
async def test_bodies_can_be_read_in_every_way(session: Session, server: RecordingServer) -> Any:
    text = b"".join(b"line %d\n" % number for number in range(20_000))
    server.otherwise(wire.reply(200, text, ("Content-Type", "text/plain")))
    read: list[Any] = []
    async with session.get(server.url + "/1") as r:
        read.append(await r.content.read(10))
        read.append(await r.content.readline())
        read.append(await r.content.readexactly(1000))
        read.append(await r.content.readuntil(b"7"))
        read.append(await r.content.read())
        read.append(r.content.at_eof())
    async with session.get(server.url + "/2") as r:
        read.append(b"".join([piece async for piece in r.content.iter_chunked(1000)]))
    async with session.get(server.url + "/3") as r:
        read.append(b"".join([piece async for piece in r.content.iter_any()]))
    async with session.get(server.url + "/4") as r:
        read.append([line async for line in r.content])
    async with session.get(server.url + "/5") as r:
        read.append(await r.text())
        read.append(await r.text(encoding="ascii"))
        read.append(await r.read())
    return read


@pair
async def test_chunks_of_the_wire_are_told_apart(session: Session, server: RecordingServer) -> Any:
    server.on("/", [b"".join(wire.chunked(b"one", b"twotwo", b"3"))])
    async with session.get(server.url) as r:
        return [piece async for piece in r.content.iter_chunks()]


@pair
async def test_pieces_arrive_as_they_are_sent(session: Session, server: RecordingServer) -> Any:
    go = threading.Event()
    server.on("/", [*wire.chunked(b"first", end=b""), wire.Wait(go), b"6\r\nsecond\r\n0\r\n\r\n"])
    async with session.get(server.url) as r:
        first = await r.content.readany()
        go.set()
        return first, await r.content.read(), r.connection is None


@pair
async def test_json_is_checked_and_read(session: Session, server: RecordingServer) -> Any:
    server.on("/json", wire.reply(200, b' {"a": 1} ', ("Content-Type", "application/json")))
    server.on("/text", wire.reply(200, b"{}", ("Content-Type", "text/html")))
    server.on("/bad", wire.reply(200, b"{", ("Content-Type", "application/json")))
    async with session.get(server.url + "/json") as r, session.get(server.url + "/text") as wrong:
        read = [await r.json(), await attempt(wrong.json()), await wrong.json(content_type=None)]
    try:
        await (await session.get(server.url + "/bad")).json()
    except json.JSONDecodeError as error:
        read.append(str(error))
    return read


# What happens on the way


@pair
async def test_redirects_and_cookies(session: Session, server: RecordingServer) -> Any:
    session.cookie_jar._unsafe = True  # type: ignore[attr-defined] # 127.0.0.1 is an address
    moved = wire.reply(302, b"moved", ("Location", "/b?x=y"), ("Set-Cookie", "seen=a"))
    server.on("/a", moved)
    server.on("/keep", wire.reply(307, b"", ("Location", "/b")))
    server.on("/again", wire.reply(301, b"", ("Location", "/again")))
    async with session.get(server.url + "/a", cookies={"once": "1"}) as r:
        told = [await head_of(r)]
    async with session.post(server.url + "/a", data=b"body") as r:
        told.append(await head_of(r))
    async with session.post(server.url + "/keep", json={"k": "v"}) as r:
        told.append(await head_of(r))
    async with session.get(server.url + "/a", allow_redirects=False) as r:
        told.append([r.status, r.headers["Location"]])
    told.append(await attempt(session.get(server.url + "/again", max_redirects=3)))
    return told


@pair
async def test_raise_for_status(server: RecordingServer, make: Any) -> Any:
    server.otherwise(wire.reply(418, b"short and stout"))
    async with make(raise_for_status=True) as session:
        with pytest.raises(aiohttp.ClientResponseError) as raised:
            await session.get(server.url)
        async with session.get(server.url, raise_for_status=False) as r:
            body = await r.read()
    error = raised.value
    return error.status, error.message, error.request_info.url.path, body


@pair
@pytest.mark.parametrize("kind", BROKEN_HEADS)
async def test_broken_heads(session: Session, server: RecordingServer, kind: str) -> Any:
    server.on("/", BROKEN_HEADS[kind])
    session._retry_connection = False
    # aiohttp takes noise that ends in an empty line for a lack of a reply; martlet tells that it is none.
    found = await attempt(session.post(server.url, data=b"x"))
    expected = (aiohttp.ClientResponseError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
    assert issubclass(found, expected)
    return None


@pair
@pytest.mark.parametrize("kind", ["content-length", "content-length, nothing", "chunk", "between chunks"])
async def test_bodies_that_break_off(session: Session, server: RecordingServer, kind: str) -> Any:
    server.on("/", CUT_BODIES[kind])
    r = await session.get(server.url)
    return await attempt(r.read()), r.closed, await attempt(r.read())


@pytest.mark.parametrize("kind", CUT_BODIES)
def test_a_body_that_breaks_off_in_whatever_way_is_a_payload_error(
    server: RecordingServer, kind: str
) -> None:
    # aiohttp tells some by other exceptions, depending on what came in one piece, and one not at all.
    async def main() -> Any:
        async with ClientSession() as session:
            return await attempt((await session.get(server.url)).read())

    server.on("/", CUT_BODIES[kind])
    assert asyncio.run(main()) is aiohttp.ClientPayloadError


@pair
async def test_a_body_that_does_not_decode(session: Session, server: RecordingServer) -> Any:
    server.on("/", CORRUPT_GZIP)
    return await attempt((await session.get(server.url)).read())


@both
def test_half_a_gzip_body_is_an_error_with_martlet_only(server: RecordingServer, make: type[Session]) -> None:
    async def main() -> Any:
        async with make() as session:
            return await attempt((await session.get(server.url)).read())

    server.on("/", CUT_GZIP)
    found = asyncio.run(main())
    assert found is aiohttp.ClientPayloadError if make is ClientSession else isinstance(found, bytes)


@pair
async def test_nobody_listens(session: Session, server: RecordingServer) -> Any:
    try:
        await session.get("http://127.0.0.1:9/")
    except aiohttp.ClientConnectorError as error:
        return type(error), error.host, error.port, error.ssl, error.errno, type(error.os_error)


@pair
async def test_no_such_host(session: Session, server: RecordingServer) -> Any:
    try:
        await session.get("http://nowhere.invalid/")
    except aiohttp.ClientConnectorDNSError as error:
        return type(error), error.host, error.port, isinstance(error, OSError)


@pair
@pytest.mark.parametrize(
    "times", [{"total": 0.2}, {"sock_read": 0.2}, {"total": 20, "sock_read": 0.2}], ids=str
)
async def test_a_server_that_never_answers(session: Session, server: RecordingServer, times: Any) -> Any:
    server.on("/", [wire.HANG])
    return await attempt(session.get(server.url, timeout=aiohttp.ClientTimeout(**times)))


@pair
@pytest.mark.parametrize("times", [{"total": 0.2}, {"sock_read": 0.2}], ids=str)
async def test_a_body_that_stops(session: Session, server: RecordingServer, times: Any) -> Any:
    server.on("/", [wire.reply(200, b"half", ("Content-Length", "8"), length=False), wire.HANG])
    r = await session.get(server.url, timeout=aiohttp.ClientTimeout(**times))
    read = await r.content.read(4), await attempt(r.content.read())
    r.release()
    return read


@pair
async def test_waiting_for_a_connection_can_take_too_long(server: RecordingServer, make: Any) -> Any:
    server.on("/", [wire.reply(200, b"half", ("Content-Length", "8"), length=False), wire.HANG])
    connector = aiohttp.TCPConnector(limit=1)
    async with make(connector=connector) as session:
        held = await session.get(server.url)
        found = await attempt(session.get(server.url, timeout=aiohttp.ClientTimeout(connect=0.1)))
        held.close()
    return found
