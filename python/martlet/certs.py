"""Where the bundle of trusted certificates is: certifi's."""

from __future__ import annotations


def where() -> str:
    """The path of certifi's bundle."""
    from certifi import where as found

    return found()
