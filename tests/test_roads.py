"""Which road a call takes: the quick one unless something documented is overridden."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import martlet
from handles import Done, Handle, response_over
from martlet import roads
from martlet.adapters import HTTPAdapter
from martlet.testing import Server
from servers.recording import RecordingServer

HERE = "http://a.test/"
CLASSES = {"Session": martlet.Session, "PreparedRequest": martlet.PreparedRequest, "HTTPAdapter": HTTPAdapter}
ENTRIES = [(cls, name) for cls, names in roads.OVERRIDABLE.items() for name in names]


class Engine:
    """A client that notes which road was tried, and answers on the quick one."""

    def __init__(self) -> None:
        self.begun: list[Any] = []

    def begin(self, *arguments: Any) -> Done:
        self.begun.append(arguments)
        return Done(response_over(Handle(body=b"quick")))

    def begin_direct(self, *arguments: Any) -> None:
        pass

    def close(self) -> None:
        pass


def session_over(engine: Engine, kind: type[Any] = martlet.Session) -> Any:
    session = kind()
    session._martlet_client = engine
    return session


def test_a_plain_call_takes_the_quick_road_with_all_its_arguments() -> None:
    engine = Engine()
    with session_over(engine) as session:
        assert session.post(HERE, "data", {"json": 1}, timeout=5).content == b"quick"
        [arguments] = engine.begun
        assert arguments[0] is vars(session)
        assert arguments[1:] == (
            *("POST", HERE, None, "data", None, None, None, None, 5),
            *(True, None, None, None, None, None, {"json": 1}),
        )


def test_the_tests_environment_leaves_the_quick_road_open() -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            operation: Any = session.get(HERE)
            assert type(operation).__name__ == "Operation"
            operation.close()

    asyncio.run(main())


def test_an_awaited_call_is_the_engines_operation_itself() -> None:
    engine = Engine()
    session = session_over(engine, martlet.AsyncSession)
    operation = session.get(HERE)
    assert isinstance(operation, Done)

    async def main() -> None:
        async with session:
            assert (await operation).content == b"quick"

    asyncio.run(main())


def test_a_subclass_that_overrides_nothing_takes_the_quick_road() -> None:
    class Child(martlet.Session):
        def fetch(self) -> martlet.Response:
            return self.get(HERE)

    engine = Engine()
    with session_over(engine, Child) as session:
        session.fetch()
    assert len(engine.begun) == 1


@pytest.mark.parametrize(("cls", "name"), ENTRIES)
def test_each_listed_attribute_patched_on_its_class_leads_off_it(
    cls: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(CLASSES[cls], name)

    def patched(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs)

    assert roads.is_untouched(martlet.Session, martlet.Session)
    monkeypatch.setattr(CLASSES[cls], name, patched)
    assert not roads.is_untouched(martlet.Session, martlet.Session)


def test_a_class_of_requests_replaced_by_a_mock_leads_off_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(martlet.models, "PreparedRequest", mock.MagicMock())
    assert not roads.is_untouched(martlet.Session, martlet.Session)
    monkeypatch.undo()
    assert roads.is_untouched(martlet.Session, martlet.Session)


@pytest.mark.parametrize("name", roads.OVERRIDABLE["Session"])
def test_each_listed_method_overridden_in_a_subclass_leads_off_it(name: str) -> None:
    child = type("Child", (martlet.Session,), {name: lambda self, *args, **kwargs: None})
    assert not roads.is_untouched(child, martlet.Session)
    child = type("Child", (martlet.AsyncSession,), {name: lambda self, *args, **kwargs: None})
    assert not roads.is_untouched(child, martlet.AsyncSession)


def _set(mapping: Any, name: str, value: Any) -> Any:
    return lambda session, patch: patch.setitem(mapping(session), name, value)


UNUSUAL: dict[str, Any] = {
    "params": _set(lambda session: session.params, "a", "1"),
    "proxies": _set(lambda session: session.proxies, "http", "http://proxy.test"),
    "hooks": lambda session, patch: patch.setitem(session.hooks, "response", [print]),
    "cert": lambda session, patch: patch.setattr(session, "cert", "client.pem"),
    "verify": lambda session, patch: patch.setattr(session, "verify", False),
    "cookies": lambda session, patch: patch.setattr(session, "cookies", {"a": "1"}),
    "a proxy in the environment": lambda session, patch: patch.setenv("http_proxy", "http://proxy.test"),
    "a proxy in mixed case": lambda session, patch: patch.setenv("Http_Proxy", "http://proxy.test"),
    "a netrc file": lambda session, patch: patch.setenv("NETRC", __file__),
    "another dictionary behind the environment": lambda session, patch: patch.setattr(
        os.environ, "_data", {**os.environ._data, b"http_proxy": b"http://proxy.test"}
    ),
    "an environment of one's own": lambda session, patch: patch.setattr(os, "environ", dict(os.environ)),
}


def goes_quickly(session: Any) -> bool:
    awaitable: Any = session.get(HERE)
    awaitable.close()
    return type(awaitable).__name__ == "Operation"


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_has_changed_since_the_call_before_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = martlet.AsyncSession()
    assert goes_quickly(session)
    with monkeypatch.context() as patch:
        UNUSUAL[name](session, patch)
        assert not goes_quickly(session)
        assert not goes_quickly(session)
    assert goes_quickly(session)
    session.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory that was last changed long ago."""
    home = tmp_path / "home"
    home.mkdir()
    os.utime(home, (1, 1))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("NETRC", raising=False)
    return home


@pytest.fixture
def is_quick() -> Iterator[Callable[[], bool]]:
    session = martlet.AsyncSession()
    yield lambda: goes_quickly(session)
    session.close()


class Caller:
    """GETs of one session, blocking or three at once in a loop, and the credentials they were sent with."""

    def __init__(self, kind: type[Any], server: Server) -> None:
        self.session, self.url = kind(), server.url + "/headers"
        self.loop = asyncio.new_event_loop()

    def credentials(self) -> str | None:
        [sent] = {r.json()["headers"].get("Authorization") for r in self._responses()}
        return sent

    def _responses(self) -> list[martlet.Response]:
        if isinstance(self.session, martlet.Session):
            return [self.session.get(self.url)]
        return self.loop.run_until_complete(self._three())

    async def _three(self) -> list[martlet.Response]:
        return await asyncio.gather(*(self.session.get(self.url) for _ in range(3)))

    def close(self) -> None:
        self.session.close()
        self.loop.close()


@pytest.fixture(params=[martlet.Session, martlet.AsyncSession])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    with Server() as server:
        caller = Caller(request.param, server)
        yield caller
        caller.close()


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_a_netrc_that_comes_into_the_home_directory_is_seen_at_once(
    name: str, home: Path, caller: Caller
) -> None:
    for _ in range(2):
        assert caller.credentials() is None
        (home / name).write_text("machine 127.0.0.1 login u password p")
        assert caller.credentials() == "Basic dTpw"
        assert caller.credentials() == "Basic dTpw"
        (home / name).unlink()
        os.utime(home, (1, 1))
    assert caller.credentials() is None


@pytest.mark.parametrize("text", ["machine", "machine a.test login u password p"])
def test_a_netrc_that_says_nothing_to_the_request_is_as_none(text: str, home: Path, caller: Caller) -> None:
    assert caller.credentials() is None
    (home / ".netrc").write_text(text)
    assert caller.credentials() is None


def test_an_environment_that_is_not_trusted_has_no_netrc(home: Path, caller: Caller) -> None:
    caller.session.trust_env = False
    assert caller.credentials() is None
    (home / ".netrc").write_text("machine 127.0.0.1 login u password p")
    assert caller.credentials() is None


def test_a_home_directory_that_becomes_another_is_seen_soon(home: Path, is_quick: Callable[[], bool]) -> None:
    assert is_quick()
    home.rename(home.parent / "former")
    home.mkdir()
    (home / ".netrc").touch()
    end = time.monotonic() + 10
    while is_quick():
        assert time.monotonic() < end


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_home_that_is_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code = f"import martlet; martlet.AsyncSession().get({HERE!r}).close()"
    environment = {**os.environ, "HOME": str(tmp_path / "pipe")}
    environment.pop("NETRC", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=20)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are not to be seen here")
def test_the_home_directory_s_descriptor_may_be_closed_and_become_anothers(
    home: Path, caller: Caller
) -> None:
    assert caller.credentials() is None
    links = {int(link.name): link for link in Path("/proc/self/fd").iterdir()}
    [number] = [number for number, link in links.items() if link.exists() and link.samefile(home)]
    os.close(number)
    with open(__file__) as file:
        assert file.fileno() == number
        assert caller.credentials() is None
        (home / ".netrc").write_text("machine 127.0.0.1 login u password p")
        assert caller.credentials() == "Basic dTpw"
        assert file.readline()


@pytest.mark.parametrize("kind", [martlet.Session, martlet.AsyncSession])
@pytest.mark.parametrize("place", ["a subclass", "the class, patched", "the instance"])
def test_get_asks_the_request_of_whoever_overrides_it(
    kind: type[Any], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Child(kind):
        if place == "a subclass":

            def request(self, *args: Any, **kwargs: Any) -> Any:
                return args, kwargs

    own = Child if place == "a subclass" else kind
    assert roads.is_untouched(own, kind)
    session = own()
    if place == "the class, patched":
        monkeypatch.setattr(kind, "request", lambda self, *args, **kwargs: (args, kwargs))
    if place == "the instance":
        session.request = lambda *args, **kwargs: (args, kwargs)
    expected = (("GET", HERE), {"params": {"a": "1"}, "allow_redirects": True, "timeout": 3})
    assert session.get(HERE, {"a": "1"}, timeout=3) == expected


def test_a_session_that_its_own_jar_knows_is_collected() -> None:
    session = martlet.AsyncSession()
    jar: Any = session.cookies
    jar.owner = session
    call: Any = session.get(HERE)
    call.close()
    session.close()
    gone = weakref.ref(session)
    del session, jar, call
    gc.collect()
    assert gone() is None


def test_what_the_engine_does_not_take_goes_the_compatible_road() -> None:
    class Refusing(Engine):
        def begin(self, *arguments: Any) -> None:  # type: ignore[override]
            self.begun.append(arguments)

        def cookies_export(self) -> list[Any]:
            return []

        def send(self, prepared: Any, **settings: Any) -> Done:
            return Done(response_over(Handle(chunks=[b"compatible"])))

    engine = Refusing()
    with session_over(engine) as session:
        assert session.get(HERE).content == b"compatible"
    assert len(engine.begun) == 1


def test_a_call_on_the_compatible_road_leaves_the_next_one_the_quick_one(server: RecordingServer) -> None:
    async def main() -> None:
        async with martlet.AsyncSession() as session:
            seen: list[Any] = []
            response = await session.get(server.url, hooks={"response": lambda each, **_: seen.append(each)})
            assert seen == [response]
            operation: Any = session.get(server.url)
            assert type(operation).__name__ == "Operation"
            assert (await operation).content == b"ok"
            # Who is shown the adapters may change them.
            assert session.get_adapter(server.url) is response.connection
            operation = session.get(server.url)
            assert type(operation).__name__ != "Operation"
            assert (await operation).content == b"ok"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        (
            "import martlet",
            {"urllib3", "http.cookiejar", "asyncio", "http.client", "email", "ssl", "logging"},
        ),
        (
            "import martlet; martlet.Session()",
            {
                "urllib3",
                "http.cookiejar",
                "asyncio",
                "http.client",
                "email",
                "ssl",
                "logging",
                "json",
                "inspect",
            },
        ),
    ],
)
def test_little_is_loaded_before_it_is_needed(program: str, absent: set[str]) -> None:
    # -S: what the machine's site-packages load by themselves is not ours.
    paths = [path for path in sys.path if path]
    code = f"import sys; sys.path[:0] = {paths!r}; {program}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert absent & set(done.stdout.split()) == set()
