"""`atext()` of a large body: the same as `text`, with nothing on the loop that grows with the body."""

from __future__ import annotations

import asyncio
import codecs
import encodings.aliases
import threading
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handles import response_of
from loop.runners import ALL
from martlet import _martlet, charsets, guessing, texts

QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
JAPANESE = "日本語の文章をここに書きます。漢字かな交じり文とカタカナ、そして123。\n"
CODECS = sorted(
    {
        codecs.lookup(name).name
        for name in {
            *encodings.aliases.aliases.values(),
            "cp720",
            "cp737",
            "utf_8_sig",
            "koi8_u",
            "mac_arabic",
        }
        if name not in ("mbcs", "oem") and codecs.lookup(name)._is_text_encoding
    }
)


def small_pieces(size: int = 3) -> Any:
    return mock.patch.multiple(texts, LARGE=0, PIECE=size, PAUSE=0)


def atext(content: bytes, encoding: str | None) -> str:
    async def read() -> str:
        return await response_of(content, encoding).atext()

    return asyncio.run(read())


@pytest.mark.parametrize("name", CODECS)
@QUIET
@given(st.binary(max_size=30) | st.text(max_size=20), st.integers(1, 5))
def test_pieces_decode_to_what_the_whole_does(name: str, content: bytes | str, size: int) -> None:
    codec = codecs.lookup(name)
    if isinstance(content, str):
        try:
            content = content.encode(name, "ignore")
        except UnicodeError:
            return
    if not texts._decodes_in_pieces(codec, content):
        return
    decoder = codec.incrementaldecoder("replace")
    pieces = _martlet.TextPieces()
    for start in range(0, len(content), size):
        pieces.append(decoder.decode(content[start : start + size]))
    pieces.append(decoder.decode(b"", True))
    assert pieces.join().wait() == charsets.decode_text(content, name)


def test_most_of_pythons_codecs_decode_in_pieces() -> None:
    whole = [name for name in CODECS if not texts._decodes_in_pieces(codecs.lookup(name), "a".encode(name))]
    assert set(whole) <= {
        "utf-7",
        "iso8859-1",
        "punycode",
        "idna",
        "unicode-escape",
        "raw-unicode-escape",
        "undefined",
    }


@pytest.mark.parametrize(
    "text", ["", "a", "é", "ÿ" * 9, "Ā", "漢字", "a😀b", "é" * 70_000, "x" * 70_000 + "漢" * 70_000 + "😀"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "iso-8859-1", "utf-16", "gb18030", "none-such", None])
def test_a_large_text_is_the_text(text: str, encoding: str | None) -> None:
    content = text.encode("utf-8" if encoding in ("none-such", None) else encoding, "replace")
    with mock.patch.object(texts, "LARGE", 0):
        found = atext(content, encoding)
    assert found == response_of(content, encoding).text
    assert found.isascii() == all(character < "\x80" for character in found)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"a\xe9b",
        b"\xe6\xbc",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xef\xbb\xbfa",
        b"ab" * 99 + b"\xc3",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "shift_jis", "cp1252", "utf-16-le", "hex", "a\0b", 5])
def test_what_does_not_decode_is_replaced_as_in_text(content: bytes, encoding: Any) -> None:
    def outcome(read: Any) -> Any:
        try:
            return read()
        except Exception as error:
            return type(error)

    with small_pieces():
        found = outcome(lambda: atext(content, encoding))
    assert found == outcome(lambda: response_of(content, encoding).text)


@pytest.mark.parametrize("name", ALL)
def test_a_large_text_is_read_in_any_loop(name: str) -> None:
    text = JAPANESE * 10_000
    for encoding in ("utf-8", "shift_jis", "latin-1"):
        content = text.encode(encoding, "replace")

        async def read(content: bytes = content, encoding: str = encoding) -> str:
            return await response_of(content, encoding).atext()

        assert ALL[name](read) == response_of(content, encoding).text


def test_the_loops_thread_decodes_no_large_body() -> None:
    """Python's codecs are called in another thread, with no more than a piece."""
    calls: list[tuple[int, int]] = []

    class Decoder(codecs.lookup("shift_jis").incrementaldecoder):  # type: ignore[misc]
        def decode(self, input: bytes, final: bool = False) -> str:
            calls.append((threading.get_ident(), len(input)))
            text: str = super().decode(input, final)
            return text

    Decoder.__module__ = "encodings.shift_jis"
    codec = mock.Mock(incrementaldecoder=Decoder)
    codec.name = "shift_jis"
    content = (JAPANESE * 10_000).encode("shift_jis")
    with mock.patch.object(codecs, "lookup", return_value=codec):
        found = atext(content, "shift_jis")
    assert found == JAPANESE * 10_000
    assert threading.get_ident() not in {thread for thread, _ in calls}
    assert max(length for _, length in calls) == texts.PIECE


def test_a_text_given_up_half_way_is_decoded_no_further() -> None:
    async def main() -> None:
        first, go = threading.Event(), threading.Event()
        decoded: list[int] = []

        class Decoder(codecs.IncrementalDecoder):
            def decode(self, input: Any, final: bool = False) -> str:
                decoded.append(len(input))
                first.set()
                go.wait(10)
                return ""

        decoding = texts._Decoding(b"x" * texts.PIECE * 9, Decoder())
        with mock.patch.object(texts, "_Decoding", return_value=decoding):
            task = asyncio.ensure_future(texts.adecode(b"x" * texts.LARGE, "shift_jis"))
            while not first.is_set():
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        go.set()
        await asyncio.get_running_loop().shutdown_default_executor()
        assert len(decoded) == 1

    asyncio.run(main())


# -- guessing


@pytest.mark.parametrize("encoding", ["shift_jis", "utf-8", "cp1251", "utf-16", "ascii"])
def test_a_process_guesses_what_would_be_guessed_here(encoding: str) -> None:
    text = {"cp1251": "Съешь же ещё этих мягких французских булок. ", "ascii": "Plain words. "}.get(
        encoding, JAPANESE
    )
    content = (text * 200).encode(encoding)
    guess = guessing.Guess(content)
    with mock.patch.object(guessing, "detect_encoding", side_effect=AssertionError("guessed here")):
        assert guess.run() == charsets.detect_encoding(content)
    assert guess.process is not None
    assert guess.process.returncode == 0


def test_what_no_process_can_guess_is_guessed_here() -> None:
    content = (JAPANESE * 50).encode("shift_jis")
    expected = charsets.detect_encoding(content)
    with mock.patch("subprocess.Popen", side_effect=OSError):
        assert guessing.Guess(content).run() == expected
    with mock.patch.object(guessing, "CHILD", "raise SystemExit(3)"):
        assert guessing.Guess(content).run() == expected
    assert guessing.Guess(b"\x00\xff\xfe" * 300).run() == charsets.detect_encoding(b"\x00\xff\xfe" * 300)


def test_no_program_but_python_is_started_and_no_guesser_but_its_own_is_asked() -> None:
    import charset_normalizer

    guesser = guessing.Guess.guesser
    assert guesser() == "charset_normalizer"
    for program in ("", "/usr/bin/uwsgi", "/opt/app"):
        with mock.patch("sys.executable", program):
            assert guesser() is None
    with mock.patch("sys.frozen", True, create=True):
        assert guesser() is None
    with mock.patch.object(charset_normalizer, "detect", return_value={"encoding": "mocked"}):
        assert guesser() is None
        assert guessing.Guess(b"x").run() == "mocked"


def test_a_guess_that_is_given_up_ends_its_process() -> None:
    async def main() -> None:
        guess = guessing.Guess(b"x" * texts.MUCH)
        with (
            mock.patch.object(
                guessing, "CHILD", "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"
            ),
            mock.patch.object(guessing, "Guess", return_value=guess),
        ):
            task = asyncio.ensure_future(texts.aguess(guess.content))
            while guess.process is None:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.get_running_loop().shutdown_default_executor()
        assert guess.process.returncode not in (None, 0)

    asyncio.run(main())


def test_a_large_body_without_a_charset_is_read_as_in_text() -> None:
    content = (JAPANESE * 10_000).encode("shift_jis")
    assert len(content) >= texts.MUCH
    assert atext(content, None) == JAPANESE * 10_000
