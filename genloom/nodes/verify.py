"""The node that runs a draft in the sandbox."""

from __future__ import annotations

import asyncio
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.events import VerdictReady
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Draft, GenerationRequest, NotRun, Passed, Verdict
from genloom.tools.checks import verify_draft
from genloom.tools.sandbox import sandbox_for

__all__ = ["verify"]


class VerifyInput(TypedDict):
    """A draft and the request whose examples and tests it must meet."""

    request: GenerationRequest
    draft: NotRequired[Draft | None]


class VerifyOutput(TypedDict):
    """What the checks showed."""

    verdict: Verdict


@node("verify")
async def verify(state: VerifyInput, runtime: NodeRuntime) -> VerifyOutput:
    """Run the draft against the caller's examples and tests in the sandbox.

    The verdict stands for this one draft. `NotRun` says why nothing could be shown; it is never taken for `Passed`.
    """
    verdict = await _verdict(state.get("draft"), state["request"], runtime)
    runtime.emit(
        VerdictReady(
            result=verdict.result,
            evidence=verdict.evidence,
            checks=len(verdict.checks),
            sandbox=verdict.sandbox or "",
            grants=verdict.grants,
            limits=verdict.limits,
            reason="" if isinstance(verdict, Passed) else verdict.reason,
            missed=verdict.coverage.missed if verdict.coverage else "",
        )
    )
    return {"verdict": verdict}


async def _verdict(draft: Draft | None, request: GenerationRequest, runtime: NodeRuntime) -> Verdict:
    if draft is None:
        return NotRun(cause="no_draft", reason="There is no draft to check.")
    sandbox = await asyncio.to_thread(sandbox_for, runtime.context, runtime.settings)
    return await verify_draft(draft, request, sandbox, runtime.emit, further=runtime.context.further_checks)
