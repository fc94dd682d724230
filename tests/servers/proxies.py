"""Real proxies on loopback: tinyproxy and squid, as `tools/servers.py` has unpacked them.

Both want a user and a password, and open no way to `DENIED`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .wire import PATIENCE

UNPACKED = Path(__file__).resolve().parents[2] / ".build" / "servers"
USER, PASSWORD = "user", "secret"
DENIED = "denied.test"
"""A host that the proxies refuse to speak to."""
NOBODY = "nobody"
"""Whom squid becomes if it is started by root, which it will not stay."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs."""

    name: str
    port: int

    @property
    def url(self) -> str:
        """With the right credentials."""
        return self.url_with(f"{USER}:{PASSWORD}")

    def url_with(self, userinfo: str | None) -> str:
        """With these credentials, or none."""
        return f"http://{userinfo + '@' if userinfo else ''}127.0.0.1:{self.port}"


def reason_to_skip(name: str) -> str | None:
    """Why there is no such proxy here; None if there is."""
    if (UNPACKED / name / "complete").exists():
        return None
    return f"{name} is not there: `make test` fetches it where there is apt (tools/servers.py)"


@contextlib.contextmanager
def running(name: str) -> Iterator[Proxy]:
    """Starts the proxy, and ends it afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as made:
        # Not below pytest's own folder: nobody but its owner may look into that, and squid is somebody else.
        folder = Path(made)
        folder.chmod(0o755)
        process, port = _started(PROXIES[name], UNPACKED / name, folder)
        try:
            yield Proxy(name, port)
        finally:
            _end(process)


Prepare = Callable[[Path, Path, int], list[str]]
"""Writes settings for a port into the second folder and returns the command; the first has the program."""


def _started(prepare: Prepare, unpacked: Path, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(3):  # somebody may take the port before the proxy does
        port = _free_port()
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                prepare(unpacked, folder, port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "LD_LIBRARY_PATH": _libraries(unpacked)},
            )
        if _listens(process, port):
            return process, port
    raise AssertionError(f"the proxy did not start:\n{log.read_text(errors='replace')}")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until connections are taken; false if the process ends instead."""
    patient_until = time.monotonic() + PATIENCE
    while time.monotonic() < patient_until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
                return False
        else:
            return True
    _end(process)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the proxy and its helpers at once: there is nothing that they could lose."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _libraries(unpacked: Path) -> str:
    return os.pathsep.join(sorted({str(path.parent) for path in unpacked.rglob("*.so.*")}))


def _tinyproxy(unpacked: Path, folder: Path, port: int) -> list[str]:
    denied, settings = folder / "denied", folder / "tinyproxy.conf"
    denied.write_text(DENIED.replace(".", r"\.") + "\n")
    settings.write_text(
        f"""\
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 200
BasicAuth {USER} {PASSWORD}
Filter "{denied}"
LogLevel Warning
"""
    )
    return [str(unpacked / "usr/bin/tinyproxy"), "-d", "-c", str(settings)]


def _squid(unpacked: Path, folder: Path, port: int) -> list[str]:
    if os.geteuid() == 0:
        # Then it runs as NOBODY, who may not be able to read the project's own folder.
        copy = folder / "squid"
        if not copy.exists():
            shutil.copytree(unpacked, copy, symlinks=True)
            shutil.chown(folder, NOBODY)
        unpacked = copy
    passwords, settings, share = folder / "passwords", folder / "squid.conf", unpacked / "usr/share"
    passwords.write_text(f"{USER}:{hashlib.md5(PASSWORD.encode()).hexdigest()}\n")
    settings.write_text(
        f"""\
http_port 127.0.0.1:{port}
visible_hostname localhost
cache_effective_user {NOBODY}

auth_param basic program {unpacked}/usr/lib/squid/basic_ncsa_auth {passwords}
auth_param basic children 1 startup=1
auth_param basic realm tests
acl known proxy_auth REQUIRED
acl denied dstdomain {DENIED}
http_access deny !known
http_access deny denied
http_access allow known

# As little as possible beside that: no files, no connections kept to servers.
cache deny all
cache_mem 8 MB
server_persistent_connections off
shutdown_lifetime 0 seconds
access_log none
cache_log /dev/null
cache_store_log none
logfile_rotate 0
netdb_filename none
pinger_enable off
unlinkd_program {unpacked}/usr/lib/squid/unlinkd
max_filedescriptors 1024
pid_filename {folder}/squid.pid
coredump_dir {folder}
mime_table {share}/squid/mime.conf
icon_directory {share}/squid/icons
error_directory {share}/squid-langpack/en
err_page_stylesheet none
"""
    )
    return [str(unpacked / "usr/sbin/squid"), "-N", "-d", "1", "-f", str(settings)]


PROXIES: dict[str, Prepare] = {"tinyproxy": _tinyproxy, "squid": _squid}
