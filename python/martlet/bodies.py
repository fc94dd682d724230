"""Request bodies: how `data=` and `files=` become bytes, how long a body is, and how it is put back to its
start.

The bytes are those of requests 2.34 on urllib3 2: `application/x-www-form-urlencoded` with None dropped and
sequences repeated; `multipart/form-data` with a Content-Type line for a part only when given.
"""

from __future__ import annotations

import os
import sys

from . import _martlet
from .exceptions import FileModeWarning, InvalidHeader, UnrewindableBodyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from ._types import Data, Files, Params
    from .models import PreparedRequest

LONG = 64 * 1024
"""Characters from which on making and measuring UTF-8 takes more than a tenth of a millisecond."""

_NO_PAIRS = "cannot encode objects that are not 2-tuples"


class Written:
    """What `data=` or `json=` came to, written before the request was prepared."""

    def __init__(self, body: str | bytes, content_type: str) -> None:
        self.body = body
        self.content_type = content_type


def is_long_text(data: Any) -> bool:
    """Whether it is a text that takes its time to encode: that of ASCII is the text itself."""
    return type(data) is str and len(data) >= LONG and not data.isascii()


def to_key_val_list(value: Any) -> list[tuple[Any, Any]] | None:
    """A mapping or an iterable of pairs as a list of pairs; None stays None.

    ValueError for str, bytes and int.
    """
    if value is None:
        return None
    if isinstance(value, str | bytes | int):
        raise ValueError(_NO_PAIRS)
    return list(value.items() if hasattr(value, "items") else value)


def from_key_val_list(value: Any) -> Mapping[Any, Any] | None:
    """A mapping or an iterable of pairs as an OrderedDict; None stays None.

    ValueError for str, bytes and int.
    """
    from collections import OrderedDict

    if value is None:
        return None
    if isinstance(value, str | bytes | int):
        raise ValueError(_NO_PAIRS)
    return OrderedDict(value)


def encode_params(data: Params | Data) -> Any:
    """`data` as form-urlencoded text; str, bytes and anything with a `read` or without items stay as they
    are.
    """
    if isinstance(data, str | bytes) or hasattr(data, "read") or not hasattr(data, "__iter__"):
        return data
    pairs: list[tuple[bytes, bytes]] = []
    for key, values in to_key_val_list(data) or ():
        pairs += ((_text(key), value) for given in _several(values) for value in _repeated(given))
    return _martlet.urlencode(pairs)


def encode_files(files: Files, data: Data) -> tuple[bytes, str]:
    """The multipart body of form fields and files, and its Content-Type."""
    if not files:
        raise ValueError("Files must be provided.")
    if isinstance(data, str | bytes):
        raise ValueError("Data must not be a string.")
    boundary = _boundary()
    delimiter = f"--{boundary}\r\n".encode()
    body: list[bytes] = []
    for head, content in (*_field_parts(data), *_file_parts(files)):
        body += (delimiter, head, content, b"\r\n")
    body.append(f"--{boundary}--\r\n".encode())
    return b"".join(body), f"multipart/form-data; boundary={boundary}"


def _boundary() -> str:
    """32 random hexadecimal digits; those of urllib3's function, which others replace, where it is loaded."""
    filepost: Any = sys.modules.get("urllib3.filepost")
    return os.urandom(16).hex() if filepost is None else str(filepost.choose_boundary())


def guess_filename(obj: Any) -> str | None:
    """The last part of an open file's name; None if it has no name or one like `<stdin>`."""
    name = getattr(obj, "name", None)
    if name and isinstance(name, str | bytes) and name[0] != "<" and name[-1] != ">":
        return os.path.basename(name)  # type: ignore[return-value]
    return None


def super_len(o: Any) -> int:
    """How many bytes are left to be read of `o`, 0 if that cannot be told.

    Asked for in this order: `len(o)`, `o.len`, the size of its file, where its end is; less where it stands.
    """
    if isinstance(o, str):
        return str.__len__(o) if o.isascii() else _martlet.utf8_length(o)
    total: int | None = None
    position = 0
    if hasattr(o, "__len__"):
        total = len(o)
    elif hasattr(o, "len"):
        total = o.len
    elif hasattr(o, "fileno"):
        total = _file_size(o)
    if hasattr(o, "tell"):
        try:
            position = o.tell()
        except OSError:
            # A pipe or a terminal: what is left is unknown, so it is sent in chunks.
            position = total or 0
        else:
            if total is None and hasattr(o, "seek"):
                total = _end_of(o, position)
    return max(0, (total or 0) - position)


def rewind_body(prepared_request: PreparedRequest) -> None:
    """Puts the body back to where it stood when it was prepared. UnrewindableBodyError if it cannot."""
    seek = getattr(prepared_request.body, "seek", None)
    position = prepared_request._body_position
    if seek is None or not isinstance(position, int):
        raise UnrewindableBodyError("Unable to rewind request body for redirect.")
    try:
        seek(position)
    except OSError:
        raise UnrewindableBodyError("An error occurred when rewinding request body for redirect.") from None


def put_back(request: PreparedRequest) -> None:
    """Readies the body of `request` to be sent again. UnrewindableBodyError for what was used up by the first
    time and cannot go back, such as an iterator: requests would send what is left of it, which is nothing.
    """
    used_up = any(hasattr(request.body, name) for name in ("__next__", "__anext__", "read"))
    if used_up or request._body_position is not None:
        rewind_body(request)


def _file_size(file: Any) -> int | None:
    from io import UnsupportedOperation

    try:
        descriptor = file.fileno()
    except (UnsupportedOperation, AttributeError):
        return None  # BytesIO; members of an archive
    size = os.fstat(descriptor).st_size
    if "b" not in file.mode:
        import warnings

        warnings.warn(
            "The Content-Length of this request is the size of a file that was opened in text mode; "
            "it may be wrong. Open the file in binary mode ('rb').",
            FileModeWarning,
            stacklevel=4,
        )
    return size


def _end_of(file: Any, position: int) -> int:
    try:
        file.seek(0, os.SEEK_END)
        end: int = file.tell()
        file.seek(position)
    except OSError:
        return 0
    return end


def _several(value: Any) -> Iterable[Any]:
    return (value,) if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else value


def _repeated(value: Any) -> Iterator[bytes]:
    if isinstance(value, str | bytes):
        yield _text(value)
    elif value is not None:
        # As urlencode(doseq=True): a sequence within a sequence repeats the key once more.
        yield from map(_text, value if hasattr(value, "__len__") else (value,))


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _field_parts(data: Any) -> Iterator[tuple[bytes, bytes]]:
    for name, values in to_key_val_list(data or {}) or ():
        for value in _several(values):
            if value is not None:
                yield _part_head(name), _text(value)


def _file_parts(files: Any) -> Iterator[tuple[bytes, Any]]:
    for name, given in to_key_val_list(files) or ():
        filename, content, content_type, headers = _file_of(name, given)
        if content is None:
            continue
        if not isinstance(content, str | bytes | bytearray) and hasattr(content, "read"):
            content = content.read()
        content = _text(content) if isinstance(content, str | int) else content
        yield _part_head(name, filename, content_type, headers), content


def _file_of(name: Any, given: Any) -> tuple[Any, Any, Any, Any]:
    """What `files=` says of one file: its name, content, content type and further headers."""
    if not isinstance(given, tuple | list):
        return guess_filename(given) or name, given, None, None
    if not 2 <= len(given) <= 4:
        raise ValueError(f"a file is (name, content[, content type[, headers]]), not {len(given)} values")
    said: list[Any] = [*given, None, None]
    return said[0], said[1], said[2], said[3]


def _part_head(
    name: Any, filename: Any = None, content_type: str | None = None, headers: Any = None
) -> bytes:
    disposition = "form-data" + "".join(
        f'; {parameter}="{_quoted(value)}"'
        for parameter, value in (("name", name), ("filename", filename))
        if value is not None
    )
    lines = dict(headers or {})
    lines["Content-Disposition"] = disposition
    lines["Content-Type"] = content_type
    lines["Content-Location"] = None  # urllib3 sets it too, so a given one never goes out
    first = ("Content-Disposition", "Content-Type")
    order = (*first, *(line for line in lines if line not in first))
    fields = [f"{line}: {lines[line]}" for line in order if lines.get(line)]
    if any(mark in field for field in fields for mark in "\r\n\0"):
        raise InvalidHeader(f"Invalid header of a part: {fields!r} has a line end or NUL in it")
    return "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n"


def _quoted(value: Any) -> str:
    # The HTML standard's escapes, which urllib3 2 follows.
    text: str = value.decode() if isinstance(value, bytes) else value
    return text.translate({10: "%0A", 13: "%0D", 34: "%22"})
