"""Adopting: a pinned file that was edited by hand becomes the pinned one, once it passes the module's checks."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from genloom.errors import UsageError
from genloom.interfaces.importer.library.library import Library, ModuleState
from genloom.interfaces.importer.library.verifying import verify_text
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.state import Verdict
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["Adopted", "adopt_edit"]


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """How adopting ended: `done` says whether the file is pinned as it is now, `reason` why (not)."""

    module: str
    done: bool
    reason: str
    verdict: Verdict


def adopt_edit(library: Library, module: str, *, accept_unverified: bool = False) -> Adopted:
    """Verify the file of `module` as it is now against the checks in the lock file, and pin it when it passes.

    A file that the lock file does not know may be adopted too. Where nothing proves the text it is adopted only with
    `accept_unverified`; what fails never is. Raises `UsageError` for a module that is not there.
    """
    state = library.state(module)
    if state.state not in ("edited", "unlocked", "pinned"):
        raise UsageError(f"{module} has no file to adopt.", hint="`genloom lib list` shows the modules.")
    source = library.source(module)
    entry = _entry(state, source)
    verdict = verify_text(library, module, source, entry)
    reason, accepted = _judged(verdict, accept_unverified=accept_unverified)
    if accepted:
        changed = replace(
            entry,
            verdict="passed" if verdict.result == "passed" else "unverified",
            tier=verdict.sandbox or "",
            accepted_by="adopted",
        )
        library.adopt(module, source, changed)
    return Adopted(module=module, done=accepted, reason=reason, verdict=verdict)


def _entry(state: ModuleState, source: str) -> PinEntry:
    """The module's entry with the names that the text still has; a new one for a file that was written by hand."""
    names = _defined(source)
    own = tuple(name for name in names if not name.startswith("_"))
    if state.entry is None:
        return PinEntry(file="", sha256="", names=own, generator="hand")
    if state.is_package and own:
        return replace(state.entry, names=own, generator="hand")
    return replace(state.entry, names=tuple(name for name in state.entry.names if name in names))


def _defined(source: str) -> list[str]:
    """The names that a module's text binds at its top by definitions and assignments, in order."""
    try:
        tree = parse_module(source)
    except UNPARSABLE:
        return []
    found: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    return list(dict.fromkeys(found))


def _judged(verdict: Verdict, *, accept_unverified: bool) -> tuple[str, bool]:
    if verdict.result == "passed":
        return "It passes the checks in genloom.lock.", True
    if verdict.result == "failed":
        return verdict.reason, False
    if not verdict.executed:
        return f"It could not be checked: {verdict.reason}", False
    if any(check.result == "failed" for check in verdict.checks):
        return "It does not load.", False
    if accept_unverified:
        return "Nothing proves it; it was accepted unverified.", True
    return "Nothing proves it: take it as it is with --accept-unverified.", False
