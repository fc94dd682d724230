"""Runs pytest with martlet in the place of another package: `run.py MODE [pytest's arguments]`.

| mode | what is replaced |
|---|---|
| `real` | nothing |
| `alias` | requests, by `martlet.alias_requests()` |
| `async` | the same, and `Session` by an `AsyncSession` behind a sync face |
| `httpx` | httpx's default transports, by httpx_plugin.py |
| `aiohttp` | aiohttp's `ClientSession`, by aiohttp_plugin.py |
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    mode, *arguments = sys.argv[1:]
    if mode in ("httpx", "aiohttp"):
        os.environ["MARTLET"] = "1"
        arguments = ["-p", f"{mode}_plugin", *arguments]
    elif mode != "real":
        import martlet

        martlet.alias_requests()
        if mode == "async":
            from async_face import install

            install()
    import pytest

    return int(pytest.main(arguments))


if __name__ == "__main__":
    sys.exit(main())
