"""The names of `requests._internal_utils`, which libraries import although it is private."""

from __future__ import annotations

from .compat import builtin_str
from .fields import to_native_string
from .utils import unicode_is_ascii

__all__ = ["builtin_str", "to_native_string", "unicode_is_ascii"]
