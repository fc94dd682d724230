"""What calls are made of: text that means something to a parser somewhere, and text that means nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# Characters with a meaning in URLs, forms, headers or multipart, and such as have to be encoded.
MEANING = "/?#%&=+;:@!$'()*,~-._[]{}|\\^`\"<> \tabzAZ019"
BEYOND = "\u00e9\u00df\u0130\u65e5\U0001f426\u0301\u200b\ufeff"
PIECES = [
    "%41",
    "%7e",
    "%C3%A9",
    "%zz",
    "%",
    "%2F",
    "%2e%2e",
    "..",
    ".",
    "//",
    "/../",
    "&&",
    "==",
    "\u00e9",
    "a b",
]


def text(alphabet: str = MEANING + BEYOND, *, max_size: int = 12) -> st.SearchStrategy[str]:
    """Short text, in part put together of pieces that are tricky as a whole."""
    character = st.sampled_from(alphabet)
    piece = st.sampled_from([piece for piece in PIECES if set(piece) <= set(alphabet)] or [""])
    return st.lists(character | piece, max_size=max_size).map("".join)


anything = st.text(max_size=8)
"""Any character at all, but surrogates' halves."""

scalars: st.SearchStrategy[Any] = (
    text()
    | anything
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False)
    | st.binary(max_size=6)
)
values: st.SearchStrategy[Any] = scalars | st.lists(scalars, max_size=3) | st.tuples(scalars)
pairs: st.SearchStrategy[Any] = st.dictionaries(text(max_size=4) | anything, values, max_size=4) | st.lists(
    st.tuples(text(max_size=4) | st.binary(max_size=3), values), max_size=4
)
"""Form fields or parameters: a dict, or a list of pairs."""

TOKEN = "abzAZ019!#$%&'*+-.^_`|~"
names = st.text(st.sampled_from(TOKEN), min_size=1, max_size=8)
# Not drawn: NUL (row nul).
header_values = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=10) | text(max_size=8)
headers = st.dictionaries(
    names | text(max_size=4),
    header_values | st.binary(max_size=6).filter(lambda value: b"\0" not in value) | st.integers(),
    max_size=4,
)

json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=8,
)

methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"])
