"""Which character encoding a body is in, and how its bytes become text."""

from __future__ import annotations

import codecs

from . import _martlet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from .response import Response


def get_encoding_from_headers(headers: Mapping[str, Any]) -> str | None:
    """The encoding that Content-Type names or implies.

    Its charset as given, even if no such codec exists; else ISO-8859-1 for `text/*`, utf-8 for
    `application/json`; else None.
    """
    content_type = headers.get("content-type")
    return _martlet.encoding_from_content_type(content_type) if content_type else None


def _parse_content_type_header(  # pyright: ignore[reportUnusedFunction]
    header: str,
) -> tuple[str, dict[str, Any]]:
    """A Content-Type header as its media type and its parameters, quotes stripped."""
    media_type, *parameters = header.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type.strip(), {
        name.strip("\"' ").lower(): value.strip("\"' ") for name, equals, value in pairs if equals
    }


def guess_json_utf(data: bytes) -> str | None:
    """Which UTF a JSON document is in, by its byte order mark or the place of its NULs; None if none fits."""
    return _martlet.guess_json_utf(data)


def detect_encoding(content: bytes) -> str | None:
    """The encoding guessed from the bytes: by chardet where installed, else by charset_normalizer."""
    from importlib import import_module

    try:
        detector: Any = import_module("chardet")
    except ImportError:
        detector = import_module("charset_normalizer")
    encoding: str | None = detector.detect(content)["encoding"]
    return encoding


def decode_text(content: bytes | None, encoding: str | None) -> str:
    """`content` as text. What does not decode is replaced; an unknown codec is taken for UTF-8."""
    if not content:
        return ""
    try:
        return str(content, encoding or "utf-8", errors="replace")
    except (LookupError, TypeError):
        return str(content, errors="replace")


def incremental_decoder(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder for text that comes in pieces; what does not decode is replaced."""
    return codecs.getincrementaldecoder(encoding)(errors="replace")


def stream_decode_response_unicode(iterator: Iterable[Any], r: Response) -> Iterator[Any]:
    """The pieces as text in the encoding of `r`; as they are, if it has none."""
    if r.encoding is None:
        yield from iterator
        return
    decoder = incremental_decoder(r.encoding)
    for chunk in iterator:
        text = decoder.decode(chunk)
        if text:
            yield text
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest


def iter_slices(string: Any, slice_length: int | None) -> Iterator[Any]:
    """`string` in slices of that length; in one piece, if the length is None or not positive."""
    if slice_length is None or slice_length <= 0:
        slice_length = len(string)
    position = 0
    while position < len(string):
        yield string[position : position + slice_length]
        position += slice_length


def split_lines(pending: Any, chunk: Any, delimiter: Any) -> tuple[list[Any], Any]:
    """One step of `iter_lines`: the lines that `pending + chunk` completes, and what is left for the next
    step.

    As in requests the last line is left when the chunk does not end with a line break, and chunks are split
    one by one: a CR LF broken in two between chunks gives an empty line.
    """
    if pending is not None:
        chunk = pending + chunk
    lines: list[Any] = chunk.split(delimiter) if delimiter else chunk.splitlines()
    unfinished = bool(lines and lines[-1] and chunk and lines[-1][-1] == chunk[-1])
    return lines, (lines.pop() if unfinished else None)


def get_encodings_from_content(content: str) -> list[str]:
    """The encodings that an HTML or XML document names for itself. Deprecated in requests."""
    import re
    import warnings

    warnings.warn(
        "get_encodings_from_content is deprecated, as in requests.", DeprecationWarning, stacklevel=2
    )
    found: list[str] = []
    for pattern, flags in (
        (r'<meta.*?charset=["\']*(.+?)["\'>]', re.IGNORECASE),
        (r'<meta.*?content=["\']*;?charset=(.+?)["\'>]', re.IGNORECASE),
        (r'^<\?xml.*?encoding=["\']*(.+?)["\'>]', 0),
    ):
        found += re.findall(pattern, content, flags)
    return found


def get_unicode_from_response(r: Response) -> Any:
    """The content of `r` as text by its Content-Type, else with what is wrong replaced.

    Deprecated in requests.
    """
    import warnings

    warnings.warn(
        "get_unicode_from_response is deprecated, as in requests.", DeprecationWarning, stacklevel=2
    )
    content: Any = r.content
    if content is None:
        return None
    encoding = get_encoding_from_headers(r.headers)
    if encoding:
        try:
            return str(content, encoding)
        except UnicodeError:
            pass
    try:
        return str(content, encoding or "utf-8", errors="replace")
    except TypeError:
        return content
