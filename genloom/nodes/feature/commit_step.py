"""The node that commits a step of a feature which held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.events import Note
from genloom.nodes.feature.step_agent import StepAgent
from genloom.nodes.node import Node
from genloom.nodes.runtime import NodeRuntime
from genloom.state.feature import (
    FeatureBranch,
    FeatureRequest,
    FeatureStep,
    FinishedStep,
    StepVerdict,
)
from genloom.tools.scm.feature_branch import BranchWork
from genloom.tools.security import clean

__all__ = ["commit_step"]

MAX_TITLE = 60


class CommitStepInput(TypedDict):
    """A step's work, which held."""

    feature: FeatureRequest
    branch: FeatureBranch
    step: FeatureStep
    attempt: int
    verdict: StepVerdict
    steps: NotRequired[tuple[FinishedStep, ...]]


class CommitStepOutput(TypedDict):
    """The branch with its new commit, and the step among those that are done."""

    branch: FeatureBranch
    steps: tuple[FinishedStep, ...]


def commit_step(agents: Mapping[FeatureStep, StepAgent]) -> Node[CommitStepInput, CommitStepOutput]:
    """Return the node for these agents. A step that changed nothing makes no commit."""

    async def core(state: CommitStepInput, runtime: NodeRuntime) -> CommitStepOutput:
        """Commit the step's work on the feature's branch."""
        work, step, verdict = BranchWork(state["branch"]), state["step"], state["verdict"]
        changed = tuple(file.path for file in await work.changed(work.branch.head))
        agent = agents[step].spec.name
        specification = clean(state["feature"].specification, secrets=runtime.settings.secrets).text
        title = specification.strip().splitlines()[0][:MAX_TITLE].rstrip() if specification.strip() else "a feature"
        branch = await work.commit(f"{step}: {title}\n\nBy the agent {agent}. Checked: {verdict.reason}")
        commit = branch.head if branch.head != work.branch.head else ""
        if commit:
            runtime.emit(Note(message=f"{step}: committed as {commit[:12]} on {branch.name}"))
        finished = FinishedStep(
            step=step, agent=agent, attempts=state["attempt"], verdict=verdict, commit=commit, changed=changed
        )
        return {"branch": branch, "steps": (*(state.get("steps") or ()), finished)}

    return Node(core, name="commit_step")
