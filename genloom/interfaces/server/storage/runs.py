"""Runs as their organisations see them: accepted, read, wanted otherwise, resumed."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Update, insert, update

from genloom.interfaces.server.storage.acceptance import (
    check_references,
    check_room,
    digest_of_key,
    lock_queue,
    new_place,
    values_of_resumed,
)
from genloom.interfaces.server.storage.columns import is_id
from genloom.interfaces.server.storage.deliveries import post_all
from genloom.interfaces.server.storage.lanes import reads, writes
from genloom.interfaces.server.storage.leases import RunLeases
from genloom.interfaces.server.storage.records import NewDelivery, RunOverview, RunRecord, RunStatus, Wanted
from genloom.interfaces.server.storage.refusals import StateConflictError, UnknownRowError
from genloom.interfaces.server.storage.rows import fields, page_of
from genloom.interfaces.server.storage.run_queries import PROGRESS, page_query, run_of_key, run_of_number
from genloom.interfaces.server.storage.run_rows import WHOLE, run_record
from genloom.interfaces.server.storage.schema import runs
from genloom.tools.codegen.wire import CreateAgentRunInput, ResumeAgentRunInput

__all__ = ["AT_REST", "Runs"]

_ADDED = insert(runs).returning(*WHOLE)

AT_REST: dict[Wanted, tuple[RunStatus, str]] = {
    "cancel": ("cancelled", "Cancelled."),
    "pause": ("paused", "Paused as asked: resume it to go on."),
}
"""What becomes of a run that nobody works on when it is wanted so: its status and its summary."""


class Runs(RunLeases):
    """The runs of organisations; the methods for workers are those of `RunLeases`."""

    @writes
    def create(
        self, organization_id: int, user_id: int, asked: CreateAgentRunInput, *, graph: str, most_queued: int
    ) -> tuple[RunRecord, bool]:
        """Accept a run, for good, and return it with whether it is new.

        A run of the same organisation whose metadata holds the same idempotency key is returned in its place. Raises
        `QueueFullError` when `most_queued` of the organisation's runs wait already, and `UnknownRowError` when the
        organisation has no such user or repository.
        """
        if not is_id(organization_id, user_id):
            raise UnknownRowError("user", user_id)
        digest = digest_of_key(asked)
        with self._database.write() as db:
            lock_queue(db, organization_id)
            if digest and (found := run_of_key(db, organization_id, digest)):
                return found, False
            check_references(db, organization_id, user_id, asked.repo_id)
            check_room(db, organization_id, most_queued)
            values = self._new_row(asked, graph, digest)
            owner = {"organization_id": organization_id, "user_id": user_id}
            row = db.execute(_ADDED, {**owner, **values}).one()
            return run_record(row), True

    def _new_row(self, asked: CreateAgentRunInput, graph: str, digest: str | None) -> dict[str, Any]:
        now = self._clock()
        return {
            **asked.model_dump(exclude={"images"}),  # prompt, metadata, repo_id, model, agent_type, webhooks
            "images": len(asked.images or ()),
            "place": new_place(),
            "status": "queued",
            "wanted": "run",
            "leg": 1,
            "graph": graph,
            "key_digest": digest,
            "source_type": "API",
            "created_at": now,
            "updated_at": now,
            "checks_banned": False,
            "removed_from_pr": False,
            "lease_epoch": 0,
            "lease_beat": 0,
            "takeovers": 0,
            "worked": 0.0,
            "untidy": False,
        }

    @reads
    def get(self, organization_id: int, run_id: int) -> RunRecord | None:
        """Return a run, `None` when the organisation has none of that number."""
        if not is_id(organization_id, run_id):
            return None
        with self._database.read() as db:
            return run_of_number(db, organization_id, run_id)

    @reads
    def page(
        self, organization_id: int, *, skip: int, limit: int, user_id: int | None = None, source_type: str | None = None
    ) -> tuple[tuple[RunOverview, ...], int]:
        """Return some of the organisation's runs, newest first, and how many there are; `ValueError` for negatives."""
        if not is_id(organization_id, user_id):
            return (), 0
        query = page_query(of_user=user_id is not None, of_source=source_type is not None)
        given = {"organization": organization_id, "user": user_id, "source": source_type}
        values = {name: value for name, value in given.items() if value is not None}
        with self._database.read() as db:
            return page_of(db, query, RunOverview, skip=skip, limit=limit, **values)

    @reads
    def progress(self, wanted: AbstractSet[tuple[int, int]]) -> dict[tuple[int, int], tuple[RunOverview, int]]:
        """Return the runs given as `(organisation, id)`, each with the number of its last log entry (0: it has none).

        One query for all who follow runs, of whichever organisation; a pair that does not fit together is left out.
        """
        pairs = [pair for pair in wanted if is_id(*pair)]
        with self._database.read() as db:
            asked = {"pairs": pairs, "numbers": [number for _, number in pairs]}
            rows = db.execute(PROGRESS, asked).all() if pairs else ()
        found = [fields(row) for row in rows]
        counted = [(row.pop("last_log") or 0, RunOverview(**row)) for row in found]
        return {(run.organization_id, run.id): (run, number) for number, run in counted}

    @writes
    def want(
        self, organization_id: int, run_id: int, wanted: Wanted, *, deliveries: Sequence[NewDelivery] = ()
    ) -> RunRecord | None:
        """Ask for a run to be paused, cancelled or gone on with; return it as it is now, `None` when there is none.

        A run that nobody works on changes at once, and `deliveries` then go into the outbox; otherwise its worker sees it
        with its next beat, and tells of it itself. Asking again for what is already so changes nothing. Raises
        `StateConflictError` when the run's state does not fit.
        """
        if not is_id(organization_id, run_id):
            return None
        with self._database.write() as db:
            run = run_of_number(db, organization_id, run_id, lock=True)
            if run is None or (changes := self._changes(run, wanted)) is None:
                return run
            at_rest = changes.get("status", "queued") != "queued"
            if at_rest:
                changes["lease_epoch"] = run.lease_epoch + 1  # a message tells of one epoch: this is not the last one's
            changed = _change(db, organization_id, run_id, {"wanted": wanted, **changes})
            if at_rest:
                post_all(db, self._database, changed, deliveries, self._clock())
            return changed

    def _changes(self, run: RunRecord, wanted: Wanted) -> dict[str, Any] | None:
        """Return what becomes of the run, `None` for nothing."""
        now = self._clock()
        if run.wanted == "cancel" != wanted and not run.ended:  # a worker may have given it back meanwhile
            raise StateConflictError("The run is being cancelled.")
        match wanted, run.status:
            case ("cancel", "queued" | "paused") | ("pause", "queued"):
                status, summary = AT_REST[wanted]
                ended = {"ended_at": now} if wanted == "cancel" else {}
                return {"status": status, "summary": summary, "updated_at": now, **ended}
            case ("run", "paused"):
                return {"status": "queued", "updated_at": now}
            case (_, "in_progress"):
                return {"updated_at": now}
            case ("pause", "paused") | ("run", "queued") | ("cancel", "cancelled"):
                return None
        raise StateConflictError(f"The run has ended ({run.status}).", hint="Resume it, or start another.")

    @writes
    def resume(
        self, organization_id: int, run_id: int, asked: ResumeAgentRunInput, *, most_queued: int | None = None
    ) -> RunRecord | None:
        """Queue a run again: one that is paused goes on with the prompt as the answer, one that ended begins its next leg.

        Returns the run, `None` when the organisation has none of that number. Raises `StateConflictError` for a run that
        is queued or under way, and `QueueFullError`.
        """
        if not is_id(organization_id, run_id):
            return None
        with self._database.write() as db:
            lock_queue(db, organization_id)
            run = run_of_number(db, organization_id, run_id, lock=True)
            if run is None:
                return None
            if run.status in ("queued", "in_progress"):
                raise StateConflictError(
                    f"The run is {run.status.replace('_', ' ')}.", hint="Wait until it is paused or has ended."
                )
            if most_queued is not None:
                check_room(db, organization_id, most_queued)
            return _change(db, organization_id, run_id, values_of_resumed(run, asked, self._clock()))

    @writes
    def set_flags(
        self,
        organization_id: int,
        run_id: int,
        *,
        checks_banned: bool | None = None,
        removed_from_pr: bool | None = None,
    ) -> RunRecord | None:
        """Set what is given; return the run as it is now, `None` when the organisation has none of that number."""
        given = {"checks_banned": checks_banned, "removed_from_pr": removed_from_pr}
        values: dict[str, Any] = {name: flag for name, flag in given.items() if flag is not None}
        if not is_id(organization_id, run_id):
            return None
        with self._database.write() as db:
            if run_of_number(db, organization_id, run_id, lock=True) is None:
                return None
            return _change(db, organization_id, run_id, {**values, "updated_at": self._clock()})


def _change(db: Connection, organization_id: int, run_id: int, values: dict[str, Any]) -> RunRecord:
    changed: Update = update(runs).where(runs.c.organization_id == organization_id, runs.c.id == run_id)
    return run_record(db.execute(changed.values(values).returning(*WHOLE)).one())
