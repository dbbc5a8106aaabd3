"""The node that checks a step of a feature: the repository's tests, and a review of the files that it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.errors import RepositoryError, UsageError
from genloom.events import Note
from genloom.nodes.feature.step_tests import StepTests, Tested
from genloom.nodes.node import Node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Finding
from genloom.state.feature import (
    FeatureBranch,
    FeaturePlan,
    FeatureRequest,
    FeatureStep,
    StepVerdict,
    SuiteRun,
)
from genloom.tools.checks import policy_for
from genloom.tools.checks.changed_files import is_test_file, new_findings, secret_findings
from genloom.tools.coding import Workspace
from genloom.tools.scm.feature_branch import BranchWork, ChangedFile

__all__ = ["check_step"]

NO_RUN = SuiteRun(ran=False)


class CheckStepInput(TypedDict):
    """The branch with a step's work, and how the tests were before all of it."""

    feature: FeatureRequest
    branch: FeatureBranch
    baseline: SuiteRun
    step: FeatureStep
    attempt: int
    plan: NotRequired[FeaturePlan | None]
    answer: NotRequired[str]
    proved: NotRequired[SuiteRun | None]
    told: NotRequired[tuple[str, ...]]


class CheckStepOutput(TypedDict):
    """What was found, what a person must be told, how many attempts are left; the run of the tests' step once it held."""

    verdict: StepVerdict
    attempts_left: int
    proved: SuiteRun | None
    told: tuple[str, ...]


def check_step(attempts: int) -> Node[CheckStepInput, CheckStepOutput]:
    """Return the node for steps of at most so many attempts each."""

    async def core(state: CheckStepInput, runtime: NodeRuntime) -> CheckStepOutput:
        """Check the step's work in the sandbox and by reading it."""
        step = state["step"]
        tested = Tested(await _plan_verdict(state), NO_RUN) if step == "plan" else await _tested(state, runtime)
        verdict, passed = tested.verdict, tested.verdict.result == "passed"
        runtime.emit(
            Note(
                message=f"{state['step']}, attempt {state['attempt']}: {verdict.result}. {verdict.reason}".strip(),
                level="info" if verdict.result == "passed" else "warning",
            )
        )
        return {
            "verdict": verdict,
            "attempts_left": max(0, attempts - state["attempt"]),
            "proved": tested.run if passed and step == "tests" else state.get("proved"),
            "told": tuple(dict.fromkeys((*(state.get("told") or ()), *(tested.told if passed else ())))),
        }

    return Node(core, name="check_step")


def _too_much(error: RepositoryError) -> StepVerdict:
    return StepVerdict(result="failed", reason=f"Too much was changed: {error.message}", evidence=error.hint)


async def _plan_verdict(state: CheckStepInput) -> StepVerdict:
    plan, work = state.get("plan"), BranchWork(state["branch"])
    if plan is None:
        return StepVerdict(
            result="failed",
            reason="There is no plan.",
            evidence="Give the plan by a call of submit_plan; prose is none.",
        )
    try:
        changed = await work.changed(work.branch.head)
    except RepositoryError as error:
        return _too_much(error)
    if changed:
        return StepVerdict(result="failed", reason="A planner changes nothing, and files were changed.")
    await work.restore()
    workspace, wrong = Workspace(work.worktree), []
    for path in plan.files:
        try:
            await asyncio.to_thread(workspace.parts, path)
        except UsageError as error:
            wrong.append(f"{path!r}: {error.message}")
    if wrong:
        return StepVerdict(
            result="failed", reason="The plan names files that cannot be changed.", evidence="\n".join(wrong)
        )
    return StepVerdict(result="passed", reason=f"{len(plan.tasks)} tasks, {len(plan.files)} files.")


async def _tested(state: CheckStepInput, runtime: NodeRuntime) -> Tested:
    work, step = BranchWork(state["branch"]), state["step"]
    await work.restore()
    try:
        changed = await work.changed(work.branch.head)
        whole = await work.changed(work.branch.base)
        await work.difference(work.branch.base, secrets=runtime.settings.secrets)
    except RepositoryError as error:
        return Tested(_too_much(error), NO_RUN)
    if not changed:
        if step == "docs":
            return Tested(StepVerdict(result="passed", reason="Nothing had to be written."), NO_RUN)
        failed = StepVerdict(result="failed", reason="Nothing was changed.", evidence=state.get("answer", ""))
        return Tested(failed, NO_RUN)
    if step == "code" and all(is_test_file(file.path) for file in whole):
        return Tested(StepVerdict(result="failed", reason="No code was changed, but tests."), NO_RUN)
    if not whole:
        return Tested(StepVerdict(result="failed", reason="Nothing of the feature is left."), NO_RUN)
    found = await _findings(state, work, whole, runtime)
    tests = StepTests(
        work,
        whole,
        asked=state["feature"].tests,
        baseline=state["baseline"],
        proved=state.get("proved"),
        runtime=runtime,
    )
    tested = await tests.verdict(step)
    if tested.verdict.result == "not_run":
        return tested
    return tested._replace(verdict=_with_findings(tested.verdict, found))


async def _findings(
    state: CheckStepInput, work: BranchWork, whole: Sequence[ChangedFile], runtime: NodeRuntime
) -> tuple[Finding, ...]:
    """What is wrong with the changed files and was not before."""
    policy, _ = await asyncio.to_thread(policy_for, runtime.context)
    found: list[Finding] = []
    for file in whole:
        if file.change == "deleted":
            continue
        before = await work.text(work.branch.base, file.path)
        after = await work.text(work.branch.tree, file.path)
        if after is None:
            found.append(
                Finding(rule="unread", severity="error", message="is no text of a bearable size", path=file.path)
            )
            continue
        found += secret_findings(file.path, before, after, runtime.settings.secrets)
        if file.path.endswith(".py"):
            found += await new_findings(
                file.path,
                before,
                after,
                specification=state["feature"].specification,
                granted=runtime.context.granted,
                policy=policy,
            )
    return tuple(found)


def _with_findings(verdict: StepVerdict, found: tuple[Finding, ...]) -> StepVerdict:
    serious = [finding for finding in found if finding.severity in ("error", "blocker")]
    verdict = verdict.model_copy(update={"findings": found})
    if not serious:
        return verdict
    rows = "\n".join(f"{f.path}:{f.line}: {f.rule}: {f.message}" for f in serious[:100])
    reason = (
        f"{len(serious)} findings of the review ask for a change, the first in {serious[0].path}: {serious[0].message}."
    )
    return verdict.model_copy(
        update={
            "result": "failed",
            "reason": f"{verdict.reason} {reason}" if verdict.result == "failed" else reason,
            "evidence": f"{rows}\n\n{verdict.evidence}".strip(),
        }
    )
