"""Cookies: a session keeps what servers set and sends it back where it belongs; a call may add its own.

python examples/cookies.py [URL]
"""

import sys

import martlet
from martlet.testing import Server


def main(url: str) -> None:
    with martlet.Session() as session:
        session.get(url + "/cookies/set", params={"theme": "dark"}, timeout=5)
        print("kept:", session.cookies.get_dict())

        seen = session.get(url + "/cookies", cookies={"once": "1"}, timeout=5).json()
        print("sent:", seen["cookies"])

        session.cookies.set("language", "en")
        del session.cookies["theme"]
        print("left:", session.cookies.get_dict())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url)
