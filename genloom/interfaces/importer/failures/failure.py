"""A failure in generated code: where an exception left it, with which call, as far as the traceback tells."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType
from typing import Any

__all__ = ["Failure", "find_failure"]

MAX_FRAMES = 10_000
MAX_CALL_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An exception that passed through a function of a generated module.

    `call` is the call that failed, as an expression, where its arguments are plain literals ("" otherwise); `kind` says
    what the function is, since a coroutine or generator must be run to fail.
    """

    module: str
    filename: str
    function: str
    line: int
    error: str
    message: str
    call: str
    kind: str


def find_failure(
    error: BaseException, traceback: TracebackType | None, is_generated: Callable[[str], bool]
) -> Failure | None:
    """Return the failure in the generated code that is nearest to where the exception was raised, `None` where it passed
    through none. `is_generated` says it of a module's name. In a group of exceptions the first that fits counts."""
    if isinstance(error, BaseExceptionGroup):
        found = (find_failure(part, part.__traceback__, is_generated) for part in error.exceptions)
        inside = next((failure for failure in found if failure is not None), None)
        if inside is not None:
            return inside
    passed = [(frame, line) for frame, line in _frames(traceback) if is_generated(_module_of(frame))]
    if not passed:
        return None
    # the function that others call stands first: what it calls inside its own module is its own affair
    frame, _ = passed[-1]
    entry = _entry(passed)
    return Failure(
        module=_module_of(frame),
        filename=frame.f_code.co_filename,
        function=entry.f_code.co_qualname,
        line=passed[-1][1],
        error=type(error).__name__,
        message=str(error),
        call=_call(entry),
        kind=_kind(entry.f_code),
    )


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    for _ in range(MAX_FRAMES):
        if traceback is None:
            return
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _module_of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""


def _entry(passed: list[tuple[FrameType, int]]) -> FrameType:
    """The outermost frame of the last stretch in one module."""
    module = _module_of(passed[-1][0])
    entry = passed[-1][0]
    for frame, _ in reversed(passed):
        if _module_of(frame) != module:
            break
        entry = frame
    return entry


def _kind(code: CodeType) -> str:
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        return "asynchronous generator"
    if code.co_flags & inspect.CO_COROUTINE:
        return "coroutine"
    return "generator" if code.co_flags & inspect.CO_GENERATOR else "function"


def _call(frame: FrameType) -> str:
    """The call of a module's own function with the arguments that its frame holds, "" where these are no literals."""
    code = frame.f_code
    if not code.co_qualname.isidentifier():  # a method, a nested function, the module itself
        return ""
    function = frame.f_globals.get(code.co_name)
    if getattr(function, "__code__", None) is not code:  # decorated: how it is called is not what it takes
        return ""
    shown = _arguments(code, frame.f_locals)
    call = f"{code.co_name}({', '.join(shown)})" if shown is not None else ""
    return call if len(call) <= MAX_CALL_CHARACTERS else ""


def _arguments(code: CodeType, values: Mapping[str, Any]) -> list[str] | None:  # Any: whatever the caller gave
    """The arguments as one would write them, `None` where one is no literal or was deleted meanwhile."""
    names = list(code.co_varnames)
    positional, named = names[: code.co_argcount], names[code.co_argcount :][: code.co_kwonlyargcount]
    further = names[code.co_argcount + code.co_kwonlyargcount :]
    if not set(positional) | set(named) <= set(values):
        return None
    given: list[tuple[str, object]] = [("", values[name]) for name in positional]
    if code.co_flags & inspect.CO_VARARGS:
        given += [("", value) for value in values.get(further.pop(0), ())]
    given += [(f"{name}=", values[name]) for name in named]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        given += [(f"{name}=", value) for name, value in values.get(further.pop(0), {}).items()]
    texts = [(prefix, _literal(value)) for prefix, value in given]
    return None if any(text is None for _, text in texts) else [f"{prefix}{text}" for prefix, text in texts]


def _literal(value: object) -> str | None:
    """The value's source, where it is a literal of plain built-in types: no `__repr__` of anybody's own is run."""
    try:
        if not _plain(value, 0):
            return None
        text = repr(value)
        ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return text


def _plain(value: object, depth: int) -> bool:
    if type(value) in (int, float, complex, str, bytes, bool, type(None)):
        return sys.getsizeof(value) <= MAX_CALL_CHARACTERS * 8
    if depth > 20 or type(value) not in (list, tuple, set, dict):
        return False
    assert isinstance(value, list | tuple | set | dict)
    if len(value) > MAX_CALL_CHARACTERS:
        return False
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    return all(_plain(part, depth + 1) for part in parts)
