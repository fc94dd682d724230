"""The calls that are known to block, and what to write instead.

`FUNCTIONS` are written in Python and found by their frames: module, functions, what to call it, instead.
`BUILTINS` are written in C and found by the expression that is executed, by the name as it is imported.
`METHODS` are those whose object is not known: by the attribute alone.
`{function}` is the function's name, `{qualname}` the one with its class (from Python 3.11 on), `{call}` the
whole one.
"""

from __future__ import annotations

VERBS = "get options head post put patch delete request send"

SESSION = "`await session.{function}(...)` of a `martlet.AsyncSession`"
FETCH = "`await session.get(...)` of a `martlet.AsyncSession`"
AIO = "`await martlet.aio.{function}(...)`, or " + SESSION
RESPONSE = "`await response.a{function}()`, the response from a `martlet.AsyncSession`"
CONTENT = "`await response.aread()`, the response from a `martlet.AsyncSession`"
PIECES = "`async for piece in response.a{function}(...)`, the response from a `martlet.AsyncSession`"
THREAD = "`await asyncio.to_thread({call}, ...)`"
METHOD = "`await asyncio.to_thread(...)` of that method"
READER = "`await asyncio.to_thread(...)` of the function that does all the reading and writing"
STREAM = "`reader, writer = await asyncio.open_connection(host, port)`"
SOCKET = STREAM + ", or a method of the loop, `await loop.sock_recv(...)`"
TLS = "`await asyncio.open_connection(host, port, ssl=True)`"
CERTIFICATES = "one SSLContext for the whole program, made before the loop starts: it reads all certificates"
RESOLVE = "`await asyncio.get_running_loop().getaddrinfo(host, port)`"
POOL = "`await loop.run_in_executor(process_pool, ...)` with a `ProcessPoolExecutor`"
PROCESS = (
    "`await loop.run_in_executor(process_pool, {call}, ...)` with a `ProcessPoolExecutor`: "
    "in a thread it would keep the interpreter's lock all the same"
)
SMALLER = "smaller documents, or " + PROCESS
JSON = "of a response `await response.ajson()`, if it is from a `martlet.AsyncSession`; else " + SMALLER
CHILD = "`await asyncio.create_subprocess_exec(...)`, then `await process.communicate()`"
DATABASE = "a driver for asyncio (aiosqlite, asyncpg), or `await asyncio.to_thread(...)` of the whole query"
ENGINE = "sqlalchemy.ext.asyncio's `create_async_engine`"
FUTURE = "`await asyncio.wrap_future(future)`; of asyncio's own futures and tasks, `await` them"
EXECUTOR = "`await loop.run_in_executor(executor, ...)` with an executor that lives as long as the program"
TOGETHER = "asyncio's own, awaited: `asyncio.Lock`, `asyncio.Event`, `asyncio.Condition`, `asyncio.Semaphore`"
QUEUE = "`await queue.{function}(...)` of an `asyncio.Queue`"
COPY = "a copy of only what is changed: this one visits every object"
PATTERN = "a pattern without nested repeats: those may take time that doubles with each character"
HANDLER = "a `logging.handlers.QueueHandler`, whose listener writes in a thread of its own"
IMPORT = "the import at the top of the file, so that it is done before the loop starts"
COLLECT = (
    "fewer objects alive, or `gc.freeze()` once the program has started and larger `gc.set_threshold()`s: "
    "each pass looks at every object"
)
COMPUTING = (
    "`await asyncio.to_thread(function, ...)` where it waits, a `ProcessPoolExecutor` where it computes"
)
"""For what is not known."""

FUNCTIONS = (
    ("requests.api", VERBS, "requests.{function}", SESSION),
    ("requests.sessions", VERBS, "requests.Session.{function}", SESSION),
    ("requests.models", "json", "requests.Response.json", RESPONSE),
    ("requests.models", "content text iter_content", "requests.Response.{function}", FETCH),
    ("martlet.api", VERBS, "martlet.{function}", AIO),
    ("martlet.sessions", VERBS, "martlet.Session.{function}", SESSION),
    ("martlet.response", "json text", "martlet.Response.{function}", RESPONSE),
    ("martlet.response", "content", "martlet.Response.content", CONTENT),
    ("martlet.response", "iter_content iter_lines", "martlet.Response.{function}", PIECES),
    ("httpx._api", VERBS, "httpx.{function}", SESSION),
    ("httpx._client", VERBS, "httpx.Client.{function}", "`httpx.AsyncClient`, or " + SESSION),
    ("openai._base_client", "*", "openai.OpenAI", "`await` a call of `openai.AsyncOpenAI`"),
    ("anthropic._base_client", "*", "anthropic.Anthropic", "`await` a call of `anthropic.AsyncAnthropic`"),
    ("botocore.client", "*", "boto3", "aioboto3, or " + METHOD),
    ("redis.client", "*", "redis.Redis", "`redis.asyncio.Redis`"),
    ("urllib3", "request urlopen", "urllib3.{function}", FETCH),
    ("urllib.request", "urlopen urlretrieve", "urllib.request.{function}", FETCH),
    ("http.client", "*", "http.client", FETCH),
    ("smtplib", "*", "smtplib.{function}", READER),
    ("ftplib", "*", "ftplib.{function}", READER),
    ("socket", "getaddrinfo", "socket.getaddrinfo", RESOLVE),
    ("socket", "getfqdn", "socket.getfqdn", THREAD),
    ("socket", "create_connection", "socket.create_connection", STREAM),
    ("socket", "readinto sendfile accept", "socket.{function}", SOCKET),
    ("ssl", "create_default_context load_default_certs", "ssl.{function}", CERTIFICATES),
    ("ssl", "*", "ssl.{qualname}", TLS),
    ("json", "load loads", "json.{function}", JSON),
    ("json", "dump dumps", "json.{function}", SMALLER),
    (
        "subprocess",
        "run call check_call check_output getoutput communicate wait",
        "subprocess.{function}",
        CHILD,
    ),
    ("subprocess", "__init__ __exit__", "subprocess.Popen", CHILD),
    ("concurrent.futures", "result exception", "concurrent.futures.Future.{function}", FUTURE),
    ("concurrent.futures", "wait as_completed result_iterator", "concurrent.futures.wait", FUTURE),
    ("concurrent.futures", "shutdown __exit__", "concurrent.futures.Executor.shutdown", EXECUTOR),
    ("threading", "join", "threading.Thread.join", "`await asyncio.to_thread(thread.join)`"),
    ("threading", "wait wait_for acquire __enter__", "threading.{qualname}", TOGETHER),
    ("queue", "get put join", "queue.Queue.{function}", QUEUE),
    ("multiprocessing", "*", "multiprocessing.{qualname}", POOL),
    ("shutil", "*", "shutil.{function}", THREAD),
    ("pathlib", "*", "pathlib.{qualname}", "`await asyncio.to_thread(path.{function}, ...)`"),
    ("os", "walk fwalk makedirs removedirs popen", "os.{function}", THREAD),
    ("glob", "*", "glob.{function}", THREAD),
    ("gzip", "compress decompress", "gzip.{function}", THREAD),
    ("gzip", "*", "gzip.{qualname}", READER),
    ("bz2", "*", "bz2.{qualname}", READER),
    ("lzma", "*", "lzma.{qualname}", READER),
    ("zipfile", "*", "zipfile.{qualname}", READER),
    ("tarfile", "*", "tarfile.{qualname}", READER),
    ("copy", "deepcopy", "copy.deepcopy", COPY),
    ("re", "*", "re.{function}", PATTERN),
    ("xml", "*", "xml.{qualname}", POOL),
    ("yaml", "*", "yaml.{function}", PROCESS),
    ("pandas", "*", "pandas.{function}", THREAD),
    ("sqlalchemy", "execute scalar scalars commit connect", "sqlalchemy.{function}", ENGINE),
    ("logging", "*", "logging", HANDLER),
    ("_frozen_importlib", "*", "import", IMPORT),
    ("importlib", "*", "import", IMPORT),
)

BUILTINS = {
    "time.sleep": "`await asyncio.sleep(seconds)`",
    "open": READER,
    "io.open": READER,
    "input": THREAD,
    "gc.collect": COLLECT,
    "select.select": "`loop.add_reader(...)`, or asyncio's streams",
    "socket.gethostbyname": RESOLVE,
    "socket.gethostbyaddr": RESOLVE,
    "sqlite3.connect": DATABASE,
    "os.system": CHILD,
    "os.waitpid": CHILD,
    "hashlib.pbkdf2_hmac": THREAD,
    "hashlib.scrypt": THREAD,
    "bcrypt.hashpw": THREAD,
    "bcrypt.checkpw": THREAD,
    "zlib.compress": THREAD,
    "zlib.decompress": THREAD,
    "sorted": PROCESS,
    **{f"os.{name}": THREAD for name in ("read", "write", "listdir", "scandir", "stat", "fsync")},
    **{f"hashlib.{name}": THREAD for name in ("md5", "sha1", "sha256", "sha384", "sha512", "blake2b")},
    **{f"pickle.{name}": PROCESS for name in ("load", "loads", "dump", "dumps")},
    **{f"{name}.loads": JSON for name in ("orjson", "ujson", "simplejson", "rapidjson")},
    **{f"{name}.dumps": SMALLER for name in ("orjson", "ujson", "simplejson", "rapidjson")},
}

METHODS = (
    ("read readline readlines readinto write writelines flush truncate", "file.{function}", READER),
    ("recv recv_into recvfrom send sendall connect accept", "socket.{function}", SOCKET),
    ("execute executemany executescript commit", "cursor.{function}", DATABASE),
    ("fetchall fetchone fetchmany", "cursor.{function}", DATABASE),
    ("acquire", "lock.acquire", TOGETHER),
    ("get", "queue.get", QUEUE),
    ("compress decompress", "zlib.{function}", METHOD),
    ("sort", "list.sort", PROCESS.format(call="sorted")),
    ("match fullmatch search findall sub", "re.Pattern.{function}", PATTERN),
)
