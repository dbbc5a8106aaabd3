"""Starting a run that a restarted process must find again: the journal first, then the server, then the journal."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from genloom.events import EventEmitter
from genloom.state import AgentRun
from genloom.tools.codegen.journal import RunJournal

__all__ = ["SubmitOptions", "Submitter", "journal_key", "submit_journaled"]


class SubmitOptions(TypedDict, total=False):
    """What `AsyncCodegen.submit` takes beside prompt and key."""

    metadata: Mapping[str, Any] | None  # Any: the caller's own JSON
    repo_id: int | None
    model: str | None
    images: Sequence[str]
    deadline: float | None
    emit: EventEmitter


class Submitter(Protocol):
    """What can start runs: an `AsyncCodegen`."""

    async def submit(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        in_doubt: bool = False,
        **options: Unpack[SubmitOptions],
    ) -> AgentRun:
        """Start a run once and return it."""


async def submit_journaled(
    client: Submitter, journal: RunJournal, prompt: str, *, key: str, place: str, **options: Unpack[SubmitOptions]
) -> AgentRun:
    """Start the run of a key once, also across processes, and return it.

    `place` says which server and organisation the client works in: a number that one gave means nothing at another. A
    run that the journal knows comes back by its number alone, with status `unknown`. Raises what `submit` and the
    journal raise.
    """
    name = journal_key(key, place)
    # a journal may write to disk, and must not hold up the loop
    entry = await asyncio.to_thread(journal.find, name)
    if entry is not None and entry.run_id is not None:
        return AgentRun(id=entry.run_id, status="unknown", idempotency_key=key)
    await asyncio.to_thread(journal.intend, name)
    run = await client.submit(prompt, idempotency_key=key, in_doubt=entry is not None, **options)
    await asyncio.to_thread(journal.record, name, run.id)
    return run


def journal_key(key: str, place: str) -> str:
    """Return the name under which the run of a key stands in the journal."""
    return f"{key}@{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:16]}"
