"""5. Many blocking calls in a `ThreadPoolExecutor`, taken as they complete. What fails stops nobody.

python examples/05_thread_pool.py [URL]
"""

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from urllib.parse import urljoin

import martlet
from martlet.testing import Server

Outcome = martlet.Response | martlet.RequestException


def fetch(session: martlet.Session, url: str) -> martlet.Response:
    response = session.get(url, timeout=(3, 1))
    response.raise_for_status()
    return response


def fetch_all(urls: Iterable[str], threads: int = 16) -> Iterator[tuple[str, Outcome]]:
    """URL and response or error, in the order in which they complete. One session serves all threads."""
    with martlet.Session() as session, ThreadPoolExecutor(threads) as pool:
        futures = {pool.submit(fetch, session, url): url for url in urls}
        for future in as_completed(futures, timeout=30):
            try:
                yield futures[future], future.result()
            except martlet.RequestException as error:
                yield futures[future], error


def main(url: str) -> None:
    bad = [urljoin(url, "/status/404"), urljoin(url, "/hang"), "http://127.0.0.1:9/", "http:///nowhere"]
    for address, outcome in fetch_all([url, url, url, *bad]):
        match outcome:
            case martlet.Timeout():
                print(f"too slow   {address}")
            case martlet.HTTPError(response=martlet.Response() as refused):
                print(f"{refused.status_code} {refused.reason}  {address}")
            case martlet.RequestException() as error:
                print(f"{type(error).__name__}  {address}")
            case response:
                print(f"{response.status_code}, {len(response.content)} bytes  {address}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url + "/get")
