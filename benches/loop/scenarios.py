"""What is done while the loop's lag is measured: a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

MB = 1024 * 1024
IN_FLIGHT = 10_000


@dataclass(frozen=True)
class Scenario:
    key: str
    title: str
    method: str  # of the clients: body, json, text, lines, upload
    path: str  # what each request asks the server for
    warm: str  # the same in small, asked for once before anything is measured
    expected: int = 0  # the length of what comes back: bytes, rows, lines; 0: of that text
    count: int = 1  # requests, all at once
    scheme: str = "http"
    names: bool = False  # each to another host name
    memory: bool = False  # resident memory is measured while all of them wait


DOCUMENT = 23_000_000  # bytes; of gzip 5 MB
ROWS = 116_000  # of JSON, together as long
LINES = 1_000_000
LINE = 100  # bytes, its end included
UPLOAD = 200 * MB
LARGE = f"/bytes/{50 * MB}"
GATE = f"/gate/{IN_FLIGHT}?hold=1"
WAITING = Scenario("in-flight", "10,000 in flight, HTTP", "body", GATE, "/bytes/4", 4, IN_FLIGHT, memory=True)

SCENARIOS = (
    Scenario("downloads", "4 downloads of 50 MB at once", "body", LARGE, "/bytes/9", 50 * MB, 4),
    Scenario("json", "5 MB of gzip, 23 MB of JSON", "json", "/loop/json", "/loop/json-small", ROWS),
    Scenario("text-utf8", "23 MB of text in UTF-8, to be guessed", "text", "/loop/utf8", "/loop/utf8-small"),
    Scenario(
        "text-sjis", "23 MB of text in Shift-JIS, to be guessed", "text", "/loop/sjis", "/loop/sjis-small"
    ),
    Scenario("tls", "500 new TLS connections", "body", "/loop/close", "/loop/close", 5, 500, "https"),
    Scenario("names", "1,000 host names to resolve", "body", "/bytes/99", "/bytes/99", 99, 1000, names=True),
    WAITING,
    replace(WAITING, key="in-flight-tls", title="10,000 in flight, HTTPS", scheme="https"),
    Scenario("upload", "200 MB sent from a file", "upload", "/swallow", "/swallow", UPLOAD),
    Scenario("lines", "100 MB read by lines", "lines", "/loop/lines", "/loop/lines-small", LINES),
)
