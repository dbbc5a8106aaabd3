"""An agent's graph by its spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.types import Checkpointer

from genloom.errors import GraphDefinitionError
from genloom.graphs.agent import MODEL_POLICY, build_agent_graph
from genloom.graphs.agent_graph import AgentGraph
from genloom.graphs.codegen_run import build_codegen_run_graph
from genloom.nodes.agent.tool_calls import ToolLimits
from genloom.state.agent_spec import AgentSpec

__all__ = ["Toolbox", "build_spec_graph", "chosen_tools"]

Toolbox = Mapping[str, BaseTool | Sequence[BaseTool]]
"""What specs may name: tools, and sets of tools."""


def build_spec_graph(
    spec: AgentSpec,
    toolbox: Toolbox,
    *,
    model: BaseChatModel | str | None = None,
    checkpointer: Checkpointer = None,
) -> AgentGraph:
    """Return the agent that a spec describes, with the tools of that toolbox that it names; `model` goes before its own.

    Raises `GraphDefinitionError` for a tool that the toolbox lacks, or a prompt that was not read.
    """
    if spec.prompt_file is not None:
        raise GraphDefinitionError(
            f"The prompt of the agent {spec.name!r} was not read: {spec.prompt_file}.",
            hint="Read specs with genloom.tools.agent_specs.read_agent_specs, or give system_prompt.",
        )
    if spec.backend == "codegen":
        return build_codegen_run_graph(spec, checkpointer=checkpointer)
    policy = spec.policy
    return build_agent_graph(
        model or spec.model,
        chosen_tools(spec, toolbox),
        spec.system_prompt or None,
        name=spec.name,
        approval=policy.approval,
        tool_limits=ToolLimits(seconds=policy.tool_seconds),
        retries=MODEL_POLICY.with_tries(policy.tries),
        most_turns=policy.turns,
        checkpointer=checkpointer,
    )


def chosen_tools(spec: AgentSpec, toolbox: Toolbox) -> list[BaseTool]:
    """Return the tools that a spec names, each once."""
    if not isinstance(toolbox, Mapping):
        raise GraphDefinitionError(
            f"A toolbox is no {type(toolbox).__name__}: specs name its tools.", hint='Give {"name": tool, …}.'
        )
    chosen: dict[str, BaseTool] = {}
    for name in spec.tools:
        if name not in toolbox:
            raise GraphDefinitionError(
                f"The agent {spec.name!r} names a tool {name!r} that is not there.",
                hint=f"There are: {', '.join(sorted(toolbox)) or 'none'}.",
            )
        chosen.update((tool.name, tool) for tool in _tools(name, toolbox[name]))
    return list(chosen.values())


def _tools(name: str, entry: BaseTool | Sequence[BaseTool]) -> Iterable[BaseTool]:
    tools = [entry] if isinstance(entry, BaseTool) else entry
    if not isinstance(tools, Sequence) or not all(isinstance(tool, BaseTool) for tool in tools):
        raise GraphDefinitionError(
            f"The toolbox has no tool under {name!r} but {type(entry).__name__}.",
            hint="Give a tool, or a list of tools.",
        )
    return tools
