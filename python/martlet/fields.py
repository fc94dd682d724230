"""Header fields: which may go on the wire, the default ones, and how some of them are taken apart.

A field's name and value must be str or bytes, may not begin with white space nor hold CR or LF, and a name
holds no colon. What breaks this could smuggle a second request, so it is refused before anything is sent.
"""

from __future__ import annotations

from .__version__ import __version__
from .exceptions import InvalidHeader
from .structures import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# All the content codings martlet decodes, whatever else is installed.
DEFAULT_ACCEPT_ENCODING = "gzip, deflate, br, zstd"


def default_user_agent(name: str = "martlet") -> str:
    """What to send as `User-Agent`: `name/version`."""
    return f"{name}/{__version__}"


def default_headers() -> CaseInsensitiveDict[Any]:
    """The headers of a new session, in the order they are sent in."""
    return CaseInsensitiveDict(
        {
            "User-Agent": default_user_agent(),
            "Accept-Encoding": DEFAULT_ACCEPT_ENCODING,
            "Accept": "*/*",
            "Connection": "keep-alive",
        }
    )


def to_native_string(string: str | bytes, encoding: str = "ascii") -> str:
    """`string` as str; bytes are decoded."""
    return string if isinstance(string, str) else string.decode(encoding)


def check_header_validity(header: tuple[Any, Any]) -> None:
    """Raises InvalidHeader if the pair (name, value) may not go on the wire."""
    for part, kind, sound in zip(header, ("name", "value"), (_is_name, _is_value), strict=True):
        if not isinstance(part, str | bytes):
            raise InvalidHeader(
                f"Header part ({part!r}) from {header} must be of type str or bytes, not {type(part)}"
            )
        # latin-1 maps bytes to the same code points; white space outside ASCII then counts for str alone.
        if not sound(part):
            raise InvalidHeader(
                "Invalid leading whitespace, reserved character(s), or return character(s) "
                f"in header {kind}: {part!r}"
            )


def _is_name(name: Any) -> bool:
    colon: Any = ":" if isinstance(name, str) else b":"
    return bool(name) and colon not in name and _is_value(name)


def _is_value(value: Any) -> bool:
    breaks: Any = ("\r", "\n") if isinstance(value, str) else (b"\r", b"\n")
    return not any(each in value for each in breaks) and not value[:1].isspace()


def parse_list_header(value: str) -> list[str]:
    """The elements of a comma-separated header (RFC 9110 section 5.6.1), quotes removed around whole
    elements.
    """
    return [_without_quotes(element) for element in _elements(value)]


def parse_dict_header(value: str) -> dict[str, str | None]:
    """The `name=value` pairs of a comma-separated header such as a challenge; a name alone has the value
    None.
    """
    pairs: dict[str, str | None] = {}
    for element in _elements(value):
        name, equals, text = element.partition("=")
        pairs[name] = _without_quotes(text) if equals else None
    return pairs


def unquote_header_value(value: str, is_filename: bool = False) -> str:
    r"""`value` without the quotes around it and the backslashes in it.

    A filename that is a UNC path (`\\server\share`) keeps its backslashes, since browsers send it so.
    """
    if value and value[0] == value[-1] == '"':
        value = value[1:-1]
        if not is_filename or value[:2] != "\\\\":
            return value.replace("\\\\", "\\").replace('\\"', '"')
    return value


def parse_header_links(value: str) -> list[dict[str, str]]:
    """The links of a `Link` header (RFC 8288), each a dict with `url` and its parameters."""
    from . import _martlet

    return _martlet.parse_header_links(value)


def _without_quotes(text: str) -> str:
    return unquote_header_value(text[1:-1]) if text[:1] == text[-1:] == '"' else text


def _elements(value: str) -> Iterator[str]:
    """Splits at commas outside quotes; a backslash inside quotes stands for the character after it."""
    element: list[str] = []
    quoted = escaped = False
    for character in value:
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
            continue
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            yield "".join(element).strip()
            element.clear()
            continue
        element.append(character)
    if element:
        yield "".join(element).strip()
