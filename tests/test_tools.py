"""`make check` complains about each arrow and house rule that it is there to keep."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
Tree = Callable[[dict[str, str]], None]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("layers")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "python" / "martlet")
    return module


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("house")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    return write


def test_python_modules_that_import_each_other_are_a_circle(layers: ModuleType, tree: Tree) -> None:
    tree(
        {
            "python/martlet/__init__.py": "from .a import x\n",
            "python/martlet/a.py": "from . import b\n",
            "python/martlet/b.py": "import martlet.a\n",
        }
    )
    assert "martlet.a -> martlet.b" in "".join(layers.python_arrows())


def test_imports_for_types_and_in_functions_close_no_circle(layers: ModuleType, tree: Tree) -> None:
    tree(
        {
            "python/martlet/a.py": "from . import b\n",
            "python/martlet/b.py": """\
                from typing import TYPE_CHECKING
                if TYPE_CHECKING:
                    from .a import x
                def f():
                    from .a import x
            """,
        }
    )
    assert list(layers.python_arrows()) == []


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("integrations/httpx", "from martlet._martlet import Client", "public names only"),
        ("sessions", "from .integrations import httpx", "nothing of martlet imports its integrations"),
    ],
)
def test_integrations_stand_outside(
    layers: ModuleType, tree: Tree, module: str, line: str, complaint: str
) -> None:
    tree({f"python/martlet/{module}.py": line, "python/martlet/integrations/__init__.py": ""})
    assert complaint in "".join(layers.python_arrows())


@pytest.mark.parametrize(
    ("b", "circle"),
    [
        ("use crate::a::X;", True),
        ("use crate::{c::Y, a};", True),
        ("fn f() { crate::a::g() }", True),
        ("use super::a::X;", True),
        ("use crate::X;", True),
        ("use crate::c::Y; // not crate::a::X", False),
        ("#[cfg(test)]\nmod tests {\n    use crate::a::X;\n}", False),
    ],
)
def test_rust_modules_that_use_each_other_are_a_circle(
    layers: ModuleType, tree: Tree, b: str, circle: bool
) -> None:
    tree(
        {
            "crates/m/src/lib.rs": "mod a;\nmod b;\nmod c;\npub use a::{X, Z};\n",
            "crates/m/src/a.rs": "use crate::b::{self, W};\n",
            "crates/m/src/b.rs": b,
            "crates/m/src/c.rs": "",
        }
    )
    assert bool(list(layers.rust_circles())) == circle


def test_a_circle_inside_a_rust_directory_is_seen(layers: ModuleType, tree: Tree) -> None:
    tree(
        {
            "crates/m/src/p/mod.rs": "mod a;\nmod b;\nuse a::X;\n",
            "crates/m/src/p/a.rs": "use super::b::Y;\nuse super::Parent;\n",
            "crates/m/src/p/b.rs": "use crate::p::a::X;\n",
        }
    )
    (text,) = layers.rust_circles()
    assert text.startswith("m: crate::p: circle")


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("crates/martlet/src/pool.rs", "use std::os::fd::AsRawFd;", False),
        ("crates/martlet/src/connect/probe.rs", "use std::os::fd::AsRawFd;", True),
        ("crates/martlet-python/src/bridge.rs", "libc::close(fd)", True),
        ("crates/martlet-python/src/session.rs", "libc::close(fd)", False),
        ("crates/martlet/src/pool.rs", "// libc::close", True),
        ("python/martlet/sessions.py", "import fcntl\n", False),
    ],
)
def test_unix_stays_in_its_rooms(layers: ModuleType, tree: Tree, name: str, text: str, allowed: bool) -> None:
    tree({name: text})
    assert allowed == (list(layers.unix_rooms()) == [])


def test_the_pure_crates_forbid_unsafe(layers: ModuleType, tree: Tree) -> None:
    tree({"crates/martlet/src/lib.rs": "", "crates/martlet-proto/src/lib.rs": "#![forbid(unsafe_code)]"})
    assert [text.split(":")[0] for text in layers.unsafe_is_forbidden()] == ["martlet"]


LONG = "\n".join(f"    let x{n} = {n};" for n in range(80))
UNDONE = "TO" + "DO"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("python/martlet/a.py", "x = 1\n" * 501, "501 lines"),
        ("python/martlet/helpers.py", "", "says nothing"),
        ("python/martlet/utils.py", "", ""),
        ("crates/m/src/utils.rs", "", "says nothing"),
        ("crates/m/src/a.rs", f"pub(crate) async fn f(\n    a: u8,\n) {{\n{LONG}\n}}\n", "f has 84 lines"),
        ("crates/m/src/a.rs", f"fn f() {{}}\n{LONG}\n", ""),
        ("tests/a.py", "def f():\n" + "    x = 1\n" * 81, "f has 82 lines"),
        ("tests/a.py", f"# {UNDONE}: later\n", UNDONE),
        ("tests/tables/a.py", "x = 1\n" * 501, ""),
    ],
)
def test_house_rules(house: ModuleType, tree: Tree, name: str, text: str, complaint: str) -> None:
    tree({name: text})
    found = list(house.complaints())
    assert len(found) == bool(complaint)
    assert complaint in "".join(found)


def test_without_apt_the_fetching_of_servers_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert load("servers").main(tmp_path / "servers") == 3
    assert "no apt-get" in capsys.readouterr().err


def test_servers_that_are_there_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = load("servers")
    for server in servers.SERVERS:
        (tmp_path / server.name).mkdir()
        (tmp_path / server.name / "complete").touch()
    monkeypatch.setenv("PATH", "")
    assert servers.main(tmp_path) == 0
    assert "squid is there" in capsys.readouterr().out


def test_a_server_that_cannot_be_fetched_does_not_keep_the_others_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = load("servers")

    def fetch(server: object, directory: Path) -> None:
        if server is servers.SERVERS[0]:
            raise servers.Failed("no such package")
        print("fetched")

    monkeypatch.setattr(servers, "fetch", fetch)
    monkeypatch.setattr(servers.shutil, "which", lambda tool: tool)
    assert servers.main(tmp_path) == 1
    assert capsys.readouterr() == ("fetched\n", "servers: no tinyproxy: no such package\n")
