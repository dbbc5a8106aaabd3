"""The feature graph: from a specification to a branch whose every step was checked, and a person's approval of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.cache.base import BaseCache
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from genloom.errors import GraphDefinitionError
from genloom.graphs.composition import add_nodes, add_routers
from genloom.graphs.feature_routing import after_check, after_commit, after_opening, after_work
from genloom.graphs.routing import Router
from genloom.graphs.spec_agent import Toolbox, build_spec_graph
from genloom.nodes import NodeName, NodePolicy, NodeRuntime
from genloom.nodes.feature.approve_feature import approve_feature
from genloom.nodes.feature.check_step import check_step
from genloom.nodes.feature.close_feature import close_feature
from genloom.nodes.feature.commit_step import commit_step
from genloom.nodes.feature.open_feature import open_feature
from genloom.nodes.feature.step_agent import StepAgent
from genloom.nodes.feature.suite_sandbox import sandbox_over
from genloom.nodes.feature.work_step import STEP_NODES, work_step
from genloom.prompts import load_prompt
from genloom.state import GraphContext
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.state.feature import FEATURE_STEPS, FeatureInput, FeatureState, FeatureStep
from genloom.tools.codebase import open_codebase
from genloom.tools.codebase.agent_tools import codebase_tools
from genloom.tools.coding import Workspace, coding_tools
from genloom.tools.coding.checking import checking_tools
from genloom.tools.effects import effect_of, with_effect

__all__ = ["FEATURE_AGENTS", "build_feature_graph"]

RECURSION_LIMIT = 200
MOST_ATTEMPTS = 10
BEHIND_STEPS: Mapping[NodeName, Router] = {
    **dict.fromkeys(STEP_NODES.values(), after_work),
    "check_step": after_check,
    "commit_step": after_commit,
}
STEP_TOOLS = "(the step's own)"
OWN_TOOLS = ("reading", "editing", "checking")
"""Sets of tools over the feature's worktree that a step's spec may name, beside those of the toolbox."""


def _own(step: FeatureStep, description: str, tools: tuple[str, ...]) -> AgentSpec:
    return AgentSpec(
        name=f"feature_{step}",
        description=description,
        system_prompt=load_prompt(f"feature_{step}").render(),
        tools=tools,
        policy=AgentPolicy(approval=False),
    )


FEATURE_AGENTS: Mapping[FeatureStep, AgentSpec] = {
    "plan": _own("plan", "Plans a feature.", ("reading",)),
    "code": _own("code", "Writes the code of a planned feature.", OWN_TOOLS),
    "tests": _own("tests", "Writes the tests of a feature.", OWN_TOOLS),
    "docs": _own("docs", "Writes the documentation of a feature.", ("reading", "editing")),
}
"""The agents of the steps. They ask nobody before a change: their work is shown whole before it is applied."""


def build_feature_graph(
    specs: Mapping[FeatureStep, AgentSpec] | None = None,
    toolbox: Toolbox | None = None,
    *,
    model: BaseChatModel | str | None = None,
    models: Mapping[FeatureStep, BaseChatModel | str] | None = None,
    attempts: int = 3,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | None = None,  # Any: LangGraph's cached values
    policies: Mapping[NodeName, NodePolicy] | None = None,
    prompts: Mapping[str, str] | None = None,
    routers: Mapping[NodeName, Router] | None = None,
) -> CompiledStateGraph[FeatureState, GraphContext, FeatureInput, FeatureState]:
    """Return the compiled graph.

    Input is `{"feature": {"specification": "…"}}` (see `FeatureRequest`); `GraphContext.repository` is the folder of a git
    repository. Plan, code, tests and documentation are worked out one after the other, each by an agent of its own, on a
    branch in genloom's home: the repository is only read. Each step is checked (the repository's tests in the sandbox, a
    review of the changed files), repaired in at most `attempts`, and committed when it holds. Then the graph interrupts for
    a person's approval, and applies what was approved: `result` holds the whole difference, `outcome` how it ended.

    With a checkpointer a run that was killed goes on from the last commit, and a paid run is never started twice; without
    one the outcome is `pending`, and nothing is applied. `specs` replace the agents of steps. A spec names sets of tools of
    the worktree (`reading`, `editing`, `checking`) and those of `toolbox`; with the backend `codegen` it is a run of the
    Codegen API. `models` by step go before `model`, then a spec's own, the context's, `GENLOOM_MODEL`; with none the outcome
    is `needs_model`. `policies`, `prompts` and `routers` replace those of the nodes. Raises `GraphDefinitionError` for what
    cannot be built.
    """
    if not 1 <= attempts <= MOST_ATTEMPTS:
        raise GraphDefinitionError(f"A step has 1 to {MOST_ATTEMPTS} attempts, not {attempts}.")
    agents = _agents(specs or {}, toolbox or {}, model, models or {})
    builder = StateGraph(FeatureState, context_schema=GraphContext, input_schema=FeatureInput)
    add_nodes(
        builder,
        [
            open_feature(agents),
            *(work_step(agents[step]) for step in FEATURE_STEPS),
            check_step(attempts),
            commit_step(agents),
            approve_feature,
            close_feature,
        ],
        policies=policies,
        prompts=prompts,
    )
    builder.add_edge(START, "open_feature")
    add_routers(builder, {"open_feature": after_opening, **BEHIND_STEPS}, routers)
    builder.add_edge("approve_feature", "close_feature")
    builder.add_edge("close_feature", END)
    compiled = builder.compile(checkpointer=checkpointer, store=store, cache=cache, name="feature")
    return compiled.with_config(recursion_limit=RECURSION_LIMIT)


def _agents(
    specs: Mapping[FeatureStep, AgentSpec],
    toolbox: Toolbox,
    model: BaseChatModel | str | None,
    models: Mapping[FeatureStep, BaseChatModel | str],
) -> dict[FeatureStep, StepAgent]:
    unknown = sorted({*specs, *models} - set(get_args(FeatureStep)))
    if unknown:
        raise GraphDefinitionError(
            f"A feature has no step {', '.join(unknown)}.", hint=f"Its steps are {', '.join(FEATURE_STEPS)}."
        )
    taken = sorted(set(toolbox) & set(OWN_TOOLS))
    if taken:
        raise GraphDefinitionError(
            f"The toolbox has a {taken[0]!r}, which is the name of the worktree's own tools.",
            hint="Give it another name.",
        )
    return {
        step: _agent(step, specs.get(step, FEATURE_AGENTS[step]), toolbox, models.get(step) or model)
        for step in FEATURE_STEPS
    }


def _agent(step: FeatureStep, spec: AgentSpec, toolbox: Toolbox, model: BaseChatModel | str | None) -> StepAgent:
    """Return a step's agent. What its spec names is looked up now, not in the middle of a run."""
    if spec.backend == "model":
        _demand_tools(spec, toolbox)
    inner = spec.model_copy(update={"policy": spec.policy.model_copy(update={"approval": False})})

    def build(
        worktree: Path, runtime: NodeRuntime, more: Sequence[BaseTool]
    ) -> CompiledStateGraph[Any, Any, Any, Any]:  # Any: LangChain derives an agent's state
        tools = {**toolbox, **_worktree_tools(worktree, runtime), STEP_TOOLS: list(more)}
        named = inner.model_copy(update={"tools": (*inner.tools, STEP_TOOLS)})
        if spec is FEATURE_AGENTS[step]:  # whose prompt is a shipped one, and the run may have its own in place of it
            prompt = runtime.prompts.load(f"feature_{step}").render()
            named = named.model_copy(update={"system_prompt": prompt})
        # no memory: a step that was stopped begins anew, on files that hold nothing of it
        return build_spec_graph(named, tools, model=model, checkpointer=False)

    return StepAgent(step=step, spec=spec, has_model=bool(model or spec.model), build=build)


def _demand_tools(spec: AgentSpec, toolbox: Toolbox) -> None:
    own: dict[str, Sequence[BaseTool]] = dict.fromkeys(OWN_TOOLS, ())
    build_spec_graph(spec, {**toolbox, **own}, checkpointer=False)
    foreign = [toolbox[name] for name in spec.tools if name in toolbox]
    tools = [tool for each in foreign for tool in ([each] if isinstance(each, BaseTool) else each)]
    writing = [tool.name for tool in tools if effect_of(tool) == "write"]
    if spec.policy.approval and writing:
        raise GraphDefinitionError(
            f"The agent {spec.name!r} has {writing[0]}, which changes more than the branch, and asks for approval: nobody "
            "is asked within a step.",
            hint="Leave the tool out, or give the spec policy=AgentPolicy(approval=False).",
        )


def _worktree_tools(worktree: Path, runtime: NodeRuntime) -> dict[str, Sequence[BaseTool]]:
    workspace, secrets = Workspace(worktree), runtime.settings.secrets
    codebase = open_codebase(str(worktree), runtime.settings)
    return {
        "reading": [with_effect(tool, "read") for tool in codebase_tools(codebase, secrets=secrets)],
        "editing": coding_tools(workspace, secrets=secrets),
        "checking": checking_tools(workspace, sandbox=sandbox_over(worktree, runtime), secrets=secrets),
    }
