"""A certificate authority for the tests' HTTPS servers, and certificates that are wrong in one way each."""

from __future__ import annotations

import datetime
import functools
import ssl
from pathlib import Path

import trustme


class Authority:
    """Signs for 127.0.0.1, ::1 and localhost; its files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.ca_file = str(folder / "ca.pem")
        self._authority.cert_pem.write_to_path(self.ca_file)

    @functools.cache  # noqa: B019 - one authority lives as long as the tests do
    def server_context(self, *names: str, client_certificates: bool = False) -> ssl.SSLContext:
        """For a server called `names` (the loopback's by default), which may insist on a client's
        certificate.
        """
        return self._context(self._authority.issue_cert(*(names or LOOPBACK)), client_certificates)

    def expired_context(self) -> ssl.SSLContext:
        """For a server whose certificate was good until the year 2000."""
        past = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
        return self._context(self._authority.issue_cert(*LOOPBACK, not_after=past))

    def stranger_context(self) -> ssl.SSLContext:
        """For a server whose certificate another authority signed."""
        return self._context(trustme.CA().issue_cert(*LOOPBACK))

    def cbc_context(self) -> ssl.SSLContext:
        """For a server that speaks TLS 1.2 with ciphers in CBC mode only."""
        context = self._context(self._authority.issue_cert(*LOOPBACK))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256")
        return context

    def client_files(self) -> tuple[str, str]:
        """The paths of a client's certificate and of its key."""
        leaf = self._authority.issue_cert("client@example.test")
        certificate, key = self._folder / "client.pem", self._folder / "client.key"
        leaf.cert_chain_pems[0].write_to_path(str(certificate))
        leaf.private_key_pem.write_to_path(str(key))
        return str(certificate), str(key)

    def _context(self, leaf: trustme.LeafCert, client_certificates: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(context)
        if client_certificates:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


LOOPBACK = ("127.0.0.1", "::1", "localhost")
