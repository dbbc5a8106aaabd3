"""The nodes in which an agent works on a step of a feature: the plan, the code, the tests, the documentation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal, NamedTuple, NotRequired

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from typing_extensions import TypedDict

from genloom.nodes.feature.codegen_step import run_codegen_step
from genloom.nodes.feature.plan_tool import PlanTool, plan_in_text
from genloom.nodes.feature.step_agent import StepAgent
from genloom.nodes.feature.step_prompt import step_prompt
from genloom.nodes.node import Node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import AgentRun
from genloom.state.feature import (
    FeatureBranch,
    FeaturePlan,
    FeatureRequest,
    FeatureStep,
    StepVerdict,
)
from genloom.tools.scm.feature_branch import BranchWork
from genloom.tools.security import Redactor, clean

__all__ = ["STEP_NODES", "StepNode", "work_step"]

StepNode = Literal["plan_feature", "write_code", "write_tests", "write_docs"]

STEP_NODES: Mapping[FeatureStep, StepNode] = {
    "plan": "plan_feature",
    "code": "write_code",
    "tests": "write_tests",
    "docs": "write_docs",
}
"""The node of each step."""

MAX_ANSWER = 8_000
_UNSAVED: RunnableConfig = {"configurable": {"__pregel_durability": "async"}}
"""Nothing of an agent's own steps is saved; with a durability of `sync`, which it would inherit from the feature's graph,
LangGraph 1 waits for a saver all the same, and fails."""


class WorkStepInput(TypedDict):
    """The feature, its plan and branch, and what was wrong with the last attempt."""

    feature: FeatureRequest
    branch: FeatureBranch
    plan: NotRequired[FeaturePlan | None]
    step: NotRequired[FeatureStep]
    attempt: NotRequired[int]
    answer: NotRequired[str]
    verdict: NotRequired[StepVerdict | None]


class WorkStepOutput(TypedDict):
    """The branch with what the agent left in the worktree, and the agent's own word; a verdict where it failed for good."""

    branch: FeatureBranch
    plan: FeaturePlan | None
    step: FeatureStep
    attempt: int
    attempts_left: int
    answer: str
    agent_run: AgentRun | None
    verdict: StepVerdict | None


class _Worked(NamedTuple):
    answer: str
    plan: FeaturePlan | None = None
    run: AgentRun | None = None
    failed: StepVerdict | None = None


def work_step(agent: StepAgent) -> Node[WorkStepInput, WorkStepOutput]:
    """Return the node of that agent's step.

    It begins from what the state says that the branch holds: a step that was stopped half-way leaves nothing behind. A run
    of a Codegen agent goes by the branch, the step and the attempt, which a retry and a resumed run share, also where the
    last checkpoint was not saved yet: it is never started twice.
    """
    step = agent.step

    async def core(state: WorkStepInput, runtime: NodeRuntime) -> WorkStepOutput:
        """Let the agent work in the branch's worktree."""
        again = state.get("step") == step and state.get("verdict") is not None
        attempt = state.get("attempt", 0) + 1 if again else 1
        branch = state["branch"]
        if agent.spec.backend == "codegen":  # its next pull request knows nothing of what an earlier one changed here
            branch = branch.model_copy(update={"tree": branch.head})
        work = BranchWork(branch)
        await work.restore()
        prompt = await step_prompt(step, state, work, runtime, again=again)
        if agent.spec.backend == "codegen":
            worked = await _by_codegen(agent, prompt, work, runtime, attempt)
        else:
            worked = await _by_model(agent, prompt, work, runtime)
        return {
            "branch": await work.snapshot(),
            "plan": worked.plan or state.get("plan"),
            "step": step,
            "attempt": attempt,
            "attempts_left": 0,
            "answer": worked.answer,
            "agent_run": worked.run,
            "verdict": worked.failed,
        }

    return Node(core, name=STEP_NODES[step])


async def _by_model(agent: StepAgent, prompt: str, work: BranchWork, runtime: NodeRuntime) -> _Worked:
    planner = PlanTool(Redactor(secrets=runtime.settings.secrets)) if agent.step == "plan" else None
    graph = await asyncio.to_thread(
        agent.build, work.worktree, runtime, [planner.made()] if planner is not None else []
    )
    context = runtime.context.model_copy(update={"repository": str(work.worktree)})
    values = await graph.ainvoke({"messages": [HumanMessage(prompt)]}, _UNSAVED, context=context)
    answer = clean(str(values.get("final_answer") or ""), secrets=runtime.settings.secrets).text[:MAX_ANSWER]
    return _Worked(answer, planner.plan if planner is not None else None)


async def _by_codegen(agent: StepAgent, prompt: str, work: BranchWork, runtime: NodeRuntime, attempt: int) -> _Worked:
    key = f"{work.branch.name.rpartition('-')[2]}-{agent.step}-{attempt}"  # the same though a checkpoint was not saved
    done = await run_codegen_step(agent.spec, prompt, work.worktree, runtime, key=key, changes=agent.step != "plan")
    plan = plan_in_text(done.answer) if agent.step == "plan" and done.failed is None else None
    return _Worked(done.answer[:MAX_ANSWER], plan, done.run, done.failed)
