"""Redirects on the compatible road: followed as in requests, over an adapter without a network."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import pytest
import requests

import martlet
from scripted import Reply, Seen, redirecting, session_over

HERE = "http://a.test/"

pytestmark = pytest.mark.usefixtures("open_sessions")


def test_history_is_told_oldest_first_and_each_knows_what_was_before(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "/1", "/2?q#f", "//b.test/3"))
    response = session.get("http://a.test/0#start")
    assert [each.url for each in response.history] == [
        "http://a.test/0#start",
        "http://a.test/1#start",
        "http://a.test/2?q#f",
    ]
    assert response.url == "http://b.test/3#f"
    assert [len(each.history) for each in response.history] == [0, 1, 2]
    assert [each.content for each in response.history] == [b"moved"] * 3
    assert [each.is_redirect for each in response.history] == [True] * 3
    assert response.request.url == seen[-1].url


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_methods_and_bodies_change_as_in_requests(status: int, method: str) -> None:
    def run(library: ModuleType) -> Any:
        session, seen = session_over(library, redirecting(status, "/x"))
        response = session.request(method, HERE, data=b"body", headers={"Content-Type": "t", "X": "1"})
        carried = [
            (each.method, each.body, [name for name in each.headers if name in ("Content-Type", "X")])
            for each in seen
        ]
        return response.status_code, carried

    assert run(martlet) == run(requests)


LOCATIONS = [
    "/a b",
    "x?y=|",
    "../up",
    "HTTP://A.test/upper",
    "http://a.test",
    "?only=query",
    "#only-fragment",
    "/%7Etilde%zz",
    "/\u00c3\u00a9",
    "//a.test:81/p",
    "http://u:p@a.test/",
    "",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_locations_lead_where_they_lead_in_requests(location: str) -> None:
    def run(library: ModuleType) -> Any:
        session, _ = session_over(library, redirecting(302, location))
        response = session.get("http://a.test/dir/page?q#f")
        return response.url, response.status_code, response.request.headers.get("Authorization")

    assert run(martlet) == run(requests)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("http://a.test/", "http://a.test/x"),
        ("http://a.test/", "http://b.test/"),
        ("http://a.test/", "https://a.test/"),
        ("http://a.test:80/", "https://a.test:443/"),
        ("https://a.test/", "http://a.test/"),
        ("http://a.test:8080/", "https://a.test/"),
        ("http://a.test/", "http://a.test:80/"),
        ("http://a.test/", "http://a.test:81/"),
        ("http://a.test:81/", "http://a.test:81/"),
        ("http://A.test/", "http://a.test/"),
    ],
)
def test_authorization_goes_along_as_in_requests(old: str, new: str) -> None:
    def run(library: ModuleType) -> Any:
        session, seen = session_over(library, redirecting(302, new))
        session.get(old, headers={"Authorization": "secret"})
        return library.Session().should_strip_auth(old, new), seen[-1].headers.get("Authorization")

    assert run(martlet) == run(requests)


def test_netrc_is_asked_again_for_the_new_host(
    library: ModuleType, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine b.test login u password p")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session, seen = session_over(library, redirecting(302, "http://b.test/"))
    session.get(HERE)
    assert [each.headers.get("Authorization") for each in seen] == [None, "Basic dTpw"]


def test_credentials_for_a_proxy_are_made_anew_at_each_hop(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "http://b.test/"))
    proxies = {"http": "http://u:p@proxy.test"}
    session.get(HERE, proxies=proxies, headers={"Proxy-Authorization": "old"})
    assert seen[1].headers["Proxy-Authorization"] == "Basic dTpw"
    assert seen[1].settings["proxies"] == proxies
    session, seen = session_over(library, redirecting(302, "https://b.test/"))
    session.get(HERE, proxies=proxies, headers={"Proxy-Authorization": "old"})
    assert "Proxy-Authorization" not in seen[1].headers


def test_too_many_redirects_tell_the_last_response(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, *["/again"] * 9))
    session.max_redirects = 3
    with pytest.raises(library.TooManyRedirects, match=r"Exceeded 3 redirects\.") as caught:
        session.get(HERE)
    assert (len(seen), len(caught.value.response.history)) == (4, 3)
    assert caught.value.request is caught.value.response.request


def test_without_following_next_is_the_request_to_go_on_with(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(303, "/next"))
    response = session.post(HERE, data="x", allow_redirects=False)
    assert (response.next.method, response.next.url, response.next.body) == (
        "GET",
        "http://a.test/next",
        None,
    )
    assert (len(seen), response.content, response.history) == (1, b"moved", [])
    assert session.send(response.next).content == b"end"


def test_a_file_is_put_back_before_it_is_sent_again(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(307, "/x"))
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    session.post(HERE, data=file)
    assert [each.body for each in seen] == [b"456789", b"456789"]


def test_a_file_that_cannot_be_put_back_is_an_error(library: ModuleType) -> None:
    class Pipe(io.BytesIO):
        def seek(self, *place: int) -> int:
            raise OSError

        def tell(self) -> int:
            raise OSError

    session, _ = session_over(library, redirecting(307, "/x"))
    with pytest.raises(library.exceptions.UnrewindableBodyError):
        session.post(HERE, data=Pipe(b"abc"))


def test_a_cookie_header_given_by_the_caller_is_not_sent_on(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "/1"))
    session.get(HERE, headers={"Cookie": "own=1"})
    assert [each.headers.get("Cookie") for each in seen] == ["own=1", "n0=1"]


@pytest.mark.parametrize(
    "overridden",
    ["resolve_redirects", "rebuild_auth", "rebuild_method", "rebuild_proxies", "get_redirect_target"],
)
def test_what_a_subclass_overrides_of_redirects_is_called(library: ModuleType, overridden: str) -> None:
    called: list[str] = []

    def override(self: Any, *args: Any, **kwargs: Any) -> Any:
        called.append(overridden)
        return getattr(library.Session, overridden)(self, *args, **kwargs)

    session, _ = session_over(library, redirecting(302, "/1"))
    child = type("Child", (library.Session,), {overridden: override})()
    child.adapters = session.adapters
    assert child.get(HERE).content == b"end"
    assert called


def test_redirects_can_be_resolved_one_by_one(library: ModuleType) -> None:
    session, seen = session_over(library, redirecting(302, "/1", "/2"))
    prepared = library.Request("GET", HERE).prepare()
    first = session.send(prepared, allow_redirects=False)
    steps = session.resolve_redirects(first, prepared)
    assert next(steps).url == "http://a.test/1"
    assert len(seen) == 2
    assert next(steps).url == "http://a.test/2"
    assert list(steps) == []


def test_cookies_bound_to_no_domain_go_to_the_first_origin_only() -> None:
    session, seen = session_over(martlet, redirecting(302, "http://b.test/", "http://a.test/back"))
    session.cookies.set("everywhere", "1")
    session.cookies.set("there", "1", domain="b.test")
    session.get(HERE, cookies={"once": "1"})
    names = [{pair.partition("=")[0] for pair in each.headers.get("Cookie", "").split("; ")} for each in seen]
    assert names[0] == {"everywhere", "once"}
    assert names[1] == {"there"}
    assert {"everywhere", "once"} <= names[2]


def test_a_digest_is_not_answered_where_authorization_does_not_go() -> None:
    def answer(seen: Seen) -> Reply:
        if seen.url == HERE:
            return Reply(302, [("Location", "http://b.test/")])
        return Reply(401, [("WWW-Authenticate", 'Digest realm="r", nonce="n"')])

    session, seen = session_over(martlet, answer)
    response = session.get(HERE, auth=martlet.auth.HTTPDigestAuth("u", "p"))
    assert (response.status_code, [each.url for each in seen]) == (401, [HERE, "http://b.test/"])
