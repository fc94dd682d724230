"""What a bug report needs to know: `python -m martlet.help`. The keys are those of `requests.help`."""

from __future__ import annotations

import json
import platform
import ssl
import sys

import charset_normalizer
import idna
import urllib3

from .__version__ import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def info() -> dict[str, Any]:
    """Versions of this package, of Python, of the system and of what requests' users have beside it."""
    return {
        "platform": {"system": platform.system(), "release": platform.release()},
        "implementation": {
            "name": platform.python_implementation(),
            "version": platform.python_version(),
        },
        "system_ssl": {"version": f"{ssl.OPENSSL_VERSION_NUMBER:x}"},
        "using_pyopenssl": False,
        "using_charset_normalizer": "chardet" not in sys.modules,
        "pyOpenSSL": {"version": None, "openssl_version": ""},
        "urllib3": {"version": vars(urllib3)["__version__"]},
        "chardet": {"version": getattr(sys.modules.get("chardet"), "__version__", None)},
        "charset_normalizer": {"version": charset_normalizer.__version__},
        "cryptography": {"version": ""},
        "idna": {"version": getattr(idna, "__version__", "")},
        "requests": {"version": __version__},
    }


def check_compatibility(
    urllib3_version: str, chardet_version: str | None, charset_normalizer_version: str | None
) -> None:
    """Raises AssertionError if a version is none that requests works with: urllib3 from 1.26, chardet from 3
    to 7, charset_normalizer from 2 to 3.
    """
    major, minor = (int(part) for part in urllib3_version.split(".")[:2])
    assert urllib3_version != "dev"
    assert (major, minor) >= (1, 26)
    for version, (least, most) in ((chardet_version, (3, 7)), (charset_normalizer_version, (2, 3))):
        if version:
            assert least <= int(version.split(".")[0]) <= most


def main() -> None:
    """Prints it as JSON."""
    print(json.dumps(info(), sort_keys=True, indent=2))  # noqa: T201 (it is a command)


if __name__ == "__main__":
    main()
