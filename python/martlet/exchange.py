"""The compatible road: one request in requests' order, told once for Session and AsyncSession.

An exchange is a generator of steps. Each step is something that takes time and may be somebody else's:
sending, reading, a hook. It is run in two ways, and that is all the difference between the two kinds of
session:

| step | under a Session | under an AsyncSession |
|---|---|---|
| `Wait(operation)` | `operation.wait()` | `await operation` |
| `Send(session, request, kwargs)` | `session.send(...)` | `await session.send(...)` |
| `Deliver(adapter, request, kwargs)` | `adapter.send(...)` | its steps; in a helper thread, if it has none |
| `Read(response)` | `response.content` | `await response.aread()` |
| `Hook(hook, response, kwargs)` | `hook(...)` | its steps; else, the body read, `hook(...)` |
| `Follow(...)` | `session.resolve_redirects(...)` to its end | the same, `async for` |
| `Peek(...)` | its first, with `yield_requests=True` | the same |
| `Prepare(session, request)` | `session.prepare_request(...)` | the same; large bodies as below |
| `Block(function)` | `function()` | in a helper thread |
| `Pause(seconds)` | `time.sleep` | `asyncio.sleep`, `trio.sleep` |

Under an AsyncSession a body of files is made in a helper thread; a large document or form is written in
slices, before the request is prepared.

A hook and an auth may be coroutine functions: under an AsyncSession they are awaited.

`Emit(value)` is no step: a generator of steps that has something for its caller hands it out so.
"""

from __future__ import annotations

import time

from ._martlet import refuse_waiting
from .bodies import is_long_text
from .hooks import hooks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator
    from typing import Any, Protocol, TypeAlias, TypeVar

    from ._martlet import Operation
    from ._types import Hook as HookFunction
    from .models import PreparedRequest, Request
    from .response import Response

    T = TypeVar("T")

    class Step(Protocol):
        """Something that is run, or awaited."""

        def run(self) -> Any: ...
        async def arun(self) -> Any: ...

    Steps: TypeAlias = Generator[Any, Any, T]


class Wait:
    """An operation of the engine, until it is done."""

    def __init__(self, operation: Operation[Any]) -> None:
        self.operation = operation

    def run(self) -> Any:
        return self.operation.wait()

    async def arun(self) -> Any:
        return await self.operation


class Send:
    """A prepared request through `session.send`, which a subclass may override."""

    def __init__(self, session: Any, request: PreparedRequest, kwargs: dict[str, Any]) -> None:
        self.session = session
        self.request = request
        self.kwargs = kwargs

    def run(self) -> Any:
        return self.session.send(self.request, **self.kwargs)

    async def arun(self) -> Any:
        return await self.session.send(self.request, **self.kwargs)


class Deliver:
    """One exchange through an adapter."""

    def __init__(self, adapter: Any, request: PreparedRequest, kwargs: dict[str, Any]) -> None:
        self.adapter = adapter
        self.request = request
        self.kwargs = kwargs

    def run(self) -> Any:
        return self.adapter.send(self.request, **self.kwargs)

    async def arun(self) -> Any:
        from .offload import offload

        steps = _steps_of(self.adapter.send)
        if steps is not None:
            return await arun(steps(self.request, **self.kwargs))
        return await offload(lambda: self.adapter.send(self.request, **self.kwargs))


class Read:
    """The body of a response, whole."""

    def __init__(self, response: Response) -> None:
        self.response = response

    def run(self) -> Any:
        return self.response.content

    async def arun(self) -> Any:
        return await self.response.aread()


class Hook:
    """One response hook."""

    def __init__(self, hook: HookFunction, response: Response, kwargs: dict[str, Any]) -> None:
        self.hook = hook
        self.response = response
        self.kwargs = kwargs

    def run(self) -> Any:
        return self.hook(self.response, **self.kwargs)

    async def arun(self) -> Any:
        steps = _steps_of(self.hook)
        if steps is not None:
            return await arun(steps(self.response, **self.kwargs))
        if not is_coroutine_function(self.hook) and not self.kwargs.get("stream"):
            await self.response.aread()
        given: Any = on_the_loop(self.hook, self.response, **self.kwargs)
        return await given if hasattr(given, "__await__") else given


class Follow:
    """The responses that a redirect leads to."""

    def __init__(
        self, session: Any, response: Response, request: PreparedRequest, kwargs: dict[str, Any]
    ) -> None:
        self.arguments = (response, request)
        self.kwargs = kwargs
        self.session = session

    def run(self) -> Any:
        return list(self.session.resolve_redirects(*self.arguments, **self.kwargs))

    async def arun(self) -> Any:
        return [each async for each in self.session.resolve_redirects(*self.arguments, **self.kwargs)]


class Peek(Follow):
    """The request that a redirect leads to, not sent; None without a redirect."""

    def run(self) -> Any:
        found = self.session.resolve_redirects(*self.arguments, yield_requests=True, **self.kwargs)
        return next(found, None)

    async def arun(self) -> Any:
        found = self.session.resolve_redirects(*self.arguments, yield_requests=True, **self.kwargs)
        following = await anext(found, None)
        await found.aclose()  # else the loop would have to, whenever it gets to it
        return following


class Prepare:
    """A request made ready to be sent."""

    def __init__(self, session: Any, request: Request, plain: bool = True) -> None:
        self.session = session
        self.request = request
        self.plain = plain

    def run(self) -> Any:
        return self.session.prepare_request(self.request)

    async def arun(self) -> Any:
        auth: Any = self.request.auth or self.session.auth
        if is_coroutine_function(auth):
            self.request.auth = _as_it_is  # asked for below, when the rest is ready
        if self.request.files or is_long_text(self.request.data):
            from .offload import offload

            prepared = await offload(self.run)
        else:
            await self._write_body()
            prepared = on_the_loop(self.run)
        if is_coroutine_function(auth):
            changed = await auth(prepared)
            prepared.__dict__.update(changed.__dict__)
            prepared.prepare_content_length(prepared.body)
        return prepared

    async def _write_body(self) -> None:
        """Has a large body written in slices, where it is for `prepare_body` of ours to write it."""
        request = self.request
        if not self.plain or (not request.data and request.json is None):
            return
        from . import roads

        if roads.prepares_bodies(self.session):
            from .building import abuild

            request.data = await abuild(request.data, request.json) or request.data


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """An auth that adds nothing."""
    return request


def is_coroutine_function(function: Any) -> bool:
    """Whether calling this gives something to await: a coroutine function, or an object with such a
    `__call__`.
    """
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function) or iscoroutinefunction(getattr(type(function), "__call__", None))  # noqa: B004


def on_the_loop(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls somebody's function on the event loop's thread, where it may not wait for the engine."""
    before = refuse_waiting(True)
    try:
        return function(*args, **kwargs)
    finally:
        refuse_waiting(before)


class Block:
    """A call that blocks."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function

    def run(self) -> Any:
        return self.function()

    async def arun(self) -> Any:
        from .offload import offload

        return await offload(self.function)


class Pause:
    """Time going by."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def run(self) -> None:
        time.sleep(self.seconds)

    async def arun(self) -> None:
        from .offload import pause

        await pause(self.seconds)


class Emit:
    """Something for the caller of a generator of steps."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _End:
    """That there are no more steps, and what they came to."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _resumed(resume: Any, argument: Any) -> Any:
    try:
        return resume(argument)
    except StopIteration as stop:
        return _End(stop.value)


def run(steps: Steps[T]) -> T:
    """What the steps come to, each run in its turn."""
    step: Any = _resumed(steps.send, None)
    while not isinstance(step, _End):
        try:
            result = step.run()
        except BaseException as error:
            step = _resumed(steps.throw, error)
        else:
            step = _resumed(steps.send, result)
    value: T = step.value
    return value


async def arun(steps: Steps[T]) -> T:
    """What the steps come to, each awaited in its turn."""
    step = _resumed(steps.send, None)
    while not isinstance(step, _End):
        try:
            result = await step.arun()
        except BaseException as error:
            step = _resumed(steps.throw, error)
        else:
            step = _resumed(steps.send, result)
    value: T = step.value
    return value


def emitting(steps: Steps[None]) -> Iterator[Any]:
    """What the steps emit, each run in its turn."""
    step = _resumed(steps.send, None)
    while not isinstance(step, _End):
        if isinstance(step, Emit):
            yield step.value
            step = _resumed(steps.send, None)
            continue
        try:
            result = step.run()
        except BaseException as error:
            step = _resumed(steps.throw, error)
        else:
            step = _resumed(steps.send, result)


async def aemitting(steps: Steps[None]) -> AsyncIterator[Any]:
    """What the steps emit, each awaited in its turn."""
    step = _resumed(steps.send, None)
    while not isinstance(step, _End):
        if isinstance(step, Emit):
            yield step.value
            step = _resumed(steps.send, None)
            continue
        try:
            result = await step.arun()
        except BaseException as error:
            step = _resumed(steps.throw, error)
        else:
            step = _resumed(steps.send, result)


def _steps_of(method: Any) -> Any:
    """What tells a method of ours as steps (its attribute `steps`), bound to the same object; else None."""
    steps = getattr(method, "steps", None)
    owner = getattr(method, "__self__", None)
    return None if steps is None or owner is None else steps.__get__(owner)


def request_steps(
    session: Any, request: Request, settings: dict[str, Any], plain: bool = True
) -> Steps[Response]:
    """A request, from what the caller gave to the response.

    `settings`: those of the call, None where not given. `plain`: False where it is known that the body is
    not what is written in slices.
    """
    prepared = yield Prepare(session, request, plain)
    kwargs = {"timeout": settings["timeout"], "allow_redirects": settings["allow_redirects"]}
    kwargs.update(
        session.merge_environment_settings(
            prepared.url,
            settings["proxies"] or {},
            settings["stream"],
            settings["verify"],
            settings["cert"],
        )
    )
    response: Response = yield Send(session, prepared, kwargs)
    return response


def send_steps(session: Any, request: PreparedRequest, kwargs: dict[str, Any]) -> Steps[Response]:
    """A prepared request, and the redirects it leads to: adapter, hooks, cookies, redirects, body."""
    for name in ("stream", "verify", "cert"):
        kwargs.setdefault(name, getattr(session, name))
    if "proxies" not in kwargs:
        from .environment import resolve_proxies

        kwargs["proxies"] = resolve_proxies(request, session.proxies, session.trust_env)
    allow_redirects = kwargs.pop("allow_redirects", True)
    adapter = session._adapter_to_send(request.url)

    begun = time.perf_counter()
    response: Response = yield Deliver(adapter, request, kwargs)
    if getattr(response, "_engine", None) is None:  # the engine's responses know it better
        from datetime import timedelta

        response.elapsed = timedelta(seconds=time.perf_counter() - begun)

    for hook in hooks_of("response", request.hooks):
        replaced = yield Hook(hook, response, kwargs)
        if replaced is not None:
            response = replaced

    for earlier in response.history:  # what hooks have put there
        store_cookies(session, earlier.request, earlier)
    store_cookies(session, request, response)

    if allow_redirects:
        followed = yield Follow(session, response, request, kwargs)
        if followed:
            history = [response, *followed]
            response = history.pop()
            response.history = history
    else:
        following = yield Peek(session, response, request, kwargs)
        if following is not None:
            response._next = following
    if not kwargs.get("stream"):
        yield Read(response)
    return response


def store_cookies(session: Any, request: PreparedRequest, response: Response) -> None:
    """Puts the cookies that `response` sets into the session's jar."""
    if getattr(response, "_engine", None) is not None and "set-cookie" not in response.headers:
        return
    # Mocks give responses of their own making.
    for_jars = getattr(response, "_for_jars", None)
    raw = response.raw if for_jars is None else for_jars()
    if getattr(raw, "_original_response", None):
        from .cookies import extract_cookies_to_jar

        extract_cookies_to_jar(session.cookies, request, raw)
