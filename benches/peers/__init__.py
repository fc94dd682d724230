"""A file for each client, its name the name of its package. It says:

- `REQUIREMENT`: what pip installs, words apart by spaces. charset-normalizer is for `benches.loop`.
- `sync_client(ca, connections)`: a context manager that yields `fetch(url) -> body`; absent if there is none.
- `async_client(ca, connections)`: the same, asynchronous: `await fetch(url) -> body`.

`ca` is a PEM file to trust, or None over HTTP. `connections` is the most that will be in flight: a client
whose limit is lower by default is told so. One client or session serves the whole run; the body is read.
"""

NAMES = ("martlet", "requests", "aiohttp", "httpx", "niquests", "pyreqwest", "ry", "wreq")
