"""The node that checks a step of a feature: the repository's tests, and a review of the files that it changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.errors import RepositoryError, UsageError
from genloom.events import Note
from genloom.nodes.feature.suite_sandbox import suite_sandbox
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
from genloom.tools.coding.suite import judge_suite, run_suite
from genloom.tools.sandbox import Sandbox
from genloom.tools.scm.feature_branch import BranchWork, ChangedFile

__all__ = ["check_step"]


class CheckStepInput(TypedDict):
    """The branch with a step's work, and how the tests were before all of it."""

    feature: FeatureRequest
    branch: FeatureBranch
    baseline: SuiteRun
    step: FeatureStep
    attempt: int
    plan: NotRequired[FeaturePlan | None]
    answer: NotRequired[str]


class CheckStepOutput(TypedDict):
    """What was found, and how many attempts are left."""

    verdict: StepVerdict
    attempts_left: int


def check_step(attempts: int) -> Node[CheckStepInput, CheckStepOutput]:
    """Return the node for steps of at most so many attempts each."""

    async def core(state: CheckStepInput, runtime: NodeRuntime) -> CheckStepOutput:
        """Check the step's work in the sandbox and by reading it."""
        verdict = await _plan_verdict(state) if state["step"] == "plan" else await _verdict(state, runtime)
        runtime.emit(
            Note(
                message=f"{state['step']}, attempt {state['attempt']}: {verdict.result}. {verdict.reason}".strip(),
                level="info" if verdict.result == "passed" else "warning",
            )
        )
        return {"verdict": verdict, "attempts_left": max(0, attempts - state["attempt"])}

    return Node(core, name="check_step")


async def _plan_verdict(state: CheckStepInput) -> StepVerdict:
    plan, work = state.get("plan"), BranchWork(state["branch"])
    if plan is None:
        return StepVerdict(
            result="failed",
            reason="There is no plan.",
            evidence="Give the plan by a call of submit_plan; prose is none.",
        )
    if await work.changed(work.branch.head):
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


async def _verdict(state: CheckStepInput, runtime: NodeRuntime) -> StepVerdict:
    work, step = BranchWork(state["branch"]), state["step"]
    await work.restore()
    try:
        changed = await work.changed(work.branch.head)
        await work.changed(work.branch.base)
        await work.difference(work.branch.base, secrets=runtime.settings.secrets)
    except RepositoryError as error:
        return StepVerdict(result="failed", reason=f"Too much was changed: {error.message}", evidence=error.hint)
    if not changed:
        return (
            StepVerdict(result="passed", reason="Nothing had to be written.")
            if step == "docs"
            else StepVerdict(result="failed", reason="Nothing was changed.", evidence=state.get("answer", ""))
        )
    found = await _findings(state, work, runtime)
    workspace = await asyncio.to_thread(Workspace, work.worktree)
    sandbox = await suite_sandbox(runtime, work.worktree)
    paths = await _test_paths(state, work)
    run = await run_suite(sandbox, workspace, paths, secret_values=runtime.settings.secrets)
    verdict = judge_suite(run, state["baseline"], demand_new=step == "tests")
    if step == "tests" and verdict.result == "passed":
        verdict = await _controlled(verdict, run, state, work, sandbox, runtime)
    return _with_findings(verdict, found) if verdict.result != "not_run" else verdict


async def _test_paths(state: CheckStepInput, work: BranchWork) -> list[str]:
    """The tests that were asked for, with those that the feature changed; none means all."""
    asked = list(state["feature"].tests)
    return [*asked, *_test_modules(await work.changed(work.branch.base))] if asked else []


def _test_modules(changed: Sequence[ChangedFile]) -> list[str]:
    return [
        file.path
        for file in changed
        if file.change != "deleted" and re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", file.path)
    ]


async def _controlled(
    verdict: StepVerdict,
    run: SuiteRun,
    state: CheckStepInput,
    work: BranchWork,
    sandbox: Sandbox,
    runtime: NodeRuntime,
) -> StepVerdict:
    """Run the changed test files against the code as it was: new tests that pass there, too, show nothing of the feature."""
    base, changed = work.branch.base, await work.changed(work.branch.base)
    tests = _test_modules(changed)
    code = [file.path for file in changed if not is_test_file(file.path)]
    if not tests or not code:
        return verdict
    before = {path: await work.text(base, path) for path in code}
    workspace = await asyncio.to_thread(Workspace, work.worktree)
    control = await run_suite(
        sandbox,
        workspace,
        tests,
        files=before,
        secret_values=runtime.settings.secrets,
    )
    new = set(run.passed) - set(state["baseline"].passed)
    if control.ran and not control.reason and new <= set(control.passed):
        reason = f"All {len(new)} new tests pass without the feature's code, too: they show nothing of it."
        return verdict.model_copy(update={"result": "failed", "reason": reason})
    return verdict


async def _findings(state: CheckStepInput, work: BranchWork, runtime: NodeRuntime) -> tuple[Finding, ...]:
    """What is wrong with the changed files and was not before."""
    policy, _ = await asyncio.to_thread(policy_for, runtime.context)
    found: list[Finding] = []
    for file in await work.changed(work.branch.base):
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
