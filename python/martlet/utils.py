"""The names of `requests.utils`. Most live where their subject is; the rest is here."""

from __future__ import annotations

import os
from contextlib import contextmanager

from .__version__ import __version__
from .bodies import from_key_val_list, guess_filename, rewind_body, super_len, to_key_val_list
from .charsets import (
    _parse_content_type_header,
    get_encoding_from_headers,
    get_encodings_from_content,
    get_unicode_from_response,
    guess_json_utf,
    iter_slices,
    stream_decode_response_unicode,
)
from .environment import (
    DEFAULT_PORTS,
    NETRC_FILES,
    address_in_network,
    dotted_netmask,
    get_environ_proxies,
    get_netrc_auth,
    is_ipv4_address,
    is_valid_cidr,
    resolve_proxies,
    select_proxy,
    set_environ,
    should_bypass_proxies,
)
from .fields import (
    DEFAULT_ACCEPT_ENCODING,
    check_header_validity,
    default_headers,
    default_user_agent,
    parse_dict_header,
    parse_header_links,
    parse_list_header,
    to_native_string,
    unquote_header_value,
)
from .urls import (
    UNRESERVED_SET,
    get_auth_from_url,
    prepend_scheme_if_needed,
    requote_uri,
    unquote_unreserved,
    urldefragauth,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from http.cookiejar import CookieJar
    from io import BufferedWriter
    from typing import Any

    DEFAULT_CA_BUNDLE_PATH: str

__all__ = [
    "DEFAULT_ACCEPT_ENCODING",
    "DEFAULT_CA_BUNDLE_PATH",
    "DEFAULT_PORTS",
    "NETRC_FILES",
    "UNRESERVED_SET",
    "__version__",
    "_parse_content_type_header",
    "add_dict_to_cookiejar",
    "address_in_network",
    "atomic_open",
    "check_header_validity",
    "default_headers",
    "default_user_agent",
    "dict_from_cookiejar",
    "dict_to_sequence",
    "dotted_netmask",
    "extract_zipped_paths",
    "from_key_val_list",
    "get_auth_from_url",
    "get_encoding_from_headers",
    "get_encodings_from_content",
    "get_environ_proxies",
    "get_netrc_auth",
    "get_unicode_from_response",
    "guess_filename",
    "guess_json_utf",
    "is_ipv4_address",
    "is_valid_cidr",
    "iter_slices",
    "parse_dict_header",
    "parse_header_links",
    "parse_list_header",
    "prepend_scheme_if_needed",
    "requote_uri",
    "resolve_proxies",
    "rewind_body",
    "select_proxy",
    "set_environ",
    "should_bypass_proxies",
    "stream_decode_response_unicode",
    "super_len",
    "to_key_val_list",
    "to_native_string",
    "unicode_is_ascii",
    "unquote_header_value",
    "unquote_unreserved",
    "urldefragauth",
]


def __getattr__(name: str) -> Any:
    if name == "DEFAULT_CA_BUNDLE_PATH":
        from .certs import where

        return where()
    from martlet.reexports import find

    return find(__name__, name)


def dict_to_sequence(d: Any) -> Iterable[tuple[Any, Any]]:
    """The items of a mapping; anything else as it is."""
    items: Iterable[tuple[Any, Any]] = d.items() if hasattr(d, "items") else d
    return items


def dict_from_cookiejar(cj: CookieJar) -> dict[str, str | None]:
    """The names and values of the cookies in a jar."""
    return {cookie.name: cookie.value for cookie in cj}


def add_dict_to_cookiejar(cj: CookieJar, cookie_dict: Mapping[str, str]) -> CookieJar:
    """Adds cookies to a jar, which it returns."""
    from .cookies import cookiejar_from_dict

    jar: CookieJar = cookiejar_from_dict(cookie_dict, cj)
    return jar


def unicode_is_ascii(u_string: str) -> bool:
    """Whether all of it is ASCII."""
    return u_string.isascii()


def extract_zipped_paths(path: str) -> str:
    """`path`; or, if it leads into a zip archive, where a copy of the member was put."""
    import tempfile
    import zipfile

    archive, member = path, ""
    while archive and not os.path.exists(archive):
        archive, last = os.path.split(archive)
        if not last:
            break
        member = f"{last}/{member}" if member else last
    if not member or not zipfile.is_zipfile(archive):
        return path
    with zipfile.ZipFile(archive) as archived:
        if member not in archived.namelist():
            return path
        descriptor, extracted = tempfile.mkstemp(suffix=os.path.splitext(member)[1])
        with os.fdopen(descriptor, "wb") as file:
            file.write(archived.read(member))
    return extracted


@contextmanager
def atomic_open(filename: str) -> Generator[BufferedWriter, None, None]:
    """A file to write to, which takes the place of `filename` once all is written."""
    import tempfile

    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(filename))
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        os.replace(temporary, filename)
    except BaseException:
        os.remove(temporary)
        raise
