"""What aiohttp is told of a reply's head: its message, and how its body is to be read.

Texts are those of aiohttp's parser: UTF-8, with what is not in it kept as surrogates. So are the limits on
the sizes of lines, which are looked at here, after the engine's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aiohttp import hdrs
from aiohttp.helpers import EMPTY_BODY_STATUS_CODES
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11, RawResponseMessage
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from multidict import CIMultiDict, CIMultiDictProxy

if TYPE_CHECKING:
    from martlet._martlet import Raw

_VERSIONS = {10: HttpVersion10, 11: HttpVersion11, 20: HttpVersion(2, 0)}
_CODINGS = frozenset({"gzip", "deflate", "br", "zstd"})


class Limits(NamedTuple):
    """What may be in a head. Bytes of a line; bytes of a field's name, or value; number of fields."""

    line: int
    field: int
    fields: int


def read_head(raw: Raw, limits: Limits) -> RawResponseMessage:
    """The head of a reply. BadHttpMessage if it is larger than the limits."""
    reason = _text(raw.reason)
    if len(raw.reason) + len("HTTP/1.1 200 ") > limits.line:
        raise LineTooLong(raw.reason[:100] + b"...", limits.line)
    headers: CIMultiDict[str] = CIMultiDict()
    raw_headers = []
    for name, value in raw.headers():
        raw_name, raw_value = name.encode("latin-1"), value.encode("latin-1").strip(b" \t")
        if len(raw_name) > limits.field or len(raw_value) > limits.field:
            raise LineTooLong(raw_value[:100] + b"...", limits.field)
        raw_headers.append((raw_name, raw_value))
        headers.add(_text(raw_name), _text(raw_value))
    if len(raw_headers) > limits.fields:
        raise BadHttpMessage("Too many headers received")
    version = _VERSIONS[raw.version]
    coding = headers.get(hdrs.CONTENT_ENCODING, "").lower()
    return RawResponseMessage(
        version,
        raw.status_code,
        reason,
        CIMultiDictProxy(headers),
        tuple(raw_headers),
        _closes(version, raw.status_code, headers),
        coding if coding in _CODINGS else None,
        False,
        "chunked" in headers.get(hdrs.TRANSFER_ENCODING, "").lower(),
    )


def has_body(message: RawResponseMessage, read_until_eof: bool) -> bool:
    """Whether something may follow the head of a reply to anything but HEAD."""
    if message.code in EMPTY_BODY_STATUS_CODES:
        return False
    if message.chunked:
        return True
    length = message.headers.get(hdrs.CONTENT_LENGTH)
    return read_until_eof if length is None else length != "0"


def _closes(version: HttpVersion, status: int, headers: CIMultiDict[str]) -> bool:
    """Whether the connection serves this reply only."""
    said = {member.strip().lower() for member in headers.get(hdrs.CONNECTION, "").split(",")}
    if "close" in said:
        return True
    if "keep-alive" in said:
        return False
    if version <= HttpVersion10:
        return True
    ends_by_itself = hdrs.CONTENT_LENGTH in headers or hdrs.TRANSFER_ENCODING in headers
    return not ends_by_itself and status not in EMPTY_BODY_STATUS_CODES


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
