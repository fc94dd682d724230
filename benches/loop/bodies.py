"""What the server answers with, made once and kept in .build/bench/loop: whole replies, and a file to send.

They are always the same. What is text has no charset in its Content-Type, nor a type of `text/*`: for these
requests does not guess but takes ISO-8859-1.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

from ..venvs import BUILD
from .scenarios import DOCUMENT, LINE, LINES, ROWS, UPLOAD

FOLDER = BUILD / "loop"
SMALL = 4096
WORDS = "吾輩 猫 名前 見当 薄暗い 記憶 人間 書生 種族 始めて 話 掌 持ち上げ フワフワ 感じ 落ち 顔 装飾 つるつる 薬缶 大分 出会わ 突起 穴 煙 弱っ 飲む 煙草 この頃"  # noqa: E501
ENGLISH = ["the", "quick", "brown", "dog", "jumps", "over", "a", "lazy", "swift", "that", "never", "lands"]
PARTICLES = ["は", "が", "を", "に", "で", "と", "も", "の", "から", "まで", "だ", "です", "である"]


def reply(kind: str, body: bytes, *, packed: bool = False, close: bool = False) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
    if packed:
        body = gzip.compress(body, 6, mtime=0)
        head += "Content-Encoding: gzip\r\n"
    if close:
        head += "Connection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def rows(count: int) -> bytes:
    """JSON of all kinds of values, about 177 bytes a row; a quarter or so of it when compressed."""
    chance = random.Random(1)
    made = [
        {
            "id": 1_000_000 + number,
            "name": f"{chance.choice(WORDS.split())} {chance.randrange(10**6)}",
            "score": chance.random(),
            "tags": [f"tag-{chance.randrange(1000)}", "second"],
            "at": {"x": chance.randrange(10**4), "y": chance.randrange(10**4), "z": None},
            "active": chance.random() < 0.5,
            "note": f"{chance.choice(ENGLISH)} {chance.choice(ENGLISH)} {chance.randrange(10**6)} fox",
        }
        for number in range(count)
    ]
    return json.dumps(made).encode()


def text(size: int, encoding: str) -> bytes:
    """Japanese of about that many bytes."""
    chance, words = random.Random(2), WORDS.split()
    lines, length = [], 0
    while length < size:
        line = "".join(chance.choice(words) + chance.choice(PARTICLES) for _ in range(12)) + "。\n"
        lines.append(line)
        length += len(line.encode(encoding))
    return "".join(lines).encode(encoding)


def lines(count: int) -> bytes:
    return b"".join(b"%0*d\n" % (LINE - 1, number) for number in range(count))


def replies() -> Iterator[tuple[str, bytes]]:
    kind = "application/octet-stream"
    for name, count in (("json", ROWS), ("json-small", 10)):
        yield name, reply("application/json", rows(count), packed=True)
    for name, encoding in (("utf8", "utf-8"), ("sjis", "shift_jis")):
        yield name, reply(kind, text(DOCUMENT, encoding), packed=True)
        yield f"{name}-small", reply(kind, text(SMALL, encoding), packed=True)
    yield "lines", reply(kind, lines(LINES))
    yield "lines-small", reply(kind, lines(10))
    yield "close", reply(kind, b"close", close=True)


def made() -> Path:
    """The folder with a file for each reply, `upload` and `upload-small`, and `sizes`: what they come to."""
    stamp = FOLDER / "made"
    mark = hashlib.sha256(
        b"".join(Path(__file__).with_name(n).read_bytes() for n in ("bodies.py", "scenarios.py"))
    )
    if stamp.exists() and stamp.read_text() == mark.hexdigest():
        return FOLDER
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, whole in replies():
        (FOLDER / f"{name}.reply").write_bytes(whole)
    for name, size in (("upload", UPLOAD), ("upload-small", SMALL)):
        (FOLDER / name).write_bytes(random.Random(3).randbytes(SMALL) * (size // SMALL))
    stamp.write_text(mark.hexdigest())
    return FOLDER


def options(folder: Path) -> list[str]:
    """What the server's program is told."""
    names = sorted(path.stem for path in folder.glob("*.reply"))
    return [word for name in names for word in ("--reply", f"/loop/{name}={folder / name}.reply")]


def characters(folder: Path, name: str) -> int:
    """How long the text in a reply is when it was decoded rightly."""
    _head, _, body = (folder / f"{name}.reply").read_bytes().partition(b"\r\n\r\n")
    return len(gzip.decompress(body).decode({"utf8": "utf-8", "sjis": "shift_jis"}[name]))
