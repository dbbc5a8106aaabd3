"""Records which lines of some files' functions ran between two moments. What it says is a claim: the draft shares this
process.

From Python 3.12 on by `sys.monitoring`, where each line reports once and then runs at full speed. Before that by
`sys.settrace`, which slows each line of these files by ten times and more: it gives up after a number of lines, so that no
run is slowed by more than some hundredths of a second.
"""

from __future__ import annotations

import os
import sys

from genloom.tools.sandbox.worker.code_lines import function_lines, is_function
from genloom.tools.sandbox.worker.values import quote, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

__all__ = ["LineRecorder", "coverage_record"]

MOST_SOURCE = 200_000
MOST_LINES = 20_000
MOST_TEXT = 16_000
MOST_TRACED_LINES = 100_000
MOST_TRACED_CALLS = 300_000
"""Of code that is none of the files' own, while `sys.settrace` is used: each costs a tenth of a microsecond and more."""

TOOL = 4
"""The number for `sys.monitoring`: none of those that debuggers, profilers, coverage tools and Hypothesis take."""

# taken now: the candidate may replace what the builtins module holds
_open, _compile = open, compile
_sys_settrace, _sys_gettrace = sys.settrace, sys.gettrace
_monitoring: Any = getattr(sys, "monitoring", None)  # Any: a module from Python 3.12 on

_TOO_LONG = "the checks ran too long to follow every line with this Python; 3.12 and newer can"
_TAKEN_OVER = "the code set a trace function of its own"


def coverage_record(recorder: LineRecorder) -> str:
    """Return what a recorder tells as a JSON string: one value of a record, whatever has become of the recorder."""
    try:
        return quote(recorder.finish()[:MOST_TEXT])
    except BaseException:  # noqa: BLE001 - the candidate's own doing
        return '""'


class LineRecorder:
    """`start` once the files are loaded, `finish` when the checks are over; neither ever raises."""

    def __init__(self, paths: list[str], folder: str) -> None:
        self._paths = [os.path.join(folder, path) for path in paths]
        self._reached: dict[str, set[int]] = {path: set() for path in self._paths}
        for path in self._paths:
            self._reached[os.path.realpath(path)] = self._reached[path]
        self._unknown = "the checks did not begin"
        self._tracing: _Tracing | None = None

    def start(self) -> None:
        """Begin to record."""
        try:
            self._unknown = self._start() if self._paths else "it was not asked for"
        except BaseException as error:  # noqa: BLE001 - nothing here may change how the draft fares
            self._unknown = _failed(error)

    def pause(self) -> None:
        """Let code run for a while that is none of the checks' own, where it costs something to follow it."""
        if self._tracing is not None:
            self._tracing.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._tracing is not None:
            self._tracing.resume()

    def finish(self) -> str:
        """Stop, and return `= LINES/REACHED …`: for each file the lines of its functions and those of them that ran, as
        numbers in hexadecimal whose bit `n` stands for line `n`; or a text that says why they are not known."""
        try:
            return self._unknown or self._stop() or self._told()
        except BaseException as error:  # noqa: BLE001 - as above
            return _failed(error)

    def _start(self) -> str:
        if sum(os.path.getsize(path) for path in self._paths) > MOST_SOURCE:
            return "the files are too large"
        if _monitoring is not None:
            _monitor(self._reached)
        elif _sys_gettrace() is not None:
            return _TAKEN_OVER
        else:
            self._tracing = _Tracing(self._reached)
            self._tracing.start()
        return ""

    def _stop(self) -> str:
        if self._tracing is not None:
            return self._tracing.stop()
        if _monitoring.get_tool(TOOL) != __name__:
            return "the code uses `sys.monitoring` itself"
        _monitoring.set_events(TOOL, 0)
        _monitoring.free_tool_id(TOOL)
        return ""

    def _told(self) -> str:
        told, most = [], 0
        for path in self._paths:
            with _open(path, "rb") as file:
                lines = function_lines(_compile(file.read(MOST_SOURCE + 1), path, "exec", dont_inherit=True))
            most += max(lines, default=0)
            if most > MOST_LINES:
                return "the files have too many lines"
            told.append(f"{_bits(lines)}/{_bits(lines & self._reached[path])}")
        return " ".join(["=", *told])


def _failed(error: BaseException) -> str:
    return f"it could not be recorded ({type_name(error)})"


def _bits(lines: set[int]) -> str:
    bits = 0
    for line in lines:
        bits |= 1 << line
    return f"{bits:x}"


def _monitor(reached: dict[str, set[int]]) -> None:
    events, disable, watch = _monitoring.events, _monitoring.DISABLE, _monitoring.set_local_events

    def on_start(code: CodeType, offset: int) -> Any:  # Any: the marker that `sys.monitoring` names only at run time
        try:
            if code.co_filename in reached and is_function(code):
                watch(TOOL, code, events.LINE)
        except BaseException:  # noqa: BLE001, S110 - it would come out in the draft's own code
            pass
        return disable

    def on_line(code: CodeType, line: int) -> Any:  # Any: as above
        try:
            reached[code.co_filename].add(line)
        except BaseException:  # noqa: BLE001, S110 - as above
            pass
        return disable

    _monitoring.use_tool_id(TOOL, __name__)
    _monitoring.register_callback(TOOL, events.LINE, on_line)
    for event in (events.PY_START, events.PY_RESUME):
        _monitoring.register_callback(TOOL, event, on_start)
    _monitoring.set_events(TOOL, events.PY_START | events.PY_RESUME)


class _Tracing:
    """Recording by `sys.settrace`, in all threads that start while it is on."""

    def __init__(self, reached: dict[str, set[int]]) -> None:
        self._gave_up = False
        self._threads_known = "threading" in sys.modules
        self._on = self._taken_over = False
        self._on_call = self._made(reached)

    def start(self) -> None:
        if self._threads_known:
            sys.modules["threading"].settrace(self._on_call)
        self.resume()

    def pause(self) -> None:
        if self._on and _sys_gettrace() is self._on_call:
            _sys_settrace(None)
        elif self._on and not self._gave_up:
            self._taken_over = True
        self._on = False

    def resume(self) -> None:
        if not self._gave_up and not self._taken_over and _sys_gettrace() is None:
            self._on = True
            _sys_settrace(self._on_call)

    def stop(self) -> str:
        """Stop tracing; return why the lines are not known, empty when they are."""
        self.pause()
        if "threading" in sys.modules and self._threads_known:
            sys.modules["threading"].settrace(None)
        if self._gave_up:
            return _TOO_LONG
        if self._taken_over:
            return _TAKEN_OVER
        return "" if self._threads_known or "threading" not in sys.modules else "the code started to use threads"

    def _made(self, reached: dict[str, set[int]]) -> Any:  # Any: what `sys.settrace` takes, here and below
        """Return the function to trace with. It is short, for it runs for each line; every event of a frame has a line
        that ran. Nothing may be raised in it, for that would come out in the draft's own code."""
        lines_left, calls_left = iter(range(MOST_TRACED_LINES)), iter(range(MOST_TRACED_CALLS))
        count_line, count_call = lines_left.__next__, calls_left.__next__

        def following(add: Callable[[int], None]) -> Any:
            def step(frame: FrameType, event: str, argument: object) -> Any:
                try:
                    add(frame.f_lineno)
                    count_line()
                except BaseException:  # noqa: BLE001 - too many, or the draft's own doing
                    self._give_up()
                return step

            return step

        follow = {path: following(lines.add) for path, lines in reached.items()}

        def called(frame: FrameType, event: str, argument: object) -> Any:
            step = None
            try:
                step = follow.get(frame.f_code.co_filename)
                if step is None:
                    count_call()
            except BaseException:  # noqa: BLE001 - as above
                self._give_up()
            return step

        return called

    def _give_up(self) -> None:
        self._gave_up = True
        _sys_settrace(None)
