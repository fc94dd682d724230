"""A thousand host names that resolve, without a network and without being root.

On Linux the child runs in a mount namespace of its own, where /etc/hosts holds the names: every resolver that
follows the system's files finds them there, as getaddrinfo does. Where no such namespace is to be had, the
names are below `.invalid` (RFC 6761): each lookup goes to the system's resolver and fails, and so does each
request. Either way each client looks up a thousand names; the report says which.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

COUNT = 1000
KNOWN, UNKNOWN = "loop.test", "invalid"
BIND = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'


def hosts(folder: Path) -> Path:
    path = folder / "hosts"
    before = Path("/etc/hosts").read_text() if Path("/etc/hosts").exists() else "127.0.0.1 localhost\n"
    path.write_text(before + "".join(f"127.0.0.1 n{number}.{KNOWN}\n" for number in range(COUNT)))
    return path


def prefix(folder: Path) -> list[str]:
    """What to put before a command so that the names resolve in it; nothing where that cannot be had."""
    program = shutil.which("unshare")
    if not program:
        return []
    words = [program, "--user", "--map-root-user", "--mount", "sh", "-c", BIND, "sh", str(hosts(folder))]
    check = [*words, "grep", "-q", f"n0.{KNOWN}", "/etc/hosts"]
    return words if subprocess.run(check, capture_output=True, timeout=10).returncode == 0 else []
