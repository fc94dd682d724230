"""`stream=True`: pieces, lines, and whose connection it is in the meantime."""

from __future__ import annotations

import itertools
import threading

import pytest

from servers.wire import CLOSE, HANG, Wait, chunked, reply

from .harness import attempt, compat, only

LINES = b"one\ntwo\r\nthree\rfour\n\nfive"


@compat
@pytest.mark.parametrize("size", [1, 4, 6, 100, None])
@pytest.mark.parametrize("stream", [False, True])
def test_pieces_have_the_size_asked_for(client, server, size, stream):
    server.on("/", reply(200, b"abcdef"))
    response = client.get(server.url + "/", stream=stream)
    return list(client.chunks(response, size))


@compat
def test_a_piece_is_one_byte_unless_told_otherwise(client, server):
    server.on("/", reply(200, b"abc"))
    response = client.get(server.url + "/", stream=True)
    assert list(client.chunks(response)) == [b"a", b"b", b"c"]


@compat
@pytest.mark.parametrize("size", ["4", 1.5, object, b"4"], ids=repr)
@pytest.mark.parametrize("stream", [False, True])
def test_a_size_that_is_no_number_is_refused_at_once(client, server, size, stream):
    response = client.get(server.url + "/", stream=stream)
    outcome = attempt(client.chunks, response, size)
    assert isinstance(outcome, TypeError)
    client.close_response(response)
    return outcome


@compat
@pytest.mark.parametrize("size", [None, 1, 3, 100])
def test_chunks_are_handed_out_as_they_come(client, server, size):
    server.on("/", chunked(b"ab", b"cde", b"f"))
    response = client.get(server.url + "/", stream=True)
    return list(client.chunks(response, size))


@compat
def test_a_chunk_is_there_before_the_next_is_sent(client, server):
    first, second = threading.Event(), threading.Event()
    head, one, two, end = chunked(b"one", b"two")
    server.on("/", [head, Wait(first), one, Wait(second), two, end])
    pieces = client.chunks(client.get(server.url + "/", stream=True), None)
    first.set()
    assert next(pieces) == b"one"
    second.set()
    assert list(pieces) == [b"two"]


@compat
@pytest.mark.parametrize("body", [b"", b"a" * 200_000])
def test_pieces_put_together_are_the_body(client, server, body):
    server.on("/length", reply(200, body))
    server.on("/chunked", chunked(*(body[at : at + 9999] for at in range(0, len(body), 9999))))
    server.on("/close", [reply(200, body, length=False), CLOSE])
    for path in ("/length", "/chunked", "/close"):
        response = client.get(server.url + path, stream=True)
        pieces = list(client.chunks(response, 7000))
        assert b"".join(pieces) == body
        if path != "/chunked":
            assert {len(piece) for piece in pieces[:-1]} <= {7000}


@compat
@pytest.mark.parametrize("size", [1, 2, 3, 5, 512])
@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("delimiter", [None, "\n", "\r\n", "e"])
@only("http")
def test_lines_are_split_as_in_requests(client, server, size, decode, delimiter):
    server.on("/", reply(200, LINES, ("Content-Type", "text/plain; charset=utf-8")))
    response = client.get(server.url + "/", stream=True)
    mark = delimiter if decode or delimiter is None else delimiter.encode()
    return list(client.lines(response, chunk_size=size, decode_unicode=decode, delimiter=mark))


@compat
def test_lines_of_chunks_are_split_where_the_line_ends(client, server):
    server.on("/", chunked(b"a\nb", b"c\r", b"\nd", b"\n"))
    response = client.get(server.url + "/", stream=True)
    return list(client.lines(response, chunk_size=None))


@compat
@pytest.mark.parametrize(
    "kind", ["text/plain; charset=utf-8", "text/plain", None, "text/plain; charset=bogus"]
)
@pytest.mark.parametrize("size", [1, 2, 100])
@only("http")
def test_pieces_may_be_text(client, server, kind, size):
    body = "\u00e9\u65e5\U0001f426x\u00ff".encode() + b"\xff."
    server.on("/", reply(200, body, *([("Content-Type", kind)] if kind else [])))
    response = client.get(server.url + "/", stream=True)
    outcome = attempt(lambda: list(client.chunks(response, size, decode_unicode=True)))
    client.close_response(response)
    return outcome


@compat
def test_what_was_streamed_is_gone(client, server):
    response = client.get(server.url + "/", stream=True)
    assert list(client.chunks(response, 10)) == [b"ok"]
    again = attempt(lambda: list(client.chunks(response, 10)))
    content = attempt(client.content, response)
    return [again, content, str(content)]


@compat
def test_content_after_some_pieces_is_the_rest(client, server):
    server.on("/", reply(200, b"abcdef"))
    response = client.get(server.url + "/", stream=True)
    assert next(client.chunks(response, 2)) == b"ab"
    return client.content(response)


@compat
def test_content_may_be_read_late_and_then_in_pieces(client, server):
    server.on("/", reply(200, b"abcdef"))
    response = client.get(server.url + "/", stream=True)
    assert client.content(response) == b"abcdef"
    assert client.content(response) == b"abcdef"
    return [list(client.chunks(response, 4)), list(client.chunks(response, 4))]


@compat
def test_text_and_json_of_a_streamed_response(client, server):
    server.on("/", reply(200, b'{"a": "\xc3\xa9"}', ("Content-Type", "application/json")))
    text = client.text(client.get(server.url + "/", stream=True))
    return [text, client.json(client.get(server.url + "/", stream=True))]


@compat
def test_a_response_read_to_its_end_gives_its_connection_back(client, server):
    for _ in range(3):
        assert b"".join(client.chunks(client.get(server.url + "/", stream=True), 1)) == b"ok"
    assert len(server.connections()) == 1


@compat
def test_a_response_closed_unread_drops_its_connection(client, server):
    server.on("/", reply(200, b"x" * 1_000_000))
    response = client.get(server.url + "/", stream=True)
    client.close_response(response)
    server.wait_until_closed()
    client.get(server.url + "/")
    assert len(server.connections()) == 2


@compat
def test_two_streams_are_two_connections(client, server):
    first = client.get(server.url + "/", stream=True)
    second = client.get(server.url + "/", stream=True)
    assert client.content(second) == b"ok"
    assert client.content(first) == b"ok"
    assert len(server.connections()) == 2


@compat
def test_an_endless_body_is_read_as_far_as_wanted(client, server):
    head = reply(200, b"", ("Transfer-Encoding", "chunked"), length=False)
    server.on("/", lambda _: itertools.chain([head], itertools.repeat(b"5\r\n12345\r\n")))
    response = client.get(server.url + "/", stream=True)
    pieces = list(itertools.islice(client.chunks(response, 10), 20))
    client.close_response(response)
    server.wait_until_closed()
    return pieces


@compat
def test_closing_ends_a_stream_that_goes_nowhere(client, server):
    server.on("/", [chunked(b"one")[0], b"3\r\none\r\n", HANG])
    response = client.get(server.url + "/", stream=True)
    assert next(client.chunks(response, 3)) == b"one"
    client.close_response(response)
    server.wait_until_closed()


@compat
def test_the_session_may_stream_by_default(client, server):
    client.session.stream = True
    response = client.get(server.url + "/")
    assert list(client.chunks(response, 1)) == [b"o", b"k"]
    assert client.get(server.url + "/", stream=False).content == b"ok"


@compat
def test_a_stream_of_a_redirect_that_is_followed_starts_at_its_end(client, server):
    from servers.wire import redirect

    server.on("/from", redirect(302, "/to", b"moved"))
    response = client.get(server.url + "/from", stream=True)
    assert [hop.content for hop in response.history] == [b"moved"]
    assert list(client.chunks(response, 10)) == [b"ok"]
    assert len(server.connections()) == 1
