"""Libraries that stand on requests do on martlet what they do on requests. Each program runs twice, the
second time with `alias_requests()`; what it prints, and what the server saw, must be equal.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from email.utils import formatdate
from typing import Any

import pytest

from servers.authority import Authority
from servers.wire import chunked, redirect, reply

ALIAS = "import martlet; martlet.alias_requests()\n"


def outcomes(program: str, *arguments: str) -> list[str]:
    """What the program prints on requests, and on martlet."""
    found = []
    for alias in ("", ALIAS):
        command = [sys.executable, "-c", alias + textwrap.dedent(program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    return found


def same(program: str, *arguments: str) -> str:
    on_requests, on_martlet = outcomes(program, *arguments)
    assert on_martlet == on_requests
    return on_martlet


def heads(server: Any) -> list[list[str]]:
    """The lines of the requests, without the user agent, for each half of the connections."""
    lines = [
        [line for line in request.lines if "user-agent" not in line.lower()] for request in server.requests
    ]
    lines = [[line for line in head if "accept-encoding" not in line.lower()] for head in lines]
    middle = len(lines) // 2
    assert lines[:middle] == lines[middle:]
    return lines[middle:]


def test_cachecontrol_answers_from_its_cache(serve):
    server = serve()
    date = ("Date", formatdate(usegmt=True))
    fresh = ("Cache-Control", "max-age=600")
    server.on("/length", reply(200, b"cached", fresh, date))
    server.on("/chunks", chunked(b"cac", b"hed", headers=[fresh, date]))
    server.on("/packed", reply(200, b"no gzip", ("Content-Encoding", "gzip"), fresh, date))
    tag = ("ETag", '"1"')
    server.on(
        "/etag",
        lambda seen: [reply(304, b"", tag) if seen.header("If-None-Match") else reply(200, b"tagged", tag)],
    )
    server.on("/moved", redirect(301, "/length", b"", fresh, date))
    program = """
        import sys
        import requests
        from cachecontrol import CacheControl
        with CacheControl(requests.Session()) as session:
            for path in ("length", "chunks", "etag", "moved"):
                for _ in range(2):
                    response = session.get(f"{sys.argv[1]}/{path}")
                    print(path, response.from_cache, response.content, response.status_code)
    """
    assert "chunks True b'cached' 200" in same(program, server.url)
    heads(server)


def test_toolbelts_adapters_reach_the_wire(serve, authority: Authority):
    server = serve()
    program = """
        import sys
        import requests
        from requests_toolbelt.adapters.source import SourceAddressAdapter
        from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter
        with requests.Session() as session:
            session.mount("http://", SourceAddressAdapter("127.0.0.9"))
            print(session.get(sys.argv[1]).content)
            session.mount("http://", TCPKeepAliveAdapter(idle=120, interval=10))
            print(session.get(sys.argv[1]).content)
    """
    same(program, server.url)
    peers = [connection.peer for connection in server.connections()]
    assert peers == ["127.0.0.9", "127.0.0.1"] * 2


def test_toolbelts_adapters_for_tls_are_heard(serve, authority: Authority):
    named = serve(context=authority.server_context("named.test"))
    program = """
        import hashlib, ssl, sys
        import requests
        from requests_toolbelt.adapters.host_header_ssl import HostHeaderSSLAdapter
        from requests_toolbelt.adapters.fingerprint import FingerprintAdapter
        url, ca = sys.argv[1:]
        with requests.Session() as session:
            session.verify = ca
            for host in ("named.test", "other.test"):
                session.mount("https://", HostHeaderSSLAdapter())
                try:
                    print(session.get(url, headers={"Host": host}).content)
                except requests.exceptions.SSLError as error:
                    print(type(error.args[0]).__name__)
            address = url.removeprefix("https://").split(":")
            der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((address[0], int(address[1]))))
            for fingerprint in (hashlib.sha256(der).hexdigest(), "00" * 32):
                with requests.Session() as session:
                    session.verify = False
                    session.mount("https://", FingerprintAdapter(fingerprint))
                    try:
                        print(session.get(url).content)
                    except requests.exceptions.SSLError:
                        print("refused")
    """
    assert same(program, named.url, authority.ca_file).split() == [
        "b'ok'",
        "MaxRetryError",
        "b'ok'",
        "refused",
    ]


def test_toolbelts_encoder_streams_a_form(serve):
    server = serve()
    program = """
        import io, sys
        import requests
        from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
        from requests_toolbelt.utils import dump
        fields = {"field": "value", "file": ("name.txt", io.BytesIO(b"x" * 100000), "text/plain")}
        form = MultipartEncoderMonitor(MultipartEncoder(fields, boundary="b" * 32))
        response = requests.post(sys.argv[1], data=form, headers={"Content-Type": form.content_type})
        print(form.bytes_read, len(dump.dump_all(response)) > 100)
    """
    same(program, server.url)
    heads(server)
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize("name", ["responses", "requests_mock"])
def test_mocks_answer(name):
    uses = {
        "responses": """
            import responses, requests
            with responses.RequestsMock() as mock:
                mock.get("http://a.test/", json={"a": 1}, headers={"Set-Cookie": "k=v"})
                response = requests.get("http://a.test/")
                print(response.json(), response.cookies.get_dict(), response.raw.status)
                try:
                    requests.get("http://b.test/")
                except requests.ConnectionError as error:
                    print("refused", type(error).__name__)
        """,
        "requests_mock": """
            import requests_mock, requests
            with requests_mock.Mocker() as mock:
                mock.get("http://a.test/", json={"a": 1}, cookies={"k": "v"})
                response = requests.get("http://a.test/")
                print(response.json(), response.cookies.get_dict(), response.raw.read())
        """,
    }
    same(uses[name])
