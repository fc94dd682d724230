"""Writes crates/martlet-proto/tests/tables/cookies.json: what http.cookiejar does, through requests' jar.

Run it with requests installed: ``python tests/tables/make_cookies.py [corpora]``; of the IETF's http-state
corpus in ``corpora/cookies`` only names and outcomes are written. The clock stands still at NOW. Each case is
a list of replies (URL, Set-Cookie fields) and of requests (URL) with the Cookie header each of them gets; the
jar's content is written too. Under "stricter" are those in which martlet does otherwise on purpose.
"""

from __future__ import annotations

import json
import random
import sys
import time
from email.message import Message
from http import cookiejar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header

NOW = 1_700_000_000
PLACE = Path(__file__).parents[2] / "crates/martlet-proto/tests/tables/cookies.json"
Step = tuple[str, list[str]]

HTTP = "http://www.example.test/a/b/c?q=/x"
HTTPS = "https://www.example.test/a/b/c"
TARGETS = [HTTP, HTTPS, "http://www.example.test/", "http://example.test/a/b", "http://other.test/a/b/c"]

VALUES = [
    "n=v", "n", "n=", "=v", "=", "", ";", "; n=v", " n = v ", "n=v=w", 'n="a b"', 'n="a;b"', 'n="a\\"b"',
    'n=a"b', "n=v;", "n=v; ;", "n=v; =x", "n=v; =", "n=v;Secure", "n=v; secure=", "n=v; secure=no",
    "n=v; SECURE; Secure=", "n=v; HttpOnly",
    "n=v; httponly; SameSite=Lax; SAMESITE=x; samesite=y; samesite=z", "n=v; Foo; foo=1; foo=2",
    "n=v; Discard", "n=v; discard=; max-age=9", "n=v; Comment=hi; CommentURL=http://c.test; comment=two",
    "n=v; comment", "$n=v", "n=v, m=w", "n=\xe9", "\xa0n\x85=\x1cv\x1f", "n=v; path=/\xe9",
    "n=v; Version=1", 'n=v; Version="1"', "n=v; version=0", "n=v; version=2", "n=v; version",
    "n=v; version=", "n=v; version=x", "n=v; version=1; version=2", "n=v; path", "n=v; path=",
    "n=v; path=/", "n=v; path=/a", "n=v; path=/a/", "n=v; path=/a/b", "n=v; path=/a/b/c",
    "n=v; path=/a/b/c/d", "n=v; path=/a/b/", "n=v; path=a", "n=v; path=/b", "n=v; path=/a; path=/b",
    "n=v; path=/A", "n=v; path=/a%2fb", "n=v; path=/%7e", "n=v; path=/a b", 'n=v; path="/a"',
    "n=v; PATH=/a", "n=v; domain", "n=v; domain=", "n=v; domain=.", "n=v; domain=www.example.test",
    "n=v; domain=.www.example.test", "n=v; domain=example.test", "n=v; domain=.example.test",
    "n=v; domain=EXAMPLE.test", "n=v; domain=..example.test", "n=v; domain=example.test.",
    "n=v; domain=test", "n=v; domain=.test", "n=v; domain=xample.test", "n=v; domain=a.www.example.test",
    "n=v; domain=other.test", "n=v; domain=example.test; domain=other.test",
    "n=v; domain=other.test; domain=example.test", "n=v; domain=example.test; domain",
    "n=v; domain=example.test:80", "n=v; max-age=0", "n=v; max-age=-1", "n=v; max-age=1",
    "n=v; max-age=+10", "n=v; max-age= 10 ", "n=v; max-age=1_0", "n=v; max-age=1__0", "n=v; max-age=",
    "n=v; max-age=x", "n=v; max-age=1.5", 'n=v; max-age="10"', "n=v; MAX-AGE=10",
    "n=v; max-age=5; max-age=10", "n=v; max-age=5; max-age=0",
    "n=v; max-age=10; expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "n=v; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=10", "n=v; expires", "n=v; expires=",
    "n=v; expires=x", "n=v; expires=x; expires=Wed, 14 Nov 2040 00:00:00 GMT",
    "n=v; expires=Wed, 14 Nov 2040 00:00:00 GMT; expires=x", "n=v; expires=Tue, 14 Nov 2023 22:13:20 GMT",
    "n=v; expires=Tue, 14 Nov 2023 22:13:21 GMT", 'n=v; expires="Tue, 14 Nov 2030 22:13:21 GMT"',
    "n=v; port", 'n=v; port="80"', "n=v; port=80", "n=v; port=80,443", "n=v; port=443", "n=v; port=x",
    "n=v; port=", "n=v; port= 80 , 8080 ",
]  # fmt: skip

DATES = [
    "Wed, 09 Feb 2094 22:23:32 GMT", "Tuesday, 08-Feb-94 14:15:29 GMT", "Tuesday, 08-Feb-2094 14:15:29 GMT",
    "09 Feb 2094 22:23:32 GMT", "08-Feb-94 14:15:29 GMT", "08-Feb-2094 14:15:29 GMT",
    "Sun Nov  6 08:49:37 2094", "Sun, 06 Nov 2094", "6/11/2094", "06-11-94", "6 Nov 73", "6 Nov 74",
    "6 Nov 23", "6 Nov 500", "6 Nov 999", "6 Nov 9999", "6 Nov 10000", "Mon, 09 Feb 0094 22:23:32 GMT",
    "Mon, 9 Feb 0094 22:23:32 GMT", "6 nov 2094 24:00", "6 NOV 2094 25:00", "6 Nov 2094 1:2",
    "6 Nov 2094 1:02", "6 Nov 2094 1:02:3", "6 Nov 2094 1:02:03", "6 Nov 2094:1:02:03",
    "6 Nov 2094 1:02:61", "6 Nov 2094 1:02:62", "6 Nov 2094 1:60", "6 Nov 2094 +0100", "6 Nov 2094 -01:00",
    "6 Nov 2094 1:00 -0130", "6 Nov 2094 1:00-0130", "6 Nov 2094 1:00 +130", "6 Nov 2094 1:00 +1",
    "6 Nov 2094 1:00 01", "6 Nov 2094 1:00 +01300", "6 Nov 2094 1:00 gmt", "6 Nov 2094 1:00 UT",
    "6 Nov 2094 1:00 Z", "6 Nov 2094 1:00 EST", "6 Nov 2094 1:00 PM", "6 Nov 2094 1:00 (GMT)",
    "6 Nov 2094 1:00 GMT (x)", "6 Nov 2094 1:00 GMT (x y)", "6 Nov 2094 1:00 GMT ()", "31 Feb 2094",
    "32 Jan 2094", "0 Jan 2094", "1 13 2094", "1 0 2094", "1 Foo 2094", "1Jan2094", "1 Jan2094",
    "001 Jan 2094", "Wednesday 1 Jan 2094", "Wedxx,1 Jan 2094", "Wed,,1 Jan 2094", "Wed1 Jan 2094",
    " Wed, 1 Jan 2094 ", "1\tJan\t2094", "1-Jan/2094", "1--Jan-2094", "Thu, 01 Jan 1970 00:00:00 GMT",
    "Wed, 31 Dec 1969 23:59:59 GMT", "29 Feb 2096 23:59:59", "1 Jan 2094 00:00:00 GMT;x", "1 Jan 20941:00",
    "1 Jan 2094 10:0000",
]  # fmt: skip

SEQUENCES: list[tuple[list[Step], list[str]]] = [
    ([(HTTP, ["a=1", "b=2", "a=3"])], TARGETS),
    ([(HTTP, ["a=1; path=/", "b=2; path=/a", "c=3; path=/a/b/c", "d=4; path=/"])], TARGETS),
    (
        [(HTTP, ["a=1; path=/a/b"]), (HTTPS, ["b=2; domain=example.test; path=/a/b", "c=3; path=/a/b"])],
        TARGETS,
    ),
    ([(HTTP, ["a=1; path=/", "a=2; path=/a", "a=3"])], TARGETS),
    ([(HTTP, ["a=1", "a=; max-age=0"])], TARGETS),
    ([(HTTP, ["a=; max-age=0", "a=1"])], TARGETS),
    ([(HTTP, ["a=1", "b=2"]), (HTTP, ["a=; max-age=0"]), (HTTP, ["a=9"])], TARGETS),
    ([(HTTP, ["a=1; path=/"]), (HTTP, ["a=x; max-age=0"])], TARGETS),
    (
        [
            (HTTP, ["a=1; domain=example.test"]),
            (HTTP, ["a=2"]),
            (HTTP, ["a=x; domain=.example.test; max-age=0"]),
        ],
        TARGETS,
    ),
    (
        [("http://127.0.0.1:8080/", ["a=1", "b=2; domain=127.0.0.1"])],
        ["http://127.0.0.1/", "http://127.0.0.1:9/"],
    ),
    (
        [("http://[::1]:8080/", ["a=1", "b=2; domain=[::1]", "c=3; domain=::1"])],
        ["http://[::1]/", "https://[::1]:9/"],
    ),
    (
        [
            (
                "http://localhost:8080/",
                ["a=1", "b=2; domain=localhost", "c=3; domain=.localhost", "d=4; domain=local"],
            )
        ],
        ["http://localhost/", "http://host/", "http://localhost.local/", "http://x.localhost/"],
    ),
    (
        [("http://localhost/", ["a=1; domain=", "b=2; domain=."])],
        ["http://localhost/", "http://x.localhost/", "http://other/"],
    ),
    (
        [("http://host.local/", ["a=1", "b=2; domain=local", "c=3; domain=host.local"])],
        ["http://host/", "http://host.local/"],
    ),
    ([("https://www.example.test/", ["a=1; secure", "b=2; port", "c=3; port=80", "d=4; port=443"])], TARGETS),
    (
        [("https://www.example.test:8443/", ["a=1; port", "b=2; port=8443"])],
        [*TARGETS, "https://www.example.test:8443/"],
    ),
    (
        [
            ("http://www.example.test", ["a=1"]),
            ("http://www.example.test/x", ["b=2"]),
            ("http://www.example.test/x/", ["c=3"]),
        ],
        ["http://www.example.test/x", "http://www.example.test/x/", "http://www.example.test/x/y"],
    ),
    (
        [("http://www.example.test/a;p/b;q?x", ["a=1"]), ("http://www.example.test/%7Ea/%2f/b", ["b=2"])],
        ["http://www.example.test/a;p/", "http://www.example.test/~a/%2F/x", "http://www.example.test/a"],
    ),
    ([("http://www.example.test/a/b", ["a=1; version=1", "b=2; version=1; path=/a"])], TARGETS),
]

# Input of a case, what martlet does instead, and why.
STRICTER: list[tuple[str, list[Step], list[str]]] = [
    (
        "a cookie without Domain goes to its own host alone",
        [("http://example.test/", ["a=1"])],
        ["http://www.example.test/", "http://example.test/"],
    ),
    (
        "a Domain that is a public suffix is refused",
        [("http://www.example.co.uk/", ["a=1; domain=co.uk"])],
        ["http://evil.co.uk/", "http://www.example.co.uk/"],
    ),
    (
        "a Domain that is a private suffix is refused",
        [("http://me.github.io/", ["a=1; domain=github.io"])],
        ["http://you.github.io/"],
    ),
    (
        "the tail of an IP address is no domain",
        [("http://127.0.0.1/", ["a=1; domain=0.0.1"])],
        ["http://127.0.0.1/", "http://9.0.0.1/"],
    ),
    (
        "an unknown Version does not switch the check of Domain off",
        [("http://evil.test/", ["a=1; version=-1; domain=victim.test"])],
        ["http://www.victim.test/"],
    ),
    (
        "a site cannot take another one's cookie away",
        [
            ("http://victim.test/", ["a=1; domain=victim.test"]),
            ("http://evil.test/", ["a=; domain=victim.test; max-age=0"]),
        ],
        ["http://victim.test/"],
    ),
    ("a cookie may have 4096 bytes", [(HTTP, ["a=" + "x" * 4096])], [HTTP]),
    (
        "one Max-Age without a value does not spoil the other cookies of the reply",
        [(HTTP, ["a=1", "b=2; max-age"])],
        [HTTP],
    ),
]


def main() -> None:
    """Runs all cases and writes the table."""
    time.time = lambda: float(NOW)  # type: ignore[assignment]
    cookiejar._warn_unhandled_exception = lambda: None  # type: ignore[attr-defined]
    cases = [run([(HTTP, [value])], TARGETS) for value in VALUES]
    cases += [run([(HTTP, [value])], TARGETS) for value in made_up(400)]
    cases += [run(*sequence) for sequence in SEQUENCES]
    table = {
        "made by": "tests/tables/make_cookies.py",
        "requests": requests.__version__,
        "now": NOW,
        "dates": [[text, cookiejar.http2time(text)] for text in DATES],
        "cases": cases,
        "stricter": [{"rule": rule, **run(steps, targets)} for rule, steps, targets in STRICTER],
        "corpus": corpus(Path(sys.argv[1])) if sys.argv[1:] else json.loads(PLACE.read_text())["corpus"],
    }
    PLACE.write_text(json.dumps(table, indent=None, ensure_ascii=True).replace("}, {", "},\n{") + "\n")


def made_up(count: int) -> list[str]:
    """Fields put together at random from pieces that matter; the same ones every time."""
    dice = random.Random(2109)
    attributes = [value.split(";", 1)[1].strip() for value in VALUES if ";" in value[1:]]
    attributes = [piece for piece in attributes if piece and "version=-" not in piece and piece != "max-age"]
    attributes += [f"expires={date}" for date in DATES if ";" not in date]
    heads = ["n=v", "n", "m=w", " n=1 ", 'n="x"', "n=a=b", "k=\xfc"]
    separators = [";", "; ", " ; ", ";;", ";\t"]
    fields = []
    for _ in range(count):
        pieces = [dice.choice(heads), *dice.choices(attributes, k=dice.randint(1, 4))]
        field = pieces[0]
        for piece in pieces[1:]:
            field += dice.choice(separators) + dice.choice([piece, piece, piece.upper(), piece.title()])
        fields.append(field)
    return fields


def corpus(folder: Path) -> dict[str, str | None]:
    """What is sent in each case of the IETF's http-state corpus."""
    home = "http://home.example.org:8888"
    sent = {}
    for case in json.loads((folder / "cookies/http-state-parser.json").read_text()):
        name = case["test"]
        target = case.get("sent-to", f"/cookie-parser-result?{name}")
        target = home + target if target.startswith("/") else target
        received = [field.encode().decode("latin-1") for field in case["received"]]
        sent[name] = run([(f"{home}/cookie-parser?{name}", received)], [target])["sent"][0][1]
    return sent


def run(steps: list[Step], targets: list[str]) -> dict[str, Any]:
    """One case: the jar after the steps, and what is then sent to each target."""
    jar = RequestsCookieJar()
    for url, fields in steps:
        reply = Message()
        for field in fields:
            reply["Set-Cookie"] = field
        original = SimpleNamespace(msg=reply)
        extract_cookies_to_jar(jar, prepared(url), SimpleNamespace(_original_response=original))
    sent = [[target, get_cookie_header(jar, prepared(target))] for target in targets]
    return {"steps": steps, "sent": sent, "jar": [vars(cookie) for cookie in jar]}


def prepared(url: str) -> requests.PreparedRequest:
    """A prepared GET of the URL."""
    return requests.Request("GET", url).prepare()


if __name__ == "__main__":
    main()
