"""A blocking session over the same state as an `AsyncSession`, for helper threads.

NTLM, Kerberos and their like are auth objects written for requests: the hooks they register read
`response.content` and call `response.connection.send`. On the event loop that would stall it, so an
exchange with such a hook runs as a whole in a helper thread, under this.
"""

from __future__ import annotations

from .auth import AuthBase
from .exchange import is_coroutine_function
from .hooks import hooks_of
from .roads import OVERRIDABLE
from .sessions import OWN_SESSION as Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .models import PreparedRequest

# These are told twice, once to be awaited; an overriding of them is for the event loop.
_AWAITED = ("__getattribute__", "send", "resolve_redirects")


def has_blocking_auth(request: PreparedRequest) -> bool:
    """Whether an auth that is not ours has registered a hook that may block."""
    return any(
        isinstance(getattr(hook, "__self__", None), AuthBase)
        and hook.__module__ != AuthBase.__module__
        and not is_coroutine_function(hook)
        for hook in hooks_of("response", request.hooks)
    )


def blocking_twin(session: Any, base: type) -> Any:
    """The twin of `session`, whose class derives from `base`: same settings, cookies and connections."""
    cls = type(session)
    overridden = {
        name: getattr(cls, name)
        for name in OVERRIDABLE["Session"]
        if name not in _AWAITED and getattr(cls, name) is not getattr(base, name)
    }
    quiet = {"__del__": lambda self: None}  # that it is never closed is said of the session
    twin: Any = Session.__new__(type("Session", (Session,), overridden | quiet))
    twin.__dict__ = session.__dict__
    twin._martlet_client = session._martlet_client
    return twin
