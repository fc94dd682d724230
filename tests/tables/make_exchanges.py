"""Writes crates/martlet-proto/tests/tables/exchanges.json: what requests sends in whole exchanges.

Run it with requests installed: ``python tests/tables/make_exchanges.py``. Every connection goes to one server
on loopback, whatever the host; https is spoken in the clear. The server records the heads it gets and answers
what the case says. A case is a session and calls in it, and each call has the request as it is prepared
without cookies and credentials, the replies, what was sent and what came of it.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import Retry

PLACE = Path(__file__).parents[2] / "crates/martlet-proto/tests/tables/exchanges.json"
A, B = "http://a.test", "http://b.test"
DIGEST = 'Digest realm="r", nonce="n", qop="auth"'
FORM = {"data": {"k": "v"}}
Reply = dict[str, Any]


def reply(status: int, *fields: tuple[str, str]) -> Reply:
    return {"status": status, "fields": [list(field) for field in fields]}


def to(status: int, location: str, *fields: tuple[str, str]) -> Reply:
    return reply(status, ("Location", location), *fields)


def refused(challenge: str = DIGEST, *fields: tuple[str, str]) -> Reply:
    return reply(401, ("WWW-Authenticate", challenge), *fields)


def call(method: str, url: str, *replies: Reply, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "replies": list(replies), **more}


OK = reply(200)
BASIC = ["basic", "u", "p"]
COOKIE = ("Set-Cookie", "k=v")

# name, session, calls
CASES: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("plain", {}, [call("GET", A + "/", OK)]),
    (
        "no Location, empty Location, status without",
        {},
        [call("GET", A, reply(302)), call("GET", A, to(302, "")), call("GET", A, to(300, "/b"))],
    ),
    *[
        (
            f"{method} {status}",
            {"cookies": {"s": "1"}},
            [call(method, A + "/a", to(status, "/b", COOKIE), OK, headers={"X": "1"}, **body)],
        )
        for status in (301, 302, 303, 307, 308)
        for method, body in [
            ("GET", {}),
            ("POST", FORM),
            ("PUT", {"data": "x"}),
            ("PATCH", {"json": {}}),
            ("DELETE", {}),
            ("HEAD", {}),
            ("OPTIONS", {}),
            ("PROPFIND", {"data": "x"}),
        ]
    ],
    (
        "the caller's Cookie field",
        {"cookies": {"s": "1"}},
        [call("GET", A, to(302, "/b"), OK, headers={"cookie": "mine=1", "Z": "2"})],
    ),
    (
        "the caller's Content-Type",
        {"cookies": {"s": "1"}},
        [call("POST", A, OK, json={}, headers={"content-type": "x", "Z": "2"})],
    ),
    (
        "cookies of the call",
        {"cookies": {"s": "1"}},
        [
            call(
                "GET", A, to(302, "/b", COOKIE), to(302, "/c", ("Set-Cookie", "k=w")), OK, cookies={"c": "1"}
            ),
            call("GET", A, OK),
        ],
    ),
    (
        "cookies of the call, the session's of the same name",
        {"cookies": {"c": "s"}},
        [call("GET", A, to(302, "/b"), OK, cookies={"c": "call"})],
    ),
    (
        "cookies of a redirect, none before",
        {},
        [call("GET", A, to(302, "/b", COOKIE), OK), call("GET", A, OK)],
    ),
    (
        "a cookie taken away by a redirect",
        {},
        [
            call("GET", A, reply(200, COOKIE)),
            call("GET", A, to(302, "/", ("Set-Cookie", "k=; Max-Age=0")), OK),
        ],
    ),
    ("cookies by path", {}, [call("GET", A + "/x/a", to(302, "/y", ("Set-Cookie", "k=v; Path=/y")), OK)]),
    (
        "cookies by domain",
        {},
        [
            call("GET", A, reply(200, ("Set-Cookie", "k=v; Domain=a.test"))),
            call("GET", B, to(302, "http://w.a.test/"), OK),
        ],
    ),
    ("basic on the same host", {}, [call("GET", A, to(302, "/b"), OK, auth=BASIC)]),
    ("basic to another host and back", {}, [call("GET", A, to(302, B), to(302, A), OK, auth=BASIC)]),
    ("basic to another port", {}, [call("GET", A, to(302, A + ":81/"), OK, auth=BASIC)]),
    ("basic to https", {}, [call("GET", A, to(302, "https://a.test/"), OK, auth=BASIC)]),
    ("basic from https", {}, [call("GET", "https://a.test/", to(302, A), OK, auth=BASIC)]),
    ("basic to the same port, named", {}, [call("GET", A, to(302, A + ":80/"), OK, auth=BASIC)]),
    ("the session's basic", {"auth": BASIC}, [call("POST", A, to(307, "/b"), OK, **FORM)]),
    (
        "the caller's Authorization field",
        {},
        [call("GET", A, to(302, "/b"), to(302, B), OK, headers={"authorization": "mine", "X-Api-Key": "k"})],
    ),
    (
        "basic in the place of the caller's field",
        {},
        [call("GET", A, OK, auth=BASIC, headers={"authorization": "mine", "Z": "1"})],
    ),
    ("credentials in the URL", {}, [call("GET", "http://u%20:p@a.test/", to(302, "/b"), to(302, B), OK)]),
    (
        "a password alone, a user alone",
        {},
        [call("GET", "http://:p@a.test/", OK), call("GET", "http://u@a.test/", OK)],
    ),
    (
        "netrc",
        {"netrc": "machine a.test login n password q"},
        [
            call("GET", A, to(302, B), to(302, A), OK),
            call("GET", A, OK, headers={"authorization": "mine", "Z": "1"}),
            call("GET", "http://u:p@a.test/", OK),
        ],
    ),
    (
        "netrc and basic",
        {"netrc": "machine a.test login n password q"},
        [call("GET", A, to(302, "/b"), OK, auth=BASIC)],
    ),
    (
        "netrc of the other host",
        {"netrc": "machine b.test login n password q"},
        [call("PATCH", A, to(301, B), OK, auth=BASIC, json={})],
    ),
    (
        "digest",
        {"auth": ["digest", "u", "p"], "cookies": {"s": "1"}},
        [
            call("POST", A + "/a", refused(), OK, data="x"),
            call("GET", A + "/c?d=e", OK),
            call("GET", A + "/f", refused(), OK),
        ],
    ),
    (
        "digest with a cookie",
        {"auth": ["digest", "u", "p"]},
        [call("POST", A, refused(DIGEST, COOKIE), OK, data="x")],
    ),
    (
        "digest, a new nonce",
        {"auth": ["digest", "u", "p"]},
        [
            call("GET", A, refused(), OK),
            call("GET", A, refused(DIGEST.replace('"n"', '"m"')), OK),
            call("GET", A, OK),
        ],
    ),
    ("digest refused", {}, [call("GET", A, refused(), refused(), auth=["digest", "u", "p"])]),
    (
        "digest, then a redirect",
        {},
        [call("POST", A, refused(), to(307, "/b"), refused(), OK, auth=["digest", "u", "p"], data="x")],
    ),
    (
        "a redirect, then digest",
        {},
        [call("GET", A, to(302, "/b"), refused(), OK, auth=["digest", "u", "p"])],
    ),
    (
        "digest known, then a redirect",
        {"auth": ["digest", "u", "p"]},
        [call("GET", A, refused(), OK), call("GET", A, to(302, "/b"), refused(), OK)],
    ),
    (
        "digest in another refusal",
        {},
        [
            call("GET", A, reply(403, ("WWW-Authenticate", DIGEST)), OK, auth=["digest", "u", "p"]),
            call("GET", A, reply(500, ("WWW-Authenticate", DIGEST)), auth=["digest", "u", "p"]),
        ],
    ),
    *[
        (
            f"digest challenge {challenge}",
            {},
            [call("GET", A + "/p?q=1", refused(challenge), OK, auth=["digest", "ü", "p:w"])],
        )
        for challenge in [
            'Digest realm="r", nonce="n"',
            'digest realm="r",nonce="n",qop=auth',
            'DIGEST realm="a b", nonce="n", opaque="o"',
            'Digest realm="r", nonce="n", algorithm=MD5',
            'Digest realm="r", nonce="n", algorithm=md5-sess, qop="auth"',
            'Digest realm="r", nonce="n", algorithm="SHA", qop="auth"',
            'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
            'Digest realm="r", nonce="n", algorithm=SHA-512, qop="auth,auth-int"',
            'Digest realm="\xe9", nonce="n"',
            'Basic realm="b", Digest realm="r", nonce="n"',
            'Digest realm="r", nonce="n", Basic realm="b"',
            'Digest realm="r", nonce="n", algorithm=SHA-256, Digest realm="r", nonce="m", algorithm=MD5',
            'Digest realm="q\\"q, r", nonce="n\\\\", opaque=""',
            'Digest realm="r", nonce="n", stale=true, domain="/a /b"',
            'Digest realm="r", nonce="n", algorithm=X',
            'Digest realm="r", nonce="n", qop="auth-int"',
        ]
    ],
    ("another challenge", {}, [call("GET", A, refused('Basic realm="r"'), auth=["digest", "u", "p"])]),
    ("basic is not sent again", {}, [call("GET", A, refused('Basic realm="r"'), auth=BASIC)]),
    (
        "locations",
        {},
        [
            call(
                "GET",
                A + "/x/y?z#f",
                *[
                    to(302, location)
                    for location in [
                        "c",
                        "../d",
                        "//b.test/e",
                        "HTTP://B.test/F",
                        "?q=1",
                        "#g",
                        "/h i",
                        "/\xc3\xa9",
                        "/%zz",
                        A + "/j#k",
                    ]
                ],
                OK,
            )
        ],
    ),
    ("two Locations", {}, [call("GET", A, reply(302, ("Location", "/b"), ("Location", "/c")), OK)]),
    (
        "as many redirects as allowed",
        {"max_redirects": 2},
        [call("GET", A, to(302, "/b"), to(302, "/c"), OK)],
    ),
    (
        "too many redirects",
        {"max_redirects": 2},
        [call("GET", A, to(302, "/b"), to(302, "/c"), to(302, "/d"))],
    ),
    ("no redirects at all", {"max_redirects": 0}, [call("GET", A, to(302, "/b"))]),
    ("another scheme", {}, [call("GET", A, to(302, "ftp://a.test/"))]),
    (
        "not followed",
        {"cookies": {"s": "1"}},
        [
            call("POST", A, to(302, "/b", COOKIE), data="x", auth=BASIC, allow_redirects=False),
            call("GET", A, OK, allow_redirects=False),
        ],
    ),
    (
        "a Host field",
        {},
        [
            call("GET", A, reply(200, ("Set-Cookie", "k=v; Domain=v.test")), headers={"Host": "w.v.test"}),
            call("GET", A, to(302, "/b"), OK, headers={"Host": "w.v.test", "X": "1"}),
        ],
    ),
    (
        "a proxy",
        {"proxies": {"http": "http://u:p@proxy.test:3128"}},
        [call("GET", A, to(302, B), OK, auth=BASIC)],
    ),
    (
        "a proxy for one host",
        {"proxies": {"http://b.test": "http://proxy.test:3128"}},
        [call("GET", A, to(302, B), OK)],
    ),
    (
        "the caller's Proxy-Authorization",
        {"proxies": {"http": "http://proxy.test:3128"}},
        [call("GET", A, to(302, "/b"), OK, headers={"proxy-authorization": "mine", "Z": "1"})],
    ),
    (
        "a status tried again",
        {"retry": {"total": 3, "status_forcelist": [500]}},
        [
            call("GET", A, reply(500, COOKIE), reply(500), OK),
            call("POST", A, reply(500), data="x"),
            call("GET", A, to(302, "/b"), reply(500), reply(500), reply(500), OK),
        ],
    ),
    (
        "Retry-After",
        {"retry": {"total": 2}},
        [
            call("GET", A, reply(503, ("Retry-After", "0")), OK),
            call("GET", A, reply(503)),
            call("GET", A, reply(500, ("Retry-After", "0"))),
        ],
    ),
    (
        "retries used up",
        {"retry": {"total": 1, "status_forcelist": [500]}},
        [call("GET", A, reply(500), reply(500))],
    ),
    (
        "retries used up, not raised",
        {"retry": {"total": 1, "status_forcelist": [500], "raise_on_status": False}},
        [call("GET", A, reply(500), reply(500))],
    ),
    (
        "a redirect status tried again",
        {"retry": {"total": 1, "status_forcelist": [302]}},
        [call("GET", A, to(302, "/b"), to(302, "/b"))],
    ),
    ("no Retry-After without being asked", {}, [call("GET", A, reply(503, ("Retry-After", "0")))]),
]


# Where martlet does otherwise on purpose; tests/exchange_table.rs says what, beside what requests does.
STRICTER: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    (
        "cookies of the call stay at the first origin",
        {},
        [call("GET", A, to(302, B), to(302, A), OK, cookies={"c": "1"})],
    ),
    (
        "the session's cookies without a domain stay at the first origin",
        {"cookies": {"s": "1"}},
        [call("GET", A, to(302, B), OK)],
    ),
    (
        "away from the first origin cookies go by the real host",
        {},
        [
            call("GET", A, reply(200, COOKIE)),
            call("GET", B, to(302, "http://c.test/"), OK, headers={"Host": "a.test"}),
        ],
    ),
    (
        "digest does not answer another origin",
        {},
        [call("GET", A, to(302, B), refused(), OK, auth=["digest", "u", "p"])],
    ),
    (
        "a digest challenge belongs to the origin that sent it",
        {"auth": ["digest", "u", "p"]},
        [call("GET", A, refused(), OK), call("GET", B, OK)],
    ),
    (
        "a cookie that comes with a challenge goes into the answer",
        {"cookies": {"s": "1"}, "auth": ["digest", "u", "p"]},
        [call("GET", A, refused(DIGEST, COOKIE), OK)],
    ),
    (
        "digest signs the request target",
        {},
        [call("GET", A + "/a;b?c", refused('Digest realm="r", nonce="n"'), OK, auth=["digest", "u", "p"])],
    ),
]


class Server:
    """Records what it gets, answers what it was told; one reply per connection."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.replies: list[Reply] = []
        self.sent: list[dict[str, Any]] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rb") as stream:
                self.answer(connection, stream)

    def answer(self, connection: socket.socket, stream: Any) -> None:
        line = stream.readline().decode("latin-1").split(" ")
        fields = []
        while (field := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = field.partition(": ")
            fields.append([name, value])
        lengths = [int(value) for name, value in fields if name.lower() == "content-length"]
        body = stream.read(sum(lengths)).decode()
        self.sent.append({"method": line[0], "target": line[1], "fields": fields, "body": body})
        reply = self.replies.pop(0)
        head = f"HTTP/1.1 {reply['status']} X\r\nContent-Length: 0\r\nConnection: close\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply["fields"])
        connection.sendall(head.encode("latin-1") + b"\r\n")


class ClearConnection(HTTPConnection):
    default_port = 443  # type: ignore[misc]


class ClearPool(HTTPConnectionPool):
    """What answers for https: the same in the clear."""

    scheme = "https"
    ConnectionCls = ClearConnection

    def __init__(self, host: str, port: int | None = None, **more: Any) -> None:
        tls = {name for name in more if name.startswith(("cert", "ca_", "ssl", "assert", "key"))}
        super().__init__(host, port, **{name: value for name, value in more.items() if name not in tls})


def main() -> None:
    server = Server()
    address = server.socket.getsockname()
    connect = socket.create_connection
    urllib3.util.connection.create_connection = lambda *_args, **_more: connect(address)
    requests.auth.os = SimpleNamespace(urandom=bytes)  # the same nonces every time
    requests.auth.time = SimpleNamespace(ctime=str)
    table: dict[str, Any] = {"made by": "tests/tables/make_exchanges.py", "requests": requests.__version__}
    for kind, cases in [("cases", CASES), ("stricter", STRICTER)]:
        table[kind] = [
            {"name": name, "session": session, "calls": run(server, session, calls)}
            for name, session, calls in cases
        ]
    PLACE.write_text(json.dumps(table).replace('}, {"name"', '},\n{"name"') + "\n")


def run(server: Server, setting: dict[str, Any], calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.NamedTemporaryFile("w") as netrc:
        netrc.write(setting.get("netrc", ""))
        netrc.flush()
        os.environ["NETRC"] = netrc.name
        session = requests.Session()
        session.trust_env = "netrc" in setting
        session.auth = credentials(setting.get("auth"))
        session.max_redirects = setting.get("max_redirects", 30)
        session.proxies = setting.get("proxies", {})
        for name, value in setting.get("cookies", {}).items():
            session.cookies.set(name, value)
        for prefix in ("http://", "https://"):
            retry = Retry(**setting["retry"]) if "retry" in setting else 0
            adapter = HTTPAdapter(max_retries=retry)
            adapter.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": ClearPool}
            session.mount(prefix, adapter)
        return [dict(one, **outcome(server, session, one)) for one in calls]


def outcome(server: Server, session: requests.Session, call: dict[str, Any]) -> dict[str, Any]:
    """Sends one call; what was prepared, what was sent, what came of it."""
    given = {name: call[name] for name in ("headers", "data", "json") if name in call}
    headers = requests.models.CaseInsensitiveDict(session.headers)
    headers.update(call.get("headers", {}))
    bare = requests.Request(call["method"], call["url"], **{**given, "headers": headers}).prepare()
    if bare.headers.get("Authorization") != headers.get("Authorization"):  # of the URL
        del bare.headers["Authorization"]
    prepared = {
        "url": bare.url,
        "fields": [list(field) for field in bare.headers.items()],
        "computed": len(bare.headers) - len(headers),
        "body": bare.body.decode() if isinstance(bare.body, bytes) else bare.body,
    }
    server.replies, server.sent = list(call["replies"]), []
    follow = call.get("allow_redirects", True)
    more = {"auth": credentials(call.get("auth")), "cookies": call.get("cookies"), "allow_redirects": follow}
    try:
        response = session.request(call["method"], call["url"], **given, **more)
        result: dict[str, Any] = seen(response)
        if response.next is not None:
            result["next"] = [response.next.method, response.next.url]
            result["next fields"] = [list(field) for field in response.next.headers.items()]
    except requests.RequestException as error:
        result = {"error": type(error).__name__, "message": str(error)}
        if error.response is not None:
            result["response"] = seen(error.response)
    assert len(server.sent) + len(server.replies) == len(call["replies"])
    return {"prepared": prepared, "sent": server.sent, "result": result}


def seen(response: requests.Response) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "url": response.url,
        "history": [hop.status_code for hop in response.history],
    }


def credentials(given: list[str] | None) -> Any:
    if given is None:
        return None
    kind, user, password = given
    return HTTPDigestAuth(user, password) if kind == "digest" else (user, password)


if __name__ == "__main__":
    main()
