"""What the environment says: proxies, hosts to be reached without one, CA bundle, netrc.

It is read at every request, since programs change it while they run. Variables in lower case win over those
in upper case; under a CGI server (`REQUEST_METHOD` set) `HTTP_PROXY` is not believed, since a client's
`Proxy` header becomes it. macOS and Windows keep proxy settings of their own; the standard library knows how
to ask for them.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

NETRC_FILES = (".netrc", "_netrc")
DEFAULT_PORTS = {"http": 80, "https": 443}


def get_environ_proxies(url: str, no_proxy: str | None = None) -> dict[str, str]:
    """The proxies the environment names, by scheme; none for a host that is to be reached without."""
    return {} if should_bypass_proxies(url, no_proxy=no_proxy) else environment_proxies()


def environment_proxies() -> dict[str, str]:
    """The proxies the environment names, by scheme; those of the system, if it names none."""
    proxies = _variables()
    if not proxies and sys.platform in ("darwin", "win32"):
        from urllib.request import getproxies

        return getproxies()
    return proxies


def ca_bundle() -> str | None:
    """The file or directory of trusted certificates that the environment names."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or None


def select_proxy(url: str, proxies: Mapping[str, str] | None) -> str | None:
    """The proxy for `url`: for its scheme and host, its scheme, any scheme at its host, or for all."""
    from urllib.parse import urlsplit

    proxies = proxies or {}
    parts = urlsplit(url)
    if parts.hostname is None:
        return proxies.get(parts.scheme, proxies.get("all"))
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    return next((proxies[key] for key in keys if key in proxies), None)


def resolve_proxies(
    request: Any, proxies: Mapping[str, str] | None, trust_env: bool = True
) -> dict[str, str]:
    """The proxies for `request`: those given, and where they leave a gap for its scheme, that of the
    environment.
    """
    resolved = dict(proxies or {})
    url: str = request.url
    no_proxy = resolved.get("no_proxy")
    if trust_env and not should_bypass_proxies(url, no_proxy=no_proxy):
        scheme = url.partition(":")[0].lower()
        found = environment_proxies()
        proxy = found.get(scheme, found.get("all"))
        if proxy:
            resolved.setdefault(scheme, proxy)
    return resolved


def should_bypass_proxies(url: str, no_proxy: str | None) -> bool:
    """Whether `url` is to be reached without a proxy, by `no_proxy`, else by what the environment says."""
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname
    if host is None:
        return True
    if no_proxy is None:
        no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    if not no_proxy and not _asks_the_system():
        return False
    entries = [entry for entry in (no_proxy or "").replace(" ", "").split(",") if entry]
    if entries and _is_listed(host, urlsplit(url).port, entries):
        return True
    return _system_bypasses(host, no_proxy)


def get_netrc_auth(url: Any, raise_errors: bool = False) -> tuple[str, str] | None:
    """User and password that netrc has for the host of `url`: from the file of $NETRC, else `~/.netrc`,
    `~/_netrc`.

    A file that cannot be read or parsed counts as none, unless `raise_errors`.
    """
    named = os.environ.get("NETRC")
    places = (named,) if named is not None else tuple(f"~/{name}" for name in NETRC_FILES)
    path = next((path for path in map(os.path.expanduser, places) if os.path.exists(path)), None)
    if path is None:
        return None
    from netrc import NetrcParseError, netrc
    from urllib.parse import urlsplit

    host = urlsplit(url.decode() if isinstance(url, bytes) else str(url)).hostname
    if host is None:
        return None
    try:
        found = netrc(path).authenticators(host)
    except (NetrcParseError, OSError):
        if raise_errors:
            raise
        return None
    if not found or not any(found):
        return None
    login, account, password = found
    return (login or account or "", password or "")


class set_environ:
    """A context in which the environment variable has that value; with None it is left alone."""

    def __init__(self, env_name: str, value: str | None) -> None:
        self.name = env_name
        self.value = value

    def __enter__(self) -> None:
        if self.value is not None:
            self.before = os.environ.get(self.name)
            os.environ[self.name] = self.value

    def __exit__(self, *args: object) -> None:
        if self.value is None:
            return
        if self.before is None:
            del os.environ[self.name]
        else:
            os.environ[self.name] = self.before


def is_ipv4_address(string_ip: str) -> bool:
    """Whether this is an IPv4 address, in any of the forms that `inet_aton` takes."""
    import socket

    try:
        socket.inet_aton(string_ip)
    except OSError:
        return False
    return True


def is_valid_cidr(string_network: str) -> bool:
    """Whether this is an IPv4 network such as 192.168.1.0/24, its prefix from 1 to 32."""
    network, slash, prefix = string_network.partition("/")
    try:
        return bool(slash) and 1 <= int(prefix) <= 32 and is_ipv4_address(network)
    except ValueError:
        return False


def address_in_network(ip: str, net: str) -> bool:
    """Whether the IPv4 address is in the network, as in `address_in_network("192.168.1.1",
    "192.168.1.0/24")`.
    """
    network, _, prefix = net.partition("/")
    hidden = 32 - int(prefix)
    return _number(ip) >> hidden == _number(network) >> hidden


def dotted_netmask(mask: int) -> str:
    """The netmask of that many bits: 24 gives 255.255.255.0."""
    import socket

    return socket.inet_ntoa((0xFFFFFFFF ^ (1 << 32 - mask) - 1).to_bytes(4, "big"))


def _number(ip: str) -> int:
    import socket

    return int.from_bytes(socket.inet_aton(ip), "big")


def _variables() -> dict[str, str]:
    found = list(_proxy_variables())
    proxies = {scheme: value for _, scheme, value in found if value}
    if "REQUEST_METHOD" in os.environ:
        proxies.pop("http", None)
    for name, scheme, value in found:
        if name.endswith("_proxy"):  # lower case: it wins, and an empty one unsets
            if value:
                proxies[scheme] = value
            else:
                proxies.pop(scheme, None)
    return proxies


def _proxy_variables() -> Iterator[tuple[str, str, str]]:
    for name, value in os.environ.items():
        if len(name) > 6 and name[-6:].lower() == "_proxy":
            yield name, name[:-6].lower(), value


def _is_listed(host: str, port: int | None, entries: list[str]) -> bool:
    if is_ipv4_address(host):
        return any(
            address_in_network(host, entry) if is_valid_cidr(entry) else host == entry for entry in entries
        )
    names = (host, f"{host}:{port}" if port else host)
    for entry in entries:
        entry = entry.lstrip(".")
        if any(name == entry or name.endswith("." + entry) for name in names):
            return True
    return False


def _asks_the_system() -> bool:
    """Whether `urllib.request.proxy_bypass` knows more than the variable: on macOS and Windows, and where
    somebody has put a function of their own into martlet.utils in its place.
    """
    return sys.platform in ("darwin", "win32") or "proxy_bypass" in vars(
        sys.modules.get("martlet.utils", sys)
    )


def _system_bypasses(host: str, no_proxy: str | None) -> bool:
    """What `urllib.request.proxy_bypass` says, with the variable no_proxy set as given."""
    if _asks_the_system():
        from . import utils

        with set_environ("no_proxy", no_proxy):
            bypass: Any = utils.proxy_bypass
            return bool(bypass(host))
    entries = [entry.strip().lstrip(".").lower() for entry in (no_proxy or "").split(",")]
    return no_proxy == "*" or _is_listed_name(host.lower(), [entry for entry in entries if entry])


def _is_listed_name(host: str, entries: list[str]) -> bool:
    return any(host == entry or host.endswith("." + entry) for entry in entries)


def load_what_the_engine_asks_for() -> None:
    """Imports what the engine imports for its first request. A daemon thread that the interpreter's end
    overtakes dies quietly here, in Python's own frames; beneath the engine's it would end the whole process.
    """
    from . import response, structures, timeouts  # noqa: F401  # pyright: ignore[reportUnusedImport]

    try:
        import certifi
    except ImportError:
        return
    certifi.where()
