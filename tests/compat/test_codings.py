"""Content codings: what is decoded, in which order, and what is wrong with it."""

from __future__ import annotations

import gzip
import zlib

import pytest

from servers import misbehaving
from servers.wire import chunked, reply

from .harness import attempt, compat, only

PLAIN = b"hello, " * 1000


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


CODED = {
    "gzip": gzip.compress(PLAIN),
    "GZIP": gzip.compress(PLAIN),
    "Deflate": raw_deflate(PLAIN),
    "x-gzip": gzip.compress(PLAIN),
    "deflate": zlib.compress(PLAIN),
    "gzip, gzip": gzip.compress(gzip.compress(PLAIN)),
    "deflate, gzip": gzip.compress(zlib.compress(PLAIN)),
    "gzip,deflate": zlib.compress(gzip.compress(PLAIN)),
    "identity": PLAIN,
    "unknown": PLAIN,
    "": PLAIN,
}


@compat
@pytest.mark.parametrize("coding", CODED)
def test_a_coded_body_is_decoded(client, server, coding):
    server.on("/", reply(200, CODED[coding], ("Content-Encoding", coding)))
    outcome = attempt(client.get, server.url + "/")
    if coding in ("gzip", "x-gzip", "deflate", "gzip, gzip"):
        assert outcome.content == PLAIN
    return outcome


BODIES = {
    "gzip of two members": gzip.compress(b"one, ") + gzip.compress(b"two"),
    "gzip and zeros": gzip.compress(b"one") + b"\x00" * 16,
    "gzip and garbage": gzip.compress(b"one") + b"garbage",
    "no gzip": b"this is no gzip",
    "no body": b"",
    "gzip with a wrong sum": gzip.compress(b"one")[:-8] + b"\x00" * 8,
    "gzip of nothing": gzip.compress(b""),
    "gzip with a name": b"\x1f\x8b\x08\x08" + b"\x00" * 6 + b"name\x00" + gzip.compress(b"named")[10:],
}


@compat
@pytest.mark.parametrize("name", BODIES)
@only("http")
def test_gzip_bodies_of_every_kind(client, server, name):
    server.on("/", reply(200, BODIES[name], ("Content-Encoding", "gzip")))
    return attempt(client.get, server.url + "/")


@compat
@pytest.mark.parametrize("name", ["zlib", "raw", "no deflate", "empty"])
@only("http")
def test_deflate_bodies_of_every_kind(client, server, name):
    data = {"zlib": zlib.compress(PLAIN), "raw": raw_deflate(PLAIN), "no deflate": b"\xffno", "empty": b""}[
        name
    ]
    server.on("/", reply(200, data, ("Content-Encoding", "deflate")))
    return attempt(client.get, server.url + "/")


@compat
@pytest.mark.parametrize("layers", [5, 6])
def test_there_are_at_most_five_layers(client, server, layers):
    data = PLAIN
    for _ in range(layers):
        data = gzip.compress(data)
    server.on("/", reply(200, data, ("Content-Encoding", ", ".join(["gzip"] * layers))))
    outcome = attempt(client.get, server.url + "/")
    assert isinstance(outcome, Exception) == (layers > 5)
    return outcome


@compat
def test_a_coded_body_may_come_in_chunks(client, server):
    data = gzip.compress(PLAIN)
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    server.on("/", chunked(*pieces, headers=[("Content-Encoding", "gzip")]))
    response = client.get(server.url + "/")
    assert response.content == PLAIN
    return response


@compat
@pytest.mark.parametrize("size", [1, 10, 1000, None])
def test_pieces_are_of_the_decoded_body(client, server, size):
    server.on("/", reply(200, gzip.compress(b"0123456789" * 3), ("Content-Encoding", "gzip")))
    response = client.get(server.url + "/", stream=True)
    pieces = list(client.chunks(response, size))
    assert b"".join(pieces) == b"0123456789" * 3
    return pieces


@compat
def test_a_body_that_is_no_gzip_is_an_error_when_it_is_streamed(client, server):
    server.on("/", misbehaving.CORRUPT_GZIP)
    response = client.get(server.url + "/", stream=True)
    return attempt(list, client.chunks(response, 100))


@compat
def test_a_reply_to_head_is_not_decoded(client, server):
    server.on("/", reply(200, b"", ("Content-Encoding", "gzip"), ("Content-Length", "30"), length=False))
    return client.head(server.url + "/")


@compat
def test_codings_that_need_more_are_announced_only_with_what_can_decode_them(client, server):
    client.get(server.url + "/")
    codings = client.session.headers["Accept-Encoding"].split(", ")
    assert codings[:2] == ["gzip", "deflate"]
    assert set(codings[2:]) <= {"br", "zstd"}
