"""Which known call a stack was in, and what to write instead.

A function written in Python has a frame between your line and the innermost one: the outermost that is known
gives the name, for it is the one that you called. A function written in C has none: the innermost frame is at
the instruction that calls it, and the source of that instruction names it.
"""

from __future__ import annotations

import ast
import dis
import re
from types import BuiltinFunctionType, ModuleType

from .stacks import place_in, source_at
from .table import BUILTINS, COMPUTING, FUNCTIONS, METHODS, TOGETHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .pulse import Step, Trace

AWAITED = 0x80 | 0x200
"""Flags of coroutines and asynchronous generators: an asynchronous client has functions of the same names."""

LOCK = re.compile(r"(with\s+)?[\w.]*(lock|mutex)\w*", re.IGNORECASE)
"""What `with` names when entering it waits."""

CALLED = re.compile(r"((?:\w+\.)*\w+)\(")


def known_call(trace: Trace) -> tuple[str | None, str]:
    """The name, or None if it is not a known one, and what to write instead."""
    for step in reversed(trace[: place_in(trace)]):
        if found := _function(step):
            return found
    if trace and (found := _builtin(trace[0])):
        return found
    return None, COMPUTING


def _function(step: Step) -> tuple[str, str] | None:
    code, _, namespace = step
    if code.co_flags & AWAITED:
        return None
    name, function = str(namespace.get("__name__")), code.co_name
    for module, functions, call, instead in FUNCTIONS:
        is_of_it = name == module or name.startswith(f"{module}.")
        if is_of_it and (functions == "*" or function in functions.split()):
            call = call.format(function=function, qualname=getattr(code, "co_qualname", function))
            return call, instead.format(function=function, call=call)
    return None


def _builtin(step: Step) -> tuple[str, str] | None:
    code, instruction, namespace = step
    operation = _operation(code.co_code, instruction)
    if "CALL" not in operation and "WITH" not in operation:
        return None
    source = source_at(code, instruction)
    for name in _names_called(source):
        full = _full_name(name, namespace)
        function = name.rpartition(".")[2]
        if full in BUILTINS:
            return full, BUILTINS[full].format(function=function, call=full)
        for functions, call, instead in METHODS:
            if function in functions.split():
                return call.format(function=function), instead.format(function=function, call=name)
    if LOCK.fullmatch(source.partition(":")[0]):
        return "lock.acquire", TOGETHER
    return None


def _operation(instructions: bytes, at: int) -> str:
    while at > 0 and dis.opname[instructions[at]] == "CACHE":  # what follows an instruction
        at -= 2
    return dis.opname[instructions[at]] if at >= 0 else ""


def _names_called(source: str) -> list[str]:
    """The function of the expression that is a call; of a whole line, as Python 3.10 has it, all that are."""
    try:
        tree: Any = ast.parse(f"({source})", mode="eval").body
    except (SyntaxError, ValueError, SystemError):  # the last if two threads parse, in Python 3.11
        return CALLED.findall(source)
    if not isinstance(tree, ast.Call):
        return CALLED.findall(source)
    parts: list[str] = []
    called = tree.func
    while isinstance(called, ast.Attribute):
        parts.append(called.attr)
        called = called.value
    parts.append(called.id if isinstance(called, ast.Name) else "?")
    return [".".join(reversed(parts))]


def _full_name(name: str, namespace: dict[str, Any]) -> str:
    """The name under which a function is known: `sleep` and `t.sleep` are `time.sleep`. Looks at modules
    only, for which no code of others runs.
    """
    if name in BUILTINS:
        return name
    first, dot, rest = name.partition(".")
    found = namespace.get(first)
    if isinstance(found, ModuleType):
        return f"{found.__name__}{dot}{rest}"
    if found is None and not dot:  # imported within a function
        return next((full for full in BUILTINS if full.endswith(f".{name}")), name)
    if dot or not isinstance(found, BuiltinFunctionType) or not isinstance(found.__module__, str):
        return name
    module = found.__module__.lstrip("_")
    return f"{'os' if module in ('posix', 'nt') else module}.{found.__name__.removeprefix('openssl_')}"
