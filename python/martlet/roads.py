"""Which of the two roads a call takes.

The quick road runs the whole exchange in the engine. The compatible road calls, from Python and in requests'
order, the points that somebody has overridden. It is taken whenever one of the class attributes below is not
the one this package defined: replaced in a subclass, or patched on the class as mocks do. What a call or an
instance overrides (hooks, an auth callable, a mounted adapter, a jar of one's own) the engine sees for itself
in `Client.begin`.

The engine's sockets are not Python's. Where a program has replaced those, to forbid them, to record what goes
over them, to resolve names its own way, or as gevent does, it means ours too: then adapters send through
urllib3, whose sockets are Python's.
"""

from __future__ import annotations

import sys
from operator import attrgetter

from . import models
from ._martlet import Versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Methods of HTTPAdapter that make and find urllib3's connections: the engine asks none of them, and does not
# send where one is overridden.
ABOUT_CONNECTIONS = (
    "build_connection_pool_key_attributes",
    "cert_verify",
    "get_connection",
    "get_connection_with_tls_context",
    "proxy_headers",
    "proxy_manager_for",
    "request_url",
)

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
        *ABOUT_CONNECTIONS,
    ),
}

# Functions that the compatible road looks up in martlet.sessions, where tests of programs replace them.
_FUNCTIONS = ("get_netrc_auth", "get_environ_proxies")

_session_points = attrgetter(*OVERRIDABLE["Session"])
_prepared_points = attrgetter(*OVERRIDABLE["PreparedRequest"])
adapter_points = attrgetter(*OVERRIDABLE["HTTPAdapter"])

# Of the module socket, and of urllib3's pools: what it means to replace Python's sockets.
_socket_points = attrgetter("socket", "socket.connect", "getaddrinfo", "create_connection")
_pool_points = attrgetter("HTTPConnectionPool.ConnectionCls", "HTTPSConnectionPool.ConnectionCls")

_functions = attrgetter(*_FUNCTIONS)

_originals: dict[type, Any] = {}
_requests: dict[type, Any] = {}
_prepared_originals = _prepared_points(models.PreparedRequest)
_modules = sys.modules
seen = Versions(
    [
        ("socket", ["socket", "getaddrinfo", "create_connection"]),
        ("urllib3.connectionpool", ["HTTPConnectionPool", "HTTPSConnectionPool"]),
        ("martlet.sessions", list(_FUNCTIONS)),
        ("martlet.models", ["PreparedRequest"]),
        ("martlet.adapters", ["HTTPAdapter"]),
    ]
)
_plain_functions: tuple[Any, ...] = ()


def remember(session: type) -> None:
    """Notes the class attributes of a session class of this package as they are now: the originals."""
    global _plain_functions
    _originals[session] = _session_points(session)
    _requests[session] = session.request  # type: ignore[attr-defined]
    _plain_functions = _functions(_modules["martlet.sessions"])


def is_untouched(session: type, base: type) -> bool:
    """Whether nothing is overridden in this class of sessions, a subclass of `base`, or in what it works
    with.
    """
    if seen.hold(session):
        return True
    adapters = _modules.get("martlet.adapters")
    # Missing while another thread imports the module: then nobody has changed anything in it.
    originals = None if adapters is None else getattr(adapters, "ORIGINALS", None)
    untouched = (
        sockets_are_pythons()
        and _functions(_modules["martlet.sessions"]) == _plain_functions
        and _session_points(session) == _originals[base]
        and _prepared_points(models.PreparedRequest) == _prepared_originals
        and (originals is None or adapter_points(adapters.HTTPAdapter) == originals)  # type: ignore[union-attr]
    )
    if untouched:
        seen.note(session, session.request is _requests[base])  # type: ignore[attr-defined]
    return bool(untouched)


def prepares_bodies(session: Any) -> bool:
    """Whether the `data` of a request comes to our `PreparedRequest.prepare_body` as it is."""
    place = OVERRIDABLE["Session"].index("prepare_request")
    prepares = type(session).prepare_request
    return (
        "prepare_request" not in session.__dict__
        and any(points[place] is prepares for points in _originals.values())
        and _prepared_points(models.PreparedRequest) == _prepared_originals
    )


def sockets_are_pythons() -> bool:
    """Whether nobody has replaced Python's sockets, its look-up of names, or urllib3's connections."""
    socket, pools = _modules.get("socket"), _modules.get("urllib3.connectionpool")
    return (socket is None or _are_plain(socket)) and (pools is None or _have_plain_connections(pools))


def _are_plain(module: Any) -> bool:
    import _socket

    kind, connect, *functions = _socket_points(module)
    return connect is _socket.socket.connect and all(
        each.__module__ == "socket" for each in (kind, *functions)
    )


def _have_plain_connections(module: Any) -> bool:
    return all(each.__module__ == "urllib3.connection" for each in _pool_points(module))
