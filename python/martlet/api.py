"""One request at a time: `martlet.get(url)` and its like. Each closes its connection afterwards, as in
requests.

For more than one request to the same host use a `Session`, which keeps the connection.
"""

from __future__ import annotations

from . import sessions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Unpack

    from ._types import Data, DataKwargs, GetKwargs, Params, PostKwargs, RequestKwargs, Text
    from .response import Response


def request(method: Text, url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a request and returns the response to it. See `Session.request` for the arguments."""
    with sessions.Session() as session:  # whatever class somebody has put there
        return session.request(method=method, url=url, **kwargs)


def get(url: Any, params: Params = None, **kwargs: Unpack[GetKwargs]) -> Response:
    """Sends a GET request."""
    return request("get", url, params=params, **kwargs)


def options(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends an OPTIONS request."""
    return request("options", url, **kwargs)


def head(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a HEAD request. Redirects are not followed by default."""
    kwargs.setdefault("allow_redirects", False)
    return request("head", url, **kwargs)


def post(url: Any, data: Data = None, json: Any = None, **kwargs: Unpack[PostKwargs]) -> Response:
    """Sends a POST request."""
    return request("post", url, data=data, json=json, **kwargs)


def put(url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
    """Sends a PUT request."""
    return request("put", url, data=data, **kwargs)


def patch(url: Any, data: Data = None, **kwargs: Unpack[DataKwargs]) -> Response:
    """Sends a PATCH request."""
    return request("patch", url, data=data, **kwargs)


def delete(url: Any, **kwargs: Unpack[RequestKwargs]) -> Response:
    """Sends a DELETE request."""
    return request("delete", url, **kwargs)


def __getattr__(name: str) -> Any:
    from martlet.reexports import find

    return find(__name__, name)
