"""What may go wrong, and which exception says so. All of them are `martlet.RequestException`.

python examples/errors.py [URL]
"""

import sys

import martlet
from martlet.testing import Server


def attempt(url: str) -> str:
    try:
        response = martlet.get(url, timeout=(3, 0.2))  # seconds to connect, seconds between two reads
        response.raise_for_status()
    except martlet.Timeout:
        return "no answer in time: try later, or allow more"
    except martlet.HTTPError as error:
        return f"the server refuses: {error.response.status_code} {error.response.reason}"
    except martlet.TooManyRedirects as error:
        return f"it goes round in circles: {len(error.response.history)} redirects"
    except martlet.ConnectionError:
        return "nobody there"
    except martlet.RequestException as error:
        return f"not a request that can be sent: {type(error).__name__}"
    return f"{response.status_code}, {len(response.content)} bytes"


def main(url: str) -> None:
    for path in ("/get", "/hang", "/status/404", "/redirect/40"):
        print(f"{path}: {attempt(url + path)}")
    for address in ("http://127.0.0.1:9/", "http:///nowhere", "gopher://127.0.0.1/"):
        print(f"{address}: {attempt(address)}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with Server() as server:
            main(server.url)
