"""Names that modules of requests show because they import them, and that other code imports from there.

A module of this package finds them here when they are asked for (PEP 562), so that none of them is loaded
before. What a module is asked for once stays in it, like any import. They import this one by its full name:
a module may be asked while alias.py has it under another name, when relative imports are not reliable.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# By module, then by where they come from. `a=b` is b under the name a; "*" are modules themselves.
NAMES: dict[str, dict[str, str]] = {
    "martlet": {
        "*": "_internal_utils=martlet._internal_utils _types=martlet._types logging ssl urllib3 warnings",
        "logging": "NullHandler",
        "martlet.help": "check_compatibility",
        "urllib3.exceptions": "DependencyWarning",
    },
    "adapters": {
        "*": "os socket typing warnings",
        "martlet.auth": "_basic_auth_str",
        "martlet.compat": "basestring",
        "martlet.cookies": "extract_cookies_to_jar",
        "martlet.exceptions": (
            "ConnectTimeout ConnectionError InvalidHeader InvalidProxyURL InvalidURL ProxyError "
            "ReadTimeout RetryError SSLError"
        ),
        "martlet.utils": (
            "DEFAULT_CA_BUNDLE_PATH get_auth_from_url get_encoding_from_headers "
            "prepend_scheme_if_needed select_proxy urldefragauth"
        ),
        "typing": "Any",
        "urllib.parse": "urlparse",
        "urllib3.exceptions": (
            "ClosedPoolError ConnectTimeoutError LocationValueError MaxRetryError NewConnectionError "
            "ProtocolError ReadTimeoutError ResponseError _HTTPError=HTTPError "
            "_InvalidHeader=InvalidHeader _ProxyError=ProxyError _SSLError=SSLError"
        ),
        "urllib3.poolmanager": "PoolManager proxy_from_url",
        "urllib3.util": "Retry TimeoutSauce=Timeout parse_url",
    },
    "api": {
        "*": "sessions=martlet.sessions",
        "martlet.models": "Response",
    },
    "auth": {
        "*": "hashlib re time warnings",
        "base64": "b64encode",
        "builtins": "str",
        "martlet._internal_utils": "to_native_string",
        "martlet.compat": "basestring",
        "martlet.cookies": "extract_cookies_to_jar",
        "typing": "Any Final cast overload",
        "urllib.parse": "urlparse",
    },
    "compat": {
        "urllib3": "urllib3_version=__version__",
    },
    "cookies": {
        "*": "calendar time",
        "collections.abc": "Iterator",
        "http.cookiejar": "Cookie CookieJar CookiePolicy",
        "typing": "Any TypeVar overload",
        "urllib.parse": "urlparse urlunparse",
    },
    "exceptions": {
        "typing": "Any",
    },
    "hooks": {
        "collections.abc": "Callable Iterable",
        "typing": "Any",
    },
    "models": {
        "*": "chardet=charset_normalizer complexjson=json cookielib=http.cookiejar datetime encodings",
        "builtins": "builtin_str=str",
        "collections.abc": "Callable Generator Iterable Iterator Mapping",
        "io": "UnsupportedOperation",
        "json": "JSONDecodeError",
        "martlet._internal_utils": "unicode_is_ascii",
        "martlet._types": "_SupportsRead=SupportsRead",
        "martlet.auth": "HTTPBasicAuth",
        "martlet.compat": "basestring",
        "martlet.cookies": "_copy_cookie_jar=copy_cookie_jar cookiejar_from_dict get_cookie_header",
        "martlet.exceptions": (
            "ChunkedEncodingError ConnectionError ContentDecodingError HTTPError InvalidURL "
            "MissingSchema RequestsJSONDecodeError=JSONDecodeError RequestsSSLError=SSLError "
            "StreamConsumedError"
        ),
        "martlet.status_codes": "codes",
        "martlet.utils": (
            "get_auth_from_url guess_filename guess_json_utf iter_slices parse_header_links requote_uri "
            "stream_decode_response_unicode to_key_val_list"
        ),
        "typing": "Any Final Literal cast overload",
        "urllib.parse": "urlencode urlsplit urlunparse",
        "urllib3.exceptions": "DecodeError LocationParseError ProtocolError ReadTimeoutError SSLError",
        "urllib3.fields": "RequestField",
        "urllib3.filepost": "encode_multipart_formdata",
        "urllib3.util": "parse_url",
    },
    "sessions": {
        "martlet.aio": "AsyncSession",
        "*": "cookielib=http.cookiejar os time",
        "collections.abc": "Generator MutableMapping",
        "datetime": "timedelta",
        "martlet._internal_utils": "to_native_string",
        "martlet.adapters": "HTTPAdapter",
        "martlet.auth": "_basic_auth_str",
        "martlet.cookies": "RequestsCookieJar cookiejar_from_dict extract_cookies_to_jar merge_cookies",
        "martlet.exceptions": "ChunkedEncodingError ContentDecodingError TooManyRedirects",
        "martlet.hooks": "dispatch_hook",
        "martlet.models": "Response",
        "martlet.status_codes": "codes",
        "martlet.utils": "get_auth_from_url requote_uri resolve_proxies rewind_body should_bypass_proxies",
        "time": "preferred_clock=perf_counter",
        "typing": "Any cast",
        "urllib.parse": "urljoin urlparse",
    },
    "structures": {
        "collections.abc": "Iterable Iterator",
        "typing": "Any Generic TypeVar overload",
    },
    "utils": {
        "*": "certs=martlet.certs codecs contextlib io re socket struct sys tempfile warnings zipfile",
        "builtins": "bytes str",
        "collections": "OrderedDict",
        "collections.abc": "Generator Iterable Mapping",
        "martlet._internal_utils": "HEADER_VALIDATORS _HEADER_VALIDATORS_BYTE _HEADER_VALIDATORS_STR",
        "martlet._types": "_SupportsItems=SupportsItems",
        "martlet.compat": "integer_types is_urllib3_1",
        "martlet.cookies": "cookiejar_from_dict",
        "martlet.exceptions": "FileModeWarning InvalidHeader InvalidURL UnrewindableBodyError",
        "martlet.structures": "CaseInsensitiveDict",
        "typing": "Any Final TypeVar cast overload",
        "urllib.parse": "quote unquote urlparse urlunparse",
        "urllib.request": (
            "_parse_list_header=parse_http_list getproxies getproxies_environment proxy_bypass "
            "proxy_bypass_environment"
        ),
        "urllib3.util": "make_headers parse_url",
    },
    "_types": {
        "collections.abc": "Sequence",
    },
}


def find(module: str, name: str) -> Any:
    """What `module`, one of this package, shows as `name`: for its `__getattr__`. AttributeError if there is
    no such name.
    """
    for source, names in NAMES.get(module.removeprefix("martlet."), {}).items():
        for each in names.split():
            shown, _, original = each.partition("=")
            if shown == name:
                original = original or name
                found = import_module(original) if source == "*" else getattr(import_module(source), original)
                return sys.modules[module].__dict__.setdefault(name, found)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
