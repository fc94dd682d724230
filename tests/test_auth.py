"""Basic, Proxy and Digest authentication: the same headers as requests."""

from __future__ import annotations

import asyncio
import pickle
import re
from types import ModuleType
from typing import Any

import pytest
import requests

import martlet
from servers.digest import Digest
from servers.recording import RecordingServer

CHALLENGES = [
    {"realm": "r", "nonce": "n"},
    {"realm": "r", "nonce": "n", "qop": "auth"},
    {"realm": "r", "nonce": "n", "qop": "auth-int,auth", "opaque": "o", "algorithm": "MD5"},
    {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "md5-sess"},
    {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "SHA"},
    {"realm": "r", "nonce": "n", "algorithm": "SHA-256"},
    {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "SHA-512"},
    {"realm": "r", "nonce": "n", "qop": "auth-int"},
    {"realm": "r", "nonce": "n", "algorithm": "SHA-3"},
]


def digest(library: ModuleType, challenge: dict[str, str], user: Any = "u") -> Any:
    auth = library.auth.HTTPDigestAuth(user, "p")
    auth.init_per_thread_state()
    auth._thread_local.chal = challenge
    return auth


@pytest.mark.parametrize("challenge", CHALLENGES)
@pytest.mark.parametrize("url", ["http://a.test", "http://a.test/p?q=1"])
def test_a_challenge_is_answered_as_by_requests(challenge: dict[str, str], url: str) -> None:
    def shape(library: ModuleType) -> str | None:
        header: str | None = digest(library, challenge).build_digest_header("GET", url)
        # The client nonce is random, and what depends on it.
        return header and re.sub(r'(response|cnonce)="[0-9a-f]+"', r"\1", header)

    assert shape(martlet) == shape(requests)


@pytest.mark.parametrize("challenge", [c for c in CHALLENGES if "qop" not in c])
def test_an_answer_without_a_client_nonce_is_equal_to_the_byte(challenge: dict[str, str]) -> None:
    ours, theirs = (
        digest(library, challenge).build_digest_header("PUT", "http://a.test/x")
        for library in (martlet, requests)
    )
    assert ours == theirs


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-SESS", "SHA", "SHA-256", "SHA-512"])
def test_the_response_is_what_rfc_7616_computes(algorithm: str) -> None:
    from hashlib import new

    name = {"MD5": "md5", "MD5-SESS": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}[
        algorithm
    ]

    def hashed(text: str) -> str:
        return new(name, text.encode()).hexdigest()

    challenge = {"realm": "r", "nonce": "n", "qop": "auth", "algorithm": algorithm}
    header = digest(martlet, challenge).build_digest_header("GET", "http://a.test/p")
    cnonce = re.search('cnonce="([0-9a-f]{16})"', header)[1]
    secret = hashed("u:r:p")
    if algorithm == "MD5-SESS":
        secret = hashed(f"{secret}:n:{cnonce}")
    expected = hashed(f"{secret}:n:00000001:{cnonce}:auth:{hashed('GET:/p')}")
    assert f'response="{expected}"' in header


def test_a_nonce_is_counted_as_long_as_it_is_used(library: ModuleType) -> None:
    auth = digest(library, {"realm": "r", "nonce": "n", "qop": "auth"})
    counts = [
        re.search("nc=([0-9]+)", auth.build_digest_header("GET", "http://a.test/"))[1] for _ in range(2)
    ]
    auth._thread_local.chal = {"realm": "r", "nonce": "m", "qop": "auth"}
    counts.append(re.search("nc=([0-9]+)", auth.build_digest_header("GET", "http://a.test/"))[1])
    assert counts == ["00000001", "00000002", "00000001"]


def test_a_known_nonce_is_used_at_once(library: ModuleType) -> None:
    auth = digest(library, {"realm": "r", "nonce": "n"})
    assert "Authorization" not in library.Request("GET", "http://a.test/", auth=auth).prepare().headers
    auth.build_digest_header("GET", "http://a.test/")
    prepared = library.Request("GET", "http://a.test/", auth=auth).prepare()
    assert prepared.headers["Authorization"].startswith('Digest username="u", realm="r", nonce="n"')
    assert [hook.__name__ for hook in prepared.hooks["response"]] == ["handle_401", "handle_redirect"]


def test_basic_and_proxy_write_their_header(library: ModuleType) -> None:
    prepared = library.Request("GET", "http://a.test/").prepare()
    library.auth.HTTPBasicAuth("é", b"p")(prepared)
    library.auth.HTTPProxyAuth("u", "p")(prepared)
    assert prepared.headers == {"Authorization": "Basic 6Tpw", "Proxy-Authorization": "Basic dTpw"}


@pytest.mark.parametrize("name", ["HTTPBasicAuth", "HTTPProxyAuth", "HTTPDigestAuth"])
def test_auths_compare_by_user_and_password(library: ModuleType, name: str) -> None:
    kind = getattr(library.auth, name)
    assert kind("u", "p") == kind("u", "p")
    assert kind("u", "p") != kind("u", "q")
    assert kind("u", "p") != 5


def test_what_is_no_text_is_warned_about_and_used(library: ModuleType) -> None:
    with pytest.warns(DeprecationWarning, match="Non-string (usernames|passwords)"):
        assert library.auth._basic_auth_str(1, 2) == "Basic MToy"


def test_the_base_does_nothing(library: ModuleType) -> None:
    with pytest.raises(NotImplementedError):
        library.auth.AuthBase()(None)


def test_a_digest_pickles_without_what_it_learned() -> None:
    twin = pickle.loads(pickle.dumps(digest(martlet, {"realm": "r", "nonce": "n"})))
    assert (twin.username, twin._thread_local.chal) == ("u", {})


def test_each_thread_learns_for_itself() -> None:
    from threading import Thread

    auth = digest(martlet, {"realm": "r", "nonce": "n"})
    seen: list[Any] = []
    thread = Thread(target=lambda: seen.append(auth._thread_local.chal))
    thread.start()
    thread.join()
    assert (seen, auth._thread_local.chal) == ([{}], {"realm": "r", "nonce": "n"})


def takes_the_quick_road(auth: Any) -> bool:
    async def main() -> bool:
        async with martlet.AsyncSession() as session:
            call: Any = session.get("http://a.test/", auth=auth)
            call.close()
            return type(call).__name__ == "Operation"

    return asyncio.run(main())


@pytest.mark.parametrize("name", ["__call__", "build_digest_header", "handle_401", "handle_redirect"])
def test_the_engine_speaks_for_a_digest_of_which_nothing_is_replaced(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert takes_the_quick_road(martlet.auth.HTTPDigestAuth("u", "p"))
    original = getattr(martlet.auth.HTTPDigestAuth, name)
    monkeypatch.setattr(
        martlet.auth.HTTPDigestAuth, name, lambda self, *args, **kwargs: original(self, *args, **kwargs)
    )
    assert not takes_the_quick_road(martlet.auth.HTTPDigestAuth("u", "p"))


def test_the_engine_does_not_speak_for_a_digest_that_is_more_than_two_texts() -> None:
    class Child(martlet.auth.HTTPDigestAuth):
        pass

    looked_at = martlet.auth.HTTPDigestAuth("u", "p")
    looked_at.init_per_thread_state()
    for auth in (Child("u", "p"), looked_at, martlet.auth.HTTPDigestAuth(b"u", "p")):
        assert not takes_the_quick_road(auth)


@pytest.mark.parametrize("how", [lambda auth: auth, lambda auth: pickle.loads(pickle.dumps(auth))])
def test_changed_credentials_count_from_the_next_request_on(server: RecordingServer, how: Any) -> None:
    server.otherwise(Digest())
    auth = martlet.auth.HTTPDigestAuth("user", "wrong")
    with martlet.Session() as session:
        assert session.get(server.url, auth=auth).status_code == 401
        auth = how(auth)
        auth.password = "secret"
        assert session.get(server.url, auth=auth).status_code == 200
        assert session.get(server.url, auth=auth).request.headers["Authorization"].count("nc=00000002") == 1
    assert takes_the_quick_road(auth)
