"""Our adapter under the real requests does what requests' own does, with its exceptions and responses."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import subprocess
import sys
import threading
import warnings
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from martlet.exceptions import RequestException
from martlet.integrations.requests import Adapter
from servers import misbehaving
from servers.authority import Authority
from servers.recording import RecordingServer
from servers.wire import HANG, Wait, chunked, redirect, reply

SHORT = 0.2


def session_over(adapter: HTTPAdapter) -> requests.Session:
    session = requests.Session()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def outcome(call: Any, *arguments: Any, **settings: Any) -> Any:
    """A response as plain data, an exception by its class."""
    try:
        r = call(*arguments, **settings)
        history = [(each.status_code, each.url) for each in r.history]
        head = (r.status_code, r.reason, list(r.headers.items()), r.url)
        return (*head, r.content, r.cookies.get_dict(), history)
    except Exception as error:
        return "leaked" if isinstance(error, RequestException) else type(error)


def both(serve: Any, case: Any, connections: bool = True, **settings: Any) -> None:
    """Runs a case with requests' adapter and with ours, each with a server of its own; all must be equal,
    with `connections` also which request came on which.
    """
    results = []
    for kind in (HTTPAdapter, Adapter):
        server = serve()
        with session_over(kind(**settings)) as session:
            value = case(session, server)
        server.wait_until_closed()
        seen = [(connections and each.connection, each.head, each.raw_body) for each in server.requests]
        told = repr((value, seen)).replace(str(server.port), "PORT")
        results.append(re.sub(r"\b[0-9a-f]{32}\b", "BOUNDARY", told))
    assert results[1] == results[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"params": {"a": "ä [b]"}},
        {"headers": {"X-b": "1", "a": "2"}},
        {"data": {"a": ["1", "2"]}},
        {"data": b"bytes"},
        {"json": {"a": 1}},
        {"files": {"f": ("n", b"content")}},
        {"cookies": {"k": "v"}},
        {"auth": ("user", "pass")},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_requests_are_the_same_bytes(serve: Any, settings: dict[str, Any]) -> None:
    both(serve, lambda s, server: outcome(s.post, server.url + "/a b|c?d=[e]", **settings))


@pytest.mark.parametrize(
    "body", [lambda: iter([b"one", b"two"]), lambda: io.BytesIO(b"file")], ids=["iterator", "file"]
)
def test_bodies_are_streamed(serve: Any, body: Any) -> None:
    both(serve, lambda s, server: outcome(s.put, server.url + "/", data=body()))


def test_redirects_and_cookies_are_requests_own(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", redirect(302, "/next", b"moved", ("Set-Cookie", "k=v; Path=/"), ("Set-Cookie", "l=w")))
        found = outcome(session.get, server.url + "/")
        assert session.cookies.get_dict() == {"k": "v", "l": "w"}
        assert server.requests[1].header("Cookie") == "k=v; l=w"
        return found

    both(serve, case)


def test_bodies_are_decoded_and_raw_ones_are_not(serve: Any) -> None:
    packed = gzip.compress(b"hello" * 100)

    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", reply(200, packed, ("Content-Encoding", "gzip")))
        raw = session.get(server.url + "/", stream=True).raw
        assert isinstance(raw, urllib3.HTTPResponse)
        return [outcome(session.get, server.url + "/"), raw.read(), raw.read(decode_content=True)]

    both(serve, case)


def test_a_stream_gives_what_has_come(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        event = threading.Event()
        head, one, two, end = chunked(b"one\n", b"two\n")
        server.on("/", [head, one, Wait(event), two, end])
        pieces = []
        with session.get(server.url + "/", stream=True) as response:
            for piece in response.iter_content(None):
                pieces.append(piece)
                event.set()
        return pieces

    both(serve, case)


def test_connections_are_kept_and_given_up_when_closed_early(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/hang", [reply(200, b"some", ("Content-Length", "8"), length=False), HANG])
        kept = [outcome(session.get, server.url + "/") for _ in range(3)]
        session.get(server.url + "/hang", stream=True).close()
        server.wait_until(lambda: not server.connections()[0].open)
        return [*kept, outcome(session.get, server.url + "/")]

    both(serve, case)


# Errors


@pytest.mark.parametrize(
    "wrong", ["closes without a reply", "resets without a reply", "sends a status that is no number"]
)
def test_replies_that_are_none(serve: Any, wrong: str) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", misbehaving.BROKEN_HEADS[wrong])
        return outcome(session.get, server.url + "/", timeout=20)

    both(serve, case)


@pytest.mark.parametrize("wrong", sorted(misbehaving.CUT_BODIES))
@pytest.mark.parametrize("stream", [False, True])
def test_bodies_that_break_off(serve: Any, wrong: str, stream: bool) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", misbehaving.CUT_BODIES[wrong])
        return outcome(session.get, server.url + "/", timeout=20, stream=stream)

    both(serve, case)


def test_a_coding_that_does_not_decode(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", misbehaving.CORRUPT_GZIP)
        return outcome(session.get, server.url + "/")

    both(serve, case)


@pytest.mark.parametrize(
    "timeout", [(20, SHORT), urllib3.Timeout(connect=20, read=SHORT)], ids=["pair", "urllib3"]
)
def test_times_that_run_out(serve: Any, timeout: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", [HANG])
        server.on("/body", [reply(200, b"some", ("Content-Length", "8"), length=False), HANG])
        found = [outcome(session.get, server.url + path, timeout=timeout) for path in ("/", "/body")]
        assert found == [requests.ReadTimeout, requests.ConnectionError]
        return found

    both(serve, case)


def test_nobody_there(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        with misbehaving.refusing_port() as port, misbehaving.unreachable_port() as deaf:
            return [
                outcome(session.get, f"http://127.0.0.1:{port}/"),
                outcome(session.get, "http://nowhere.invalid/"),
                outcome(session.get, f"http://127.0.0.1:{deaf}/", timeout=(SHORT, 20)),
                outcome(session.get, "http://target.test/", proxies={"http": f"http://127.0.0.1:{port}"}),
            ]

    both(serve, case)


def test_an_error_has_the_request(server: RecordingServer) -> None:
    server.on("/", [HANG])
    with session_over(Adapter()) as session, pytest.raises(requests.ReadTimeout) as caught:
        session.get(server.url + "/", timeout=(20, SHORT))
    assert isinstance(caught.value.request, requests.PreparedRequest)


# Settings


@pytest.mark.parametrize(
    "total", [2, urllib3.Retry(2, status_forcelist=[503], backoff_factor=0)], ids=["int", "Retry"]
)
def test_retries(serve: Any, total: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        server.on("/", reply(503, b"busy"), reply(503, b"busy"), reply(200, b"ok"))
        server.on("/never", reply(503, b"busy"))
        return [outcome(session.get, server.url + path) for path in ("/", "/never")]

    # The engine closes the connection of a reply that is not the last, unread; urllib3 reads it to its end.
    both(serve, case, connections=False, max_retries=total)


def test_retries_may_be_assigned_later(server: RecordingServer) -> None:
    adapter = Adapter()
    adapter.max_retries = urllib3.Retry(1, status_forcelist=[503], backoff_factor=0)
    server.on("/", reply(503, b"busy"), reply(200, b"ok"))
    with session_over(adapter) as session:
        assert session.get(server.url + "/").text == "ok"


def test_a_pool_that_blocks_keeps_to_its_size(server: RecordingServer) -> None:
    with session_over(Adapter(pool_maxsize=1, pool_block=True)) as session:
        threads = [threading.Thread(target=session.get, args=(server.url + "/",)) for _ in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len(server.requests) == 5
    assert len(server.connections()) == 1


def test_certificates_are_checked(serve: Any, authority: Authority) -> None:
    server = serve(tls=True)
    asking = serve(context=authority.server_context(client_certificates=True))
    with session_over(Adapter()) as session:
        assert outcome(session.get, server.url + "/") is requests.exceptions.SSLError
        assert session.get(server.url + "/", verify=authority.ca_file).text == "ok"
        assert outcome(session.get, server.url + "/", verify="/no/such.pem") is OSError
        cert = authority.client_files()
        assert session.get(asking.url + "/", verify=authority.ca_file, cert=cert).text == "ok"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert session.get(server.url + "/", verify=False).text == "ok"
    assert [each.category for each in caught] == [urllib3.exceptions.InsecureRequestWarning]


def test_a_proxy_is_told_the_whole_url_and_its_credentials(serve: Any) -> None:
    def case(session: requests.Session, server: RecordingServer) -> Any:
        proxy = server.url.replace("://", "://user:pass@")
        return outcome(session.get, "http://target.test/path?q=1", proxies={"http": proxy})

    both(serve, case)


def test_an_adapter_is_pickled_with_its_settings(server: RecordingServer) -> None:
    adapter = pickle.loads(pickle.dumps(Adapter(2, 3, max_retries=4, pool_block=True)))
    assert (adapter._pool_connections, adapter._pool_maxsize, adapter._pool_block) == (2, 3, True)
    assert adapter.max_retries.total == 4
    with session_over(adapter) as session:
        assert session.get(server.url + "/").text == "ok"


def _sent_by_us(adapter: Any, server: RecordingServer) -> bool:
    """Whether the engine sent, told by whose connection it was."""
    with session_over(adapter) as session:
        assert session.get(server.url + "/").text == "ok"
        return "open: 1" in repr(adapter._beneath and adapter._beneath._martlet_client)


def test_what_only_urllib3_can_do_is_left_to_it(server: RecordingServer) -> None:
    class WithSettings(Adapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, source_address=("127.0.0.1", 0), **kwargs)

    class WithManager(Adapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            self.poolmanager = urllib3.PoolManager()

    class WithUrl(Adapter):
        def request_url(self, request: Any, proxies: Any) -> str:
            return super().request_url(request, proxies)

    class WithHeaders(Adapter):
        def add_headers(self, request: Any, **kwargs: Any) -> None:
            request.headers["Added"] = "1"

    changed = Adapter()
    changed.poolmanager.connection_pool_kw["assert_hostname"] = False
    for adapter, ours in (
        (Adapter(), True),
        (WithHeaders(), True),
        (WithSettings(), False),
        (WithManager(), False),
        (WithUrl(), False),
        (changed, False),
    ):
        assert _sent_by_us(adapter, server) is ours, adapter
    assert server.requests[1].header("Added") == "1"


def test_under_the_alias_it_says_what_is_wrong() -> None:
    program = (
        "import martlet; martlet.alias_requests()\n"
        "try: import martlet.integrations.requests\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "alias_requests()" in done.stdout
