"""What must hold for a run to be accepted into an organisation's queue, and how it enters it again."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from genloom.interfaces.server.storage.columns import digest_of, is_id
from genloom.interfaces.server.storage.records import RunRecord
from genloom.interfaces.server.storage.refusals import QueueFullError, UnknownRowError
from genloom.interfaces.server.storage.schema import memberships, organizations, repos, runs
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD, CreateAgentRunInput, ResumeAgentRunInput

__all__ = ["check_references", "check_room", "digest_of_key", "lock_queue", "new_place", "values_of_resumed"]

_ORGANIZATION: BindParameter[int] = bindparam("organization")
_LOCKED = select(organizations.c.id).where(organizations.c.id == _ORGANIZATION).with_for_update(key_share=True)
_MEMBER = select(memberships.c.role).where(
    memberships.c.organization_id == _ORGANIZATION, memberships.c.user_id == bindparam("user")
)
_OFFERED = select(repos.c.id).where(
    repos.c.organization_id == _ORGANIZATION, repos.c.id == bindparam("repo"), repos.c.removed_at.is_(None)
)
_WAITING = select(func.count()).where(runs.c.status == "queued", runs.c.organization_id == _ORGANIZATION)


def values_of_resumed(run: RunRecord, asked: ResumeAgentRunInput, now: float) -> dict[str, Any]:
    """Return what changes in a run that goes on, or whose next leg begins."""
    given = asked.model_dump()
    before = run.resume or {}
    resume: dict[str, Any] = {"prompt": given["prompt"]}  # Any: JSON values
    values: dict[str, Any] = {"status": "queued", "wanted": "run", "updated_at": now, "takeovers": 0}
    values |= {name: given[name] for name in ("model", "webhooks") if given[name] is not None}
    if not run.ended:
        resume |= {"kind": "answer", "question": run.question} if run.question else {"kind": "go_on"}
        if began := before if before.get("kind") == "follow_up" else before.get("follow_up"):
            resume["follow_up"] = began
    else:
        resume |= {"kind": "follow_up", "previous_result": run.result, "previous_summary": run.summary}
        values |= {"place": new_place(), "worked": 0.0, "question": None, "images": len(given["images"] or ())}
        values |= {"leg": run.leg + 1, "result": None, "summary": None, "outcome": None, "fitted": None}
        values |= {"started_at": None, "ended_at": None}
    return {**values, "resume": resume}


def new_place() -> str:
    """Return a name that nothing has had before."""
    return uuid.uuid4().hex


def digest_of_key(asked: CreateAgentRunInput) -> str | None:
    """Return the digest of the idempotency key in the metadata, `None` when there is none."""
    key = (asked.metadata or {}).get(IDEMPOTENCY_FIELD)
    return digest_of(key) if isinstance(key, str) and key else None


def lock_queue(db: Connection, organization_id: int) -> None:
    """Let one transaction at a time accept runs of an organisation: its queue is counted before it grows.

    Raises `UnknownRowError` when there is no such organisation. The lock, as all of ours, leaves the row's key alone
    (`key_share`): rows that refer to it can be added meanwhile, or two transactions would wait for each other.
    """
    if db.execute(_LOCKED, {"organization": organization_id}).first() is None:
        raise UnknownRowError("organisation", organization_id)


def check_references(db: Connection, organization_id: int, user_id: int, repo_id: int | None) -> None:
    """Raise `UnknownRowError` for a user or repository that is not the organisation's."""
    if db.execute(_MEMBER, {"organization": organization_id, "user": user_id}).first() is None:
        raise UnknownRowError("user", user_id)
    if repo_id is None:
        return
    asked = {"organization": organization_id, "repo": repo_id}
    if not is_id(repo_id) or db.execute(_OFFERED, asked).first() is None:
        raise UnknownRowError("repository", repo_id)


def check_room(db: Connection, organization_id: int, most_queued: int) -> None:
    """Raise `QueueFullError` when the organisation may have no more runs waiting. Call `lock_queue` before."""
    if db.execute(_WAITING, {"organization": organization_id}).scalar_one() >= most_queued:
        raise QueueFullError(
            f"{most_queued} runs of this organisation are waiting already.", hint="Try again when some have ended."
        )
