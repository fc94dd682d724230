"""`response.raw`: a `urllib3.HTTPResponse`, used as people use it."""

from __future__ import annotations

import gzip
import io
import shutil

import pytest
import urllib3

from servers import misbehaving
from servers.wire import chunked, reply

from .harness import attempt, compat

TEXT = b"".join(b"line %d\n" % number for number in range(500))
PACKED = gzip.compress(TEXT, mtime=0)


def packed(coding="gzip", body=PACKED):
    return reply(200, body, ("Content-Encoding", coding), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))


@compat
def test_what_it_is(client, server):
    server.otherwise(packed())
    raw = client.get(server.url + "/p?q", stream=True).raw
    assert isinstance(raw, urllib3.HTTPResponse)
    found = (raw.status, raw.reason, raw.version, raw.headers.getlist("set-cookie"), dict(raw.headers))
    state = (raw.closed, raw.tell(), raw.decode_content, raw.readable(), raw.chunked, raw.length_remaining)
    original = raw._original_response.msg
    rest = raw.getheader("Content-Encoding"), raw.geturl(), original.get_all("Set-Cookie"), raw._request_url
    raw.close()
    return found, state, rest, raw.closed


@compat
@pytest.mark.parametrize("decode", [None, False, True])
@pytest.mark.parametrize("amounts", [[None], [10, 100, None], [0, 1, 5000], [-1]], ids=str)
def test_read(client, server, decode, amounts):
    server.otherwise(packed())
    raw = client.get(server.url + "/", stream=True).raw
    pieces = [raw.read(amount, decode_content=decode) for amount in amounts]
    told = raw.tell()
    raw.close()
    return pieces, told


@compat
@pytest.mark.parametrize("decode", [None, False, True])
@pytest.mark.parametrize("amount", [7, 1000, 2**16])
def test_stream(client, server, decode, amount):
    server.otherwise(packed())
    response = client.get(server.url + "/", stream=True)
    return list(response.raw.stream(amount, decode_content=decode)), response.raw.closed


@compat
@pytest.mark.parametrize("decode", [False, True])
def test_a_file_to_copy_from(client, server, decode):
    server.otherwise(packed())
    response = client.get(server.url + "/", stream=True)
    response.raw.decode_content = decode
    file = io.BytesIO()
    shutil.copyfileobj(response.raw, file)
    return file.getvalue()


@compat
def test_lines_of_a_wrapped_reader(client, server):
    server.otherwise(reply(200, TEXT))
    raw = client.get(server.url + "/", stream=True).raw
    raw.auto_close = False
    return list(io.TextIOWrapper(io.BufferedReader(raw), "ascii"))


@compat
def test_chunks_of_the_wire(client, server):
    server.otherwise(chunked(b"one", b"two", b"three"))
    response = client.get(server.url + "/", stream=True)
    return list(response.raw.stream(1024)), response.raw.chunked


@compat
@pytest.mark.parametrize("amount", [3, None])
def test_the_rest_is_read_by_the_response(client, server, amount):
    server.otherwise(packed())
    response = client.get(server.url + "/", stream=True)
    first = response.raw.read(amount, decode_content=True)
    return first, b"".join(response.iter_content(100))


@compat
def test_after_content_there_is_nothing_left(client, server):
    server.otherwise(packed())
    response = client.get(server.url + "/")
    return response.raw.read(), response.raw.closed, list(response.raw.stream())


@compat
def test_a_body_that_does_not_decode(client, server):
    server.otherwise(packed(body=b"this is not gzip"))
    raw = client.get(server.url + "/", stream=True).raw
    error = attempt(raw.read, decode_content=True)
    assert isinstance(error, urllib3.exceptions.DecodeError)


@compat
def test_a_body_that_ends_too_early(client, server):
    server.otherwise(misbehaving.CUT_BODIES["content-length"])
    raw = client.get(server.url + "/", stream=True).raw
    error = attempt(raw.read)
    assert isinstance(error, urllib3.exceptions.ProtocolError)
    return type(error).__name__


@compat
def test_a_file_wrapped_around_the_body_sees_it(client, server):
    """As caches do: what is read goes through what was put in the place of `_fp`."""

    class Tee:
        def __init__(self, file):
            self.file, self.seen = file, b""

        def read(self, amt=None):
            data = self.file.read(amt)
            self.seen += data
            return data

        def __getattr__(self, name):
            return getattr(self.file, name)

    server.otherwise(packed())
    response = client.get(server.url + "/", stream=True)
    tee = response.raw._fp = Tee(response.raw._fp)
    return response.content, tee.seen


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_codings_that_urllib3_may_not_know(serve, coding):
    import martlet
    from martlet import _martlet

    packed_by = {"br": b"\x0b\x02\x80hello\x03", "zstd": b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"}
    server = serve()
    server.otherwise(packed(coding, packed_by[coding]))
    with martlet.Session() as session:
        raw = session.get(server.url + "/", stream=True).raw
        assert raw.read(decode_content=True) == b"hello"
        raw = session.get(server.url + "/", stream=True).raw
        assert b"".join(raw.stream(2, decode_content=True)) == b"hello"
    decoder = _martlet.Decoder(coding)
    with pytest.raises(martlet.exceptions.ContentDecodingError):
        decoder.decompress(packed_by[coding][:4])
        decoder.flush()
