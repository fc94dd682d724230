"""A loopback HTTP server for tests and demonstrations: small, fast, in a thread of its own, without Python.

>>> from martlet.testing import Server
>>> with Server() as server:
...     martlet.get(server.url + "/bytes/3").content
b'xxx'

Its routes: `/get` `/headers` `/cookies` `/json` `/anything` (echoes as JSON), `/bytes/N`, `/status/N`,
`/redirect/N`, `/redirect-to?url=&status=`, `/cookies/set?k=v`, `/delay/SECONDS`, `/stream/N`,
`/drip?bytes=&seconds=`, `/gzip`, `/deflate`, `/basic-auth/USER/PASSWORD`, `/hang` (never answers).
"""

from ._martlet import Server

__all__ = ["Server"]
