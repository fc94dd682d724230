"""Adapters: requests' contract over the engine, and what of it the engine cannot hear."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import pytest

import martlet
from handles import Handle
from martlet.adapters import HTTPAdapter
from scripted import Reply, raw_of
from test_aio import Engine

HERE = "http://a.test/p?q"


def prepared(library: ModuleType = martlet, url: str = HERE) -> Any:
    return library.Request("GET", url).prepare()


def over(engine: Engine, kind: type[HTTPAdapter] = HTTPAdapter) -> HTTPAdapter:
    return kind._over(engine)  # type: ignore[arg-type]


def test_the_base_is_a_contract(library: ModuleType) -> None:
    base = library.adapters.BaseAdapter()
    with pytest.raises(NotImplementedError):
        base.send(None)
    with pytest.raises(NotImplementedError):
        base.close()


def test_settings_are_kept_and_pickled(library: ModuleType) -> None:
    adapter = library.adapters.HTTPAdapter(2, 3, max_retries=4, pool_block=True)
    for each in (adapter, pickle.loads(pickle.dumps(adapter))):
        assert (each._pool_connections, each._pool_maxsize, each._pool_block) == (2, 3, True)
        assert (each.max_retries.total, each.config, each.proxy_manager) == (4, {}, {})
    assert library.adapters.HTTPAdapter().max_retries.read is False


def test_a_response_is_built_from_what_urllib3_gives(library: ModuleType) -> None:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Set-Cookie", "k=v; Path=/")]
    raw = raw_of(Reply(404, headers, b"body", "Gone"))
    request = prepared(library)
    adapter = library.adapters.HTTPAdapter()
    response = adapter.build_response(request, raw)
    assert (response.status_code, response.reason, response.encoding, response.url) == (
        404,
        "Gone",
        "utf-8",
        HERE,
    )
    assert (response.headers["content-type"], response.cookies.get_dict()) == (headers[0][1], {"k": "v"})
    assert (response.raw is raw, response.request is request, response.connection is adapter) == (True,) * 3
    assert response.text == "body"


def test_the_request_line_is_the_whole_url_for_http_through_a_proxy(library: ModuleType) -> None:
    url_of = library.adapters.HTTPAdapter().request_url
    secret = prepared(library, "http://u:p@a.test/p?q#f")
    assert url_of(secret, {}) == "/p?q"
    assert url_of(secret, {"http": "http://proxy.test"}) == "http://a.test/p?q"
    assert url_of(secret, {"http": "socks5://proxy.test"}) == "/p?q"
    assert url_of(prepared(library, "https://a.test/p"), {"https": "http://proxy.test"}) == "/p"
    assert url_of(prepared(library, "http://a.test//p//q"), {}) == "//p//q"


def test_a_proxy_is_told_who_asks(library: ModuleType) -> None:
    headers_for = library.adapters.HTTPAdapter().proxy_headers
    assert headers_for("http://u:p@proxy.test") == {"Proxy-Authorization": "Basic dTpw"}
    assert headers_for("http://proxy.test") == {}


def test_it_sends_one_exchange_through_the_engine() -> None:
    engine = Engine(Handle(302, [("Location", "/x")], chunks=[b"a"]))
    request, adapter = prepared(), over(engine)
    response = adapter.send(request, timeout=(1, 2), verify="/ca", cert=__file__, proxies={"http": "p"})
    assert (response.request is request, response.connection is adapter) == (True, True)
    assert (response.status_code, response.content) == (302, b"a")
    [(_, settings)] = engine.sent
    assert (settings["verify"], settings["cert"], settings["proxies"]) == ("/ca", __file__, {"all": "p"})
    assert (settings["timeout"].connect, settings["timeout"].read) == (1, 2)
    adapter.close()
    assert engine.closed


@pytest.mark.parametrize(
    ("proxies", "taken"),
    [
        (None, None),
        ({"https": "q"}, None),
        ({"http": None, "all": "q"}, None),
        ({"http://a.test": "p", "http": "q"}, {"all": "p"}),
    ],
)
def test_one_proxy_is_chosen_by_requests_rules(proxies: Any, taken: Any) -> None:
    engine = Engine(Handle(chunks=[]))
    over(engine).send(prepared(), proxies=proxies)
    assert engine.sent[0][1]["proxies"] == taken


def test_going_without_verification_is_warned_about() -> None:
    from urllib3.exceptions import InsecureRequestWarning

    secure = prepared(url="https://a.test/")
    with pytest.warns(
        InsecureRequestWarning, match="Unverified HTTPS request is being made to host 'a.test'"
    ):
        over(Engine(Handle(chunks=[]))).send(secure, verify=False)
    over(Engine(Handle(chunks=[]))).send(prepared(), verify=False)


def test_an_error_knows_its_request() -> None:
    class Failing(Engine):
        def send(self, prepared: Any, **settings: Any) -> Any:
            raise martlet.ConnectionError("refused")

    request = prepared()
    with pytest.raises(martlet.ConnectionError) as caught:
        over(Failing()).send(request)
    assert caught.value.request is request


def test_headers_may_be_added_and_responses_built_by_a_subclass() -> None:
    class Own(HTTPAdapter):
        def add_headers(self, request: Any, **settings: Any) -> None:
            request.headers["X-Own"] = str(settings["timeout"])

        def build_response(self, req: Any, resp: Any) -> martlet.Response:
            response = super().build_response(req, resp)
            response.reason = "Own"
            return response

    engine = Engine(Handle(headers=[("Set-Cookie", "k=v; Path=/")], chunks=[b"a", b"b"]))
    response = over(engine, Own).send(prepared(), timeout=5)
    assert engine.sent[0][0].headers["X-Own"] == "5"
    assert (response.reason, response.content, response.cookies.get_dict()) == ("Own", b"ab", {"k": "v"})
