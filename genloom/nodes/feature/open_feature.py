"""The node that begins a feature: its branch, and how the repository's tests stand before anything is changed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import TypedDict

from genloom.errors import GenloomError, RepositoryError, RequestError
from genloom.events import Note, RunFinished
from genloom.nodes.feature.step_agent import StepAgent
from genloom.nodes.feature.step_tests import demanded_paths, run_tests
from genloom.nodes.feature.suite_sandbox import suite_sandbox
from genloom.nodes.node import Node
from genloom.nodes.paid_run import backend_name
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Outcome, Problem
from genloom.state.feature import (
    FeatureBranch,
    FeatureRequest,
    FeatureState,
    FeatureStep,
    SuiteRun,
)
from genloom.tools.coding import Workspace
from genloom.tools.scm.feature_branch import BranchWork
from genloom.tools.scm.working_copy import uncommitted_files
from genloom.tools.security import redact

__all__ = ["open_feature"]


class OpenFeatureInput(TypedDict):
    """What shall be built."""

    feature: FeatureRequest


def open_feature(agents: Mapping[FeatureStep, StepAgent]) -> Node[OpenFeatureInput, FeatureState]:
    """Return the node for these agents. It sets the whole state: all that an earlier feature of the thread left is gone.

    The branch's name is made of LangGraph's task id: the node that runs again finds it. What the work tree holds beyond its
    newest commit is no part of the branch, and is told.
    """

    async def core(state: OpenFeatureInput, runtime: NodeRuntime) -> FeatureState:
        """Begin the branch and run the repository's tests on it as it is."""
        request, repository = state["feature"], runtime.context.repository
        if repository is None:
            raise RequestError("A feature needs a repository.", hint="Name its folder: GraphContext(repository=…).")
        lacking = _without_model(agents, runtime)
        if lacking:
            return _opened(request, outcome=_needs_model(lacking, runtime))
        await asyncio.to_thread(_demand_inside, repository, request.tests)
        work = await BranchWork.begin(runtime.settings.home, repository, _branch_name(request, runtime), request.base)
        try:
            opened = await _begun(work, request, runtime)
        except GenloomError:
            await work.close(forget=True)
            raise
        if opened["branch"] is None:
            await work.close(forget=True)
        return opened

    return Node(core, name="open_feature")


async def _begun(work: BranchWork, request: FeatureRequest, runtime: NodeRuntime) -> FeatureState:
    told = await _told(work.branch.repository)
    present, missing = await demanded_paths(work, request.tests)
    baseline = await _baseline(work, present, request, runtime)
    if missing:
        told += (f"Tests that were asked for are not there yet: {', '.join(missing[:5])}.",)
    if baseline.failed:
        told += (f"{len(baseline.failed)} tests fail before anything is changed: {', '.join(baseline.failed[:5])}.",)
    for message in told:
        runtime.emit(Note(message=message, level="warning"))
    if baseline.reason:
        return _opened(request, told=told, outcome=_cannot_check(baseline, runtime))
    return _opened(request, branch=work.branch, baseline=baseline, told=told)


def _demand_inside(repository: str, tests: Sequence[str]) -> None:
    workspace = Workspace(Path(repository))
    for path in tests:
        workspace.parts(path.partition("::")[0])


async def _baseline(
    work: BranchWork, present: Sequence[str], request: FeatureRequest, runtime: NodeRuntime
) -> SuiteRun:
    """Run the tests as they are; `reason` is set where the run is nothing that a later one could be held against."""
    if request.tests and not present:  # they are to be written
        status = (await suite_sandbox(runtime, work.worktree)).status()
        return SuiteRun(ran=bool(status.tier), exit_code=5, reason="" if status.tier else status.reason)
    run = await run_tests(work, present, runtime)
    if run.reason or run.failed or run.exit_code in (0, 1, 5):
        return run
    return run.model_copy(
        update={"reason": f"pytest ended with the exit code {run.exit_code}.", "hint": run.output[-2_000:]}
    )


def _opened(
    request: FeatureRequest,
    *,
    branch: FeatureBranch | None = None,
    baseline: SuiteRun | None = None,
    told: tuple[str, ...] = (),
    outcome: Outcome | None = None,
) -> FeatureState:
    return {
        "feature": request,
        "branch": branch,
        "baseline": baseline,
        "plan": None,
        "step": "plan",
        "attempt": 0,
        "attempts_left": 0,
        "answer": "",
        "agent_run": None,
        "verdict": None,
        "proved": None,
        "steps": (),
        "told": told,
        "decision": None,
        "apply": request.apply,
        "result": None,
        "outcome": outcome,
    }


def _without_model(agents: Mapping[FeatureStep, StepAgent], runtime: NodeRuntime) -> list[str]:
    """The agents that have no model; raises `CredentialError` where a Codegen agent has no backend."""
    if any(agent.spec.backend == "codegen" for agent in agents.values()):
        backend_name(runtime)
    if runtime.context.model:
        return []
    return [agent.spec.name for agent in agents.values() if agent.spec.backend == "model" and not agent.has_model]


def _needs_model(lacking: list[str], runtime: NodeRuntime) -> Outcome:
    outcome = Outcome(
        result="needs_model",
        reason=f"No model is configured for {', '.join(lacking)}: give one to the graph or the run's context, or set "
        "GENLOOM_MODEL.",
    )
    runtime.emit(RunFinished(outcome=outcome.result, generator=None, attempts=0, reason=outcome.reason))
    return outcome


def _cannot_check(baseline: SuiteRun, runtime: NodeRuntime) -> Outcome:
    problem = Problem(type="NotRun", message=baseline.reason, hint=baseline.hint)
    reason = f"The repository's tests cannot run, so nothing could be checked, and nothing was begun: {baseline.reason}"
    runtime.emit(RunFinished(outcome="unverified", generator=None, attempts=0, reason=reason))
    return Outcome(result="unverified", reason=reason, problems=(problem,))


def _branch_name(request: FeatureRequest, runtime: NodeRuntime) -> str:
    words = re.findall(r"[a-z0-9]+", redact(request.specification[:2_000], secrets=runtime.settings.secrets).lower())
    slug = "-".join(words)[:40].strip("-") or "feature"
    task = hashlib.sha256(f"{runtime.settings.organisation}:{runtime.task_id}".encode()).hexdigest()[:10]
    return f"genloom/{slug}-{task}"


async def _told(repository: str) -> tuple[str, ...]:
    try:
        dirty = await uncommitted_files(repository)
    except RepositoryError as error:  # far too many, which is no reason to begin nothing
        return (
            f"The files of the work tree that are not committed, and no part of the branch, are not listed: {error.message}",
        )
    if not dirty:
        return ()
    shown = ", ".join(redact(path) for path in dirty[:5]) + (", …" if len(dirty) > 5 else "")
    return (f"{len(dirty)} files of the work tree are not committed, and no part of the branch: {shown}.",)
