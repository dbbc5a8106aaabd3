"""What asks a generated module for names: an import statement, an attribute expression, or nothing that may."""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType, ModuleType

from genloom.interfaces.importer.asked import CallSite
from genloom.interfaces.importer.modules.running import is_unwritten
from genloom.interfaces.importer.statements.attribute import asks_for
from genloom.interfaces.importer.statements.statement import STAR, is_machinery, running_statement, undefined_names

__all__ = ["AskedNames", "asked_names"]


@dataclass(frozen=True)
class AskedNames:
    """The names that a module lacks and is asked for, all those of a statement together, and where that stands."""

    names: tuple[str, ...]
    site: CallSite
    by_statement: bool


def asked_names(module: ModuleType, name: str, frame: FrameType) -> AskedNames | None:
    """Return what is asked of a module when the code of `frame` looks for `name` in it; `None` when nothing asks that may.

    A star import asks a module that is not written yet for what its code uses and nobody defines.
    """
    if not is_machinery(frame.f_code):
        asks = name != "__all__" and asks_for(frame, name)
        return AskedNames((name,), CallSite.of(frame), by_statement=False) if asks else None
    statement = running_statement(frame)
    if statement is None or statement.module != module.__name__:
        return None
    wanted = statement.names
    if STAR in wanted:
        wanted = undefined_names(statement.frame) if name == "__all__" and is_unwritten(module) else ()
    names = tuple(
        other for other in dict.fromkeys(wanted) if other not in module.__dict__ and not other.startswith("__")
    )
    return AskedNames(names, statement.site, by_statement=True) if names else None
