"""Sessions on the compatible road: what they send and hand back, over an adapter without a network.

Every test runs with requests and with martlet; what holds for martlet alone is at the end.
"""

from __future__ import annotations

import gc
import io
import pickle
from collections import OrderedDict
from http.cookiejar import CookieJar
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import requests

import martlet
from scripted import Reply, Seen, challenged, redirecting, session_over

HERE = "http://a.test/"

pytestmark = pytest.mark.usefixtures("open_sessions")


def ok(seen: Seen) -> Reply:
    return Reply(body=b"ok")


def test_verbs_send_their_method_and_follow_as_in_requests(library: ModuleType) -> None:
    for verb in ("get", "options", "head", "post", "put", "patch", "delete"):
        session, seen = session_over(library, redirecting(307, "/x"))
        response = getattr(session, verb)(HERE)
        assert {each.method for each in seen} == {verb.upper()}
        assert response.status_code == (307 if verb == "head" else 200)


def test_settings_of_the_session_are_merged_under_those_of_the_call(library: ModuleType) -> None:
    session, seen = session_over(library, ok)
    session.headers.update({"X-S": "s", "X-Both": "s"})
    session.params = {"p": "s", "q": "s"}
    session.auth = ("u", "p")
    session.get(HERE, headers={"x-both": "r", "Accept": None, "X-R": "r"}, params={"p": "r", "q": None})
    [sent] = seen
    assert sent.url == "http://a.test/?p=r"
    assert list(sent.headers) == [
        "User-Agent",
        "Accept-Encoding",
        "Connection",
        "X-S",
        "x-both",
        "X-R",
        "Authorization",
    ]
    assert (sent.headers["x-both"], sent.headers["Authorization"]) == ("r", "Basic dTpw")


@pytest.mark.parametrize(
    ("request_setting", "session_setting"),
    [
        (None, {"a": 1}),
        ({"a": 1}, None),
        ({"a": None, "b": 2}, {"a": 1, "c": 3, "d": None}),
        ("x", {"a": 1}),
        ({"a": 1}, "y"),
        ([("a", 1)], {"b": 2}),
        (False, True),
    ],
)
def test_settings_merge_as_in_requests(request_setting: Any, session_setting: Any) -> None:
    ours = martlet.sessions.merge_setting(request_setting, session_setting)
    theirs = requests.sessions.merge_setting(request_setting, session_setting)
    assert (ours, type(ours)) == (theirs, type(theirs))


def test_hooks_of_the_request_take_the_place_of_the_sessions(library: ModuleType) -> None:
    called: list[str] = []
    session, _ = session_over(library, ok)
    session.hooks["response"].append(lambda r, **kw: called.append("session"))
    session.get(HERE)
    session.get(HERE, hooks={"response": lambda r, **kw: called.append("request")})
    assert called == ["session", "request"]


def test_a_hook_gets_the_settings_and_may_replace_the_response(library: ModuleType) -> None:
    told: list[dict[str, Any]] = []

    def replace(response: Any, **settings: Any) -> Any:
        told.append(settings)
        other = library.Response()
        other.status_code, other._content = 299, b"other"
        return other

    session, _ = session_over(library, ok)
    response = session.get(HERE, hooks={"response": replace}, timeout=5)
    assert (response.status_code, response.content) == (299, b"other")
    assert sorted(told[0]) == ["cert", "proxies", "stream", "timeout", "verify"]
    assert (told[0]["timeout"], told[0]["verify"], told[0]["stream"]) == (5, True, False)


def test_a_hook_runs_at_every_hop(library: ModuleType) -> None:
    called: list[int] = []
    session, _ = session_over(library, redirecting(302, "/1", "/2"))
    session.get(HERE, hooks={"response": lambda r, **kw: called.append(r.status_code)})
    assert called == [302, 302, 200]


def test_cookies_of_the_session_and_the_call_are_sent_and_those_of_answers_kept(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "/1", "/2"))
    session.cookies.update({"c": "s", "d": "s"})
    session.get(HERE, cookies={"c": "r"})
    assert [sorted(each.headers["Cookie"].split("; ")) for each in seen[:1]] == [["c=r", "d=s"]]
    assert "n1=1" in seen[1].headers["Cookie"]
    assert {"n0=1", "n1=1"} < set(seen[2].headers["Cookie"].split("; "))
    assert session.cookies.get_dict() == {"c": "s", "d": "s", "n0": "1", "n1": "1"}


def test_any_jar_may_take_the_place_of_the_sessions(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "/1"))
    session.cookies = CookieJar()
    session.get(HERE)
    assert len(session.cookies) == 1
    assert seen[1].headers["Cookie"] == "n0=1"


def test_cookies_that_a_hook_found_on_the_way_are_kept(library: ModuleType) -> None:
    session, _ = session_over(library, ok)
    other, _ = session_over(library, lambda seen: Reply(headers=[("Set-Cookie", "k=v; Path=/")]))

    def through(response: Any, **settings: Any) -> None:
        response.history.append(other.get("http://a.test/login"))

    session.get(HERE, hooks={"response": through})
    assert session.cookies.get_dict() == {"k": "v"}


def test_a_prepared_request_is_sent_as_it_is(library: ModuleType) -> None:
    session, seen = session_over(library, ok)
    session.headers["X-S"] = "s"
    session.auth = ("u", "p")
    session.cookies.set("c", "s")
    request = library.Request("GET", HERE)
    session.send(request.prepare())
    session.send(session.prepare_request(request))
    assert seen[0].headers == {}
    assert {"X-S", "Authorization", "Cookie"} <= seen[1].headers.keys()


def test_a_request_that_is_not_prepared_is_refused(library: ModuleType) -> None:
    session, _ = session_over(library, ok)
    with pytest.raises(ValueError, match=r"You can only send PreparedRequests\."):
        session.send(library.Request("GET", HERE))


def test_adapters_are_found_by_the_longest_prefix_in_any_case(library: ModuleType) -> None:
    session = library.Session()
    assert list(session.adapters) == ["https://", "http://"]
    kept = library.adapters.HTTPAdapter()
    for prefix in ("http://a.test/b", "x", "http://a"):
        session.mount(prefix, kept)
    assert list(session.adapters) == ["http://a.test/b", "https://", "http://a", "http://", "x"]
    assert session.get_adapter(url="HTTP://A.TEST/b/c") is kept
    with pytest.raises(
        library.exceptions.InvalidSchema, match="No connection adapters were found for 'foo:x'"
    ):
        session.get_adapter("foo:x")
    session.close()


def test_the_environment_fills_gaps(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/bundle")
    monkeypatch.setenv("https_proxy", "http://proxy.test")
    session = library.Session()
    merge = session.merge_environment_settings

    def verified(verify: Any) -> Any:
        return merge("https://a.test/", {}, None, verify, None)["verify"]

    assert [verified(v) for v in (True, None, False, "/own")] == ["/bundle", "/bundle", False, "/own"]
    merged = merge("https://a.test/", {"http": "http://own.test"}, None, None, "c")
    assert merged["proxies"] == OrderedDict(http="http://own.test", https="http://proxy.test")
    assert (merged["stream"], merged["cert"]) == (False, "c")
    session.trust_env = False
    assert (verified(True), merge("https://a.test/", {}, None, None, None)["proxies"]) == (True, {})
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/curl")
    session.trust_env = True
    assert verified(True) == "/curl"


@pytest.mark.parametrize(
    "overridden", ["prepare_request", "send", "get_adapter", "merge_environment_settings"]
)
def test_what_a_subclass_overrides_is_called(library: ModuleType, overridden: str) -> None:
    called: list[str] = []

    def override(self: Any, *args: Any, **kwargs: Any) -> Any:
        called.append(overridden)
        return getattr(library.Session, overridden)(self, *args, **kwargs)

    session, _ = session_over(library, redirecting(302, "/1"))
    child = type("Child", (library.Session,), {overridden: override})()
    child.adapters = session.adapters
    assert child.get(HERE).content == b"end"
    assert called == [overridden] * (2 if overridden in ("send", "get_adapter") else 1)


def test_a_session_pickles_with_its_settings(library: ModuleType) -> None:
    session = library.Session()
    session.headers["X"] = "1"
    session.cookies.set("a", "1")
    session.mount("http://a", library.adapters.HTTPAdapter(pool_maxsize=3, max_retries=2))
    twin = pickle.loads(pickle.dumps(session))
    assert (twin.headers, twin.cookies.get_dict()) == (session.headers, {"a": "1"})
    assert (list(twin.adapters), twin.adapters["http://a"]._pool_maxsize) == (list(session.adapters), 3)
    assert twin.adapters["http://a"].max_retries.total == 2
    session.close()


def test_a_new_session_has_requests_defaults(library: ModuleType) -> None:
    session = library.session()
    assert {
        name: getattr(session, name)
        for name in library.Session.__attrs__
        if name not in ("headers", "adapters")
    } == {
        "cookies": session.cookies,
        "auth": None,
        "proxies": {},
        "hooks": {"response": []},
        "params": {},
        "verify": True,
        "cert": None,
        "stream": False,
        "trust_env": True,
        "max_redirects": 30,
    }
    session.close()


def test_the_body_is_read_unless_streamed(library: ModuleType) -> None:
    session, _ = session_over(library, ok)
    assert session.get(HERE)._content == b"ok"
    streamed = session.get(HERE, stream=True)
    assert (streamed._content, list(streamed.iter_content(1))) == (False, [b"o", b"k"])


# -- what holds for martlet alone


def test_a_digest_challenge_is_answered_once_with_the_body_put_back(library: ModuleType) -> None:
    session, seen = session_over(library, challenged)
    auth = library.auth.HTTPDigestAuth("u", "p")
    response = session.post(HERE, data=io.BytesIO(b"body"), auth=auth)
    assert (response.content, [each.body for each in seen]) == (b"welcome", [b"body", b"body"])
    assert [each.status_code for each in response.history] == [401]
    assert seen[1].headers["Cookie"] == "k=v"
    session.get(HERE, auth=auth)
    assert len(seen) == 3


def test_a_digest_that_is_refused_is_not_tried_for_ever(library: ModuleType) -> None:
    session, seen = session_over(library, lambda seen: challenged(Seen("", "", {}, None, {})))
    response = session.get(HERE, auth=library.auth.HTTPDigestAuth("u", "p"))
    assert (response.status_code, len(seen)) == (401, 2)


def test_a_used_session_that_nobody_closed_is_warned_about() -> None:
    session, _ = session_over(martlet, ok)
    session.get(HERE)
    session._martlet_client = SimpleNamespace(used=True)
    kept = [session]
    del session
    with pytest.warns(ResourceWarning, match=r"unclosed <martlet\.sessions\.Session object"):
        kept.clear()


def test_a_session_that_was_closed_or_never_used_is_not(recwarn: pytest.WarningsRecorder) -> None:
    session, _ = session_over(martlet, ok)
    with session:
        session.get(HERE)
    del session
    martlet.Session()
    gc.collect()
    assert [each for each in recwarn if each.category is ResourceWarning] == []


def test_nothing_is_made_of_cookies_and_adapters_before_somebody_looks() -> None:
    session = martlet.Session()
    assert not {"cookies", "adapters"} & vars(session).keys()
    assert not {"cookies", "adapters"} & pickle.loads(pickle.dumps(session)).__dict__.keys()
