"""The names of `requests._internal_utils`, which libraries import although it is private."""

from __future__ import annotations

import re

from .compat import builtin_str
from .fields import to_native_string
from .utils import unicode_is_ascii

__all__ = ["HEADER_VALIDATORS", "builtin_str", "to_native_string", "unicode_is_ascii"]

# The rules of fields.py as patterns, for who looks them up here: of a name, and of a value.
_NAME, _VALUE = r"^[^:\s][^:\r\n]*\Z", r"^\S[^\r\n]*\Z|^\Z"
_VALID_HEADER_NAME_RE_STR, _VALID_HEADER_VALUE_RE_STR = re.compile(_NAME), re.compile(_VALUE)
_VALID_HEADER_NAME_RE_BYTE, _VALID_HEADER_VALUE_RE_BYTE = (re.compile(p.encode()) for p in (_NAME, _VALUE))
_HEADER_VALIDATORS_STR = (_VALID_HEADER_NAME_RE_STR, _VALID_HEADER_VALUE_RE_STR)
_HEADER_VALIDATORS_BYTE = (_VALID_HEADER_NAME_RE_BYTE, _VALID_HEADER_VALUE_RE_BYTE)
HEADER_VALIDATORS = {str: _HEADER_VALIDATORS_STR, bytes: _HEADER_VALIDATORS_BYTE}
