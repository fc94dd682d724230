"""What real requests does with one input: each function answers for one rule, as plain data for a table.

Nothing goes on a network: connections are stand-ins that keep what is written and answer 204.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib.request import getproxies_environment

import idna
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.models import PreparedRequest, RequestEncodingMixin
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.fields import RequestField

Answer = dict[str, Any]


class Wire:
    """A socket that keeps what is written to it and has an answer ready."""

    def __init__(self) -> None:
        self.written = b""

    def sendall(self, data: bytes) -> None:
        self.written += data

    def makefile(self, *_args: object, **_kwargs: object) -> io.BytesIO:
        return io.BytesIO(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def settimeout(self, _timeout: object) -> None: ...

    def close(self) -> None: ...


def failure(error: Exception) -> Answer:
    """The error as table data. Where a plain ValueError escapes from requests, martlet says InvalidURL."""
    known = isinstance(error, requests.exceptions.RequestException)
    return {"error": type(error).__name__ if known else "InvalidURL", "message": str(error)}


def on_the_wire(prepared: PreparedRequest, proxies: dict[str, str] | None = None) -> tuple[str, str]:
    """Request target and Host field of a prepared request."""
    wire = Wire()

    def connect(connection: HTTPConnection) -> None:
        connection.sock = wire
        connection.is_verified = True

    with (
        mock.patch.object(HTTPConnection, "connect", connect),
        mock.patch.object(HTTPSConnection, "connect", connect),
    ):
        HTTPAdapter().send(prepared, proxies=proxies)
    head = wire.written.decode("latin-1").split("\r\n")
    host = [line[6:] for line in head if line.lower().startswith("host: ")]
    return head[0].split(" ", 1)[1].rsplit(" ", 1)[0], host[0]


def spoken(prepared: PreparedRequest) -> Answer:
    """The URL of a prepared request and what becomes of it on the wire."""
    answer: Answer = {"url": prepared.url}
    assert prepared.url is not None
    if not prepared.url.startswith(("http://", "https://")):
        return answer
    user, password = requests.utils.get_auth_from_url(prepared.url)
    if user or password:
        answer["userinfo"] = [user, password]
    answer["target"], answer["host"] = on_the_wire(prepared)
    if prepared.url.startswith("http://"):
        # http.client cannot write a Host field with a percent sign through a proxy.
        with contextlib.suppress(AssertionError):
            answer["absolute"], answer["proxied_host"] = on_the_wire(
                prepared, {"http": "http://proxy.test:1"}
            )
    return answer


@contextlib.contextmanager
def watching_idna() -> Iterator[Answer]:
    """The names that idna is asked about, and its answers."""
    names: Answer = {}
    encode = idna.encode

    def remembering(name: str, **options: Any) -> bytes:
        names[name] = None
        encoded: bytes = encode(name, **options)
        names[name] = encoded.decode()
        return encoded

    with mock.patch.object(idna, "encode", remembering):
        yield names


def prepare(url: str, params: str) -> Answer:
    """`PreparedRequest.prepare_url`, and the names that idna was asked about."""
    prepared = PreparedRequest()
    prepared.method = "GET"
    prepared.headers = requests.structures.CaseInsensitiveDict()
    with watching_idna() as names:
        try:
            prepared.prepare_url(url, params or None)
            answer = spoken(prepared)
        except ValueError as error:
            answer = failure(error)
    return {**answer, "idna": names} if names else answer


class Redirecting(BaseAdapter):
    """Answers everything with one redirect."""

    def __init__(self, location: bytes) -> None:
        super().__init__()
        self.location = location.decode("latin-1")

    def send(self, request: PreparedRequest, *_args: object, **_kwargs: object) -> requests.Response:
        response = requests.Response()
        response.status_code = 302
        response.headers["Location"] = self.location
        response.url = request.url or ""
        response.request = request
        response.raw = urllib3.HTTPResponse(io.BytesIO(b""), preload_content=False)
        return response

    def close(self) -> None: ...


def redirect(base: str, location: bytes) -> Answer:
    """Where a Location leads from `base`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Redirecting(location))
    session.mount("https://", Redirecting(location))
    try:
        response = session.send(requests.Request("GET", base).prepare(), allow_redirects=False)
        assert response.next is not None
        return spoken(response.next)
    except ValueError as error:
        return failure(error)


def attempt(rule: Any, *arguments: Any) -> Answer:
    """What a function returns or raises."""
    try:
        return {"value": rule(*arguments)}
    except (ValueError, requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        return failure(error)


def proxy_of(url: str) -> Answer:
    """What an adapter makes of the URL of a proxy."""
    prepared = requests.Request("GET", "http://h.test/").prepare()
    adapter = HTTPAdapter()
    try:
        pool = adapter.get_connection_with_tls_context(prepared, True, proxies={"http": url})
    except urllib3.exceptions.LocationValueError as error:
        return {"error": "InvalidURL", "message": str(error)}
    except ValueError as error:
        return failure(error)
    return {"host": pool.proxy.host.strip("[]"), "port": pool.proxy.port} if pool.proxy else {}


def bypasses(url: str, no_proxy: str) -> bool:
    """Does `no_proxy` keep the URL from the environment's proxies?"""
    with mock.patch.dict(os.environ, clear=True):
        result: bool = requests.utils.should_bypass_proxies(url, no_proxy)
        return result


def environment_proxies(variables: dict[str, str]) -> dict[str, str]:
    """The proxies that environment variables name."""
    with mock.patch.dict(os.environ, variables, clear=True):
        return getproxies_environment()


def netrc_login(text: str, host: str) -> Answer:
    """The login of a host, or that the file cannot be read."""
    from netrc import NetrcParseError

    with tempfile.NamedTemporaryFile("w", suffix="netrc", newline="", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        with mock.patch.dict(os.environ, {"NETRC": file.name}):
            try:
                login = requests.utils.get_netrc_auth(f"http://{host}/", raise_errors=True)
            except NetrcParseError as error:
                return {"error": error.msg, "line": error.lineno}
    return {"login": login}


def multipart(parts: list[Answer], boundary: str) -> str:
    """The body of a multipart form."""
    fields = []
    for part in parts:
        field = RequestField(part["name"], part["content"], part["filename"], dict(part["headers"]))
        field.make_multipart(content_type=part["content_type"])
        fields.append(field)
    body, _ = urllib3.encode_multipart_formdata(fields, boundary)
    return body.decode()


def urlencode(pairs: list[tuple[str, str]]) -> str:
    """Pairs as a form."""
    form = RequestEncodingMixin._encode_params(pairs)
    assert isinstance(form, str)
    return form


def framing(method: str, headers: dict[str, str], body: str | None, length: int | None) -> dict[str, str]:
    """The fields that say where a body ends: of none, of a text, of a stream of a length or none."""

    class Stream:
        def __iter__(self) -> Any:
            return iter([b"x"])

    if length is not None:
        Stream.__len__ = lambda _self: length  # type: ignore[attr-defined]
    data: Any = Stream() if body == "stream" else body
    prepared = requests.Request(method, "http://h.test/", headers=headers, data=data).prepare()
    kept = ("content-length", "transfer-encoding")
    return {name: str(value) for name, value in prepared.headers.items() if name.lower() in kept}
