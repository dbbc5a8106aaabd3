"""A step that a Codegen agent works on: one paid run, whose pull request's difference is laid over the worktree."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, NamedTuple

from langgraph.types import interrupt

from genloom.errors import AgentError, UsageError
from genloom.nodes.paid_run import backend_name, demand_completed, run_journal
from genloom.nodes.runtime import NodeRuntime
from genloom.state import AgentRun, FileChange, NotRun
from genloom.state.agent_spec import AgentSpec
from genloom.state.feature import StepVerdict
from genloom.tools.codegen import agent_backends
from genloom.tools.codegen.drafts.pull_request import fetch_diff, find_pull_request
from genloom.tools.codegen.drafts.pull_request_diff import changes_of_diff
from genloom.tools.coding import Workspace
from genloom.tools.security import clean, redact

__all__ = ["CodegenStep", "run_codegen_step"]

_DIFF = re.compile(r"```(?:diff|patch)[ \t]*\n(.*?\n)```", re.DOTALL)


class CodegenStep(NamedTuple):
    """A run's own word, the run, and a verdict where it failed for good."""

    answer: str
    run: AgentRun | None = None
    failed: StepVerdict | None = None


async def run_codegen_step(
    spec: AgentSpec, prompt: str, worktree: Path, runtime: NodeRuntime, *, key: str, changes: bool
) -> CodegenStep:
    """Run a step on the configured backend, with a person's leave where the spec asks for it, and with `changes` lay what
    its pull request (or a fenced diff in its result) changes over the worktree. A run is started once for a `key`.

    A run that failed or was cancelled ends the step; one that could not be followed raises `AgentError`, and is found again
    when the graph is resumed.
    """
    backend = agent_backends.get(backend_name(runtime))
    text = redact("\n\n".join(filter(None, (spec.system_prompt, prompt))), secrets=runtime.settings.secrets)
    if spec.policy.approval and not _approved(spec, text):
        return _failed("A person refused the agent's run: it was not started.")
    run = await backend.run(
        text,
        idempotency_key=f"genloom-{runtime.settings.organisation}-{key}",
        deadline=min(spec.policy.run_seconds, runtime.context.agent_seconds),
        journal=run_journal(runtime),
        emit=runtime.emit,
    )
    if run.status in ("failed", "cancelled"):
        try:
            demand_completed(run)
        except AgentError as error:
            return _failed(error.message, run)
    demand_completed(run)
    answer = clean(run.result or run.summary or "", secrets=runtime.settings.secrets).text
    if not changes:
        return CodegenStep(answer, run)
    complaint = await _take_over(run, worktree, runtime)
    return CodegenStep(f"{complaint}\n\n{answer}".strip() if complaint else answer, run)


def _failed(reason: str, run: AgentRun | None = None) -> CodegenStep:
    return CodegenStep(reason, run, StepVerdict(result="failed", reason=reason))


def _approved(spec: AgentSpec, prompt: str) -> bool:
    question = f"Start a run of the Codegen agent {spec.name}, which may cost?"
    answer: Any = interrupt({"question": question, "prompt": prompt})  # Any: whatever the resuming side sends
    return answer.get("approve") is True if isinstance(answer, dict) else answer is True


async def _take_over(run: AgentRun, worktree: Path, runtime: NodeRuntime) -> str:
    """Lay the run's changes over the worktree; return what was in the way, with nothing changed."""
    diff = await _diff_of(run, runtime)
    if isinstance(diff, NotRun):
        return f"{diff.reason} {diff.hint}".strip()
    found = await asyncio.to_thread(changes_of_diff, diff, worktree)
    if isinstance(found, NotRun):
        return f"{found.reason} {found.hint}".strip()
    try:
        await asyncio.to_thread(_write, Workspace(worktree), found)
    except UsageError as error:
        return f"{error.message} {error.hint}".strip()
    return ""


async def _diff_of(run: AgentRun, runtime: NodeRuntime) -> str | NotRun:
    if run.pull_requests:
        found = find_pull_request(run.pull_requests[0], runtime.settings)
        if found is None:
            return NotRun(reason="The run's pull request is at no server that is asked for diffs.")
        try:
            return await fetch_diff(found, runtime.settings)
        except AgentError as error:
            if error.transient:
                raise
            return NotRun(reason=error.message, hint=error.hint)
    fenced = _DIFF.search(run.result or "")
    return fenced[1] if fenced else NotRun(reason="The run opened no pull request, and its result holds no diff.")


def _write(workspace: Workspace, changes: tuple[FileChange, ...]) -> None:
    """Make the changes; all paths are looked at before the first file is touched."""
    for change in changes:
        workspace.parts(change.path)
    for change in changes:
        if change.base_sha256 is None and change.content is not None:
            workspace.create(change.path, change.content)
        elif change.content is None:
            workspace.delete(change.path)
        else:
            workspace.write(change.path, change.content, before=workspace.read(change.path))
