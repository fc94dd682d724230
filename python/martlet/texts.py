"""A large body as text, for who awaits it: the loop's thread does nothing that grows with the body, and no
other thread holds the interpreter for long.

- UTF-8 and ISO-8859-1 are decoded by Rust, without the interpreter.
- Python's other codecs decode a piece at a time in a helper thread, which pauses after each.
- An encoding is guessed by a process of its own: the guessers decode the whole body many times over.

What comes of it is what `text` and `apparent_encoding` give.
"""

from __future__ import annotations

import codecs

from . import _martlet
from .charsets import decode_text, detect_encoding
from .offload import offload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGE = 256 * 1024
"""Bytes from which on decoding takes more than half a millisecond; below, it is done at once."""

MUCH = 512 * 1024
"""Bytes from which on guessing takes longer than starting a process."""

PIECE = 64 * 1024
"""Bytes that any of Python's codecs decodes in less than a millisecond."""

PAUSE = 0.0001
"""Seconds after each piece: long enough for a waiting loop to take the interpreter over."""

_CUT = ("ascii", "utf_8", "utf_8_sig", "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be")
_MARKS = {
    "utf_16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf_32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
"""What a body has to begin with for the codec to take it in pieces."""


async def adecode(content: Any, encoding: Any) -> str:
    """`decode_text`, awaited."""
    if type(content) is not bytes or len(content) < LARGE or not hasattr(_martlet, "decode"):
        return decode_text(content, encoding)
    try:
        codec = codecs.lookup(encoding or "utf-8")
    except LookupError:
        codec = codecs.lookup("utf-8")
    except Exception:
        return decode_text(content, encoding)
    if codec.name in ("utf-8", "iso8859-1"):
        text = await _martlet.decode(content, codec.name != "utf-8")
        if text is not None:
            return await text
    if not _decodes_in_pieces(codec, content):
        return await offload(decode_text, content, encoding)
    decoding = _Decoding(content, codec.incrementaldecoder("replace"))
    try:
        await offload(decoding.run)
    finally:
        decoding.stopped = True
    return await decoding.pieces.join()


def _decodes_in_pieces(codec: codecs.CodecInfo, content: bytes) -> bool:
    """Whether the codec is one of Python's own that give the same for pieces as for the whole."""
    import sys

    decoder: Any = codec.incrementaldecoder
    package, _, name = getattr(decoder, "__module__", "").rpartition(".")
    if package != "encodings":
        return False
    if name in _MARKS:
        return content.startswith(_MARKS[name])
    multibyte = any(base.__name__ == "MultibyteIncrementalDecoder" for base in decoder.__mro__)
    return multibyte or name in _CUT or hasattr(sys.modules[decoder.__module__], "decoding_table")


class _Decoding:
    """Runs in a helper thread until it is done or stopped."""

    def __init__(self, content: bytes, decoder: codecs.IncrementalDecoder) -> None:
        self.content = content
        self.decoder = decoder
        self.pieces = _martlet.TextPieces()
        self.stopped = False

    def run(self) -> None:
        import time

        for start in range(0, len(self.content), PIECE):
            if self.stopped:
                return
            self.pieces.append(self.decoder.decode(self.content[start : start + PIECE]))
            time.sleep(PAUSE)
        self.pieces.append(self.decoder.decode(b"", True))


async def aguess(content: bytes) -> str | None:
    """`detect_encoding`, awaited."""
    if len(content) < MUCH:
        return await offload(detect_encoding, content)
    from .guessing import Guess

    guess = Guess(content)
    try:
        return await offload(guess.run)
    finally:
        guess.stop()
