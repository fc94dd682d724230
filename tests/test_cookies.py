"""Cookie jars: requests' mapping over http.cookiejar, and how one is kept equal to the engine's."""

from __future__ import annotations

import copy
import pickle
from email.message import Message
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import SimpleCookie
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import martlet
from martlet.cookies import RequestsCookieJar, session_jar


def jar_of(library: ModuleType) -> Any:
    jar = library.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="x.test")
    jar.set("a", "2", domain="y.test", path="/p")
    jar.set("b", "3")
    return jar


def answer(*set_cookie: str) -> Any:
    """What `extract_cookies_to_jar` takes for a response."""
    message = Message()
    for value in set_cookie:
        message["Set-Cookie"] = value
    return SimpleNamespace(_original_response=SimpleNamespace(msg=message))


def prepared(library: ModuleType, url: str, **kwargs: Any) -> Any:
    return library.Request("GET", url, **kwargs).prepare()


def test_a_name_in_several_domains_is_a_conflict(library: ModuleType) -> None:
    jar = jar_of(library)
    with pytest.raises(library.cookies.CookieConflictError):
        jar["a"]
    assert "a" in jar
    assert (jar.get("a", domain="y.test"), jar.get("a", path="/p"), jar.get("none", "d")) == ("2", "2", "d")
    with pytest.raises(KeyError):
        jar["none"]


def test_it_is_a_mapping_whose_iteration_gives_cookies(library: ModuleType) -> None:
    jar = jar_of(library)
    assert (jar.keys(), jar.values(), jar.items()) == (
        ["a", "a", "b"],
        ["1", "2", "3"],
        [("a", "1"), ("a", "2"), ("b", "3")],
    )
    assert (list(jar.iterkeys()), list(jar.itervalues())) == (jar.keys(), jar.values())
    assert [cookie.name for cookie in jar] == ["a", "a", "b"]
    assert (jar.list_domains(), jar.list_paths()) == (["x.test", "y.test", ""], ["/", "/p"])
    assert (jar.get_dict(domain="x.test"), jar.get_dict(path="/p")) == ({"a": "1"}, {"a": "2"})
    assert len(jar) == 3


def test_multiple_domains_means_two_cookies_of_one_domain(library: ModuleType) -> None:
    jar = jar_of(library)
    assert jar.multiple_domains() is False
    jar.set("c", "4", domain="x.test")
    assert jar.multiple_domains() is True


def test_none_and_del_remove(library: ModuleType) -> None:
    jar = jar_of(library)
    jar["b"] = None
    jar.set("a", None, domain="x.test")
    assert jar.items() == [("a", "2")]
    del jar["a"]
    assert len(jar) == 0


def test_a_morsel_becomes_a_cookie(library: ModuleType) -> None:
    morsel = SimpleCookie("k=v; Max-Age=60; Path=/p; Domain=x.test; Secure; HttpOnly")["k"]
    jar = library.cookies.RequestsCookieJar()
    cookie = jar.set("k", morsel)
    assert (cookie.domain, cookie.path, cookie.secure, cookie.is_expired()) == ("x.test", "/p", True, False)
    morsel["max-age"] = "soon"
    with pytest.raises(TypeError, match="max-age: soon must be integer"):
        library.cookies.morsel_to_cookie(morsel)
    dated = SimpleCookie('k=v; expires="Wed, 21-Oct-2015 07:28:00 GMT"')["k"]
    assert library.cookies.morsel_to_cookie(dated).expires == 1445412480


def test_quotes_within_quotes_are_dropped(library: ModuleType) -> None:
    jar = library.cookies.RequestsCookieJar()
    jar.set("q", '"a\\"b"')
    assert jar["q"] == '"ab"'


def test_a_cookie_of_unknown_parts_is_refused(library: ModuleType) -> None:
    with pytest.raises(TypeError, match="unexpected keyword arguments"):
        library.cookies.create_cookie("a", "b", flavour="x")


def test_updating_from_a_jar_copies_its_cookies(library: ModuleType) -> None:
    jar = library.cookies.RequestsCookieJar()
    jar.update(jar_of(library))
    jar.update({"d": "4"})
    assert jar.keys() == ["a", "a", "b", "d"]


def test_copies_and_pickles_are_of_their_own(library: ModuleType) -> None:
    jar = jar_of(library)
    for twin in (jar.copy(), copy.copy(jar), pickle.loads(pickle.dumps(jar))):
        assert twin.items() == jar.items()
    twin = jar.copy()
    twin.clear()
    assert len(jar) == 3
    assert type(twin) is type(jar)


def test_merging_a_dict_fills_gaps_and_a_jar_replaces(library: ModuleType) -> None:
    merge = library.cookies.merge_cookies
    jar = library.cookies.cookiejar_from_dict({"a": "1"})
    merge(jar, {"a": "2", "b": "2"})
    assert jar.get_dict() == {"a": "1", "b": "2"}
    merge(jar, library.cookies.cookiejar_from_dict({"a": "3"}))
    assert jar["a"] == "3"
    plain = CookieJar()
    merge(plain, jar)
    assert len(plain) == 2
    with pytest.raises(ValueError, match="You can only merge into CookieJar"):
        merge({}, {})


def test_a_foreign_jar_is_copied_to_its_kind(library: ModuleType) -> None:
    plain = library.cookies.merge_cookies(CookieJar(), jar_of(library))
    twin = library.cookies._copy_cookie_jar(plain)
    assert type(twin) is CookieJar
    assert (len(twin), twin is plain) == (3, False)
    assert library.cookies._copy_cookie_jar(None) is None


def test_cookies_of_an_answer_are_stored_and_sent_where_they_belong(library: ModuleType) -> None:
    jar = library.cookies.RequestsCookieJar()
    request = prepared(library, "http://www.x.test/dir/page")
    sets = ("k=v; Path=/dir", 'q="a b"', "s=1; Secure", "d=1; Domain=x.test", "o=1; Domain=other.test")
    library.cookies.extract_cookies_to_jar(jar, request, answer(*sets))
    assert sorted(jar.keys()) == ["d", "k", "q", "s"]

    def sent(url: str) -> set[str]:
        header = library.cookies.get_cookie_header(jar, prepared(library, url))
        return set(header.split("; ")) if header else set()

    assert sent("http://www.x.test/dir/other") == {"k=v", 'q="a b"', "d=1"}
    assert sent("https://www.x.test/dir/") == {"k=v", 'q="a b"', "s=1", "d=1"}
    assert sent("http://sub.x.test/dir/") == {"d=1"}
    assert sent("http://www.x.test/") == set()
    assert sent("http://other.test/") == set()


def test_an_answer_without_an_original_response_sets_nothing(library: ModuleType) -> None:
    jar = library.cookies.RequestsCookieJar()
    library.cookies.extract_cookies_to_jar(jar, prepared(library, "http://x.test/"), SimpleNamespace())
    assert len(jar) == 0


def test_the_host_header_counts_as_the_host(library: ModuleType) -> None:
    request = prepared(library, "http://10.0.0.1:81/p?q#f", headers={"Host": "x.test"})
    mock = library.cookies.MockRequest(request)
    assert (mock.get_full_url(), mock.get_host(), mock.type) == (
        "http://x.test/p?q#f",
        "10.0.0.1:81",
        "http",
    )
    assert (mock.unverifiable, mock.origin_req_host, mock.has_header("host")) == (True, "10.0.0.1:81", True)
    with pytest.raises(NotImplementedError):
        mock.add_header("Cookie", "x")


def test_every_change_of_the_sessions_own_jar_is_counted() -> None:
    jar = session_jar()
    versions = [jar._version]
    for change in (
        lambda: jar.set("a", "1"),
        lambda: jar.update({"b": "2"}),
        lambda: jar.set("a", None),
        lambda: jar.clear(),
    ):
        change()
        versions.append(jar._version)
    assert None not in versions
    assert len(set(versions)) == 5


def test_a_policy_that_may_be_somebodys_own_takes_the_jar_off_the_quick_road() -> None:
    assert RequestsCookieJar()._version is None
    assert session_jar().copy()._version is None
    for touch in (lambda jar: jar.get_policy(), lambda jar: jar.set_policy(DefaultCookiePolicy())):
        jar = session_jar()
        touch(jar)
        jar.set("a", "1")
        assert jar._version is None


def test_what_is_exported_comes_back_the_same() -> None:
    jar = session_jar()
    request = prepared(martlet, "http://www.x.test/")
    sets = ("k=v; Path=/dir; Secure; HttpOnly; SameSite=Lax", "d=1; Domain=x.test; Max-Age=100")
    martlet.cookies.extract_cookies_to_jar(jar, request, answer(*sets))
    twin = session_jar(jar._export())
    assert [vars(cookie) for cookie in twin] == [vars(cookie) for cookie in jar]
    assert all(len(fields) == 17 for fields in jar._export())


def test_what_the_engine_changed_is_absorbed_and_counted() -> None:
    engine, jar = session_jar(), session_jar()
    engine.set("a", "1", domain="x.test")
    [fields] = engine._export()
    before = jar._version
    jar._absorb([("set", fields), ("remove", ("none.test", "/", "n"))])
    assert jar.items() == [("a", "1")]
    assert jar._version != before
    jar._absorb([("remove", ("x.test", "/", "a"))])
    assert len(jar) == 0


@pytest.mark.parametrize(
    ("host", "domain", "kept"),
    [
        ("www.x.co.uk", "x.co.uk", True),
        ("www.x.co.uk", "co.uk", False),
        ("me.github.io", "github.io", False),
        ("github.io", "github.io", True),
    ],
)
def test_the_sessions_own_jar_refuses_public_suffixes(host: str, domain: str, kept: bool) -> None:
    jar = session_jar()
    request = prepared(martlet, f"http://{host}/")
    martlet.cookies.extract_cookies_to_jar(jar, request, answer(f"k=v; Domain={domain}"))
    assert (len(jar) == 1) is kept
