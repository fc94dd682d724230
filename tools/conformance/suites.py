"""Which suites are run, from which release, and how many of their tests have to pass.

What counts is a test that passes with the real package in the same environment.
"""

from __future__ import annotations

from dataclasses import dataclass

from .aiohttp_plugin import LEFT
from .httpx_plugin import NOT_OURS

REQUESTS = "requests==2.34.2"


@dataclass(frozen=True)
class Suite:
    """One suite: `sdist` is fetched, `tests` within it are run with pytest."""

    name: str
    sdist: str
    tests: tuple[str, ...]
    least: float
    """The share of what passes with the real package that has to pass."""

    needs: tuple[str, ...] = ()
    mode: str = "alias"
    """How martlet takes the real one's place; see run.py."""

    arguments: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Parts of the names of tests that are not asked for; the plugin of the mode says why."""


SUITES = (
    Suite(
        "requests",
        REQUESTS,
        ("tests",),
        0.99,
        ("httpbin~=0.10.0", "pytest-httpbin==2.1.0", "pytest-mock", "trustme", "PySocks"),
    ),
    Suite("requests, async", REQUESTS, ("tests",), 0.99, mode="async"),
    Suite(
        "requests-toolbelt",
        "requests-toolbelt==1.0.0",
        ("tests",),
        0.98,
        ("betamax", "pyopenssl"),
    ),
    Suite("requests-oauthlib", "requests-oauthlib==2.0.0", ("tests",), 0.98, ("oauthlib", "requests-mock")),
    Suite(
        "requests-mock",
        "requests-mock==1.12.1",
        ("tests",),
        0.98,
        ("fixtures", "testtools", "purl", "requests-futures"),
    ),
    Suite(
        "responses",
        "responses==0.26.3",
        ("responses/tests",),
        0.98,
        ("pytest-asyncio", "pytest-httpserver", "tomli-w", "pyyaml"),
    ),
    Suite(
        "requests-cache",
        "requests-cache==1.3.3",
        ("tests/unit", "tests/integration/test_memory.py", "tests/integration/test_filesystem.py"),
        0.98,
        (
            "requests-cache[all]",
            "psutil",
            "rich",
            "tenacity~=8.0",
            "time-machine~=2.9",
            "pytest-rerunfailures",
        ),
    ),
    Suite("requests-futures", "requests-futures==1.1.0", ("tests",), 0.98),
    Suite(
        "httpx",
        "httpx==0.28.1",
        ("tests/client", "tests/test_api.py", "tests/test_exceptions.py"),
        1.0,
        ("anyio", "chardet", "trio", "trustme", "uvicorn", "httpx[http2,socks,brotli,zstd,cli]"),
        mode="httpx",
        left_out=tuple(name.rpartition("::")[2].removesuffix(".py") for name in NOT_OURS),
    ),
    Suite(
        "aiohttp",
        "aiohttp==3.14.5",
        (
            "tests/test_client_functional.py",
            "tests/test_client_middleware.py",
            "tests/test_client_middleware_digest_auth.py",
            "tests/test_client_ws_functional.py",
        ),
        1.0,
        (
            "blockbuster",
            "isal",
            "zlib_ng",
            "pytest-xdist",
            "pytest_codspeed",
            "pytest-cov",
            "freezegun",
            "proxy.py",
            "setuptools-git",
        ),
        mode="aiohttp",
        left_out=tuple(LEFT),
    ),
)
