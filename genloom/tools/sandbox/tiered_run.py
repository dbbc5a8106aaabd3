"""One run under the tier that holds, and once more when that does not hold any longer."""

from __future__ import annotations

from dataclasses import replace

from genloom.tools.sandbox.interpreter import Unavailable
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.ran import Ran
from genloom.tools.sandbox.report import SandboxStatus
from genloom.tools.sandbox.repository.placement import placed
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.runner import Conversation, run_job
from genloom.tools.sandbox.selftest import explain_refusal
from genloom.tools.sandbox.tier_status import TierStatus, why_none

__all__ = ["run_in_tier"]

_OF_THE_TIER = ("bubblewrap", "namespaces", "mounts", "user", "landlock", "seccomp")
"""Stages of the set-up that hang on the tier and not on the single run."""


async def run_in_tier(
    job: Job,
    tiers: TierStatus,
    status: SandboxStatus,
    *,
    view: RepositoryView | None,
    conversation: Conversation | None,
) -> Ran:
    """Run a job, in a view of the repository if there is one, under the tier that `status` names.

    The job's `unix_sockets` are what it may have where its tier keeps them inside.
    """
    ran = await _attempt(job, status, view, conversation)
    if isinstance(ran, Unavailable) and ran.stage in _OF_THE_TIER:
        # the tier held once, and does not any more
        status = await tiers.find_again()
        ran = await _attempt(job, status, view, conversation) if status.tier else why_none(status)
    return Ran.refused(ran, job.limits) if isinstance(ran, Unavailable) else Ran.ended(ran, status.tier, job)


async def _attempt(
    job: Job, status: SandboxStatus, view: RepositoryView | None, conversation: Conversation | None
) -> Ending | Unavailable:
    job = replace(
        job,
        unix_sockets=job.unix_sockets and status.tier == "bubblewrap",
        confined=status.tier != "rlimits",
        namespaces=status.namespaces,
        bubblewrap=status.bubblewrap,
    )
    there = await placed(job, view) if view else job
    if isinstance(there, Unavailable):
        return there
    ending = await run_job(there, conversation)
    return explain_refusal(ending) if isinstance(ending, Refused) else ending
