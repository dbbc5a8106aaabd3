"""Loads one module and evaluates calls in its namespace, one record a call."""

from __future__ import annotations

import importlib
import os
import sys

from genloom.tools.sandbox.worker.channel import Channel
from genloom.tools.sandbox.worker.line_recorder import LineRecorder, coverage_record
from genloom.tools.sandbox.worker.paths import put_first
from genloom.tools.sandbox.worker.values import encode, quote, shorten, type_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    _Place = tuple[str, tuple[str, ...]]  # the working directory, and how the module's file may end

__all__ = ["answer_calls"]

_traceback_of = BaseException.__dict__["__traceback__"].__get__
_compile, _eval, _dict, _type, _str = compile, eval, dict, type, str
_import = importlib.import_module
_streams = (sys.stdout, sys.stderr)


def answer_calls(own_folder: str) -> None:
    """Do what the parent asks until it says `end`.

    The first message names the module, the files whose lines are recorded after their number, and the folders to import
    from after the scratch folder, which is the working directory; then each is `call SOURCE`.
    """
    channel = Channel()
    first = channel.receive()
    module_name, scratch = first.fields[0], os.getcwd()
    recorded, folders = first.counted(1)
    recorder = LineRecorder(recorded, scratch)
    put_first([scratch, *folders], own_folder)
    stem = module_name.replace(".", "/")
    place = (scratch, (f"/{stem}.py", f"/{stem}/__init__.py"))
    try:
        module = _import(module_name)
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is the record
        channel.send(first.nonce, _raised(error, place))
    else:
        channel.send(first.nonce, '["loaded"]')
        recorder.start()
        _answer(channel, module, place, recorder)
    _flush()
    channel.close()


def _answer(channel: Channel, module: Any, place: _Place, recorder: LineRecorder) -> None:
    count = 0
    while True:
        message = channel.receive()
        if message.fields[0] != "call":
            channel.send(message.nonce, f'["closed",{count},{coverage_record(recorder)}]')
            return
        count += 1
        channel.send(message.nonce, _outcome(message.fields[1], module, place))
        _flush()


def _outcome(source: str, module: Any, place: _Place) -> str:
    try:
        code = _compile(source, "<call>", "eval")
        value = _eval(code, _dict(module.__dict__))
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is the record
        return _raised(error, place)
    return f'["returned",{encode(value)}]'


def _raised(error: BaseException, place: _Place) -> str:
    try:
        message = _str(error)
        message = shorten(message, 2000) if _type(message) is _str else ""
    except BaseException:  # noqa: BLE001 - the candidate's own code
        message = ""
    names = ",".join(quote(name) for name in type_names(_type(error)))
    return f'["raised",[{names}],{quote(message)},{_line(error, place)}]'


def _line(error: BaseException, place: _Place) -> int:
    """Return the line of the innermost frame that lies in the module's own file; 0 when there is none."""
    if _type(error) in (SyntaxError, IndentationError, TabError):
        filename, line = getattr(error, "filename", ""), getattr(error, "lineno", 0)
        return line if _type(line) is int and _type(filename) is _str and _is_own(filename, place) else 0
    found = 0
    step: TracebackType | None = _traceback_of(error)
    for _ in range(10_000):
        if step is None:
            break
        if _is_own(step.tb_frame.f_code.co_filename, place):
            found = step.tb_lineno
        step = step.tb_next
    return found if _type(found) is int else 0


def _is_own(filename: str, place: _Place) -> bool:
    return _str.startswith(filename, place[0]) and _str.endswith(filename, place[1])


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, *_streams):
        try:
            stream.flush()
        except BaseException:  # noqa: BLE001, S110 - the candidate may have closed or replaced it
            pass
