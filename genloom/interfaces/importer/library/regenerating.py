"""Regenerating: a pinned module is written anew, with the names and the checks that the lock file has of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from genloom.config import load_settings
from genloom.errors import GeneratedImportError, GenloomError, PendingReview, UsageError
from genloom.interfaces.importer.asked import ModuleRequest
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.interfaces.importer.generation.review_gate import module_diff, write_pending
from genloom.interfaces.importer.library.kept_tests import kept_examples
from genloom.interfaces.importer.library.library import Library, ModuleState
from genloom.interfaces.importer.library.verifying import demand_entry
from genloom.interfaces.importer.pins.locks import one_generation
from genloom.interfaces.thread import read_thread
from genloom.portal import run_sync

__all__ = ["regenerate_pin"]


def regenerate_pin(
    library: Library, module: str, *, model: str | None = None, review: bool = False, accept_unverified: bool = False
) -> ModuleState:
    """Write `module` anew and pin it; until then the old file stands. An edit by hand is replaced.

    With `review` it waits for a person. Raises `GeneratedImportError` when what was generated was not accepted,
    `PendingReview` when it waits, `UsageError` for a module that is not pinned, and what `generate` raises where a key or
    a server failed.
    """
    entry = demand_entry(library.state(module))
    if not entry.names:
        raise UsageError(f"{module} has no code of its own: nobody asked for a name of it.")
    mode = "review" if review else "auto"
    options = library.options(model=model, mode=mode, accept_unverified=accept_unverified)
    request = ModuleRequest(
        module=module,
        names=entry.names,
        options=options,
        examples=kept_examples(entry.checks),
        tests=entry.tests,
    )
    try:
        with one_generation(options, module):
            library.pin(module, generate_module(request))
    except PendingReview as waits:
        waits.diff = _compared_with_pinned(library, module) or waits.diff
        raise
    except GeneratedImportError as error:
        if isinstance(error.__cause__, GenloomError):
            raise error.__cause__ from None  # what ended it says why, and has an exit code of its own
        raise
    return library.state(module)


def _compared_with_pinned(library: Library, module: str) -> str:
    """Write down that what waits replaces the pinned text, and return the diff between the two, "" where there is none."""
    for record in library.waiting():
        if record.module == module and not record.base_sha256 and library.path(module).is_file():
            old = library.source(module)
            new = run_sync(read_thread(record.thread_id, load_settings())).result.source or ""
            base = hashlib.sha256(old.encode()).hexdigest()
            changed = replace(record, diff=module_diff(module, old, new), base_sha256=base)
            write_pending(library.directory, changed)
            return changed.diff
    return ""
