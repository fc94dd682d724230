"""Authentication: basic, digest, netrc, credentials in the URL, and callables."""

from __future__ import annotations

import io
import warnings

import pytest

from servers.digest import Digest
from servers.wire import redirect, reply

from .harness import attempt, compat

PAIRS = {
    "plain": ("user", "pass"),
    "empty": ("", ""),
    "colon": ("us:er", "pa:ss"),
    "latin-1": ("\u00e9", "\u00ff"),
    "beyond latin-1": ("\u65e5", "p"),
    "bytes": (b"\xff", b"p"),
    "list": ["user", "pass"],
    "three": ("a", "b", "c"),
    "one": ("a",),
    "str": "user:pass",
    "number": 5,
}


@compat
@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_is_basic_authentication(client, server, name):
    return attempt(client.get, server.url + "/", auth=PAIRS[name])


@compat
@pytest.mark.parametrize("pair", [(1, 2), ("user", None)])
def test_a_pair_of_no_strings_is_converted_with_a_warning(client, server, pair):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = attempt(client.get, server.url + "/", auth=pair)
    return [outcome, sorted({warning.category.__name__ for warning in caught})]


@compat
def test_basic_auth_objects(client, server):
    auth = client.lib.auth
    basic = auth.HTTPBasicAuth("user", "pass")
    client.get(server.url + "/", auth=basic)
    client.get(server.url + "/", auth=auth.HTTPProxyAuth("user", "pass"))
    assert server.requests[0].header("Authorization") == "Basic dXNlcjpwYXNz"
    assert server.requests[1].header("Proxy-Authorization") == "Basic dXNlcjpwYXNz"
    return [
        basic == auth.HTTPBasicAuth("user", "pass"),
        basic != auth.HTTPBasicAuth("user", "other"),
        basic == 5,
    ]


@compat
@pytest.mark.parametrize("userinfo", ["u:p", "us%20er:p%40ss", "%C3%A9:p", "u", "u:", ":p", "a:b:c"])
def test_credentials_in_the_url_are_used(client, server, userinfo):
    return attempt(client.get, server.url.replace("://", f"://{userinfo}@") + "/")


@compat
def test_which_credentials_win(client, server):
    inside = server.url.replace("://", "://url:url@") + "/"
    header = {"Authorization": "Mine"}
    client.get(inside, auth=("call", "call"))
    client.get(inside, headers=header)
    client.get(server.url + "/", headers=header, auth=("call", "call"))
    client.get(server.url + "/", headers=header)
    client.session.auth = ("session", "session")
    client.get(inside)
    client.get(server.url + "/", headers=header)
    client.get(server.url + "/", auth=("call", "call"))


@compat
def test_a_callable_changes_the_request_and_sees_its_body(client, server):
    def sign(request):
        assert request.headers["Content-Length"] == "3"
        request.headers["X-Signed"] = f"{request.method} {request.path_url} {len(request.body)}"
        return request

    client.post(server.url + "/path?q=1", data=b"abc", auth=sign)
    assert server.requests[0].header("X-Signed") == "POST /path?q=1 3"


@compat
def test_a_callable_may_change_the_body_and_the_url(client, server):
    def change(request):
        request.body = b"changed body"
        request.url += "?signed=1"
        return request

    response = client.post(server.url + "/", data=b"abc", auth=change)
    assert server.requests[0].body == b"changed body"
    assert server.requests[0].header("Content-Length") == "12"
    return response


@compat
def test_a_bearer_token_by_an_auth_class(client, server):
    class Bearer(client.lib.auth.AuthBase):
        def __call__(self, request):
            request.headers["Authorization"] = "Bearer token"
            return request

    client.session.auth = Bearer()
    client.get(server.url + "/")
    assert server.requests[0].header("Authorization") == "Bearer token"


@compat
def test_a_callable_that_raises_or_returns_nothing(client, server):
    def broken(request):
        raise KeyError("no token")

    outcomes = [attempt(client.get, server.url + "/", auth=broken)]
    outcomes.append(attempt(client.get, server.url + "/", auth=lambda request: None))
    assert not server.requests
    return outcomes


NETRC = "machine 127.0.0.1 login netrc-user password netrc-pass\ndefault login nobody password none\n"


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text(NETRC)
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    return path


@compat
def test_netrc_is_asked_when_no_credentials_are_given(client, server, netrc):
    client.get(server.url + "/")
    client.get(server.url + "/", headers={"Authorization": "Mine"})
    client.get(server.url + "/", auth=("call", "call"))
    client.get(server.url.replace("127.0.0.1", "localhost") + "/")
    client.session.trust_env = False
    client.get(server.url + "/")
    given = [request.header("Authorization") for request in server.requests]
    assert given[0] == given[1] == "Basic bmV0cmMtdXNlcjpuZXRyYy1wYXNz"
    assert given[4] is None


@compat
@pytest.mark.parametrize(
    "text",
    [
        "machine 127.0.0.1 login a password b account c",
        "machine 127.0.0.1\n  login a\n  password b",
        'machine 127.0.0.1 login "a b" password "c\\"d"',
        "# comment\nmachine 127.0.0.1 login a password #b",
        "macdef init\nline\n\nmachine 127.0.0.1 login a password b",
        "machine other login a password b",
        "default login a password b",
        "machine 127.0.0.1 password b",
        "machine 127.0.0.1 login a",
        "machine 127.0.0.1 login a password b nonsense",
        "nonsense",
        "",
        "machine 127.0.0.1 login first password x\nmachine 127.0.0.1 login second password y",
    ],
)
def test_netrc_files_of_every_kind(client, server, netrc, text):
    netrc.write_text(text)
    return client.get(server.url + "/")


@compat
def test_netrc_is_read_again_when_it_changes(client, server, netrc):
    netrc.write_text("machine 127.0.0.1 login one password first")
    client.get(server.url + "/")
    netrc.write_text("machine 127.0.0.1 login other password another-one")
    client.get(server.url + "/")
    first, second = (request.header("Authorization") for request in server.requests)
    assert first != second


@compat
def test_netrc_is_asked_with_the_host_and_not_with_what_looks_like_one(client, server, netrc):
    client.get(server.url.replace("127.0.0.1", "127.0.0.1:@localhost") + "/")
    return server.requests[0].header("Authorization")


@compat
def test_netrc_is_asked_again_after_a_redirect(client, server, netrc):
    other = server.another()
    server.on("/from", redirect(302, other.url + "/to"))
    client.get(server.url + "/from")


@compat
@pytest.mark.parametrize("algorithm", [None, "MD5", "md5", "MD5-SESS", "SHA", "SHA-256", "SHA-512"])
@pytest.mark.parametrize("qop", ["auth", None, "auth,auth-int"])
def test_digest_answers_a_challenge(client, server, algorithm, qop):
    if algorithm == "MD5-SESS" and qop is None:
        pytest.skip("a session key needs a cnonce")
    server.otherwise(Digest(algorithm=algorithm, qop=qop, opaque="opaque" if algorithm else None))
    response = client.get(server.url + "/path?q=1", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
    assert (response.status_code, [hop.status_code for hop in response.history]) == (200, [401])
    assert len(server.connections()) == 1
    return response


@compat
@pytest.mark.parametrize("qop", ["auth-int", "other"])
def test_digest_with_a_quality_nobody_knows(client, server, qop):
    server.otherwise(Digest(qop=qop))
    return client.get(server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))


@compat
@pytest.mark.parametrize("algorithm", ["SHA-512-256", "other", "SHA-256-SESS"])
def test_digest_with_an_algorithm_nobody_knows(client, server, algorithm):
    challenge = f'Digest realm="r", nonce="n", qop="auth", algorithm={algorithm}'
    server.otherwise(reply(401, b"", ("WWW-Authenticate", challenge)))
    outcome = attempt(client.get, server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
    return outcome if isinstance(outcome, Exception) else [outcome.status_code, len(server.requests)]


@compat
def test_digest_counts_the_uses_of_a_nonce(client, server):
    digest = Digest()
    server.otherwise(digest)
    client.session.auth = client.lib.auth.HTTPDigestAuth("user", "secret")
    for _ in range(3):
        assert client.get(server.url + "/").status_code == 200
    assert digest.counts == ["00000001", "00000002", "00000003"]
    assert len(server.requests) == 4


@compat
def test_digest_takes_a_new_nonce_when_the_old_one_is_stale(client, server):
    digest = Digest()
    server.otherwise(digest)
    client.session.auth = client.lib.auth.HTTPDigestAuth("user", "secret")
    client.get(server.url + "/")
    digest.nonce = "another-nonce"
    response = client.get(server.url + "/")
    assert (response.status_code, digest.counts[-1]) == (200, "00000001")
    return response


@compat
def test_digest_gives_up_after_the_second_refusal(client, server):
    server.otherwise(Digest(password="other"))
    response = client.get(server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
    assert (response.status_code, len(server.requests)) == (401, 2)
    return response


@compat
@pytest.mark.parametrize(
    "challenge",
    [
        'Basic realm="r"',
        'Digest realm="a, b", nonce="n=="',
        'Digest realm=r, nonce=n, stale=true, domain="/"',
        'Basic realm="x", Digest realm="r", nonce="n"',
        None,
    ],
)
def test_challenges_of_every_kind(client, server, challenge):
    headers = [("WWW-Authenticate", challenge)] if challenge else []
    server.otherwise(reply(401, b"", *headers))
    return attempt(client.get, server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))


@compat
@pytest.mark.parametrize("data", [b"bytes", {"a": "1"}, "file"])
def test_digest_sends_the_body_again(client, server, data):
    server.otherwise(Digest())
    body = io.BytesIO(b"a file") if data == "file" else data
    client.post(server.url + "/", data=body, auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
    first, second = server.requests
    assert first.body == second.body != b""


@compat
def test_digest_reads_the_challenge_to_its_end_and_keeps_the_connection(client, server):
    challenge = Digest().challenge()
    server.on("/", reply(401, b"x" * 5000, ("WWW-Authenticate", challenge)), Digest())
    response = client.get(
        server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"), stream=True
    )
    assert client.content(response) == b"let in"
    assert len(server.connections()) == 1


@compat
def test_digest_keeps_the_cookies_of_the_challenge(client, server):
    challenge = reply(401, b"", ("WWW-Authenticate", Digest().challenge()), ("Set-Cookie", "c=1"))
    server.on("/", challenge, Digest())
    client.get(server.url + "/", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
    assert server.requests[1].header("Cookie") == "c=1"


@compat
def test_digest_across_a_redirect(client, server):
    server.otherwise(Digest())
    server.on("/from", redirect(302, "/to"))
    return client.get(server.url + "/from", auth=client.lib.auth.HTTPDigestAuth("user", "secret"))
