"""Starting a run that a restarted process must find again: the journal first, then the server, then the journal."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, Unpack

from genloom.errors import AgentError
from genloom.state import AgentRun
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.once.journal import PROCESS_JOURNAL, JournalEntry, RunJournal
from genloom.tools.codegen.options import SubmitOptions

__all__ = ["Submitter", "journal_key", "submit_journaled", "submitting"]

CLAIM_SECONDS = 0.1


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
    run that the journal knows comes back by its number alone, with status `unknown`. While somebody else, in this process
    or another, creates the run of this key, it is waited for, and then taken up. Raises what `submit` and the journal
    raise, and `AgentError` of kind timeout when the `deadline` of the options passes while waiting.
    """
    name, deadline = journal_key(key, place), Deadline(options.get("deadline"))
    async with _claimed(journal, name, deadline.seconds) as entry:
        if entry is not None and entry.run_id is not None:
            return AgentRun(id=entry.run_id, status="unknown", idempotency_key=key)
        await asyncio.to_thread(journal.intend, name)
        options["deadline"] = deadline.left
        run = await client.submit(prompt, idempotency_key=key, in_doubt=entry is not None, **options)
        await asyncio.to_thread(journal.record, name, run.id)
        return run


@asynccontextmanager
async def submitting(key: str, place: str) -> AsyncIterator[bool]:
    """Hold the sole right, in this process, to create the run of a key; gives whether it had to be waited for.

    However often a key is submitted at the same time, one creates and the others find what it created.
    """
    # a right of its own, under which no `submit_journaled` waits; one for each process, since a fork copies claims
    name, waited = journal_key(key, f"submit {os.getpid()} {place}"), False
    while not PROCESS_JOURNAL.claim(name):
        waited = True
        await asyncio.sleep(CLAIM_SECONDS)
    try:
        yield waited
    finally:
        PROCESS_JOURNAL.release(name)


@asynccontextmanager
async def _claimed(journal: RunJournal, name: str, deadline: float | None) -> AsyncIterator[JournalEntry | None]:
    """Give what the journal knows: its run's number, or, with the sole right to create it, that there is none."""
    held = False
    try:
        try:
            async with asyncio.timeout(deadline):
                # a journal may write to disk, and must not hold up the loop
                entry = await asyncio.to_thread(journal.find, name)
                while not (held or _known(entry)):
                    held = await _claim(journal, name)
                    if not held:
                        await asyncio.sleep(CLAIM_SECONDS)
                    entry = await asyncio.to_thread(journal.find, name)
        except TimeoutError as error:
            raise AgentError(
                f"The run was being created by somebody else for longer than {deadline:g} s.",
                kind="timeout",
                hint="Try again later with the same key: it finds the run and starts no second one.",
            ) from error
        yield entry
    finally:
        if held:
            journal.release(name)


def _known(entry: JournalEntry | None) -> bool:
    return entry is not None and entry.run_id is not None


async def _claim(journal: RunJournal, name: str) -> bool:
    claiming = asyncio.get_running_loop().run_in_executor(None, journal.claim, name)
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:  # a thread cannot be stopped, and what it took must not be kept
        claiming.add_done_callback(lambda taken: _give_back(taken, journal, name))
        raise


def _give_back(taken: asyncio.Future[bool], journal: RunJournal, name: str) -> None:
    if not taken.cancelled() and taken.exception() is None and taken.result():
        journal.release(name)


def journal_key(key: str, place: str) -> str:
    """Return the name under which the run of a key stands in the journal."""
    return f"{key}@{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:16]}"
