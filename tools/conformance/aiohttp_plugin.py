"""A pytest plugin for aiohttp's own client tests: with `MARTLET=1` set, they run on martlet's session.

    python -m pytest -p tools.conformance.aiohttp_plugin tests/test_client_functional.py

Wherever aiohttp's tests find `ClientSession` (the package, its module `client`, the test client of
`test_utils`) they find martlet's then. Without `MARTLET` nothing is changed: those are the numbers to compare
with.
"""

from __future__ import annotations

import os
from typing import Any

_EARLY = "the engine hands on an early reply that is a success when the request is complete"
_RESOLVES = "looks into aiohttp's own resolving of names: the engine resolves"

LEFT: dict[str, str] = {
    "test_stream_request_on_server_eof": _EARLY,
    "test_stream_request_on_server_eof_nested": _EARLY,
    "test_upload_tracker_progress": _EARLY,
    "test_upload_tracker_settles_after_early_response": _EARLY,
    "test_upload_tracker_error_after_response": _EARLY,
    "test_deprecated_upload_attributes": _EARLY,
    "test_raising_client_connector_dns_error_on_dns_failure": _RESOLVES,
    "test_upgrade_connection_not_released_after_read": "a 101 that nobody asked for",
    "test_client_session_inheritance": "who derives from martlet's session is not warned of it",
}
"""Tests of aiohttp that fail on martlet's session, and why; all others of these files pass:

    test_client_functional.py test_client_middleware.py test_client_middleware_digest_auth.py
    test_client_session.py test_client_ws_functional.py
"""


def pytest_configure(config: Any) -> None:
    """Puts martlet's session in the place of aiohttp's, before the tests are imported."""
    if not os.environ.get("MARTLET"):
        return
    import aiohttp
    import aiohttp.client
    import aiohttp.test_utils

    from martlet.integrations.aiohttp import ClientSession

    for module in (aiohttp, aiohttp.client, aiohttp.test_utils):
        module.ClientSession = ClientSession  # type: ignore[attr-defined]
    # aiohttp's settings of pytest excuse sessions left open by their class's name.
    config.addinivalue_line("filterwarnings", "ignore:Unclosed client session <martlet:ResourceWarning")
