"""The node that ends a feature: what was approved is applied, what was not stays on its branch."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from genloom.errors import RepositoryError
from genloom.events import Note, RunFinished
from genloom.nodes.feature.result import feature_result
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Outcome, OutcomeResult, Problem
from genloom.state.feature import (
    ApplyTo,
    FeatureBranch,
    FeatureResult,
    FeatureStep,
    FinishedStep,
    StepVerdict,
)
from genloom.tools.scm.feature_branch import BranchWork
from genloom.tools.scm.working_copy import change_files

__all__ = ["close_feature"]


class CloseFeatureInput(TypedDict):
    """All that is known at the end."""

    branch: FeatureBranch
    step: FeatureStep
    attempt: int
    steps: NotRequired[tuple[FinishedStep, ...]]
    verdict: NotRequired[StepVerdict | None]
    decision: NotRequired[Literal["approved", "rejected", "forgotten", "pending"] | None]
    apply: NotRequired[ApplyTo]
    result: NotRequired[FeatureResult | None]
    told: NotRequired[tuple[str, ...]]


class CloseFeatureOutput(TypedDict):
    """What the repository has of it, and how the run ended."""

    result: FeatureResult
    outcome: Outcome


@node("close_feature")
async def close_feature(state: CloseFeatureInput, runtime: NodeRuntime) -> CloseFeatureOutput:
    """End the feature; each part may be done again after a kill. The repository is changed here alone, and only after an
    approval: by its new branch, and by the files of its work tree where that was asked for and is possible."""
    work, decision = BranchWork(state["branch"]), state.get("decision")
    result = state.get("result") or await feature_result(state["branch"], runtime.settings.secrets)
    problem = None
    if decision == "approved":
        result, problem = await _apply(work, result, state.get("apply") or "branch", runtime)
    outcome = _outcome(state, result, problem)
    await work.close(forget=decision in ("approved", "forgotten"))
    attempts = sum(step.attempts for step in state.get("steps") or ()) + (state["attempt"] if decision is None else 0)
    runtime.emit(RunFinished(outcome=outcome.result, generator=None, attempts=attempts, reason=outcome.reason))
    return {"result": result, "outcome": outcome}


async def _apply(
    work: BranchWork, result: FeatureResult, to: ApplyTo, runtime: NodeRuntime
) -> tuple[FeatureResult, Problem | None]:
    await work.publish()
    applied: ApplyTo = "branch"
    problem = None
    if to == "files":
        try:
            await change_files(work.branch)
            applied = "files"
        except RepositoryError as error:
            problem = Problem(**error.to_json())
            runtime.emit(Note(message=f"The work tree was not changed: {error.message}", level="warning"))
    return result.model_copy(update={"applied": applied, "fetch": ""}), problem


def _outcome(state: CloseFeatureInput, result: FeatureResult, problem: Problem | None) -> Outcome:
    kept = f"Its branch {result.branch} is kept; get it by `{result.fetch}`."
    match state.get("decision"):
        case "approved":
            return _approved(state, result, problem)
        case "pending":
            reason = f"Nobody could be asked, for the graph has no checkpointer: nothing was applied. {kept}"
            return Outcome(result="pending", reason=reason)
        case "rejected":
            return Outcome(result="failed", reason=f"A person rejected the feature: nothing was applied. {kept}")
        case "forgotten":
            return Outcome(result="failed", reason="A person rejected the feature, and its branch was removed.")
        case None:
            verdict = state.get("verdict")
            why = verdict.reason if verdict is not None else ""
            ended: OutcomeResult = "unverified" if verdict is not None and verdict.result == "not_run" else "failed"
            tries = "1 attempt" if state["attempt"] == 1 else f"{state['attempt']} attempts"
            return Outcome(result=ended, reason=f"The step {state['step']} did not hold after {tries}: {why} {kept}")


def _approved(state: CloseFeatureInput, result: FeatureResult, problem: Problem | None) -> Outcome:
    proved = any(step.verdict.passed for step in state.get("steps") or ())
    where = f"The branch {result.branch} is in the repository"
    where += ", and the files of the work tree are changed." if result.applied == "files" else "."
    if problem is not None:
        where += f" The files of the work tree were left as they are: {problem.message} {problem.hint}".rstrip()
    checked = "Every step held." if proved else "No test of the repository's ran, so nothing proves it."
    return Outcome(
        result="passed" if proved else "unverified",
        accepted=True,
        reason=f"Approved by a person. {checked} {where}",
        problems=(problem,) if problem is not None else (),
    )
