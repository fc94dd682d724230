"""The functions of `requests.utils`: the same answers, or the same exceptions."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests

import martlet

ODD_HEADERS = [
    "",
    'token, "quoted value"',
    'a="is a fish", b="as well"',
    "key_without_value",
    'realm="a, b", nonce="x\\"y\\\\z", qop="auth,auth-int", stale=FALSE',
    'a="unclosed, b=2',
    " a = 1 ,, b=2 , ",
    'a=b"c,d"e, f',
    'x="", y=""z',
]
LINKS = [
    "",
    '<http://a.test/1>; rel=front; type="image/jpeg"',
    "<http://a.test/1>; rel=front,<http://a.test/2>; rel=back;type='x'",
    "<http://a.test/1>",
    "<http://a.test/1>; broken; rel=x",
    "<http://a.test/?a=1,2>; rel=a",
]
URLS = [
    "http://a.test/",
    "http://u:p@a.test:8080/p;x?q=1#f",
    "http://u%20s:p%40@a.test",
    "http://u@a.test/",
    "http://:p@a.test/",
    "a.test/p",
    "a.test:80/p",
    "//a.test/p",
    "http://[::1]:80/",
    "socks5://u:p@a.test",
    "file:///etc",
    "",
]
NO_PROXY = [
    "",
    "*",
    "localhost,127.0.0.1",
    " .test , b.example",
    "a.test:8080",
    "192.168.0.0/24,10.0.0.1",
    "192.168.0.0/33",
    "prea.test",
    "TEST",
]
HOSTS = [
    "http://a.test/",
    "http://a.test:8080/",
    "http://prelocalhost/",
    "http://localhost:5000/",
    "http://192.168.0.7/",
    "http://10.0.0.1:81/",
    "https://x.b.example/",
    "file:///x",
    "http://[::1]/",
]


def same(name: str, *arguments: Any, **keywords: Any) -> None:
    def outcome(library: ModuleType) -> Any:
        try:
            found = getattr(library.utils, name)(*arguments, **keywords)
        except Exception as error:
            return type(error).__name__, str(error)
        return list(found) if isinstance(found, Iterator) else found

    assert outcome(martlet) == outcome(requests)


@pytest.mark.parametrize("value", ODD_HEADERS)
@pytest.mark.parametrize("name", ["parse_list_header", "parse_dict_header"])
def test_comma_separated_headers_are_taken_apart_alike(name: str, value: str) -> None:
    same(name, value)


@pytest.mark.parametrize("value", ["", '"', '"a"', '"a\\"b\\\\c"', '"\\\\server\\share"', "plain"])
@pytest.mark.parametrize("is_filename", [False, True])
def test_header_values_are_unquoted_alike(value: str, is_filename: bool) -> None:
    same("unquote_header_value", value, is_filename)


@pytest.mark.parametrize("value", LINKS)
def test_links_are_parsed_alike(value: str) -> None:
    same("parse_header_links", value)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/html",
        "text/html; charset=utf-8",
        'text/html; CHARSET="latin-1"; x=y',
        "text/plain; charset=",
        "text/plain; charset = 'x' ",
        "application/json",
        "application/json; charset=cp1252",
        "image/png",
        "charset=utf-8",
        "text",
    ],
)
def test_the_encoding_follows_from_the_content_type_alike(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    same("get_encoding_from_headers", headers)
    if content_type is not None:
        same("_parse_content_type_header", content_type)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_the_utf_of_a_json_document_is_guessed_alike(encoding: str) -> None:
    same("guess_json_utf", '{"a": 1}'.encode(encoding))


def test_the_utf_of_nonsense_is_guessed_alike() -> None:
    for data in (b"", b"\0", b"\0a\0", b"\0\0a\0", b"a\0\0b"):
        same("guess_json_utf", data)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("name", ["urldefragauth", "get_auth_from_url"])
def test_urls_are_taken_apart_alike(name: str, url: str) -> None:
    same(name, url)


@pytest.mark.parametrize("url", [url for url in URLS if url not in ("", "file:///etc")])
def test_a_scheme_is_put_before_a_url_alike(url: str) -> None:
    same("prepend_scheme_if_needed", url, "http")


@pytest.mark.parametrize("uri", ["http://a/%7Eb%2f%", "%zz", "%E9%61", "é %", "", "http://a/[x]?q=[1]|"])
@pytest.mark.parametrize("name", ["requote_uri", "unquote_unreserved"])
def test_urls_are_quoted_alike(name: str, uri: str) -> None:
    same(name, uri)


@pytest.mark.parametrize("no_proxy", NO_PROXY)
@pytest.mark.parametrize("url", HOSTS)
def test_hosts_are_reached_without_a_proxy_alike(
    url: str, no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    same("should_bypass_proxies", url, no_proxy)
    same("should_bypass_proxies", url, None)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    same("should_bypass_proxies", url, None)
    same("should_bypass_proxies", url, "b.example")


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"http_proxy": "http://p:1", "HTTP_PROXY": "http://q:1"},
        {"HTTP_PROXY": "http://q:1", "ALL_PROXY": "socks5://s:1"},
        {"HTTP_PROXY": "http://q:1", "REQUEST_METHOD": "GET"},
        {"http_proxy": "", "HTTP_PROXY": "http://q:1", "https_proxy": "http://t:1"},
        {"all_proxy": "http://a:1", "no_proxy": "a.test"},
    ],
)
def test_proxies_are_read_from_the_environment_alike(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for url in ("http://a.test/", "https://b.test/"):
        same("get_environ_proxies", url)
        same("get_environ_proxies", url, no_proxy="b.test")
        for given in (None, {"http": "http://g:1"}, {"no_proxy": "a.test"}):
            same("resolve_proxies", requests.Request("GET", url), given)
            same("resolve_proxies", requests.Request("GET", url), given, trust_env=False)


@pytest.mark.parametrize("url", HOSTS)
def test_a_proxy_is_selected_alike(url: str) -> None:
    for proxies in (
        None,
        {},
        {"all": "a"},
        {"http": "h", "all": "a"},
        {"http://a.test": "x", "http": "h"},
        {"all://a.test": "y", "all": "a"},
    ):
        same("select_proxy", url, proxies)


@pytest.mark.parametrize("value", ["1.2.3.4", "1.2", "8.8.8.8.8", "localhost", ""])
def test_addresses_are_told_alike(value: str) -> None:
    same("is_ipv4_address", value)
    for suffix in ("/8", "/0", "/33", "/a", "", "/8/8"):
        same("is_valid_cidr", value + suffix)


@pytest.mark.parametrize("bits", [1, 8, 24, 31, 32])
def test_networks_hold_addresses_alike(bits: int) -> None:
    same("dotted_netmask", bits)
    for ip in ("192.168.1.1", "192.168.2.1", "10.0.0.1"):
        same("address_in_network", ip, f"192.168.1.0/{bits}")


@pytest.mark.parametrize(
    "text",
    [
        "machine a.test login l password p",
        "default login d password q",
        "machine a.test account c password p",
        "machine b.test login l password p",
        "machine a.test login",
        "",
    ],
)
def test_netrc_is_read_alike(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "netrc"
    path.write_text(text)
    monkeypatch.setenv("NETRC", str(path))
    for url in ("http://a.test/", "http://a.test:81/", b"http://a.test/", "mailto:x"):
        same("get_netrc_auth", url)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    same("get_netrc_auth", "http://a.test/")


def test_a_broken_netrc_is_an_error_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netrc import NetrcParseError

    path = tmp_path / "netrc"
    path.write_text("machine a.test nonsense x")
    monkeypatch.setenv("NETRC", str(path))
    assert martlet.utils.get_netrc_auth("http://a.test/") is None
    with pytest.raises(NetrcParseError):
        martlet.utils.get_netrc_auth("http://a.test/", raise_errors=True)


class Unseekable(io.BytesIO):
    def tell(self) -> int:
        raise OSError


class SizeOnly:
    len = 7


LENGTHS: list[Callable[[], Any]] = [
    lambda: "é",
    lambda: b"ab",
    lambda: [1, 2],
    lambda: io.BytesIO(b"abc"),
    lambda: io.StringIO("abc"),
    lambda: Unseekable(b"abc"),
    SizeOnly,
    object,
    lambda: 5,
]


@pytest.mark.parametrize("make", LENGTHS)
def test_lengths_are_told_alike(make: Callable[[], Any]) -> None:
    assert martlet.utils.super_len(make()) == requests.utils.super_len(make())


def test_the_length_of_a_file_is_what_is_left_of_it(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abcdef")
    with path.open("rb") as file:
        file.seek(2)
        same("super_len", file)
        assert file.tell() == 2


@pytest.mark.parametrize("value", [None, {"a": 1}, [("a", 1)], (("a", 1),), "text", b"x", 5, True])
@pytest.mark.parametrize("name", ["to_key_val_list", "from_key_val_list"])
def test_pairs_are_made_alike(name: str, value: Any) -> None:
    same(name, value)


@pytest.mark.parametrize("length", [1, 3, 100, 0, -1, None])
def test_slices_are_cut_alike(length: int | None) -> None:
    same("iter_slices", b"abcdefg", length)
    same("iter_slices", "", length)


def test_file_names_are_guessed_alike(tmp_path: Path) -> None:
    for name in ("/a/b.txt", b"/a/b.txt", "<stdin>", 5, "", None):
        named = type("Named", (), {"name": name})()
        same("guess_filename", named)
    same("guess_filename", object())


def test_a_variable_is_set_for_a_while(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME", raising=False)
    with library.utils.set_environ("SOME", "1"):
        assert os.environ["SOME"] == "1"
    assert "SOME" not in os.environ
    monkeypatch.setenv("SOME", "0")
    with library.utils.set_environ("SOME", "1"), library.utils.set_environ("SOME", None):
        assert os.environ["SOME"] == "1"
    assert os.environ["SOME"] == "0"


def test_a_path_into_an_archive_gives_a_copy_of_the_member(library: ModuleType, tmp_path: Path) -> None:
    import zipfile

    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("d/ca.pem", "inside")
    extracted = library.utils.extract_zipped_paths(f"{archive}/d/ca.pem")
    assert Path(extracted).read_text() == "inside"
    Path(extracted).unlink()
    for path in (str(archive), f"{archive}/d/none", "/none/at/all"):
        assert library.utils.extract_zipped_paths(path) == path


def test_a_file_is_replaced_at_once_or_not_at_all(library: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "f"
    with library.utils.atomic_open(str(path)) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError), library.utils.atomic_open(str(path)):
        raise ZeroDivisionError
    assert [each.name for each in tmp_path.iterdir()] == ["f"]
    assert path.read_bytes() == b"new"


def test_the_default_headers_stand_in_requests_order() -> None:
    assert list(martlet.utils.default_headers()) == list(requests.utils.default_headers())
    assert dict(martlet.utils.default_headers()) == {
        "User-Agent": f"martlet/{martlet.__version__}",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept": "*/*",
        "Connection": "keep-alive",
    }
    assert martlet.utils.default_user_agent("me") == f"me/{martlet.__version__}"


def test_an_escape_that_is_none_is_an_invalid_url(library: ModuleType) -> None:
    with pytest.raises(library.exceptions.InvalidURL, match="Invalid percent-escape sequence: 'zz'"):
        library.utils.unquote_unreserved("http://a/%zz")


def test_jars_and_dicts_become_one_another(library: ModuleType) -> None:
    jar = library.cookies.RequestsCookieJar()
    assert library.utils.add_dict_to_cookiejar(jar, {"a": "1"}) is jar
    assert library.utils.dict_from_cookiejar(jar) == {"a": "1"}


def test_encodings_named_in_a_document_are_found(library: ModuleType) -> None:
    page = '<?xml version="1.0" encoding="x"?><meta charset="y"><meta content="text/html; charset=z">'
    with pytest.warns(DeprecationWarning, match="get_encodings_from_content"):
        assert library.utils.get_encodings_from_content(page) == ["y", "z", "x"]
