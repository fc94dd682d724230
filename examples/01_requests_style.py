"""1. The call everybody knows. `import martlet as requests`, and a program written for requests runs.

python examples/01_requests_style.py [URL]
"""

import sys

import martlet
from martlet.testing import Server


def fetch(url: str) -> martlet.Response:
    return martlet.get(url, timeout=5)


def main(url: str) -> None:
    response = fetch(url)
    print(f"{response.status_code} {response.reason}, {len(response.content)} bytes from {response.url}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url + "/get")
