"""The names of `requests.compat`, which libraries import although they are of the days of Python 2."""

from __future__ import annotations

import importlib
import json
import sys
from builtins import bytes as bytes  # noqa: A004 (the name is requests')
from builtins import str as str  # noqa: A004
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from http import cookiejar as cookielib
from http.cookies import Morsel
from io import StringIO
from json import JSONDecodeError
from types import ModuleType
from urllib.parse import (
    quote,
    quote_plus,
    unquote,
    unquote_plus,
    urldefrag,
    urlencode,
    urljoin,
    urlparse,
    urlsplit,
    urlunparse,
)
from urllib.request import getproxies, getproxies_environment, parse_http_list, proxy_bypass

# On every platform, though typeshed does not say so.
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # pyright: ignore # isort: skip

__all__ = [
    "Callable",
    "JSONDecodeError",
    "Mapping",
    "ModuleType",
    "Morsel",
    "MutableMapping",
    "OrderedDict",
    "StringIO",
    "basestring",
    "builtin_str",
    "bytes",
    "chardet",
    "cookielib",
    "getproxies",
    "getproxies_environment",
    "has_simplejson",
    "importlib",
    "integer_types",
    "is_py2",
    "is_py3",
    "is_urllib3_1",
    "json",
    "numeric_types",
    "parse_http_list",
    "proxy_bypass",
    "proxy_bypass_environment",
    "quote",
    "quote_plus",
    "str",
    "sys",
    "unquote",
    "unquote_plus",
    "urldefrag",
    "urlencode",
    "urljoin",
    "urlparse",
    "urlsplit",
    "urlunparse",
]

is_py2 = False
is_py3 = True
is_urllib3_1 = False
has_simplejson = False
builtin_str = str
basestring = (str, bytes)
numeric_types = (int, float)
integer_types = (int,)
chardet: ModuleType | None
try:
    chardet = importlib.import_module("chardet")
except ImportError:
    chardet = None


def __getattr__(name: str) -> object:
    from martlet.reexports import find

    return find(__name__, name)
