"""What the running import statement asks for: read from the bytecode of the frame that imports."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any

from genloom.interfaces.importer.absolute import absolute
from genloom.interfaces.importer.asked import CallSite
from genloom.interfaces.importer.statements.instructions import Instruction, instruction_before, running_instruction

__all__ = ["STAR", "ImportStatement", "is_machinery", "running_statement", "undefined_names"]

STAR = "*"

_MACHINERY = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")


@dataclass(frozen=True)
class ImportStatement:
    """`import module` (no names) or `from module import names`, the module by its full name; `*` is a name."""

    module: str
    names: tuple[str, ...]
    frame: FrameType

    @property
    def site(self) -> CallSite:
        """Where the statement stands."""
        return CallSite.of(self.frame)

    def asks_for_module(self, name: str, root: str) -> bool:
        """Whether the statement needs a module of that name: itself, a package above it, or, where it imports names of the
        package `root`, one of them."""
        named = self.module == root and name.rpartition(".")[0] == root and name.rpartition(".")[2] in self.names
        return named or f"{self.module}.".startswith(f"{name}.")


def running_statement(frame: FrameType | None) -> ImportStatement | None:
    """Return the import statement that `frame` runs for, through the frames of the import machinery; `None` when it is no
    statement that imports (`import_module`, `find_spec`, `reload`, a call of `__import__`)."""
    while frame is not None and is_machinery(frame.f_code):
        frame = frame.f_back
    while frame is not None and not isinstance(builtins.__import__, BuiltinFunctionType):
        # a program has put functions in the place of `__import__`: the first of them was called by the statement
        if frame.f_code.co_filename in _MACHINERY or _is_importing(frame):
            break
        frame = frame.f_back
    return None if frame is None else _statement_of(frame)


def is_machinery(code: CodeType) -> bool:
    """Whether code belongs to importlib, or is the function that a program has put in the place of `__import__`."""
    return code.co_filename in _MACHINERY or code is getattr(builtins.__import__, "__code__", None)


def _is_importing(frame: FrameType) -> bool:
    instruction = running_instruction(frame)
    return instruction is not None and instruction.name == "IMPORT_NAME"


def _statement_of(frame: FrameType) -> ImportStatement | None:
    importing = running_instruction(frame)
    if importing is None or importing.name != "IMPORT_NAME":
        return None
    code = frame.f_code
    fromlist = instruction_before(code.co_code, importing)
    level = instruction_before(code.co_code, fromlist) if fromlist else None
    if fromlist is None or level is None:
        return None
    names, depth = _constant(fromlist, code), _constant(level, code)
    if not isinstance(depth, int) or not (names is None or isinstance(names, tuple)):
        return None
    module = _absolute(code.co_names[importing.argument], depth, frame.f_globals)
    return None if module is None else ImportStatement(module, names or (), frame)


def _constant(instruction: Instruction, code: CodeType) -> Any:  # Any: whatever constants code has
    if instruction.name == "LOAD_SMALL_INT":
        return instruction.argument
    return code.co_consts[instruction.argument] if instruction.name == "LOAD_CONST" else NotImplemented


def _absolute(name: str, level: int, known: dict[str, Any]) -> str | None:  # Any: a module's globals
    if not level:
        return name
    package = known.get("__package__")
    if package is None:
        package = known.get("__name__", "") if "__path__" in known else known.get("__name__", "").rpartition(".")[0]
    return absolute(name, level, package) or None


def undefined_names(frame: FrameType) -> tuple[str, ...]:
    """Return the global names that the code of a frame uses and nobody defines: what a star import there is to bring."""
    from dis import get_instructions  # imported here: only a star import of an unwritten module comes here

    used: dict[str, None] = {}
    stored: set[str] = set()
    for code in _codes(frame.f_code):
        for found in get_instructions(code):
            if found.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
                used[str(found.argval)] = None
            elif found.opname in ("STORE_NAME", "STORE_GLOBAL"):
                stored.add(str(found.argval))
    known = stored | frame.f_globals.keys() | vars(builtins).keys()
    return tuple(name for name in used if name not in known and not name.startswith("_"))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
