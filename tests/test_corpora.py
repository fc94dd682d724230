"""The public corpora of content codings and of MIME types, read where they stand: `$MARTLET_CORPORA`, else
`../shared/corpora` beside the project.

Those of HTTP/1 replies, URLs and cookies are run by martlet-proto's tests.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
import requests

import martlet
from servers.recording import RecordingServer
from servers.wire import reply

CORPORA = Path(os.environ.get("MARTLET_CORPORA") or Path(__file__).parents[2] / "shared" / "corpora")
CODED = CORPORA / "content-encoding"

pytestmark = pytest.mark.skipif(not CODED.is_dir(), reason=f"no corpora in {CORPORA} (set MARTLET_CORPORA)")


def fetched(server: RecordingServer, coding: str, file: Path) -> bytes:
    """The body that a reply of this file's bytes has."""
    server.on("/", reply(200, file.read_bytes(), ("Content-Encoding", coding)))
    with martlet.Session() as session:
        return session.get(server.url + "/").content


@pytest.mark.parametrize("digest", sorted(CODED.glob("brotli/*.sha256")), ids=lambda path: path.stem)
def test_brotli_streams_decode_to_what_they_were(server: RecordingServer, digest: Path) -> None:
    wanted, length = digest.read_text().split()
    streams = sorted(digest.parent.glob(f"{digest.stem}.compressed*"))
    assert streams
    for stream in streams:
        body = fetched(server, "br", stream)
        assert (len(body), hashlib.sha256(body).hexdigest()) == (int(length), wanted), stream.name


@pytest.mark.parametrize("frame", sorted(CODED.glob("zstd/*.zst")), ids=lambda path: path.stem)
def test_zstd_frames_decode_or_are_errors(server: RecordingServer, frame: Path) -> None:
    if "-errors-" in frame.name:
        with pytest.raises(martlet.exceptions.ContentDecodingError):
            fetched(server, "zstd", frame)
    else:
        fetched(server, "zstd", frame)


def test_content_types_name_the_encodings_that_requests_reads() -> None:
    cases = [
        case["input"]
        for name in ("mime-types", "generated-mime-types")
        for case in json.loads((CORPORA / "mime" / f"{name}.json").read_text())
        if isinstance(case, dict)
    ]
    assert len(cases) > 900
    for case in cases:
        headers = {"content-type": case}
        theirs, ours = (
            library.utils.get_encoding_from_headers(headers)  # type: ignore[attr-defined]
            for library in (requests, martlet)
        )
        assert ours == theirs, case
