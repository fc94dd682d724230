"""A session's Python jar and the engine's: equal at every request, and only what has changed crosses."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import Cookie

import pytest

import martlet
from martlet.cookies import RECENT, RequestsCookieJar, cookiejar_from_dict, create_cookie
from servers.recording import RecordingServer
from servers.wire import reply


@pytest.fixture
def session(server: RecordingServer) -> Iterator[martlet.Session]:
    with martlet.Session() as session:
        session.cookies.update({"a": "1", "b": "2"})
        assert sent(session, server) == {"a=1", "b=2"}
        yield session


@pytest.fixture
def exports(session: martlet.Session, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows whenever all cookies go to the engine."""
    seen: list[object] = []
    export = RequestsCookieJar._export

    def counted(jar: RequestsCookieJar) -> object:
        seen.append(jar)
        return export(jar)

    monkeypatch.setattr(RequestsCookieJar, "_export", counted)
    return seen


def sent(session: martlet.Session, server: RecordingServer) -> set[str]:
    """The cookies of one more request."""
    session.get(server.url)
    return set((server.requests[-1].header("Cookie") or "").split("; ")) - {""}


def test_only_changes_cross(session: martlet.Session, server: RecordingServer, exports: list[object]) -> None:
    session.cookies["c"] = "3"
    session.cookies.update(cookiejar_from_dict({"d": "4"}))
    assert sent(session, server) == {"a=1", "b=2", "c=3", "d=4"}
    del session.cookies["a"]
    session.cookies.set("b", None)
    session.cookies.set("c", "5")
    assert sent(session, server) == {"c=5", "d=4"}
    assert exports == []


def test_what_the_server_sets_does_not_come_back_whole(
    session: martlet.Session, server: RecordingServer, exports: list[object]
) -> None:
    server.otherwise(reply(200, b"", ("Set-Cookie", "a=9"), ("Set-Cookie", "n=1")), reply(200, b""))
    session.get(server.url)
    assert session.cookies.get_dict(domain="127.0.0.1") == {"a": "9", "n": "1"}
    assert sent(session, server) == {"a=1", "a=9", "b=2", "n=1"}
    assert exports == []


def test_nor_when_the_standard_library_read_it(
    session: martlet.Session, server: RecordingServer, exports: list[object]
) -> None:
    server.otherwise(reply(200, b"", ("Set-Cookie", "n=1")), reply(200, b""))
    session.get(server.url, hooks={"response": lambda response, **_: None})
    assert sent(session, server) == {"a=1", "b=2", "n=1"}
    assert exports == []


def test_looking_at_cookies_costs_nothing_later(
    session: martlet.Session, server: RecordingServer, exports: list[object]
) -> None:
    assert [cookie.name for cookie in session.cookies] == ["a", "b"]
    assert martlet.utils.dict_from_cookiejar(session.cookies) == {"a": "1", "b": "2"}
    assert sent(session, server) == {"a=1", "b=2"}
    assert exports == []


def test_a_cookie_changed_in_place_is_sent_as_it_is_now(
    session: martlet.Session, server: RecordingServer
) -> None:
    [a, b] = session.cookies
    a.value = "8"
    assert sent(session, server) == {"a=8", "b=2"}
    b.domain = "elsewhere.test"
    assert sent(session, server) == {"a=8"}


@pytest.mark.parametrize("kind", ["made by us", "the standard library's", "somebody's own"])
def test_a_cookie_that_somebody_put_there_and_changes_later(
    session: martlet.Session, server: RecordingServer, kind: str
) -> None:
    cookie = create_cookie("c", "3")
    if kind != "made by us":
        own = type("Own", (Cookie,), {}) if kind == "somebody's own" else Cookie
        fields = {name.removeprefix("_"): value for name, value in vars(cookie).items()}
        cookie = own(**fields)
    session.cookies.set_cookie(cookie)
    assert sent(session, server) == {"a=1", "b=2", "c=3"}
    cookie.value = "4"
    assert sent(session, server) == {"a=1", "b=2", "c=4"}


def test_more_changes_than_are_remembered(
    session: martlet.Session, server: RecordingServer, exports: list[object]
) -> None:
    for number in range(RECENT + 1):
        session.cookies.set("a", str(number))
    assert sent(session, server) == {f"a={RECENT}", "b=2"}
    assert len(exports) == 1


def test_a_jar_that_is_cleared(session: martlet.Session, server: RecordingServer) -> None:
    session.cookies.clear(domain="")
    assert sent(session, server) == set()
    session.cookies["c"] = "3"
    assert sent(session, server) == {"c=3"}


def test_two_sessions_of_one_jar(session: martlet.Session, server: RecordingServer) -> None:
    with martlet.Session() as other:
        other.cookies = session.cookies
        other.cookies["c"] = "3"
        assert sent(session, server) == sent(other, server) == {"a=1", "b=2", "c=3"}
        del session.cookies["c"]
        assert sent(other, server) == sent(session, server) == {"a=1", "b=2"}
