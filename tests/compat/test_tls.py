"""HTTPS: whom a client trusts, whom it does not, and with which certificate it comes itself."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path

import pytest
from cryptography import x509

from servers.recording import RecordingServer
from servers.wire import redirect

from .harness import attempt, compat, only


def untrusting(client, **settings):
    """A session without the test's authority."""
    session = client.new_session()
    session.verify = True
    for name, value in settings.items():
        setattr(session, name, value)
    return session


@compat
@only("https")
def test_an_authority_in_a_file_is_trusted(client, server, authority):
    session = untrusting(client)
    return client.wait(session.get(server.url + "/", verify=authority.ca_file))


@compat
@only("https")
def test_an_authority_in_a_directory_is_trusted(client, server, authority, tmp_path):
    pem = Path(authority.ca_file).read_bytes()
    link = tmp_path / f"{_subject_hash(x509.load_pem_x509_certificate(pem).subject)}.0"
    link.write_bytes(pem)
    return client.get(server.url + "/", verify=str(tmp_path))


def _subject_hash(name):
    """What OpenSSL calls a certificate's file in a directory, as `openssl rehash` does: the first four bytes
    of the SHA-1 of the canonical subject, little end first."""
    canonical = b""
    for rdn in name.rdns:
        attributes = b"".join(_attribute(attribute) for attribute in rdn)
        canonical += _der(0x31, attributes)
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


def _attribute(attribute):
    oid = attribute.oid.dotted_string.split(".")
    encoded = bytes([int(oid[0]) * 40 + int(oid[1]), *map(int, oid[2:])])
    text = " ".join(attribute.value.lower().split()).encode()
    return _der(0x30, _der(0x06, encoded) + _der(0x0C, text))


def _der(tag, content):
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


@compat
@only("https")
def test_a_stranger_is_not_trusted(client, server):
    error = attempt(lambda: client.wait(untrusting(client).get(server.url + "/")))
    assert isinstance(error, client.lib.exceptions.SSLError)
    assert not server.requests
    return error


@compat
@only("https")
@pytest.mark.parametrize("wrong", ["expired", "stranger", "other name"])
def test_a_certificate_that_is_wrong_is_an_ssl_error(client, server, authority, wrong):
    context = {
        "expired": authority.expired_context,
        "stranger": authority.stranger_context,
        "other name": lambda: authority.server_context("example.test"),
    }[wrong]()
    other = server.add(RecordingServer(context))
    error = attempt(client.get, other.url + "/")
    assert isinstance(error, client.lib.exceptions.SSLError)
    assert not other.requests
    return error


@compat
@only("https")
@pytest.mark.parametrize("wrong", ["expired", "stranger", "other name", None])
def test_everybody_is_trusted_without_verification_and_a_warning_says_so(client, server, authority, wrong):
    context = {
        "expired": authority.expired_context,
        "stranger": authority.stranger_context,
        "other name": lambda: authority.server_context("example.test"),
        None: authority.server_context,
    }[wrong]()
    other = server.add(RecordingServer(context))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        response = client.get(other.url + "/", verify=False)
    return [response, [warning.category.__name__ for warning in caught]]


@compat
@only("https")
def test_a_session_that_does_not_verify_may_verify_a_call(client, server, authority):
    session = untrusting(client, verify=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = client.wait(session.get(server.url + "/"))
    second = attempt(lambda: client.wait(session.get(server.url + "/", verify=True)))
    third = client.wait(session.get(server.url + "/", verify=authority.ca_file))
    return [first, second, third]


@compat
@pytest.mark.parametrize("name", ["verify", "cert", "key"])
def test_a_path_where_nothing_is_is_a_plain_os_error(client, server, authority, name):
    certificate, _ = authority.client_files()
    settings = {
        "verify": {"verify": "/no/such/file"},
        "cert": {"cert": "/no/such/file"},
        "key": {"cert": (certificate, "/no/such/file")},
    }[name]
    outcome = attempt(client.get, server.url + "/", **settings)
    if server.scheme == "https":
        assert type(outcome) is OSError
        assert not server.requests
        assert "/no/such/file" in str(outcome)
    return outcome


@compat
@only("https")
def test_a_file_that_holds_no_certificate(client, server, tmp_path):
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    outcome = attempt(client.get, server.url + "/", verify=str(path))
    assert isinstance(outcome, OSError)
    assert not server.requests
    return type(outcome).__name__


@compat
@only("https")
def test_the_environments_bundle_is_trusted(client, server, authority, monkeypatch):
    session = untrusting(client)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, authority.ca_file)
        assert client.wait(session.get(server.url + "/")).content == b"ok"
        monkeypatch.delenv(name)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.ca_file)
    session.trust_env = False
    return attempt(lambda: client.wait(session.get(server.url + "/")))


@compat
@only("https")
@pytest.mark.parametrize("given", ["pair", "list", "session", "one file", None])
def test_a_client_shows_its_certificate(client, server, authority, given, tmp_path):
    other = server.add(RecordingServer(authority.server_context(client_certificates=True)))
    certificate, key = authority.client_files()
    both = tmp_path / "both.pem"
    both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
    cert = {"pair": (certificate, key), "list": [certificate, key], "one file": str(both)}.get(given)
    if given == "session":
        client.session.cert = (certificate, key)
    outcome = attempt(client.get, other.url + "/", cert=cert)
    if given is None:
        # TLS 1.3: the refusal comes after the client's handshake is over.
        return isinstance(outcome, client.lib.exceptions.ConnectionError)
    return outcome


@compat
@only("https")
def test_localhost_is_a_name_of_the_certificate(client, server):
    return client.get(server.url.replace("127.0.0.1", "localhost") + "/")


@compat
@only("https")
def test_verification_holds_on_redirects(client, server, authority):
    other = server.add(RecordingServer(authority.stranger_context()))
    server.on("/from", redirect(302, other.url + "/to"))
    outcome = attempt(client.get, server.url + "/from")
    assert not other.requests
    return outcome


@compat
@only("https")
def test_connections_are_not_shared_between_ways_to_verify(client, server, authority):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client.get(server.url + "/", verify=False)
    client.get(server.url + "/")
    client.get(server.url + "/", verify=os.fspath(authority.ca_file))
    assert len(server.connections()) == 2
