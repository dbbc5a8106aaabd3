"""Whether an attribute expression asks for a name: `module.name`, written so in the code that runs."""

from __future__ import annotations

import sys
from types import FrameType

from genloom.interfaces.importer.statements.instructions import running_instruction

__all__ = ["asks_for"]


def asks_for(frame: FrameType, name: str) -> bool:
    """Whether the frame is at an attribute expression of that very name. `getattr`, `hasattr` and whoever calls them
    (`mock`, `pydoc`, `inspect`, debuggers) are at a call."""
    found = running_instruction(frame)
    if found is None or found.name not in ("LOAD_ATTR", "LOAD_METHOD"):
        return False
    # since 3.12 the lowest bit says that a method is loaded for a call
    index = found.argument >> 1 if found.name == "LOAD_ATTR" and sys.version_info >= (3, 12) else found.argument
    names = frame.f_code.co_names
    return index < len(names) and names[index] == name
