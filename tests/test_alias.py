"""`alias_requests()`: what `import requests` gives while it holds, and afterwards; each in a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_requests_gives_martlet():
    assert run("""
        import martlet
        martlet.alias_requests()
        import requests
        from requests import Session
        assert requests is martlet and Session is martlet.Session
        print(requests.__version__)
    """) == "2.34.2+martlet.0.1.0"  # fmt: skip


def test_submodules_are_those_of_martlet():
    run("""
        import importlib, martlet
        martlet.alias_requests()
        names = "adapters api auth certs compat cookies exceptions help hooks models sessions status_codes"
        for name in [*names.split(), "structures", "utils", "_internal_utils", "packages", "aio"]:
            theirs = importlib.import_module(f"requests.{name}")
            assert theirs is importlib.import_module(f"martlet.{name}"), name
            assert theirs.__spec__.name == f"martlet.{name}", name
        from requests.packages.urllib3.util.retry import Retry
        import urllib3
        assert Retry is urllib3.Retry
        from requests.packages.urllib3.exceptions import InsecureRequestWarning
    """)


def test_an_unknown_submodule_is_not_found():
    run("""
        import martlet
        martlet.alias_requests()
        try:
            import requests.nothing
        except ModuleNotFoundError:
            pass
        else:
            raise SystemExit(1)
    """)


def test_it_ends_with_undo():
    run("""
        import martlet
        with martlet.alias_requests():
            import requests.adapters
        import requests, requests.adapters
        assert requests is not martlet and requests.__version__ == "2.34.2"
        assert requests.adapters.__name__ == "requests.adapters"
        assert martlet.__version__ == "0.1.0"
        del requests
        martlet.alias_requests()
        import requests
        assert requests is martlet
    """)


def test_twice_is_once():
    run("""
        import martlet, sys
        first = martlet.alias_requests()
        assert martlet.alias_requests() is first
        first.undo()
        first.undo()
        import requests
        assert requests is not martlet
    """)


def test_what_was_imported_before_comes_back():
    run("""
        import requests as real
        import martlet, sys, warnings
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            alias = martlet.alias_requests()
        assert "__main__ keep" in str(said[0].message), said
        assert sys.modules["requests"] is martlet
        alias.undo()
        assert sys.modules["requests"] is real and sys.modules["requests.adapters"] is real.adapters
    """)


def test_a_library_that_uses_requests_uses_martlet():
    run("""
        import martlet
        martlet.alias_requests()
        import sys
        import requests_toolbelt
        assert requests_toolbelt.MultipartEncoder
        assert not any(name.startswith("requests.") and "site-packages/requests/" in (module.__file__ or "")
                       for name, module in sys.modules.items() if hasattr(module, "__file__"))
    """)


def test_mocks_patch_by_the_name_of_requests():
    run("""
        import martlet
        martlet.alias_requests()
        from unittest import mock
        with mock.patch("requests.get", return_value=1), mock.patch("requests.sessions.Session.send"):
            import requests
            assert requests.get() == 1
        assert martlet.get is not None and martlet.get.__module__ == "martlet.api"
    """)


@pytest.mark.parametrize("name", ["Session", "PreparedRequest", "exceptions.HTTPError"])
def test_pickles_name_martlet(name):
    run(f"""
        import martlet, pickle
        martlet.alias_requests()
        import requests
        assert b"martlet" in pickle.dumps(requests.{name})
    """)
