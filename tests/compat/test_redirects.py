"""Redirects: which are followed, with which method and body, where to, and what goes along."""

from __future__ import annotations

import pytest

from servers.wire import CLOSE, chunked, redirect, reply

from .harness import attempt, compat

STATUSES = [300, 301, 302, 303, 304, 305, 306, 307, 308, 399]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"]


@compat
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", STATUSES)
def test_status_and_method_decide_what_is_sent_next(client, server, status, method):
    server.on("/from", redirect(status, "/to"))
    body = None if method in ("GET", "HEAD") else b"body"
    return client.request(method, server.url + "/from", data=body, headers={"Content-Type": "x/y"})


@compat
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_that_is_not_followed_says_what_would_be_next(client, server, status):
    server.on("/from", redirect(status, "/to"))
    response = client.post(server.url + "/from", data=b"body", allow_redirects=False)
    assert response.is_redirect
    assert response.is_permanent_redirect == (status in (301, 308))
    following = client.send(response.next)
    return [response, following]


LOCATIONS = [
    "/to",
    "to",
    "../to",
    "./to?a=b",
    "?only=query",
    "#only-fragment",
    "/to#own",
    "//{authority}/to",
    "{url}/to",
    "{url}",
    "{url}?q",
    "/sp ace",
    "/\u00e9",
    "/%C3%A9%7e%zz",
    "/a/../b",
    "",
    " /to",
    "/to ",
    "/to|^",
    "/a;b",
    "/a/;",
    "/a;#f",
    "/a;?q",
    "{url}/;",
    "to:colon",
    "/x:y",
    "HTTP://{authority}/to",
]


@compat
@pytest.mark.parametrize("location", LOCATIONS)
def test_where_a_location_leads(client, server, location):
    location = location.format(url=server.url, authority=server.authority)
    server.on("/dir/from", redirect(302, location))
    return attempt(client.get, server.url + "/dir/from?query#orig")


@compat
@pytest.mark.parametrize(
    "location",
    [
        "foo://x/",
        "mailto:a@b",
        "http://*.x/",
        "javascript:1",
    ],
)
def test_a_location_that_leads_nowhere(client, server, location):
    server.on("/from", redirect(302, location))
    return attempt(client.get, server.url + "/from")


@compat
def test_of_two_locations_both_are_taken(client, server):
    server.on("/from", reply(302, b"", ("Location", "/a"), ("Location", "/b")))
    return attempt(client.get, server.url + "/from")


@compat
@pytest.mark.parametrize("name", ["length", "chunked", "close", "none"])
def test_the_body_of_a_redirect_is_in_the_history(client, server, name):
    answers = {
        "length": redirect(302, "/to", b"moved"),
        "chunked": chunked(b"mo", b"ved"),
        "close": [reply(302, b"moved", ("Location", "/to"), length=False), CLOSE],
        "none": redirect(302, "/to"),
    }
    if name == "chunked":
        answers["chunked"][0] = answers["chunked"][0].replace(b"200 OK", b"302 Found\r\nLocation: /to")
    server.on("/from", answers[name])
    return client.get(server.url + "/from")


@compat
def test_history_is_oldest_first_and_knows_its_own_past(client, server):
    for number in range(3):
        server.on(f"/{number}", redirect(301 + number, f"/{number + 1}"))
    response = client.get(server.url + "/0")
    assert [hop.status_code for hop in response.history] == [301, 302, 303]
    assert [len(hop.history) for hop in response.history] == [0, 1, 2]
    assert len(server.connections()) == 1
    return response


@compat
@pytest.mark.parametrize("limit", [0, 1, 3, 30])
def test_there_is_a_limit(client, server, limit):
    server.on("/loop", redirect(302, "/loop"))
    client.session.max_redirects = limit
    error = attempt(client.get, server.url + "/loop")
    assert isinstance(error, client.lib.exceptions.TooManyRedirects)
    assert str(error) == f"Exceeded {limit} redirects."
    assert len(server.requests) == limit + 1
    return [error, error.response, error.request.url]


@compat
def test_credentials_stay_at_their_origin(client, server):
    other, plain, secure = server.another(), server.another("http"), server.another("https")
    localhost = server.url.replace("127.0.0.1", "localhost")
    headers = {"X-Api-Key": "kept", "Proxy-Authorization": "p"}
    for number, place in enumerate([server.url, other.url, localhost, plain.url, secure.url]):
        server.on(f"/{number}", redirect(302, place + "/to"))
        attempt(client.get, f"{server.url}/{number}", auth=("u", "p"), headers=headers)
        attempt(client.get, f"{server.url}/{number}", headers={**headers, "authorization": "mine"})
    return [
        [seen.header("Authorization") for seen in each.requests] for each in (server, other, plain, secure)
    ]


@compat
def test_credentials_do_not_come_back(client, server):
    other = server.another()
    server.on("/from", redirect(302, other.url + "/over"))
    other.on("/over", redirect(302, server.url + "/to"))
    client.get(server.url + "/from", auth=("u", "p"))
    assert [seen.header("Authorization") is not None for seen in server.requests] == [True, False]


@compat
def test_credentials_of_the_session_are_not_given_to_another_host(client, server):
    other = server.another()
    client.session.auth = ("u", "p")
    client.session.headers["X"] = "1"
    server.on("/from", redirect(302, other.url + "/to"))
    client.get(server.url + "/from")
    assert other.requests[0].header("Authorization") is None


@compat
def test_credentials_in_a_location(client, server):
    place = server.url.replace("://", "://us%20er:pass@")
    server.on("/from", redirect(302, place + "/to"))
    server.on("/to", redirect(302, "/end"))
    return client.get(server.url + "/from")


@compat
def test_cookies_are_set_on_the_way(client, server):
    server.on(
        "/from", redirect(302, "/to", b"", ("Set-Cookie", "way=1"), ("Set-Cookie", "gone=1; Max-Age=0"))
    )
    server.on("/to", reply(200, b"", ("Set-Cookie", "end=1")))
    response = client.get(server.url + "/from", cookies={"own": "1"})
    assert sorted(server.requests[1].header("Cookie").split("; ")) == ["own=1", "way=1"]
    return [response, client.session.cookies]


@compat
def test_a_given_cookie_header_is_replaced_on_the_way(client, server):
    server.on("/from", redirect(302, "/to", b"", ("Set-Cookie", "way=1")))
    client.get(server.url + "/from", headers={"Cookie": "mine=1"})
    client.get(server.url + "/from", headers={"Cookie": "mine=1"})


@compat
def test_a_given_host_header_stays(client, server):
    server.on("/from", redirect(302, "/to"))
    client.get(server.url + "/from", headers={"Host": "example.test"})


@compat
@pytest.mark.parametrize("value", [True, False, None, 0, 1])
def test_whether_to_follow_is_a_truth(client, server, value):
    server.on("/from", redirect(302, "/to"))
    return client.get(server.url + "/from", allow_redirects=value)


@compat
def test_a_redirect_from_one_scheme_to_the_other(client, server):
    other = server.another("https" if server.scheme == "http" else "http")
    server.on("/from", redirect(302, other.url + "/to"))
    if server.scheme == "http":
        return type(attempt(client.get, server.url + "/from")).__name__
    return client.get(server.url + "/from")


@compat
def test_a_redirect_in_the_middle_of_which_the_server_breaks(client, server):
    other = server.another()
    server.on("/from", redirect(302, other.url + "/to"))
    other.on("/to", [CLOSE])
    return attempt(client.get, server.url + "/from")


@compat
def test_a_redirect_whose_own_body_is_cut_is_followed_all_the_same(client, server):
    head = reply(302, b"half", ("Location", "/to"), ("Content-Length", "8"), length=False)
    server.on("/from", [head, CLOSE])
    response = client.get(server.url + "/from")
    assert response.url == server.url + "/to"
    return [response.content, response.headers, len(response.history)]


@compat
def test_a_redirect_whose_body_cannot_be_decoded_is_followed_all_the_same(client, server):
    server.on("/from", redirect(302, "/to", b"no gzip", ("Content-Encoding", "gzip")))
    return attempt(client.get, server.url + "/from")
