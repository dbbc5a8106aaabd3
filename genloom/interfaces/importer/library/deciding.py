"""Deciding on what waits: the run is resumed with a person's answer, and what was approved is pinned."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace

from genloom.errors import GenloomError, StorageError, ThreadError, UsageError
from genloom.interfaces.importer.asked import GeneratedSource
from genloom.interfaces.importer.generation.review_gate import PendingRecord, forget, resume_pending, write_pending
from genloom.interfaces.importer.library.library import Library, ModuleState
from genloom.interfaces.importer.modules.growth import grown
from genloom.interfaces.importer.pins.lock_file import PinEntry

__all__ = ["accept_pending", "reject_pending"]


def accept_pending(library: Library, module: str) -> ModuleState:
    """Approve the code of `module` that waits, and pin it. Nothing is generated again.

    Raises `UsageError` when nothing waits for that module, or when it was pinned with another text since, `ThreadError`
    when the run is gone, `StorageError` when it cannot be pinned: then it waits on.
    """
    record = _waiting(library, module)
    _demand_same_base(library, record)
    entry = library.entry(module)
    try:
        made = resume_pending(record, library.directory, approve=True)
    except ThreadError as error:
        raise ThreadError(
            f"The run that wrote {module} cannot be gone on with here: {error.message}",
            hint=f"Accept it as the user, and with the data folder, that it ran with; or `genloom lib reject {module}`.",
        ) from error
    assert made is not None  # as approved runs end, or they raise
    try:
        library.pin(module, _completed(entry, made, record))
    except GenloomError:
        with suppress(StorageError):  # the first failure is what the person hears of
            write_pending(library.directory, record)
        raise
    return library.state(module)


def reject_pending(library: Library, module: str, *, comment: str = "") -> None:
    """End the run of `module` that waits as rejected. Raises `UsageError` when nothing waits for that module."""
    record = _waiting(library, module)
    try:
        resume_pending(record, library.directory, approve=False, comment=comment)
    except ThreadError:  # the run is gone: nothing can be accepted of it any more
        forget(library.directory, record)


def _completed(entry: PinEntry | None, made: GeneratedSource, record: PendingRecord) -> GeneratedSource:
    """What is pinned: an extension with what the module was, a replacement with the words that it was asked for by first."""
    if entry is None:
        return made
    if not set(record.names) <= set(entry.names):
        return grown(entry, made, record.names)
    return replace(made, request=entry.request or made.request)


def _demand_same_base(library: Library, record: PendingRecord) -> None:
    """Raise `UsageError` where accepting would write over what nobody saw in the diff."""
    pinned = record.module in library.modules()
    now = hashlib.sha256(library.source(record.module).encode()).hexdigest() if pinned else ""
    if now != record.base_sha256:
        raise UsageError(
            f"{record.module} is not what it was when that code was written for it.",
            hint=f"Reject it (genloom lib reject {record.module}), and import again.",
        )


def _waiting(library: Library, module: str) -> PendingRecord:
    for record in library.waiting():
        if record.module == module:
            return record
    raise UsageError(f"Nothing waits for {module}.", hint="`genloom lib pending` shows what does.")
