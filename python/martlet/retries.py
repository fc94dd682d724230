"""Retries of an `HTTPAdapter(max_retries=...)`, by the rules of the `urllib3.Retry` it was given.

That object decides what is tried again, how often and after which pause; subclasses of it are asked as well.
Here is only what urllib3's pool does around it: which error counts as which of its kinds, the body put back
to its start, and what is raised when the retries are used up.
"""

from __future__ import annotations

from . import exceptions
from .exchange import Pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from urllib3 import Retry

    from .exchange import Steps
    from .models import PreparedRequest
    from .response import Response


def retrying(
    retries: Retry, request: PreparedRequest, exchange: Callable[[], Steps[Response]]
) -> Steps[Response]:
    """Runs the exchange until it succeeds or `retries` has enough of it."""
    from urllib3.exceptions import MaxRetryError

    from .urllib3_errors import beneath

    method, url = request.method or "", request.url or ""
    while True:
        try:
            response = yield from exchange()
        except exceptions.RequestException as error:
            theirs = beneath(error, url)
            if theirs is None:
                raise
            try:
                retries = retries.increment(method, url, error=theirs, _pool=_POOL)
            except MaxRetryError as spent:
                # As in requests, whose ReadTimeout is raised only where nothing is tried again.
                read = isinstance(error, exceptions.ReadTimeout)
                kind = exceptions.ConnectionError if read else type(error)
                raise kind(spent, request=request) from error
            except type(theirs):
                raise error from None  # not a kind that is tried again
            yield Pause(retries.get_backoff_time())
        else:
            asked = bool(response.headers.get("Retry-After"))
            if not retries.is_retry(method, response.status_code, asked):
                return response
            try:
                retries = retries.increment(method, url, response=response.raw, _pool=_POOL)
            except MaxRetryError as spent:
                if not retries.raise_on_status:
                    return response
                response.close()
                raise exceptions.RetryError(spent, request=request) from spent
            wait = retries.get_retry_after(response.raw) if retries.respect_retry_after_header else None
            response.close()
            yield Pause(wait or retries.get_backoff_time())
        from .bodies import put_back

        put_back(request)


# What urllib3's errors name as their pool: the engine's is none of its own.
_POOL: Any = None
