"""Adapters whose connections somebody has a say in: by overridden methods, settings, pool managers."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import urllib3

from servers import misbehaving
from servers.wire import reply

from .harness import attempt, compat, only

POINTS = [
    "add_headers",
    "build_connection_pool_key_attributes",
    "build_response",
    "cert_verify",
    "get_connection_with_tls_context",
    "init_poolmanager",
    "proxy_headers",
    "proxy_manager_for",
    "request_url",
]


def noting(adapter: type, names: list[str]) -> tuple[type, list[str]]:
    """A subclass that overrides these methods, and the list in which it notes their calls."""
    calls: list[str] = []

    def noted(name: str) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return getattr(adapter, name)(self, *args, **kwargs)

        return method

    return type("Noting", (adapter,), {name: noted(name) for name in names}), calls


def mounted(client: Any, adapter: Any) -> Any:
    for prefix in ("http://", "https://"):
        client.session.mount(prefix, adapter)
    return adapter


@compat
@pytest.mark.parametrize("names", [POINTS, *([name] for name in POINTS)], ids=lambda names: "+".join(names))
def test_overridden_methods_are_called_as_in_requests(client, server, names):
    kind, calls = noting(client.lib.adapters.HTTPAdapter, names)
    mounted(client, kind())
    response = client.get(server.url + "/")
    client.post(server.url + "/", data=b"body", stream=True).close()
    return calls, response, client.content(response)


@compat
@only("http")
def test_the_methods_for_a_proxy_are_called_as_in_requests(client, server):
    kind, calls = noting(client.lib.adapters.HTTPAdapter, POINTS)
    mounted(client, kind())
    proxy = server.url.replace("://", "://user:secret@")
    client.get("http://target.test/", proxies={"http": proxy})
    return calls


@compat
def test_an_instances_own_method_is_called(client, server):
    adapter = mounted(client, client.lib.adapters.HTTPAdapter())
    calls = []
    original = adapter.cert_verify
    adapter.cert_verify = lambda *args: (calls.append(args[1:3]), original(*args))
    client.get(server.url + "/")
    return len(calls)


@compat
@only("https")
def test_a_context_given_through_the_pool_manager_decides(client, server, authority):
    """`verify` names nothing that trusts the server: the context does."""

    class Own(client.lib.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            context = ssl.create_default_context(cafile=authority.ca_file)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

    mounted(client, Own())
    client.session.verify = True
    return client.get(server.url + "/")


@compat
@only("https")
def test_a_context_that_refuses_is_a_tls_error(client, server):
    class Own(client.lib.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **kwargs)

    mounted(client, Own())
    client.session.verify = True
    error = attempt(client.get, server.url + "/")
    assert isinstance(error, client.lib.exceptions.SSLError)
    return type(error.args[0]).__name__, type(error.args[0].reason).__name__


@compat
@only("http")
def test_a_source_address_is_bound(client, server):
    class Own(client.lib.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=("127.0.0.9", 0), **kwargs)

    mounted(client, Own())
    client.get(server.url + "/")
    return [connection.peer for connection in server.connections()]


@compat
def test_an_unknown_setting_raises(client, server):
    class Own(client.lib.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, no_such_setting=1, **kwargs)

    mounted(client, Own())
    return type(attempt(client.get, server.url + "/")).__name__


@compat
@only("https")
def test_settings_changed_later_are_heard(client, server):
    adapter = mounted(client, client.lib.adapters.HTTPAdapter())
    first = client.get(server.url + "/")
    adapter.poolmanager.connection_pool_kw["assert_fingerprint"] = "00" * 32
    refused = attempt(client.get, server.url + "/")
    del adapter.poolmanager.connection_pool_kw["assert_fingerprint"]
    return first, type(refused).__name__, client.get(server.url + "/")


@compat
def test_a_pool_manager_of_ones_own_is_used(client, server):
    used = []

    class Own(urllib3.PoolManager):
        def connection_from_host(self, *args, **kwargs):
            used.append(args[:1])
            return super().connection_from_host(*args, **kwargs)

    adapter = mounted(client, client.lib.adapters.HTTPAdapter())
    adapter.poolmanager = Own()
    response = client.get(server.url + "/")
    return len(used), response


@compat
@pytest.mark.parametrize("kind", ["refused", "unknown", "silent", "closes without a reply", "sends noise"])
@only("http")
def test_errors_are_those_of_requests(client, server, kind):
    mounted(client, noting(client.lib.adapters.HTTPAdapter, ["cert_verify"])[0]())
    if kind == "refused":
        with misbehaving.refusing_port() as port:
            error = attempt(client.get, f"http://127.0.0.1:{port}/")
    elif kind == "unknown":
        error = attempt(client.get, "http://nobody.invalid/")
    else:
        server.otherwise(misbehaving.NEVER_ANSWERS if kind == "silent" else misbehaving.BROKEN_HEADS[kind])
        error = attempt(client.get, server.url + "/", timeout=(5, 0.2))
    first = error.args[0]
    return type(error).__name__, type(first).__name__, type(getattr(first, "reason", None)).__name__


@compat
def test_retries_are_urllib3s(client, server):
    from urllib3 import Retry

    server.otherwise(reply(503, b"busy"))
    retries = Retry(2, status_forcelist=[503], backoff_factor=0)
    mounted(client, noting(client.lib.adapters.HTTPAdapter, ["cert_verify"])[0](max_retries=retries))
    error = attempt(client.get, server.url + "/")
    return type(error).__name__, type(error.args[0].reason).__name__, len(server.requests)
