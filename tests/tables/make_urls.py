"""Write the tables that martlet-proto is held against: what real requests does with tricky inputs.

    pip install requests==2.34.2 urllib3==2.8.0 idna
    python tests/tables/make_urls.py                            # crates/martlet-proto/tests/tables/*.json
    python tests/tables/make_urls.py --fuzz 5000 --out DIR      # random ones; MARTLET_TABLES=DIR cargo test

The committed tables come from Python 3.11.7; later ones read some malformed redirects otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import requests
import requests_rules as rules
from url_inputs import (
    BASES,
    CONTENT_TYPES,
    ENVIRONMENTS,
    FRAMES,
    HOSTS,
    JSON_TEXTS,
    LINKS,
    LOCATIONS,
    NETRC_TOKENS,
    NETRCS,
    NO_PROXIES,
    PARAMS,
    PARTS,
    PATHS,
    PROXIED,
    PROXY_MAPS,
    PROXY_URLS,
    QUOTED,
    TAILS,
    URLS,
)

TABLES = Path(__file__).parents[2] / "crates/martlet-proto/tests/tables"
Case = dict[str, Any]


def urls(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `Url::prepare`."""
    if dice:
        inputs = [(random_url(dice), dice.choice(["", "", random_text(dice, 6)])) for _ in range(count)]
    else:
        inputs = [(url, "") for url in URLS]
        inputs += [(f"http://{host}/", "") for host in HOSTS]
        inputs += [(f"https://h.test{path}", "") for path in PATHS]
        inputs += [("http://h.test" + tail, params) for tail, params in product(TAILS, PARAMS)]
    return [{"input": url, "params": params, **rules.prepare(url, params)} for url, params in inputs]


def redirects(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `Url::join`; a Location is text whose bytes are its UTF-8 ones."""
    if dice:
        pairs = [(dice.choice(BASES), random_location(dice)) for _ in range(count)]
    else:
        pairs = list(product(BASES, LOCATIONS))
    return [{"base": base, "location": to, **rules.redirect(base, to.encode())} for base, to in pairs if to]


def quoted(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `requote_uri`, `unquote` and `urlencode`."""
    texts = [random_text(dice, 12) for _ in range(count)] if dice else QUOTED
    for text in texts:
        yield {
            "input": text,
            "requoted": requests.utils.requote_uri(text),
            "unreserved": rules.attempt(requests.utils.unquote_unreserved, text),
            "unquoted": requests.utils.unquote(text),
            "form": rules.urlencode([(text, text[::-1]), ("", text)]),
        }


def joins(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `urljoin`."""
    pairs = (
        [(random_url(dice), random_location(dice)) for _ in range(count)]
        if dice
        else product(BASES, LOCATIONS)
    )
    return [
        {"base": base, "url": to, **rules.attempt(requests.compat.urljoin, base, to)} for base, to in pairs
    ]


def proxies(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `Proxies`, `should_bypass` and `proxy_url`."""
    for url, entries in product(PROXIED, PROXY_MAPS):
        yield {"url": url, "proxies": entries, "selected": requests.utils.select_proxy(url, entries)}
    for url, no_proxy in product(PROXIED, NO_PROXIES):
        yield {"url": url, "no_proxy": no_proxy, "bypasses": rules.bypasses(url, no_proxy)}
    for variables in ENVIRONMENTS:
        yield {"variables": variables, "named": rules.environment_proxies(variables)}
    for url in [random_url(dice).lstrip() for _ in range(count)] if dice else PROXY_URLS:
        with (
            contextlib.suppress(TypeError),
            rules.watching_idna() as names,
        ):  # TypeError: userinfo without a host
            answer = rules.attempt(requests.utils.prepend_scheme_if_needed, url, "http")
            yield {"proxy": url, "idna": names, "prepended": answer}
        if not dice:
            yield {"proxy_url": url, **rules.proxy_of(url)}


def texts(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `encoding_from_headers`, `parse_header_links` and `guess_json_utf`."""
    signs = [
        "text/html",
        "charset",
        "=",
        ";",
        "'",
        '"',
        " ",
        "utf-8",
        "<",
        ">",
        ",",
        "rel",
        "next",
        "\t",
        "url",
    ]
    mixed = ["".join(dice.choices(signs, k=dice.randint(0, 14))) for _ in range(count)] if dice else []
    for text in mixed or CONTENT_TYPES:
        encoding = requests.utils.get_encoding_from_headers({"content-type": text})
        yield {"content_type": text, "encoding": encoding}
    for text in mixed or LINKS:
        yield {
            "link": text,
            "links": [list(link.items()) for link in requests.utils.parse_header_links(text)],
        }
    octets = [0, 0, 0, 123, 0xEF, 0xBB, 0xBF, 0xFE, 0xFF]
    samples = (
        [bytes(dice.choices(octets, k=dice.randint(0, 5))) for _ in range(count)] if dice else JSON_TEXTS
    )
    for data in samples:
        yield {"json": list(data), "encoding": requests.utils.guess_json_utf(data)}


def netrcs(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `Netrc`."""
    if dice:
        files = ["".join(dice.choices(NETRC_TOKENS, k=dice.randint(1, 16))) for _ in range(count)]
    else:
        files = NETRCS
    for text, host in product(files, ["a", "b"]):
        yield {"text": text, "host": host, **rules.netrc_login(text, host)}


def bodies(dice: random.Random | None, count: int) -> Iterable[Case]:
    """Inputs of `multipart::Plan` and `body::frame`."""
    for parts in PARTS:
        yield {"parts": parts, "body": rules.multipart(parts, "B0undary")}
    for method, headers, body, length in FRAMES:
        case = {"method": method, "headers": headers, "body": body, "length": length}
        yield {**case, "fields": rules.framing(method, headers, body, length)}


MAKERS: list[Callable[[random.Random | None, int], Iterable[Case]]]
MAKERS = [urls, redirects, quoted, joins, proxies, texts, netrcs, bodies]


def random_text(dice: random.Random, most: int) -> str:
    """A few pieces of URLs, well and badly formed."""
    signs = "abcABC019-._~!$&'()*+,;=:@/?#[]|^`{}\\\"<> \t\n\x00\x7f\x85%é日"
    pieces = [*signs, "%41", "%c3%a9", "%2f", "%zz", "%e", "..", "/.", "//"]
    return "".join(dice.choices(pieces, k=dice.randint(0, most)))


def random_url(dice: random.Random) -> str:
    """A URL with something odd in some of its parts."""
    schemes = [
        "http://",
        "https://",
        "HTTP://",
        "http:",
        "//",
        "",
        " http://",
        "http+unix://",
        "ftp://",
        "httpx://",
    ]
    scheme = dice.choices(schemes, weights=[12, 6, 2, 1, 1, 1, 1, 1, 1, 1])[0]
    userinfo = dice.choices(["", random_text(dice, 3) + "@", "u:p@", "u@"], weights=[12, 1, 1, 1])[0]
    host = dice.choice([*HOSTS[:12], *HOSTS, dice.choice(["", "h"]) + random_text(dice, 3)])
    port = dice.choices(
        ["", ":80", ":8080", ":0", ":00443", ":65536", ":", ":x", ":443"], weights=[12, *[1] * 8]
    )[0]
    parts = [("/", 6), ("?", 5), ("#", 4)]
    rest = "".join(sign + random_text(dice, most) for sign, most in parts if dice.random() < 0.6)
    return scheme + userinfo + host + port + rest


def random_location(dice: random.Random) -> str:
    """A redirect target, often relative."""
    if dice.random() < 0.4:
        return random_url(dice)
    starts = ["", "/", "./", "../", "//", "?", "#", ";", "http:", "HTTPS:", " ", "\t", "../../a/"]
    return dice.choice(starts) + random_text(dice, 8)


def main() -> None:
    """Write every table, one case a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, default=0, help="random cases per table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TABLES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for make in MAKERS:
        dice = random.Random(options.seed) if options.fuzz else None
        lines = [json.dumps(case) for case in make(dice, options.fuzz)]
        (options.out / f"{make.__name__}.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
        print(f"{make.__name__}: {len(lines)}")


if __name__ == "__main__":
    main()
