"""Who is asking: basic authentication, a bearer token, and a scheme of one's own.

python examples/auth.py [URL]
"""

import sys

import martlet
from martlet.auth import AuthBase
from martlet.testing import Server


class Bearer(AuthBase):
    """Any callable that takes the prepared request and returns it will do."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: martlet.PreparedRequest) -> martlet.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def main(url: str) -> None:
    page = url + "/basic-auth/ada/lovelace"
    print("nobody:", martlet.get(page, timeout=5).status_code)
    print("ada:", martlet.get(page, auth=("ada", "lovelace"), timeout=5).status_code)

    with martlet.Session() as session:
        session.auth = Bearer("s3cret")
        print("token:", session.get(url + "/headers", timeout=5).json()["headers"]["Authorization"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url)
