"""What martlet does otherwise than requests on purpose: each row of docs/differences.md, on both sides."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
import requests

import martlet
from roads.calls import HEADERS
from roads.peer import Peer


def got(library: Any, peer: Peer, path: str, **kwargs: Any) -> Any:
    """The response to a GET of `path`."""
    with library.Session() as session:
        session.headers.update(HEADERS)
        return session.get(peer.url + path, verify=peer.certificates or True, timeout=5, **kwargs)


def fields_seen(peer: Peer) -> list[str]:
    """The names of the headers that the server was sent last."""
    head, _ = peer.seen[-1]
    return [line.split(b":")[0].decode() for line in head.split(b"\r\n")[1:]]


def test_the_user_agent_and_the_codings_asked_for_are_martlets_own(peer: Peer) -> None:
    with martlet.Session() as ours, requests.Session() as theirs:
        assert (theirs.headers["User-Agent"], ours.headers["User-Agent"]) == (
            f"python-requests/{requests.__version__}",
            f"martlet/{martlet.__version__}",
        )
        # requests asks for br and zstd where modules for them are installed.
        assert theirs.headers["Accept-Encoding"].startswith("gzip, deflate")
        assert ours.headers["Accept-Encoding"] == "gzip, deflate, br, zstd"


def test_nothing_is_added_to_a_prepared_request(peer: Peer) -> None:
    sent = {}
    for library in (requests, martlet):
        with library.Session() as session:
            request = library.Request("GET", peer.url + "/ok", headers={"X": "1"}).prepare()
            session.send(request, verify=peer.certificates or True)
            sent[library] = fields_seen(peer)
    assert sent == {requests: ["Host", "Accept-Encoding", "User-Agent", "X"], martlet: ["Host", "X"]}


def test_a_user_agent_that_was_unset_is_not_sent(peer: Peer) -> None:
    names = {}
    for library in (requests, martlet):
        got(library, peer, "/ok", headers={"User-Agent": None})
        names[library] = "User-Agent" in fields_seen(peer)
    assert names == {requests: True, martlet: False}


def test_early_hints_are_skipped(peer: Peer) -> None:
    assert got(requests, peer, "/early-hints").status_code == 103
    assert got(martlet, peer, "/early-hints").content == b"final"


def test_gzip_that_was_cut_off_is_an_error(peer: Peer) -> None:
    assert got(requests, peer, "/gzip-cut").content.startswith(b"hello")
    with pytest.raises(martlet.exceptions.ContentDecodingError):
        got(martlet, peer, "/gzip-cut")


def test_what_is_left_of_a_chunk_is_part_of_the_rest(peer: Peer) -> None:
    rest = {}
    for library in (requests, martlet):
        response = got(library, peer, "/chunks", stream=True)
        assert next(response.iter_content(1)) == b"a"
        rest[library] = response.content
    assert rest == {requests: b"", martlet: b"bcde"}


def test_of_the_body_of_a_redirect_64_kb_are_read(peer: Peer) -> None:
    assert len(got(requests, peer, "/moved-with-much").history[0].content) == 100_000
    assert len(got(martlet, peer, "/moved-with-much").history[0].content) <= 65536


def test_text_files_whose_length_is_wrong_are_refused(peer: Peer) -> None:
    verify = peer.certificates or True
    with requests.Session() as session:
        # Five bytes under a Content-Length of four: the fifth would be the next request's.
        assert session.post(peer.url + "/ok", data=io.StringIO("caf\u00e9"), verify=verify).ok
    with martlet.Session() as session, pytest.raises(martlet.ConnectionError):
        session.post(peer.url + "/ok", data=io.StringIO("caf\u00e9"), verify=verify)


def test_cookies_bound_to_no_domain_do_not_go_to_another_origin(peer: Peer) -> None:
    elsewhere = peer.url.replace("127.0.0.1", "localhost")
    sent = {}
    for library in (requests, martlet):
        session = library.Session()
        with session:
            session.cookies.set("everywhere", "1")
            prepared = session.prepare_request(library.Request("GET", elsewhere + "/moved"))
            response = library.Response()
            response.status_code, response.url = 302, elsewhere + "/moved"
            response.headers["Location"] = peer.url + "/ok"
            response._content, response.request = b"", prepared
            response.raw = io.BytesIO()
            following = next(session.resolve_redirects(response, prepared, yield_requests=True))
            sent[library] = following.headers.get("Cookie")
    assert sent == {requests: "everywhere=1", martlet: None}


def test_passwords_are_left_out_of_messages(peer: Peer) -> None:
    url = peer.url.replace("://", "://user:secret@") + "/missing"
    for library, shown in ((requests, True), (martlet, False)):
        with library.Session() as session, pytest.raises(library.HTTPError) as caught:
            session.get(url, verify=peer.certificates or True).raise_for_status()
        assert ("secret" in str(caught.value)) is shown


def test_a_session_that_was_never_closed_is_warned_about(peer: Peer) -> None:
    session = martlet.Session()
    session.get(peer.url + "/ok", verify=peer.certificates or True)
    kept = [session]
    del session
    with pytest.warns(ResourceWarning, match="unclosed"):
        kept.clear()


def test_timeout_is_an_exception_and_a_setting() -> None:
    assert issubclass(requests.Timeout, Exception)
    assert issubclass(martlet.Timeout, Exception)
    assert martlet.Timeout(connect=1).connect == 1


def test_an_async_iterable_can_be_a_body(peer: Peer) -> None:
    async def pieces() -> Any:
        yield b"a"
        yield "b"

    async def main() -> None:
        async with martlet.AsyncSession() as session:
            await session.post(peer.url + "/ok", data=pieces(), verify=peer.certificates or True)

    asyncio.run(main())
    assert peer.seen[-1][1] == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
