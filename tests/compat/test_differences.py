"""What martlet does otherwise on purpose: a case for each row of docs/differences.md, with both sides'
values.

Rows about martlet's own Python surface are tested in tests/roads/test_differences.py.
"""

from __future__ import annotations

import gzip
import io
import re
import sys
import threading
import warnings
from pathlib import Path

from servers import misbehaving
from servers.digest import Digest
from servers.recording import RecordingServer
from servers.wire import CLOSE, Relay, Wait, redirect, reply, tunnel

from .harness import ROWS, attempt, compat, differs, only

DOCUMENT = Path(__file__).parents[2] / "docs" / "differences.md"


def test_the_rows_about_the_wire_are_those_that_have_a_case():
    rows = re.findall(r"^(## .*)|^\| `([a-z0-9-]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    names = [name for _, name in rows if name]
    assert len(names) == len(set(names))
    on_the_wire, heading = set(), ""
    for title, name in rows:
        heading = title or heading
        if name and heading.startswith("## On the wire"):
            on_the_wire.add(name)
    assert on_the_wire <= set(ROWS) <= set(names)


def test_the_rows_about_the_engine_name_files_that_are_there():
    files = set(re.findall(r"\| `(martlet[-a-z]*/\S+)` \|$", DOCUMENT.read_text(), re.MULTILINE))
    assert len(files) > 5
    assert not [file for file in files if not (DOCUMENT.parents[1] / "crates" / file).is_file()]


def raised(outcome):
    """The name of an exception's class, or the content of a response."""
    return type(outcome).__name__ if isinstance(outcome, Exception) else outcome.content


@compat
@differs("early-hints", requests=103, martlet=200)
def test_early_hints_are_not_the_reply(client, server):
    server.on("/", [b"HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\n", reply(200, b"ok"), CLOSE])
    return client.get(server.url + "/").status_code


@compat
@differs("cut-coding", requests=True, martlet="ContentDecodingError")
def test_a_coded_body_without_its_end_is_an_error(client, server):
    server.on("/", misbehaving.CUT_GZIP)
    outcome = raised(attempt(client.get, server.url + "/"))
    return outcome if isinstance(outcome, str) else outcome.startswith(b"hello")


@compat
@only("https")
@differs("cut-tls", requests=b"half", martlet="ChunkedEncodingError")
def test_a_body_that_ends_with_the_connection_needs_close_notify(client, server):
    server.on("/", misbehaving.UNTIL_CLOSE_CUT)
    return raised(attempt(client.get, server.url + "/"))


@compat
@differs("bytes-after-a-reply", requests=1, martlet=2)
def test_bytes_after_a_reply_end_the_connections_use(client, server):
    server.on("/", misbehaving.with_bytes_after(reply(200, b"of somebody else")))
    for _ in range(2):
        assert client.get(server.url + "/").content == b"ok"
    return len(server.connections())


@compat
@differs("resend-once", requests=["ConnectionError", 2], martlet=[b"ok", 3])
def test_a_get_on_a_kept_connection_that_closes_is_sent_again(client, server):
    server.on("/broken", [CLOSE], reply(200, b"ok"))
    client.get(server.url + "/")
    outcome = attempt(client.get, server.url + "/broken")
    return [raised(outcome), len(server.requests)]


@compat
@differs("digest-elsewhere", requests=200, martlet=401)
def test_a_challenge_of_another_host_is_not_answered(client, server):
    other = server.another()
    other.otherwise(Digest())
    server.on("/from", redirect(302, other.url + "/to"))
    auth = client.lib.auth.HTTPDigestAuth("user", "secret")
    return client.get(server.url + "/from", auth=auth).status_code


@compat
@differs("digest-malformed", requests=["KeyError"] * 3 + [3], martlet=[b"", b"", b"let in", 4])
def test_a_malformed_challenge(client, server):
    server.on("/nonce", reply(401, b"", ("WWW-Authenticate", 'Digest realm="r"')))
    server.on("/bare", reply(401, b"", ("WWW-Authenticate", "Digest")))
    capitals = Digest().challenge().replace("realm=", "REALM=").replace("nonce=", "Nonce=")
    server.on("/capitals", reply(401, b"", ("WWW-Authenticate", capitals)), Digest())
    auth = client.lib.auth.HTTPDigestAuth("user", "secret")
    outcomes = [
        attempt(client.get, server.url + path, auth=auth) for path in ("/nonce", "/bare", "/capitals")
    ]
    return [*map(raised, outcomes), len(server.requests)]


@compat
@differs("cookies-elsewhere", requests="own=1", martlet=None)
def test_cookies_of_a_call_go_to_the_first_origin_only(client, server):
    other = server.another()
    url = other.url.replace("127.0.0.1", "localhost")
    server.on("/from", redirect(302, url + "/to"))
    client.get(server.url + "/from", cookies={"own": "1"})
    return other.requests[0].header("Cookie")


@compat
@differs("long-redirect-body", requests=[1_000_000, 1], martlet=[65_536, 2])
def test_the_body_of_a_redirect_is_read_up_to_64_kib(client, server):
    server.on("/from", redirect(302, "/to", b"x" * 1_000_000))
    response = client.get(server.url + "/from")
    return [len(response.history[0].content), len(server.connections())]


@compat
@only("http")
@differs("public-suffix", requests=["a=1", "a=1"], martlet=["a=1", None])
def test_a_cookie_for_a_public_suffix_is_not_shared(client, server):
    client.session.proxies = {"http": server.url}
    server.on("/own", reply(200, b"", ("Set-Cookie", "a=1; Domain=shop.example.co.uk")))
    server.on("/suffix", reply(200, b"", ("Set-Cookie", "a=1; Domain=co.uk")))
    sent = []
    for path, other in (("/own", "www.shop.example.co.uk"), ("/suffix", "other.co.uk")):
        client.get("http://shop.example.co.uk" + path)
        client.get(f"http://{other}/")
        sent.append(server.requests[-1].header("Cookie"))
        client.session.cookies.clear()
    return sent


@compat
@only("http")
@differs("host-only", requests="a=1", martlet=None)
def test_a_cookie_without_a_domain_is_of_its_host_alone(client, server):
    return cookie_elsewhere(client, server, "a=1", "http://example.test/", "http://www.example.test/")


@compat
@only("http")
@differs("ip-tail", requests="a=1", martlet=None)
def test_the_tail_of_an_address_is_no_domain(client, server):
    return cookie_elsewhere(client, server, "a=1; Domain=0.0.1", "http://10.0.0.1/", "http://9.0.0.1/")


@compat
@only("http")
@differs("cookie-version", requests="a=1", martlet=None)
def test_an_unknown_version_does_not_switch_the_check_of_the_domain_off(client, server):
    cookie = "a=1; Version=-1; Domain=victim.test"
    return cookie_elsewhere(client, server, cookie, "http://evil.test/", "http://www.victim.test/")


def cookie_elsewhere(client, server, cookie, url, other):
    """What is sent to `other` after `url` has set a cookie. The server is the proxy for all hosts."""
    client.session.proxies = {"http": server.url}
    server.otherwise(reply(200, b"", ("Set-Cookie", cookie)))
    client.get(url)
    client.get(other)
    return server.requests[-1].header("Cookie")


@compat
@only("https")
@differs("tls-proxy", requests=["InsecureRequestWarning"] * 2, martlet=["Response", "ProxyError"])
def test_the_certificate_of_a_proxy_is_checked(client, server):
    client.session.proxies = {"http": server.url}
    outcomes = []
    for verify in (client.trust, True):
        outcomes.append(type(attempt(client.get, "http://target.test/", verify=verify)).__name__)
    return outcomes


@compat
@differs("digest-origin", requests=[True, True], martlet=[True, False])
def test_a_challenge_is_answered_for_the_origin_that_gave_it(client, server):
    other = server.another()
    for each in (server, other):
        each.otherwise(Digest())
    client.session.auth = client.lib.auth.HTTPDigestAuth("user", "secret")
    client.get(server.url + "/")
    client.get(other.url + "/")
    return [
        server.requests[-1].header("Authorization") is not None,
        other.requests[0].header("Authorization") is not None,
    ]


@compat
@differs(
    "malformed-field",
    requests=[["Content-Length"]] * 3,
    martlet=[["Content-Length", "X-F", "X-2"], ["Content-Length", "X-2"], ["Content-Length", "X-2"]],
)
def test_a_malformed_field_of_a_reply_does_not_hide_those_after_it(client, server):
    found = []
    for field in ("X-F : a", "X F: a", "X-F"):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{field}\r\nX-2: 2\r\n\r\n".encode()
        server.on("/", [head + b"ok", CLOSE])
        found.append(list(client.get(server.url + "/").headers))
        server.wait_until_closed()
    return found


@compat
@differs("nul", requests=[b"ok", b"ok"], martlet=["InvalidHeader", "ConnectionError"])
def test_a_nul_in_a_header_is_refused_both_ways(client, server):
    server.on("/nul", reply(200, b"ok", ("X", "a\x00b")))
    return [
        raised(attempt(client.get, server.url + "/", headers={"X": "a\x00b"})),
        raised(attempt(client.get, server.url + "/nul")),
    ]


@compat
@differs("cookie-space", requests=[" a=1", "\tb=2"], martlet=["InvalidHeader"] * 2)
def test_a_cookie_that_begins_with_white_space_is_refused(client, server):
    outcomes = []
    for cookies in ({" a": "1"}, {"\tb": "2"}):
        outcome = attempt(client.get, server.url + "/", cookies=cookies)
        sent = server.requests[-1].lines[-1].partition(": ")[2] if server.requests else None
        outcomes.append(raised(outcome) if isinstance(outcome, Exception) else sent)
    return outcomes


@compat
@differs("text-file-length", requests=["4", b"caf\xc3\xa9"], martlet="ConnectionError")
def test_a_body_longer_than_its_length_is_not_sent(client, server):
    # Four characters, five bytes: requests announces four, and the fifth would begin the next request.
    server.on("/", reply(200, b"ok"), before_body=True)
    outcome = attempt(client.post, server.url + "/", data=io.StringIO("caf\u00e9"))
    if isinstance(outcome, Exception):
        return type(outcome).__name__
    return [server.requests[0].header("Content-Length"), "caf\u00e9".encode()]


@compat
@differs("empty-form", requests=[["chunked", None]] * 2, martlet=[[None, "0"]] * 2)
def test_a_form_of_nothing_is_an_empty_body(client, server):
    for method in ("POST", "GET"):
        client.request(method, server.url + "/", data={"a": None, "b": []})
    return [
        [request.header("Transfer-Encoding"), request.header("Content-Length")] for request in server.requests
    ]


@compat
@differs("location-bytes", requests="UnicodeDecodeError", martlet=b"ok")
def test_a_location_in_latin_1_is_followed(client, server):
    server.on("/from", reply(302, b"", ("Location", "/\u00e9")))
    return raised(attempt(client.get, server.url + "/from"))


@compat
@only("https")
@differs("location-broken", requests=["ValueError"] + ["InvalidURL"] * 3, martlet=["InvalidURL"] * 4)
def test_a_location_that_is_no_url_is_an_invalid_url(client, server):
    outcomes = []
    for location in ("http://[::1/", "http://h:99999/", "http://", "http:///x"):
        server.on("/from", redirect(302, location))
        outcomes.append(raised(attempt(client.get, server.url + "/from")))
    return outcomes


@compat
@differs("part-of-a-chunk", requests=[b"abcdefgh"], martlet=[b"abcd", b"efgh"])
def test_a_part_of_a_chunk_is_given_when_it_comes(client, server):
    more = threading.Event()
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.on("/", [head + b"8\r\nabcd", Wait(more), b"efgh\r\n0\r\n\r\n"])
    response = client.get(server.url + "/", stream=True)
    if client.lib.__name__ == "requests":
        more.set()  # it would wait for the rest for ever
    pieces = []
    for piece in client.chunks(response, 8):
        pieces.append(piece)
        more.set()
    return pieces


@compat
@differs("codings-list", requests=["ContentDecodingError", "coded"], martlet=["plain", "plain"])
def test_content_codings_are_read_as_a_list(client, server):
    coded = gzip.compress(b"plain")
    server.on("/unknown", reply(200, b"plain", ("Content-Encoding", "gzip, unknown")))
    server.on("/space", reply(200, coded, ("Content-Encoding", "gzip ")))
    outcomes = [raised(attempt(client.get, server.url + path)) for path in ("/unknown", "/space")]
    return [{b"plain": "plain", coded: "coded"}.get(outcome, outcome) for outcome in outcomes]


@compat
@differs("length-beside-chunks", requests=["3", "chunked"], martlet=[None, "chunked"])
def test_a_length_beside_chunks_is_not_sent(client, server):
    server.on("/", [reply(200, b"ok"), CLOSE], before_body=True)
    attempt(client.post, server.url + "/", data=iter([b"abc"]), headers={"Content-Length": "3"})
    request = server.requests[0]
    return [request.header("Content-Length"), request.header("Transfer-Encoding")]


@compat
@differs("lines-in-a-part", requests=[True] * 3, martlet=["InvalidHeader"] * 3)
def test_a_line_end_in_a_header_of_a_part_is_refused(client, server):
    outcomes = []
    for kind, headers in (
        ("a/b\r\nEvil: 1", {}),
        ("a/b", {"X": "1\r\nEvil: 1"}),
        ("a/b", {"X: 1\r\nEvil": "1"}),
    ):
        outcome = attempt(client.post, server.url + "/", files={"f": ("name", b"x", kind, headers)})
        sent = b"\r\nEvil: 1\r\n" in server.requests[-1].body if server.requests else None
        outcomes.append(type(outcome).__name__ if isinstance(outcome, Exception) else sent)
    return outcomes


@compat
@differs("unrewindable", requests=[b"", 2], martlet=["UnrewindableBodyError", 1])
def test_an_iterator_cannot_be_sent_again_on_a_redirect(client, server):
    server.on("/from", redirect(307, "/to"))
    outcome = attempt(client.post, server.url + "/from", data=iter([b"abc"]))
    answer = type(outcome).__name__ if isinstance(outcome, Exception) else server.requests[1].body
    return [answer, len(server.requests)]


@compat
@only("http")
@differs("long-label", requests="LocationParseError", martlet="ConnectionError")
def test_a_label_that_is_too_long_is_a_name_that_nobody_knows(client, server):
    outcomes = {
        raised(attempt(client.get, f"http://{'a' * 64}.{end}/", timeout=20)) for end in ("invalid", "\u00e9")
    }
    return outcomes.pop() if len(outcomes) == 1 else outcomes


@compat
@only("https")
@differs("verify-nothing", requests=b"ok", martlet="OSError")
def test_an_empty_verify_does_not_switch_the_check_off(client, server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # urllib3's InsecureRequestWarning
        return raised(attempt(client.get, server.url + "/", verify=""))


@compat
@only("https")
@differs("tls-ciphers", requests=b"ok", martlet="SSLError")
def test_ciphers_in_cbc_mode_are_not_spoken(client, server, authority):
    other = server.add(RecordingServer(authority.cbc_context()))
    return raised(attempt(client.get, other.url + "/"))


@compat
@only("https")
@differs("closed-while-sending", requests="SSLError", martlet="ConnectionError")
def test_a_connection_closed_while_the_body_is_sent_is_no_fault_of_tls(client, server):
    server.on("/", [CLOSE], before_body=True)
    return raised(attempt(client.post, server.url + "/", data=b"x" * 5_000_000))


@compat
@only("http")
@differs("write-timeout", requests=["ConnectionError"] * 2, martlet=["WriteTimeout"] * 2)
def test_a_body_that_nobody_takes_runs_into_the_connect_timeout(client, server):
    body = b"x" * 30_000_000
    with misbehaving.silent_port() as port:
        return [
            raised(attempt(client.post, f"http://127.0.0.1:{port}/", data=data, timeout=(0.5, 20)))
            for data in (body, io.BytesIO(body))
        ]


CONNECT = {
    "1.0": ["CONNECT target.test:443 HTTP/1.0", "Proxy-Authorization: Basic dTpw"],
    "1.1": [
        "CONNECT target.test:443 HTTP/1.1",
        "Proxy-Authorization: Basic dTpw",
        "Host: target.test:443",
    ],
}


@compat
@only("http")
@differs(
    "connect-version",
    requests=CONNECT["1.0" if sys.version_info < (3, 12) else "1.1"],
    martlet=CONNECT["1.1"],
)
def test_a_tunnel_is_asked_for_in_http_1_1(client, server):
    server.otherwise(reply(502))
    proxy = server.url.replace("://", "://u:p@")
    assert isinstance(attempt(client.get, "https://target.test/", proxies={"https": proxy}), Exception)
    return server.requests[0].lines


@compat
@only("http")
@differs("proxy-silent", requests=["ConnectionError"] * 3, martlet=["ProxyError"] * 3)
def test_a_proxy_that_does_not_answer_a_connect_is_a_proxy_error(client, server):
    outcomes = []
    for name in ("closes without a reply", "closes within the status line", "speaks another protocol"):
        server.otherwise(misbehaving.BROKEN_HEADS[name])
        outcomes.append(raised(attempt(client.get, "https://target.test/", proxies={"https": server.url})))
    return outcomes


@compat
@only("http")
@differs("tunnel-opened", requests=["ProxyError"] * 3, martlet=[b"ok"] * 3)
def test_every_successful_answer_opens_a_tunnel(client, server, authority):
    target = server.another("https")
    opened = []
    for answer in (reply(201, length=False), reply(204, length=False), b"HTTP/1.1 100 Continue\r\n\r\n"):
        server.otherwise(lambda request, answer=answer: _opened(answer, request))
        client.session.verify = authority.ca_file
        opened.append(raised(attempt(client.get, target.url + "/", proxies={"https": server.url})))
        client.wait(client.session.close())
    return opened


def _opened(answer, request):
    """A tunnel after this answer, which is not the final one if it is informational."""
    first, *rest = tunnel(request)
    return [answer + first if answer.startswith(b"HTTP/1.1 1") else answer, *rest]


@compat
@only("http")
@differs("bytes-before-a-tunnel", requests=b"ok", martlet="ProxyError")
def test_bytes_behind_the_answer_to_connect_are_refused(client, server, authority):
    target = server.another("https")
    server.otherwise([reply(200, b"said too early", length=False), Relay(target.port)])
    client.session.verify = authority.ca_file
    return raised(attempt(client.get, target.url + "/", proxies={"https": server.url}))


@compat
@only("https")
@differs("handshake-timeout", requests=["ReadTimeout"] * 4, martlet=["ConnectTimeout"] * 4)
def test_a_handshake_that_is_not_answered_is_part_of_connecting(client, server):
    with misbehaving.silent_port() as port:
        ways = [
            (f"https://127.0.0.1:{port}/", None),
            ("https://example.test/", {"https": f"http://127.0.0.1:{port}"}),
        ]
        return [
            raised(attempt(client.get, url, timeout=timeout, proxies=proxies))
            for url, proxies in ways
            for timeout in (0.1, (0.1, 20))
        ]
