"""Which lines of a module stand in its functions: those that a call can reach, while the others run when it loads.

Read from the line tables of code objects, so that they are the lines that this interpreter's own tracing tells of. A line
that only defines a function (`def`, its decorators) belongs to the code around it; docstrings have no line.
"""

from __future__ import annotations

import opcode
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["function_lines", "is_function"]

_OPTIMIZED = 1
"""The flag (CO_OPTIMIZED) of code with fast locals: functions, not modules and bodies of classes."""

_WITH_ITS_SURROUNDINGS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<generic parameters of")
_NEVER_CALLED_FOR = ("__annotate__",)

# instructions that set up a frame, on the line of the `def`, before the first line of its body
_SETUP = {
    opcode.opmap[name]
    for name in ("RESUME", "GEN_START", "RETURN_GENERATOR", "POP_TOP", "COPY_FREE_VARS", "MAKE_CELL")
    if name in opcode.opmap
}
_has_setup = "RESUME" in opcode.opmap or "GEN_START" in opcode.opmap
_Code, _isinstance, _len = CodeType, isinstance, len


def is_function(code: CodeType) -> bool:
    """Whether the code is a function's, a lambda's or a comprehension's, not a module's or a class's."""
    return bool(code.co_flags & _OPTIMIZED)


def function_lines(code: CodeType, inside: bool = False) -> set[int]:
    """Return the numbers of the lines below `code` that belong to a function; `inside` says that `code` stands in one."""
    within = inside or (is_function(code) and not code.co_name.startswith(_WITH_ITS_SURROUNDINGS))
    lines = set(_own_lines(code)) if within else set()
    for constant in code.co_consts:
        if _isinstance(constant, _Code) and constant.co_name not in _NEVER_CALLED_FOR:
            lines |= function_lines(constant, within)
    return lines


def _own_lines(code: CodeType) -> Iterator[int]:
    setup = _setup_bytes(code.co_code) if is_function(code) else 0
    for start, end, line in _line_table(code):
        if line and end > start and end > setup:
            yield line


def _setup_bytes(instructions: bytes) -> int:
    offset = 0
    while _has_setup and offset < _len(instructions) and instructions[offset] in _SETUP:
        offset += 2
    return offset


def _line_table(code: CodeType) -> Iterator[tuple[int, int, int | None]]:
    lines = getattr(code, "co_lines", None)
    if lines is not None:
        yield from lines()
        return
    start, line = 0, code.co_firstlineno  # before Python 3.10: pairs of bytes, as Objects/lnotab_notes.txt tells
    table = code.co_lnotab
    for offset, step in zip(table[::2], table[1::2]):  # noqa: B905 - Python 3.8 has no `strict`
        yield start, start + offset, line
        start += offset
        line += step if step < 128 else step - 256
    yield start, _len(code.co_code), line
