"""What comes back, and what follows from it: cookies, redirects, bodies in pieces."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from servers.wire import chunked, reply

from .arena import Arena
from .strategies import text

# Not drawn: versions (row cookie-version), domains that another's address ends with (row ip-tail).
_value = text("abz019=\"' !%&/:-_", max_size=6)
_attribute = st.one_of(
    st.sampled_from(["Path=/", "Path=/a", "Path=/a/", "Path=/a/b", "Path=", "path=a", "Path", 'Path="/a"']),
    st.sampled_from(["Secure", "HttpOnly", "SameSite=Lax", "Discard", "Comment=x", "Port", "Unknown=1", ""]),
    st.sampled_from(
        ["Domain=127.0.0.1", "Domain=localhost", "Domain=other.test", "domain=.local", "Domain="]
    ),
    st.sampled_from(["Max-Age=0", "Max-Age=100", "Max-Age=-1", "Max-Age=x", 'Max-Age="5"', "Max-Age="]),
    st.sampled_from(
        ["Expires=Wed, 09 Jun 2100 10:18:14 GMT", "Expires=0", "expires=Wed, 09 Jun 1999 10:18:14 GMT"]
    ),
)
_cookie = st.tuples(
    text("ab$ ", max_size=2),
    st.just("=") | st.just(" = ") | st.just(""),
    _value,
    st.lists(_attribute, max_size=3),
).map(lambda parts: "; ".join([parts[0] + parts[1] + parts[2], *parts[3]]))
_cookie_name = text(max_size=3).filter(lambda name: not name.startswith((" ", "\t")))  # row cookie-space
_path = st.sampled_from(["/", "/a", "/a/", "/a/b", "/a/b/c", "/ab"])


@given(steps=st.lists(st.tuples(_path, st.lists(_cookie, max_size=3), st.booleans()), min_size=1, max_size=4))
def test_cookies(arena: Arena, steps: list[Any]) -> None:
    def play(client: Any, arena: Arena) -> Any:
        seen = []
        for path, cookies, by_name in steps:
            arena.server.on(path, reply(200, b"", *(("Set-Cookie", cookie) for cookie in cookies)))
            url = arena.server.url.replace("127.0.0.1", "localhost") if by_name else arena.server.url
            seen.append(_kept(client.get(url + path).cookies))
        return [seen, _kept(client.session.cookies)]

    arena.compare(play)


def _kept(jar: Any) -> list[tuple[Any, ...]]:
    """What a jar holds, but for when it expires, which depends on when it was set."""
    return sorted(
        (c.domain, c.path, c.name, c.value or "", c.secure, c.discard, c.expires is None) for c in jar
    )


@given(
    own=st.dictionaries(_cookie_name, text(max_size=5), max_size=2),
    given=st.dictionaries(_cookie_name, text(max_size=5) | st.none(), max_size=2),
)
def test_cookies_that_are_given(arena: Arena, own: dict[str, str], given: dict[str, Any]) -> None:
    def play(client: Any, arena: Arena) -> Any:
        client.session.cookies.update(own)
        return [client.get(arena.server.url + "/", cookies=given), client.session.cookies]

    arena.compare(play)


@dataclass(frozen=True)
class Hop:
    """One redirect."""

    status: int
    elsewhere: bool
    form: str
    path: str
    fragment: str
    cookie: bool

    def location(self, number: int, arena: Arena) -> str:
        """Where it leads: the next number, in one of the ways to say so."""
        to = arena.other if self.elsewhere else arena.server
        path = f"/{number}/{self.path}{self.fragment}"
        if self.elsewhere or self.form == "whole":
            return to.url + path
        return {"path": path, "relative": path.replace("/", "../", 1), "scheme": f"//{to.authority}{path}"}[
            self.form
        ]


_hops = st.lists(
    st.builds(
        Hop,
        status=st.sampled_from([301, 302, 303, 307, 308, 300, 304]),
        elsewhere=st.booleans(),
        form=st.sampled_from(["whole", "path", "relative", "scheme"]),
        path=text("ab%/.?=&;+~ \u00e9[|", max_size=6),
        fragment=st.sampled_from(["", "#", "#f", "#g"]),
        cookie=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(
    hops=_hops,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
    body=st.sampled_from([None, b"body", {"a": "1"}]),
    settings=st.fixed_dictionaries(
        {},
        optional={
            "auth": st.just(("u", "p")),
            "headers": st.just({"X-Own": "1", "Content-Type": "x/y", "Cookie": "mine=1"}),
            "allow_redirects": st.booleans(),
            "params": st.just({"q": "1"}),
            "stream": st.booleans(),
        },
    ),
    limit=st.sampled_from([30, 2]),
)
def test_redirects(arena: Arena, hops: list[Hop], method: str, body: Any, settings: Any, limit: int) -> None:
    # Not drawn: cookies= (row cookies-elsewhere), iterators (row unrewindable).
    def answer(request: Any) -> bytes:
        number = request.path.split("/")[1]
        if not number.isdecimal() or int(number) >= len(hops):
            return reply(200, b"" if request.method == "HEAD" else b"end")
        hop, number = hops[int(number)], int(number)
        fields = [("Set-Cookie", f"c{number}=1; Path=/")] if hop.cookie else []
        place = hop.location(number + 1, arena).encode().decode("latin-1")
        return reply(hop.status, b"", ("Location", place), *fields)

    def play(client: Any, arena: Arena) -> Any:
        for server in arena.servers:
            server.otherwise(answer)
        client.session.max_redirects = limit
        response = client.request(method, arena.server.url + "/0/from#orig", data=body, **settings)
        return [response, client.session.cookies]

    arena.compare(play)


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "unknown": bytes,
}


@given(
    body=st.binary(max_size=60),
    cuts=st.lists(st.integers(1, 30), max_size=3),
    coding=st.sampled_from([None, *CODINGS]),
    size=st.sampled_from([1, 3, 7, 100, None]),
    stream=st.booleans(),
    kind=st.sampled_from(
        [None, "text/plain", "text/plain; charset=utf-8", "application/json", "text/x; charset=x"]
    ),
)
def test_bodies(
    arena: Arena,
    body: bytes,
    cuts: list[int],
    coding: str | None,
    size: int | None,
    stream: bool,
    kind: str | None,
) -> None:
    fields = [("Content-Encoding", coding)] if coding else []
    fields += [("Content-Type", kind)] if kind else []
    coded = CODINGS[coding](body) if coding else body

    def play(client: Any, arena: Arena) -> Any:
        rest, pieces = coded, []
        for cut in cuts:
            pieces, rest = [*pieces, rest[:cut]], rest[cut:]
        whole = [piece for piece in [*pieces, rest] if piece]
        arena.server.on("/", chunked(*whole, headers=fields) if cuts else reply(200, coded, *fields))
        response = client.get(arena.server.url + "/", stream=stream)
        read = list(client.chunks(response, size))
        return [b"".join(read), response.headers, response.encoding]

    arena.compare(play)


_field_name = st.text(st.sampled_from("abXY-_"), min_size=1, max_size=4).map(lambda name: "X-" + name)
_field_value = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=8
)


@given(
    fields=st.lists(st.tuples(_field_name, _field_value), max_size=5),
    status=st.integers(200, 599).filter(lambda status: status not in (204, 304)),
    reason=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8),
)
def test_heads(arena: Arena, fields: list[tuple[str, str]], status: int, reason: str) -> None:
    def play(client: Any, arena: Arena) -> Any:
        arena.server.on("/", reply(status, b"ok", *fields, reason=reason))
        return client.get(arena.server.url + "/")

    arena.compare(play)
