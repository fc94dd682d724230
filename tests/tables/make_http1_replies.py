"""Asks the real requests (2.34.2) what it makes of replies, good and odd, and writes it down.

Each reply is served on loopback and the connection then closed. An entry holds what requests shows (status,
version, reason, header fields, body, whether http.client would close the connection) or the exception it
raises. The table is `http1_replies.json` of martlet-proto. `--corpora DIR` also writes `http1_corpora.json`:
the outcomes, in short, for the public replies of DIR/http1, under their names; these stay where they are.

Run it with requests installed: ``python tests/tables/make_http1_replies.py [--corpora DIR]``.
"""

import argparse
import json
import re
import socket
import threading
from pathlib import Path

import requests
from urllib3.connection import _OBSOLETE_FOLD_RE

TABLES = Path(__file__).parents[2] / "crates/martlet-proto/tests/tables"
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 5\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def many(count: int) -> bytes:
    return b"".join(b"X-%d: 1\r\n" % number for number in range(count))


# name -> (method, reply)
CASES: dict[str, tuple[str, bytes]] = {}


def add(group: str, before: bytes, variants: list[bytes], after: bytes, method: str = "GET") -> None:
    """One case per variant, named after it: the reply is the variant between `before` and `after`."""
    for variant in variants:
        name = f"{group}: {variant.decode('latin-1')}"
        assert name not in CASES, name
        CASES[name] = (method, before + variant + after)


STATUS_LINES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1  200  OK  then",
    b"HTTP/1.1\t200\tOK",
    b"HTTP/1.1\x0b200\x0cOK",
    b" HTTP/1.1 200 OK",
    b"HTTP/1.1 200 OK  ",
    b"HTTP/1.1 404 Nicht gefunden: \xfc",
    b"HTTP/1.1 200 \xe2\x9c\x93",
    b"HTTP/1.1 200 a\x00b",
    b"HTTP/1.1 200 a\rb",
    b"HTTP/1.1\r200 OK",
    b"HTTP/1.1 200\x01OK",
    b"HTTP/1.1 200 a\x01b",
    b"HTTP/1.1 200OK",
    b"HTTP/1.1 0200 OK",
    b"HTTP/1.1 +200 OK",
    b"HTTP/1.1 2_00 OK",
    b"HTTP/1.1 099 OK",
    b"HTTP/1.1 99 OK",
    b"HTTP/1.1 000 OK",
    b"HTTP/1.1 999 OK",
    b"HTTP/1.1 1000 OK",
    b"HTTP/1.1 65736 OK",
    b"HTTP/1.1 -200 OK",
    b"HTTP/1.1 2x0 OK",
    b"HTTP/1.1 OK",
    b"HTTP/1.1",
    b"HTTP/1.1 ",
    b"HTTP/1.0 200 OK",
    b"HTTP/0.9 200 OK",
    b"HTTP/1.2 200 OK",
    b"HTTP/1. 200 OK",
    b"HTTP/1.10 200 OK",
    b"HTTP/1.x 200 OK",
    b"HTTP/1 200 OK",
    b"HTTP/2 200 OK",
    b"HTTP/2.0 200 OK",
    b"HTTP/ 200 OK",
    b"http/1.1 200 OK",
    b"HTTPS/1.1 200 OK",
    b"ICY 200 OK",
    b"",
    b"\r\nHTTP/1.1 200 OK",
    b"200 OK",
    b"SSH-2.0-OpenSSH_9.2",
    b"<html>",
]
FIELD_LINES = [
    b"",
    b"x-lower: 1\r\nX-UPPER: 2\r\nX-mIxEd: 3\r\n",
    b"X-A: 1\r\nSet-Cookie: a=1\r\nX-a: 2\r\nSet-Cookie: b=2\r\n",
    b"X-A:1\r\n",
    b"X-A:\t 1\r\n",
    b"X-A: w  \r\n",
    b"X-A: w\t\r\n",
    b"X-A:\r\n",
    b"X-A:   \r\n",
    b"X-A: a: b\r\n",
    b"X-A: \xe9 \xc3\xa9 \xff\r\n",
    b"X-A: \x01\x0b\x1f\x7f\r\n",
    b"X-A: a\x00b\r\n",
    b"X-A: a\rb\r\n",
    b"X-A: a\rX-B: b\r\n",
    b"X-A: a\r\r\n",
    b"X-A\r: a\r\n",
    b"X-A: 1\n",
    b"X-A: a\r\n b\r\n",
    b"X-A: a  \r\n \t b  \r\n\tc\r\n",
    b"X-A: a\r\n \r\n b\r\n",
    b"X-A: a\r\n \r\n",
    b"X-A:\r\n b\r\n",
    b"X-A: a\n b\r\n",
    b"X-A : 1\r\n",
    b"X-A\t: 1\r\n",
    b"X A: 1\r\n",
    b": 1\r\n",
    b" : 1\r\n",
    b"no colon\r\n",
    b"no colon\r\n and more\r\n",
    b"X-\xe9: 1\r\n",
    b"X-\x01: 1\r\n",
    b'X-("@[]{}/?=,;<>\\): 1\r\n',
    b"X_A: 1\r\n",
    b"From me\r\n",
    b"From: me\r\n",
]
SECTIONS = [b"\r\n X-A: 1\r\nX-B: 2\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n", b"\nX-A: 1\n\n"]
CUT = [
    b"",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"HT",
    b"HTTP/1.1 200 OK",
    OK,
    OK + b"X-A: 1",
    OK + b"X-A: 1\r\n",
]
CONTENT_LENGTHS = [
    b"Content-Length: 8\r\n",
    b"Content-Length: 8,8\r\n",
    b"Content-Length: 8 , 8\r\n",
    b"Content-Length: 8\r\nContent-Length: 8\r\n",
    b"Content-Length: 8\r\nContent-length: 08\r\n",
    b"Content-Length: 8\r\nContent-Length: 7\r\n",
    b"Content-Length: 7\r\nContent-Length: 8\r\n",
    b"Content-Length: 7, 8\r\n",
    b"Content-Length: 8,\r\n",
    b"Content-Length: ,8\r\n",
    b"Content-Length: 8\r\nContent-Length: \r\n",
    b"Content-Length:\r\n",
    b"Content-Length: 8  \r\n",
    b"Content-Length: eight\r\n",
    b"Content-Length: 8x\r\n",
    b"Content-Length: 0x8\r\n",
    b"Content-Length: -8\r\n",
    b"Content-Length: -0\r\n",
    b"Content-Length: +8\r\n",
    b"Content-Length: 8.0\r\n",
    b"Content-Length: 0_8\r\n",
    b"Content-Length: 8, eight\r\n",
    b"Content-Length: 7\r\n",
    b"Content-Length: 9\r\n",
    b"Content-Length: 18446744073709551615\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: 99999999999999999999999\r\n",
    b"",
]
TRANSFER_ENCODINGS = [
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding: CHUNKED\r\n",
    b"Transfer-Encoding: chunked \r\n",
    b"Transfer-Encoding: \tchunked\r\n",
    b"Transfer-Encoding: identity, chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: chunked, gzip\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding:\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: \x0bchunked\r\n",
    b"Transfer-Encoding: \x0cchunked\r\n",
    b"Transfer-Encoding: chunked;q=1\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
]
CHUNKS = [
    b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    b'5;a=1;b="x y"\r\nhello\r\n0;c\r\n\r\n',
    b"5 \r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5 ;a\r\nhello\r\n0\r\n\r\n",
    b"00000000000000000000005\r\nhello\r\n000\r\n\r\n",
    b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5\nhello\n0\n\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"5\r\nhello world\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"\r\nhello\r\n0\r\n\r\n",
    b";a\r\nhello\r\n0\r\n\r\n",
    b"zz\r\nhello\r\n0\r\n\r\n",
    b"5x\r\nhello\r\n0\r\n\r\n",
    b"5 5\r\nhello\r\n0\r\n\r\n",
    b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    b"5;a\x00b\r\nhello\r\n0\r\n\r\n",
    b"5\r\r\nhello\r\n0\r\n\r\n",
    b"10000000000000000\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    b"0\r\n\n",
    b"0\r\nX-T: 1\r\nX-U: 2\r\n\r\n",
    b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    b"5\r\nhello\r\n0\r\nbroken\r\n\r\n",
    b"5\r\nhello\r\n0\r\n",
    b"5\r\nhello\r\n0\r\nX-T: 1",
    b"5\r\nhello\r\n0",
    b"5\r\nhello\r\n",
    b"5\r\nhello\r",
    b"5\r\nhello",
    b"5\r\nhe",
    b"5\r\n",
    b"5",
    b"",
    b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
]
BODILESS = [
    b"204 No Content\r\nContent-Length: 5\r\n\r\nabcde",
    b"304 Not Modified\r\nContent-Length: 5\r\n\r\nabcde",
    b"304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"101 Switching Protocols\r\nConnection: Upgrade\r\n\r\nabc",
    b"205 Reset Content\r\nContent-Length: 3\r\n\r\nabc",
]
INFORMATIONAL = [b"100 Continue\r\n\r\n", b"100\r\nX-A: 1\r\n\r\n", b"103 Early Hints\r\nLink: </a>\r\n\r\n"]
CONNECTIONS = [
    b"",
    b"Connection: close\r\n",
    b"Connection: Close\r\n",
    b"Connection: keep-alive\r\n",
    b"Connection: Keep-Alive, X-A\r\n",
    b"Connection: x-a, close\r\n",
    b"Connection: x-a\r\nConnection: close\r\n",
    b"Connection: close, keep-alive\r\n",
    b"Connection: not-close\r\n",
    b"Connection: upgrade\r\n",
    b"Keep-Alive: timeout=5\r\n",
    b"Proxy-Connection: keep-alive\r\n",
    b"Proxy-Connection: close\r\n",
]
EMPTY = b"\r\nContent-Length: 0\r\n\r\n"
CHUNKED_BODY = b"\r\n3\r\nabc\r\n0\r\n\r\n"

add("status line", b"", STATUS_LINES, EMPTY)
add("field line", LENGTH, FIELD_LINES, b"X-Last: z\r\n\r\nabcde")
add("section", b"HTTP/1.1 200 OK", SECTIONS, b"abc")
add("field lines", OK, [many(98), many(101), b"X-A: 1\r\n" + b" 1\r\n" * 100], b"\r\n")
add("cut", b"", CUT, b"")
add("length", OK, CONTENT_LENGTHS, b"\r\nabcdefgh")
add("coding", OK, TRANSFER_ENCODINGS, CHUNKED_BODY)
add("coding of 1.0", b"HTTP/1.0 200 OK\r\n", TRANSFER_ENCODINGS[:1], CHUNKED_BODY)
add(
    "coding of kept 1.0",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
    TRANSFER_ENCODINGS[:1],
    CHUNKED_BODY,
)
add("chunks", CHUNKED, CHUNKS, b"")
add("HEAD", OK, CONTENT_LENGTHS[:1] + TRANSFER_ENCODINGS[:1], CHUNKED_BODY, method="HEAD")
add("bodiless", b"HTTP/1.1 ", BODILESS, b"")
add("informational", b"HTTP/1.1 ", INFORMATIONAL, LENGTH + b"\r\nabcde")
add("connection", OK + EMPTY[2:-2], CONNECTIONS, b"\r\n")
add("connection of 1.0", b"HTTP/1.0 200 OK" + EMPTY[:-2], CONNECTIONS, b"\r\n")


class Server:
    """Answers each connection's first request with `reply`, closes, and says when it is done."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.reply = b""
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(self.reply)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass


def outcome(server: Server, method: str, reply: bytes) -> dict:
    server.reply = reply
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.request(
                method, server.url, allow_redirects=False, stream=True, timeout=5
            ) as response:
                original = response.raw._original_response
                shown = {
                    "status": response.status_code,
                    "version": response.raw.version,
                    "reason": response.reason,
                    "headers": [(k, _OBSOLETE_FOLD_RE.sub(" ", v)) for k, v in original.msg.items()],
                    "will_close": original.will_close,
                }
                shown["body"] = response.content.decode("latin-1")
                return shown
        except (requests.RequestException, ValueError) as error:
            message = re.sub(r"port=\d+", "port=0", str(error))
            return {"error": type(error).__name__, "message": message[:160]}


def corpora(folder: Path):
    """The public replies as (name, text), read as `tests/http1.rs` reads them."""

    def load(name):
        return json.loads((folder / f"{name}.json").read_text())

    for number, case in enumerate(load("wpt-content-length")):
        yield f"wpt-content-length {number}", f"HTTP/1.1 200 OK\r\n{case['input']}\r\n\r\n" + "." * 42
    for case in load("wpt-h1-parsing-insertions"):
        yield f"wpt-h1-parsing-insertions {case['id']}", case["response"]
    for number, reply in enumerate(load("wpt-lone-cr")):
        yield f"wpt-lone-cr {number}", reply
    for number, (status, _) in enumerate(load("wpt-status-code")):
        yield f"wpt-status-code {number}", f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"
    for case in load("llhttp-response"):
        if case["file"].startswith("test/response/"):
            yield f"llhttp {case['name']}", unescape(case["input_md"])


def in_short(shown: dict) -> dict:
    """An outcome without the reply's own text: counts for fields and body."""
    if "error" in shown:
        return {"error": shown["error"]}
    counts = {"fields": len(shown["headers"]), "body": len(shown["body"])}
    return {key: shown[key] for key in ("status", "version", "will_close")} | counts


def unescape(text: str) -> str:
    r"""llhttp's notation: line ends are CRLF unless a `\` is before them, `\r \n \t \f \xNN` are bytes."""
    text = text.removesuffix("\n").replace("\\\n", "").replace("\n", "\r\n")
    table = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}
    return re.sub(
        r"\\(?:x([0-9a-fA-F]{2})|([rntf]))",
        lambda found: chr(int(found[1], 16)) if found[1] else table[found[2]],
        text,
    )


def write(path: Path, entries: list) -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path)
    corpora_folder = parser.parse_args().corpora
    server = Server()
    entries = []
    for name, (method, reply) in CASES.items():
        case = {"name": name, "method": method, "reply": reply.decode("latin-1")}
        entries.append(case | outcome(server, method, reply))
    write(TABLES / "http1_replies.json", entries)
    if corpora_folder:
        pairs = corpora(corpora_folder / "http1")
        replies = [
            {"name": name} | in_short(outcome(server, "GET", reply.encode("latin-1")))
            for name, reply in pairs
        ]
        write(TABLES / "http1_corpora.json", replies)


if __name__ == "__main__":
    main()
