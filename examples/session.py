"""A session keeps what its requests share: headers, parameters, cookies, and the connections.

python examples/session.py [URL]
"""

import sys

import martlet
from martlet.testing import Server


def main(url: str) -> None:
    with martlet.Session() as session:
        session.headers["User-Agent"] = "my-program/1.0"
        session.params = {"lang": "en"}

        first = session.get(url + "/get", params={"page": 1}, timeout=5)
        print(first.url)
        print(first.json()["headers"]["User-Agent"])

        second = session.post(url + "/post", json={"name": "martlet", "feet": 0}, timeout=5)
        print(second.json()["data"])

        third = session.get(url + "/redirect/2", timeout=5)
        print([response.status_code for response in third.history], third.status_code, third.url)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url)
