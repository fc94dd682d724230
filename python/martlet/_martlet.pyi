"""The engine: a native module. Everything beside this file is written against what stands here."""

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from typing import Any, Generic, TypeVar, final

from ._types import CookieFields, Sendable, Sent
from .response import Response
from .timeouts import Timeout

_T_co = TypeVar("_T_co", covariant=True)

__all__ = [
    "BodyBuild",
    "Client",
    "Decoder",
    "JsonBuild",
    "Lookout",
    "LoopPort",
    "Operation",
    "Raw",
    "Server",
    "TextPieces",
    "Versions",
    "build_body",
    "decode",
    "encoding_from_content_type",
    "guess_json_utf",
    "is_public_suffix",
    "nothing",
    "parse_header_links",
    "parse_json",
    "prepare_url",
    "read_json",
    "refuse_waiting",
    "requote_uri",
    "urlencode",
    "utf8_length",
    "whole",
]

class whole(property):
    """The property that `Response.content` is: gives the body without a call where it has been read."""

@final
class Operation(Generic[_T_co], Awaitable[_T_co]):
    """One thing the engine does. It begins when waited for or first awaited; either may be done once.

    Cancelling the task that awaits it, or dropping it, stops it and drops its connection. To asyncio it looks
    like a future, so that a task waits for it without anything in between.
    """

    def wait(self) -> _T_co:
        """Blocks until it is done. Raises what it ended with; KeyboardInterrupt at once."""

    def __await__(self) -> Generator[Any, Any, _T_co]: ...
    def __iter__(self) -> Generator[Any, Any, _T_co]: ...
    def __next__(self) -> Any: ...
    def send(self, value: Any) -> Any: ...
    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> Any: ...
    def close(self) -> None:
        """Stops it."""

    def get_loop(self) -> Any:
        """The event loop that it is awaited in."""

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Any = None) -> None:
        """Begins; calls back when it is done."""

    def result(self) -> None:
        """Raises CancelledError if it was cancelled. Its result is what awaiting it gives."""

    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def cancel(self, msg: Any = None) -> bool:
        """Stops it and cancels the task that awaits it."""

    # For what supplies a streamed body: its next piece, None at its end; put back; what went wrong.
    def _supply(self, piece: bytes | None) -> None: ...
    def _rewound(self) -> None: ...
    def _fail(self, error: BaseException) -> None: ...

    # For event loops other than asyncio's.
    def _begin_foreign(self, token: Any, watch: Callable[[LoopPort], object], callback: Any) -> None: ...
    def _take_result(self) -> _T_co: ...
    def _abandon(self) -> None: ...

@final
class BodyBuild:
    """What `data=` or `json=` come to, written in slices. Its objects may be changed between two slices."""

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What `Client.begin` was called with, but for `build`."""

    @property
    def content_type(self) -> str: ...
    @property
    def text(self) -> bool:
        """Whether `PreparedRequest.body` is a str."""

    def build(self, objects: int | None = None) -> bool | None:
        """Goes on for a slice of time, or `objects` objects: True when the body is complete, False when the
        slice has ended, None for what is not plain.

        RuntimeError for a dict that has changed its size since it was begun.
        """

    def written(self) -> Operation[Any]:
        """The body as an object, once it is complete, and once: gives bytes; where `text` is true, another
        operation, which gives a str. UnicodeEncodeError for a form with a lone surrogate.
        """

def build_body(data: Any, json: Any, objects: int | None = None) -> BodyBuild | None:
    """The body that `data=` or `json=` come to, as far as the first slice has got. None for one that needs no
    more, and for what is not plain. With `objects` that slice has so many, and whatever is plain is given.
    """

@final
class Client:
    """A pool of connections and a cookie jar. Cheap to make: nothing is started before the first request.

    pool_connections: to how many hosts idle connections are kept; pool_maxsize: how many to each, both at
    least, and half as many as the process may have descriptors; with pool_block also how many may be open
    at once.
    max_open: how many connections may be open in all. max_idle: how many idle ones are kept. idle_expiry:
    seconds that one is kept. local_address: the address of this machine to connect from. ValueError for a
    time or an address that is none. max_headers: how many header fields a reply may have, 100 as in
    http.client unless told otherwise.
    """

    def __new__(
        cls,
        pool_connections: int = 10,
        pool_maxsize: int = 10,
        pool_block: bool = False,
        *,
        max_open: int | None = None,
        max_idle: int | None = None,
        idle_expiry: float | None = None,
        local_address: str | None = None,
        max_headers: int | None = None,
    ) -> Client: ...
    def begin(
        self,
        session: dict[str, Any],
        method: Any,
        url: Any,
        params: Any,
        data: Any,
        headers: Any,
        cookies: Any,
        files: Any,
        auth: Any,
        timeout: Any,
        allow_redirects: bool,
        proxies: Any,
        hooks: Any,
        stream: Any,
        verify: Any,
        cert: Any,
        json: Any,
        build: Any = None,
    ) -> Operation[Response] | Any | None:
        """The quick road: a whole call in the engine, redirects and cookies included.

        `build`: True to be given a `BodyBuild` where the body is not written in less than a slice; that one,
        complete, to be sent.

        `session` is the session's `__dict__`. None if anything in it or in the arguments is not plain;
        nothing has happened then, and the caller takes the compatible road.
        """

    def begin_direct(
        self, session: Any, seen: Versions, method: str, url: Any, params: Any, kwargs: Mapping[str, object]
    ) -> Operation[Response] | None:
        """`begin` for a method of this session without a body. None, too, if the session's `request` is not
        our own, and before its class has been looked at.
        """

    def send(
        self,
        request: Sendable,
        *,
        timeout: Timeout | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: dict[str, str] | None = None,
        stream: bool = False,
        target: str | None = None,
        server_name: str | None = None,
    ) -> Operation[Response]:
        """One exchange: sends a prepared request as it is and gives the response, redirect or not.

        `target`: the request target, as it is to go out, if it is not what requests makes of the URL. With
        it nothing is added for a body that is not there, as requests' `Content-Length: 0` is.
        `server_name`: the name to ask for and to check in TLS, if it is not the URL's host.

        Raises the exceptions of requests. Those of the network carry `kind`, such as "timeout", and `phase`,
        the part of the exchange they are of, such as "connect"; where it is known, `os_errno`, the system's
        number, `status`, a proxy's refusal, or `certificate`, True where that is what is not believed.
        """

    @property
    def used(self) -> bool:
        """Whether it has sent something since it was made or last closed."""

    def close(self) -> None:
        """Closes the idle connections. The client can still be used."""

    def cookies_export(self) -> list[CookieFields]:
        """All cookies of the jar."""

    def cookies_replace(self, list: Iterable[CookieFields]) -> None:
        """Puts these cookies in the place of those in the jar."""

@final
class Decoder:
    """Content codings undone a piece at a time. ContentDecodingError."""

    def __new__(cls, content_encoding: str) -> Decoder: ...
    def decompress(self, data: bytes) -> bytes:
        """What can be decoded with `data`."""

    def flush(self) -> bytes:
        """The last of it; what was pushed has to be complete."""

@final
class Raw:
    """A response in the engine: its head, and its body as far as it was not taken."""

    @property
    def client(self) -> Client | None:
        """The client it came through, if that is known."""

    @property
    def status_code(self) -> int: ...
    @property
    def reason(self) -> bytes: ...
    @property
    def version(self) -> int:
        """10, 11 or 20."""

    @property
    def url(self) -> str: ...
    @property
    def elapsed(self) -> float:
        """Seconds from sending the request until the headers were there."""

    @property
    def closed(self) -> bool:
        """Whether nothing more of the body is to be had."""

    def headers(self) -> list[tuple[str, str]]:
        """The headers in their order and case, as latin-1."""

    def headers_by_name(self) -> dict[str, tuple[str, str]]:
        """By name in lower case: the name as it came first, and its values joined by commas."""

    def request(self) -> Sent:
        """The request it answers."""

    def history(self) -> list[Raw]:
        """The responses that led here, the oldest first."""

    def next(self) -> Sent | None:
        """The request it redirects to, if it was not followed."""

    def body(self) -> bytes | None:
        """The body, decoded; None while it is a stream."""

    def read(self, n: int | None, decode: bool) -> Operation[bytes]:
        """Exactly that many bytes of the stream, fewer at its end; None for all that is left."""

    def chunk(self, decode: bool) -> Operation[bytes]:
        """What comes next of the stream, one chunk of the wire where there are chunks; b"" at its end."""

    def arrived(self, decode: bool) -> list[bytes] | None:
        """The rest of the stream, a piece for each chunk of the wire, if all of it has come and needs no
        decoding; else None. Does not wait.
        """

    def close(self) -> None:
        """Gives up the rest of the stream; unless it was at its end, the connection is dropped."""

    def release(self) -> None:
        """Gives the connection back if the stream is at its end; else does nothing."""

def prepare_url(url: str, params: str) -> str:
    """The URL parsed, quoted and with the params added, to the byte as requests does.

    MissingSchema, InvalidURL.
    """

def requote_uri(uri: str) -> str:
    """The URI quoted once and only once."""

def utf8_length(text: str) -> int:
    """How many bytes it is in UTF-8; counted without the interpreter.

    UnicodeEncodeError for a lone surrogate.
    """

def urlencode(pairs: list[tuple[bytes, bytes]]) -> str:
    """`urllib.parse.urlencode` of the pairs."""

def guess_json_utf(data: bytes) -> str | None:
    """Which UTF a JSON document is in."""

def read_json(content: Any, encoding: Any) -> Any:
    """The document as `json.loads` reads it.

    `NotImplemented` where that has to be asked: `content` is not bytes, `encoding`, a response's, is not one
    that JSON comes in, it is not JSON, `json.loads` is not Python's.
    """

def parse_json(content: Any, encoding: Any) -> Operation[JsonBuild | None] | None:
    """Parses without Python. None, awaited or at once, where `read_json` gives `NotImplemented`."""

def decode(content: bytes, latin1: bool) -> Operation[Operation[str] | None]:
    """Decodes UTF-8, or with `latin1` ISO-8859-1, without Python: the text has to be awaited once more.

    None for what is not UTF-8. Not there with the stable ABI.
    """

@final
class TextPieces:
    """A text in pieces, put together without Python. Not there with the stable ABI."""

    def append(self, piece: str) -> None: ...
    def join(self) -> Operation[str]:
        """The text; no pieces are left."""

@final
class JsonBuild:
    """A document that is parsed, and is made in slices."""

    def build(self, objects: int | None = None) -> bool | Operation[Operation[str]]:
        """Goes on for half a millisecond, less while others are made, or for so many objects.

        True when the document is complete, False when the slice has ended, or a long text, which has to be
        awaited, and once more, and given to `add`. It raises where `json.loads` would, if not in its words.
        """

    def add(self, text: str) -> bool:
        """Takes the text; whether the document is complete with it."""

    def take(self) -> Any:
        """The document, once it is complete; once."""

def encoding_from_content_type(content_type: str) -> str | None:
    """The encoding that a Content-Type names or implies."""

def parse_header_links(value: str) -> list[dict[str, str]]:
    """The links of a Link header."""

def is_public_suffix(domain: str) -> bool:
    """Whether the domain is one under which anybody may register, as `co.uk`."""

@final
class Versions:
    """Which classes have not changed since somebody looked, nor what certain names stand for.

    watched: names of modules, each with the names in it that are looked at where it is loaded.
    """

    def __new__(cls, watched: list[tuple[str, list[str]]]) -> Versions: ...
    def hold(self, kind: type) -> bool:
        """Whether this class was noted, and neither it nor a watched name has changed since."""

    def note(self, kind: type, direct: bool) -> None:
        """Notes this class and the watched names as they are now; `direct`: its `request` is our own."""

def refuse_waiting(refuse: bool) -> bool:
    """Has `Operation.wait()` raise RuntimeError on this thread, or no longer; gives what held before."""

def nothing() -> Operation[None]:
    """An operation that does nothing: what waiting costs by itself."""

@final
class Lookout:
    """Where the thread of a `martlet.watch()` waits for its next look."""

    def __new__(cls) -> Lookout: ...
    def wait(self, seconds: float) -> bool:
        """Waits that long; always in the same thread. Whether to look: else the watch has ended.

        The main thread then lets go of the interpreter's lock, which a loop that never waits would have again
        before another thread is awake.
        """

    def end(self) -> None:
        """Wakes the thread that waits. There will be no more looks."""

@final
class LoopPort:
    """Where the engine tells an event loop what is done."""

    def drain(self) -> None:
        """Calls back for everything that is done."""

    def fileno(self) -> int:
        """What becomes readable when something is done."""

@final
class Server:
    """An HTTP server on loopback, in a thread of its own; see `martlet.testing`.

    A context manager that stops it.
    """

    def __new__(cls, *, tls: bool = False, port: int = 0) -> Server: ...
    @property
    def url(self) -> str: ...
    @property
    def address(self) -> tuple[str, int]: ...
    @property
    def ca_pem(self) -> str | None:
        """The certificate to trust, in PEM; None without TLS."""

    def stats(self) -> dict[str, int]:
        """What was counted: connections `opened`, `open`, `closed_by_client`; `requests`, `handshakes`,
        `resumed`.
        """

    def wait_open(self, open: int, timeout: float = 5.0) -> bool:
        """Waits until exactly that many connections are open; whether that came in time."""

    def wait_requests(self, requests: int, timeout: float = 5.0) -> bool:
        """Waits until at least that many requests have come; whether that came in time."""

    def stop(self) -> None: ...
    def __enter__(self) -> Server: ...
    def __exit__(self, *_exception: object) -> None: ...
