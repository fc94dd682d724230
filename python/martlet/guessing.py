"""An encoding guessed by a process of its own.

The guessers are Python, and decode a body as a whole in one encoding after the other: in a thread each of
these calls holds the interpreter, and with it the event loop, for as long as it takes.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from .charsets import detect_encoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen

CHILD = """
import sys
name, sys.path[:] = sys.argv[1], sys.argv[2:]
detect = __import__(name).detect
print(detect(sys.stdin.buffer.read())["encoding"] or "")
"""


class Guess:
    """Guesses the encoding of `content`, once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.stopped = False
        self.process: Popen[bytes] | None = None

    @staticmethod
    def guesser() -> str | None:
        """The guesser a process can ask; None if there is no Python to start, or it is not as it came."""
        program = os.path.basename(sys.executable or "").lower()
        if not program.startswith("python") or getattr(sys, "frozen", False):
            return None
        # Found, not imported: this process has no need of it.
        name = "chardet" if find_spec("chardet") else "charset_normalizer"
        detect = getattr(sys.modules.get(name), "detect", None)
        own = detect is None or getattr(detect, "__module__", "").partition(".")[0] == name
        return name if own else None

    def run(self) -> str | None:
        """The encoding, or None. Blocks. Where no process can be had, or it fails, it is guessed here."""
        guesser = self.guesser()
        try:
            said = self._ask(guesser) if guesser else None
        except OSError:
            said = None
        if said is None and not self.stopped:
            return detect_encoding(self.content)
        return said or None

    def _ask(self, guesser: str) -> str | None:
        import subprocess

        command = [sys.executable, "-I", "-S", "-c", CHILD, guesser, *sys.path]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
            self.process = process
            if self.stopped:
                process.kill()
            assert process.stdin is not None
            assert process.stdout is not None
            # One call, without the interpreter: `communicate` would write a few hundred bytes at a time.
            view = memoryview(self.content)
            try:
                while view:
                    view = view[os.write(process.stdin.fileno(), view) :]
                process.stdin.close()
            except BrokenPipeError:
                pass
            said = process.stdout.read()
        return said.decode("ascii").strip() if process.returncode == 0 else None

    def stop(self) -> None:
        """Ends what still runs."""
        self.stopped = True
        if self.process is not None:
            self.process.kill()
