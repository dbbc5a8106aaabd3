"""What a frame is executing: one instruction of its bytecode and those just before it."""

from __future__ import annotations

import opcode
from dataclasses import dataclass
from types import FrameType
from typing import Final

__all__ = ["Instruction", "instruction_at", "instruction_before", "running_instruction"]

EXTENDED_ARG: Final = opcode.opmap["EXTENDED_ARG"]


@dataclass(frozen=True)
class Instruction:
    """An instruction by name, with its whole argument; `start` is the offset of its first prefix."""

    name: str
    argument: int
    start: int


def running_instruction(frame: FrameType) -> Instruction | None:
    """Return the instruction that a frame is at, `None` before its first one."""
    return instruction_at(frame.f_code.co_code, frame.f_lasti) if frame.f_lasti >= 0 else None


def instruction_before(code: bytes, following: Instruction) -> Instruction | None:
    """Return the instruction just before another one that has no inline caches between them."""
    return instruction_at(code, following.start - 2) if following.start >= 2 else None


def instruction_at(code: bytes, offset: int) -> Instruction:
    """Return the instruction whose opcode stands at an offset; prefixes that lengthen its argument are found backwards."""
    argument, shift, start = code[offset + 1], 8, offset
    while start >= 2 and code[start - 2] == EXTENDED_ARG:
        start -= 2
        argument |= code[start + 1] << shift
        shift += 8
    return Instruction(opcode.opname[code[offset]], argument, start)
