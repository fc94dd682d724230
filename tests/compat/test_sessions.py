"""Sessions: what they hold, how it is merged with a call's arguments, prepared requests, connections."""

from __future__ import annotations

import copy
import pickle

from servers.wire import CLOSE, reply

from .harness import attempt, compat, differs, only, sync_only


@compat
@only("http")
def test_a_new_session_holds_requests_defaults(client, server):
    session = client.session
    names = ["auth", "proxies", "hooks", "params", "stream", "verify", "cert", "max_redirects", "trust_env"]
    return [
        {name: getattr(session, name) for name in names},
        list(session.headers),
        session.headers["Accept"],
        type(session.headers).__name__,
        type(session.cookies).__name__,
        list(session.adapters),
        [type(adapter).__name__ for adapter in session.adapters.values()],
    ]


@compat
def test_connections_are_kept_between_requests(client, server):
    for _ in range(3):
        client.get(server.url + "/")
    client.post(server.url + "/", data=b"abc")
    assert len(server.connections()) == 1


@compat
def test_a_connection_that_either_side_wants_closed_is_not_used_again(client, server):
    server.on("/closing", [reply(200, b"ok", ("Connection", "close")), CLOSE])
    client.get(server.url + "/closing")
    client.get(server.url + "/", headers={"Connection": "close"})
    client.get(server.url + "/")
    return len(server.connections())


@compat
def test_a_connection_that_the_server_closed_meanwhile_is_replaced(client, server):
    server.on("/", [reply(200, b"ok"), CLOSE])
    for _ in range(3):
        assert client.get(server.url + "/").content == b"ok"
        server.wait_until_closed()
    assert client.post(server.url + "/", data=b"x").content == b"ok"
    assert len(server.connections()) == 4


@compat
def test_a_closed_session_works_on(client, server):
    client.get(server.url + "/")
    client.wait(client.session.close())
    server.wait_until_closed()
    return client.get(server.url + "/")


@compat
def test_two_sessions_share_nothing(client, server):
    server.on("/", reply(200, b"", ("Set-Cookie", "a=1")))
    client.get(server.url + "/")
    other = client.new_session()
    client.wait(other.get(server.url + "/"))
    assert server.requests[1].header("Cookie") is None
    assert len(server.connections()) == 2


@compat
def test_a_prepared_request_takes_the_sessions_settings(client, server):
    client.session.headers["X-Session"] = "1"
    client.session.params = {"session": "1"}
    client.session.auth = ("u", "p")
    client.session.cookies["c"] = "1"
    prepared = client.prepare(
        "POST", server.url + "/", data={"a": "1"}, params={"call": "1"}, headers={"X": "1"}
    )
    prepared.headers["X-Late"] = "1"
    return [prepared, client.send(prepared)]


@compat
@differs(
    "nothing-added",
    requests=[
        ["Host", "Accept-Encoding", "User-Agent", "X"],
        ["Host", "Accept-Encoding", "User-Agent", "Content-Length", "Content-Type"],
    ],
    martlet=[["Host", "X"], ["Host", "Content-Length", "Content-Type"]],
)
def test_a_request_prepared_by_itself_has_no_settings_of_the_session(client, server):
    client.session.headers["X-Session"] = "1"
    client.session.auth = ("u", "p")
    client.session.cookies["c"] = "1"
    request = client.lib.Request("GET", server.url + "/", headers={"X": "1"}, params={"a": "1"})
    client.send(request.prepare())
    client.send(client.lib.Request("POST", server.url, json=[1]).prepare())
    return [[name for name, _ in request.fields] for request in server.requests]


@compat
def test_a_prepared_request_may_be_sent_again(client, server):
    prepared = client.prepare("POST", server.url + "/", data=b"abc")
    client.send(prepared)
    client.send(prepared)
    first, second = server.requests
    assert first.head == second.head


@compat
@only("http")
def test_a_prepared_request_is_copied_with_headers_of_its_own(client, server):
    prepared = client.lib.Request(
        "GET", "http://example.test/", headers={"X": "1"}, cookies={"c": "1"}
    ).prepare()
    other = prepared.copy()
    other.headers["X"] = "2"
    again = pickle.loads(pickle.dumps(prepared))
    return [prepared, other, again, prepared.hooks is other.hooks, repr(prepared), prepared.path_url]


@compat
def test_only_prepared_requests_are_sent(client, server):
    outcome = attempt(client.send, client.lib.Request("GET", server.url))
    assert not server.requests
    return [outcome, str(outcome)]


@compat
def test_settings_of_a_call_pass_over_those_of_the_session(client, server):
    client.session.stream = True
    client.session.auth = ("u", "p")
    client.session.headers["X"] = "session"
    client.get(server.url + "/", headers={"X": "call"}, auth=("v", "q"), stream=False)
    client.get(server.url + "/", headers={}, params={}, cookies={}, auth=None, stream=False)


@compat
@only("http")
def test_environment_settings_are_merged(client, server, monkeypatch):
    session = client.session
    merged = []
    for environment in ({"REQUESTS_CA_BUNDLE": "/b"}, {"CURL_CA_BUNDLE": "/c"}, {"HTTP_PROXY": "http://p:1"}):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for verify in (True, None, False, "/own"):
            settings = session.merge_environment_settings("http://example.test/", {}, None, verify, None)
            merged.append({**settings, "proxies": dict(settings["proxies"])})
        for name in environment:
            monkeypatch.delenv(name)
    session.trust_env = False
    merged.append(dict(session.merge_environment_settings("http://example.test/", {}, None, True, None)))
    return merged


@compat
@only("http")
def test_adapters_are_found_by_the_longest_prefix(client, server):
    session, adapter = client.session, client.lib.adapters.HTTPAdapter
    for prefix in ("http://a/b", "http://a", "x"):
        session.mount(prefix, adapter())
    found = [
        session.get_adapter(url) is session.adapters[key] for url, key in [("HTTP://A/B/c", "http://a/b")]
    ]
    missing = attempt(session.get_adapter, "foo://x")
    return [list(session.adapters), found, missing, str(missing)]


@compat
@only("http")
def test_requests_are_shown_and_copied(client, server):
    request = client.lib.Request("get", "http://example.test/", data={"a": 1}, hooks={"response": print})
    again = copy.copy(request)
    return [
        repr(request),
        repr(again),
        again.data,
        request.method,
        request.params,
        request.files,
        list(request.hooks),
    ]


@compat
@sync_only
def test_a_session_survives_pickling(client, server):
    client.session.headers["X"] = "1"
    client.session.cookies["c"] = "1"
    client.session.max_redirects = 3
    again = pickle.loads(pickle.dumps(client.session))
    with again:
        again.get(server.url + "/")
        return [again.max_redirects, again.cookies, list(again.headers)]


@compat
@sync_only
def test_a_session_may_be_subclassed(client, server):
    seen = []

    class Own(client.lib.Session):
        def request(self, method, url, *arguments, **keywords):
            seen.append(("request", method))
            return super().request(method, server.url + url, *arguments, **keywords)

        def send(self, request, **keywords):
            seen.append(("send", sorted(keywords)))
            return super().send(request, **keywords)

        def prepare_request(self, request):
            request.headers["X-Prepared"] = "1"
            return super().prepare_request(request)

    with Own() as session:
        session.verify = client.session.verify
        response = session.post("/path", json={"a": 1})
    return [response, seen]


@compat
@sync_only
def test_an_adapter_of_ones_own_answers(client, server):
    base = client.lib.adapters.BaseAdapter

    class Own(base):
        def send(self, request, **keywords):
            response = client.lib.models.Response()
            response.status_code, response._content = 299, b"made up"
            response.request, response.url = request, request.url
            response.reason = str(sorted(keywords))
            return response

        def close(self):
            pass

    client.session.mount("own://", Own())
    return [client.get("own://anything/at all"), client.get(server.url + "/")]


@compat
@sync_only
def test_an_adapter_may_be_asked_to_try_again(client, server):
    retry = __import__("urllib3").Retry(total=3, status_forcelist=[503], backoff_factor=0)
    client.session.mount(server.url, client.lib.adapters.HTTPAdapter(max_retries=retry))
    server.on("/", reply(503), reply(503), reply(200, b"third"))
    server.on("/never", reply(503))
    return [client.get(server.url + "/"), attempt(client.get, server.url + "/never")]


@compat
@sync_only
def test_a_session_is_closed_by_with(client, server):
    with client.lib.Session() as session:
        session.verify = client.session.verify
        assert session.get(server.url + "/").content == b"ok"
    server.wait_until_closed()
