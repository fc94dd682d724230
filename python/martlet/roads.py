"""Which of the two roads a call takes.

The quick road runs the whole exchange in the engine. The compatible road calls, from Python and in requests'
order, the points that somebody has overridden. It is taken whenever one of the class attributes below is not
the one this package defined: replaced in a subclass, or patched on the class as mocks do. What a call or an
instance overrides (hooks, an auth callable, a mounted adapter, a jar of one's own) the engine sees for itself
in `Client.begin`.
"""

from __future__ import annotations

import sys
from operator import attrgetter

from . import models
from ._martlet import Versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The class attributes whose replacement means the compatible road. A test patches every entry.
OVERRIDABLE: dict[str, tuple[str, ...]] = {
    "Session": (
        "__getattribute__",
        "prepare_request",
        "merge_environment_settings",
        "send",
        "get_adapter",
        "resolve_redirects",
        "get_redirect_target",
        "should_strip_auth",
        "rebuild_auth",
        "rebuild_method",
        "rebuild_proxies",
    ),
    "PreparedRequest": (
        "__init__",
        "prepare",
        "prepare_method",
        "prepare_url",
        "prepare_headers",
        "prepare_cookies",
        "prepare_body",
        "prepare_content_length",
        "prepare_auth",
        "prepare_hooks",
    ),
    "HTTPAdapter": (
        "__init__",
        "send",
        "init_poolmanager",
        "build_response",
        "add_headers",
        "proxy_headers",
        "request_url",
    ),
}

_session_points = attrgetter(*OVERRIDABLE["Session"])
_prepared_points = attrgetter(*OVERRIDABLE["PreparedRequest"])
adapter_points = attrgetter(*OVERRIDABLE["HTTPAdapter"])

_originals: dict[type, Any] = {}
_prepared_originals = _prepared_points(models.PreparedRequest)
_modules = sys.modules
_seen = Versions()


def remember(session: type) -> None:
    """Notes the class attributes of a session class of this package as they are now: the originals."""
    _originals[session] = _session_points(session)


def is_untouched(session: type, base: type) -> bool:
    """Whether nothing is overridden in this class of sessions, a subclass of `base`, or in what it works
    with.
    """
    prepared, adapters = models.PreparedRequest, _modules.get("martlet.adapters")
    # Missing while another thread imports the module: then nobody has changed anything in it.
    originals = None if adapters is None else getattr(adapters, "ORIGINALS", None)
    adapter = None if originals is None else adapters.HTTPAdapter  # type: ignore[union-attr]
    if _seen.hold(session, prepared, adapter):
        return True
    untouched = (
        _session_points(session) == _originals[base]
        and _prepared_points(prepared) == _prepared_originals
        and (adapter is None or adapter_points(adapter) == originals)
    )
    if untouched:
        _seen.note(session, prepared, adapter)
    return bool(untouched)
